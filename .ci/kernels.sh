# Makes a crate of the kernels alone: `. .ci/kernels.sh FOLDER`, from the root.
#
# They are built in seconds that way, for any target and profile, where the engine around them takes
# minutes. The versions are those of the workspace: cargo takes what it needs out of its lock file.

mkdir -p "$1"
version() {
    sed -n "s/^$1 = \(.*\)/\1/p" Cargo.toml | head -1
}

# Writes a file if it is another than there is, so that nothing is built again for nothing.
put() {
    cat >"$1.new"
    cmp -s "$1.new" "$1" || cp "$1.new" "$1"
    rm "$1.new"
}

put "$1/Cargo.toml" <<TOML
[package]
name = "kernels-alone"
version = "0.0.0"
edition = "2024"

[lib]
path = "lib.rs"

[[bin]]
name = "kernels"
path = "$PWD/crates/tflite/benches/kernels.rs"

[workspace]

[dependencies]
fearless_simd = $(version fearless_simd)

[dev-dependencies]
proptest = $(version proptest)
serde_json = $(version serde_json)

# The checks of a debug build stay; without optimisation, tests under an emulator would take hours.
[profile.dev]
opt-level = 2
debug = "line-tables-only"

[profile.dev.package."*"]
opt-level = 2
TOML
put "$1/lib.rs" <<RUST
#![allow(dead_code, unused_imports, reason = "the engine uses them")]
#[path = "$PWD/crates/tflite/src/kernels/mod.rs"]
mod kernels;
RUST
cp Cargo.lock "$1/Cargo.lock"
# Tests read what the official runtime gave.
[ -e "$1/tests" ] || mkdir "$1/tests"
[ ! -d crates/tflite/tests/whole ] || ln -sfn "$PWD/crates/tflite/tests/whole" "$1/tests/whole"
