# What continuous integration runs, recipe by recipe. `just` alone lists them.

_default:
    @just --list

# Everything that must hold before a change is taken
ci: test second clients photos browser fmt lint docs msrv lambda-check infra costs (package "x86_64") deploy-test compat training arm bench-gate fuzz licences

# The test command of the README
test:
    cargo test

# The whole-program tests on other implementations of AWS
second:
    tests/second/run.sh

# The embedded bucket and table, asked by boto3, the AWS CLI, rclone and s3fs
clients:
    tests/clients/run.sh

# The catalogue's pages in Chromium; `just browser --docs` also takes the pictures in docs
browser *ARGS:
    tests/browser/run.sh {{ARGS}}

# The pixels of files of every layout that a format has, against Pillow's
photos:
    tests/photos/run.sh

# Formatting
fmt:
    cargo fmt --all --check

# Lints of all packages, tests and benches, warnings denied
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation, warnings denied: a broken link is one
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The oldest Rust that Cargo.toml promises: a lower one than the compiler's is tried by itself
msrv:
    .ci/msrv.sh

# How fast the parts are; `just bench decode` times those with that name
bench *ARGS:
    cargo bench --bench parts -- {{ARGS}}

# The functions as they are deployed: without the command line, and without the engine's lists
lambda-check:
    cargo clippy --no-default-features --features lambda --bin lambda --bin catalogue -- -D warnings
    cargo test --package inventory@0.3.99 --package lookbook-tflite --no-default-features --lib

# Lookbook against Python with LiteRT and with ONNX Runtime, whole processes in turn: see benches/peers/run.sh
bench-peers *ARGS:
    benches/peers/run.sh {{ARGS}}

# The kernels' share of what the core can do, measured in the same run: fails if it has fallen
bench-gate:
    .ci/gate.sh

# The kernels' tests as arm64 runs them, under qemu
arm *ARGS:
    .ci/arm.sh {{ARGS}}

# The functions' binaries, for this machine's processor
lambda:
    cargo build --release --no-default-features --features lambda --bin lambda --bin catalogue
    @ls -l target/release/lambda target/release/catalogue

# The functions' packages for Lambda, in dist/: `just package x86_64`, `just package arm64`, or both
package *PROCESSORS:
    packages/functions.sh {{PROCESSORS}}

# All that a release has, in dist/: packages, command line, template, licences, SBOM, checksums
release *ARGS:
    packages/release.sh {{ARGS}}

# How long the packaged functions take to start, beside the same in Python: see benches/start/run.sh
bench-start *ARGS:
    benches/start/run.sh {{ARGS}}

# Whether docs/costs.md follows from what was measured and from the prices; `just costs --write` writes it
costs *ARGS:
    python3 infra/costs/costs.py {{ARGS}}

# The template and what goes with it: linters, the expanded form, policies, Checkov, the Terraform module
infra:
    infra/check.sh

# The stack in a cloud on loopback: deployed, used, changed, removed, as infra/README.md says
deploy-test:
    tests/deploy/run.sh

# Models in every form against the official runtime; `just compat` makes three networks,
# `just compat ''` all twelve
compat SIZE="--small":
    model/compat/run.sh {{SIZE}}

# All steps of training, with the drawn photos, and that lookbook takes what comes out
training:
    model/training/smoke.sh

# Hostile models, photos and events, each for some seconds; installs cargo-fuzz if it is missing
fuzz SECONDS="60":
    fuzz/run.sh {{SECONDS}}

# Licences, sources and bans of the dependencies; needs cargo-deny
licences:
    cargo deny check bans licenses sources

# Trains the model anew; see model/training/README.md
train *ARGS:
    model/training/run.sh {{ARGS}}
