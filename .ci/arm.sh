#!/usr/bin/env bash
# Runs the kernels' tests as an arm64 processor runs them: .ci/arm.sh [WORD...]
#
# They are built for aarch64 and run under qemu-aarch64, so that NEON, its dot products and the scalar
# twins are compared. Only the kernels: a crate of their own is made around them in target/arm, for the
# engine they are used by takes minutes to build and has no code of its own for arm64. With words, only
# the tests with one of them in their names.
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

# The versions are those of the workspace: cargo takes what it needs out of its lock file.
crate=${CARGO_TARGET_DIR-target}/arm
mkdir -p "$crate"
kernels=$PWD/crates/tflite/src/kernels/mod.rs
version() {
    sed -n "s/^$1 = \(.*\)/\1/p" Cargo.toml | head -1
}
{
    echo '[package]'
    echo 'name = "kernels-on-arm"'
    echo 'version = "0.0.0"'
    echo 'edition = "2024"'
    echo '[lib]'
    echo 'path = "lib.rs"'
    echo '[workspace]'
    echo '[dependencies]'
    echo "fearless_simd = $(version fearless_simd)"
    echo '[dev-dependencies]'
    echo "proptest = $(version proptest)"
    echo "serde_json = $(version serde_json)"
    # Every instruction costs some ten here; the checks of a debug build stay.
    echo '[profile.dev]'
    echo 'opt-level = 2'
    echo 'debug = "line-tables-only"'
    echo '[profile.dev.package."*"]'
    echo 'opt-level = 2'
} >"$crate/Cargo.toml.new"
cmp -s "$crate/Cargo.toml.new" "$crate/Cargo.toml" || cp "$crate/Cargo.toml.new" "$crate/Cargo.toml"
cp Cargo.lock "$crate/Cargo.lock"
printf '#![allow(dead_code, unused_imports, reason = "the engine uses them")]\n#[path = "%s"]\nmod kernels;\n' \
    "$kernels" >"$crate/lib.rs.new"
cmp -s "$crate/lib.rs.new" "$crate/lib.rs" || cp "$crate/lib.rs.new" "$crate/lib.rs"

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
# `max` has all that qemu knows: the dot products of ARMv8.2 among them.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu"
cargo test --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target" --target "$target" --lib -- "$@"

# An older processor, without the dot products: what is looked up when the program starts decides.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu cortex-a53 -L /usr/aarch64-linux-gnu"
cargo test --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target" --target "$target" --lib -- "$@"
