#!/usr/bin/env bash
# Runs each fuzz target for some SECONDS (60 if not given): fuzz/run.sh [SECONDS [SEED]]
#
# The same SEED (1 if not given) tries the same files, so that a failure comes from a change. Another
# finds others. CARGO_FUZZ_ROOT is where cargo-fuzz is, or is installed into; .ci/tools if not given.
set -euo pipefail
cd "$(dirname "$0")"

version=0.13.2
seconds=${1:-60}
seed=${2:-1}
root=${CARGO_FUZZ_ROOT:-../.ci/tools}
mkdir -p "$root"
root=$(cd "$root" && pwd)
export PATH="$root/bin:$PATH"
if [ "$(cargo fuzz --version 2>&1)" != "cargo-fuzz $version" ]; then
    # Built without optimisation: it only starts the compiler.
    cargo install --quiet --locked --debug --root "$root" cargo-fuzz --version "$version"
fi

# A run adds what it finds to the corpus, which is to stay as it is.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# As many bytes as it takes to say all that may matter. A photo's pixels need some.
max_len() {
    case $1 in
        photo) echo 65536 ;;
        *) echo 16384 ;;
    esac
}

for target in $(cargo fuzz list); do
    cp -r "corpus/$target" "$copy/$target"
    # Without AddressSanitizer: no unsafe code of our own touches memory, the stable toolchain can build it so,
    # and it tries more files in the same time. What -malloc_limit_mb needs of it, the targets do themselves.
    cargo fuzz run --sanitizer none "$target" "$copy/$target" -- \
        -dict="$target.dict" -seed="$seed" -max_total_time="$seconds" \
        -max_len="$(max_len "$target")" -timeout=10 \
        -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1
done
