#!/usr/bin/env bash
# Classifies many objects on the embedded bucket and table with the real model, kills the program with
# SIGKILL in the middle, and goes on: tests/backfill/run.sh [OBJECTS]
#
# Prints how many are settled, after how long, and the most memory that the program took until then.
set -euo pipefail
cd "$(dirname "$0")/../.."
BACKFILL_OBJECTS=${1-20000} exec cargo test --test all -- --ignored --nocapture \
    backfill::many::many_objects_take_flat_memory
