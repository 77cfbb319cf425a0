#!/usr/bin/env bash
# Makes the packages of both functions: packages/functions.sh [PROCESSOR...]
#
# PROCESSOR is arm64 or x86_64; both if none is given. One build for a processor makes both functions. Writes
# dist/lookbook-function-PROCESSOR.zip and dist/lookbook-catalogue-PROCESSOR.zip, each with one file,
# `bootstrap`, and fails if one is larger than MAX_MB million bytes (15: docs/packages.md has the sizes).
#
# Rust's target of a processor is added with rustup if it is missing. Where that cannot be, it is said so and the
# processor is left out; REQUIRE=1 makes that an error. PROFILE (release) is cargo's.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

max_mb=${MAX_MB-15}
profile=${PROFILE-release}
[ $# -gt 0 ] || set -- arm64 x86_64

tools
cd "$root"
mkdir -p "$dist"
made=()
for processor; do
    target=$(target_of "$processor")
    if ! has_target "$target"; then
        say "SKIPPED: $processor: rustup cannot add $target"
        [ -z "${REQUIRE-}" ] || exit 1
        continue
    fi
    folder=${CARGO_TARGET_DIR-target}/lambda-$processor
    cargo-lambda lambda build --profile "$profile" --locked --target "$target" --lambda-dir "$folder" \
        --no-default-features --features lambda --bin lambda --bin catalogue
    for pair in lambda:function catalogue:catalogue; do
        zip=$dist/lookbook-${pair#*:}-$processor.zip
        python "$root/packages/zip.py" "$folder/${pair%:*}/bootstrap" "$zip" --max-mb "$max_mb"
        made+=("$zip")
    done
done
[ ${#made[@]} -gt 0 ] || fail "nothing was made"
