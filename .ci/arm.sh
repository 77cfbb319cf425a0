#!/usr/bin/env bash
# Runs the kernels' tests as an arm64 processor runs them: .ci/arm.sh [WORD...]
#
# They are built for aarch64 and run under qemu-aarch64, so that NEON and the scalar twins are
# compared. Only the kernels: the engine around them takes minutes to build and has no code of
# ours for arm64. With words, only the tests with one of them in their names.
#
# What is missing is installed where that can be done. Where it cannot, that is said, and nothing is
# checked; REQUIRE=1 makes that an error.
set -euo pipefail
cd "$(dirname "$0")/.."

target=aarch64-unknown-linux-gnu

skip() {
    echo "arm.sh: SKIPPED, nothing was tested on arm64: $1" >&2
    exit "${REQUIRE:-0}"
}

root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --non-interactive "$@"; fi
}

[ "$(uname -s)" = Linux ] || skip "qemu-user runs on Linux only"
if ! command -v qemu-aarch64 >/dev/null || ! command -v aarch64-linux-gnu-gcc >/dev/null; then
    { root apt-get update -qq &&
        root apt-get install -qq -y --no-install-recommends qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    } >/dev/null || skip "apt-get cannot install qemu-user, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross"
fi
rustup target list --installed | grep -q "^$target$" || rustup target add "$target" ||
    skip "rustup cannot add $target"

crate=${CARGO_TARGET_DIR-target}/arm
. .ci/kernels.sh "$crate"

# An emulator is slow: properties are tried on fewer cases than elsewhere.
export PROPTEST_CASES=${PROPTEST_CASES-32}
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
# `max` has all that qemu knows.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu"
cargo test --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target" --target "$target" --lib -- "$@"
