#!/usr/bin/env bash
# Fails if the kernels reach less of a core's peak than they must: .ci/gate.sh [WORD...]
#
# Peak and kernels are measured in turn in one process, so that a busy machine disturbs both. The words
# are those of crates/tflite/benches/kernels.rs, such as --level avx2; without any, --gate is one; --build does no
# more than build it, and prints where it is. It is built for speed, but without the engine, which would
# take minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

crate=${CARGO_TARGET_DIR-target}/kernels
. .ci/kernels.sh "$crate"
cargo build --quiet --release --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target" --bin kernels
program=$crate/target/release/kernels
if [ "${1-}" = --build ]; then
    echo "$program"
else
    [ $# -gt 0 ] || set -- --gate
    "$program" "$@"
fi
