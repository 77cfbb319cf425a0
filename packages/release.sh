#!/usr/bin/env bash
# Makes all that a release has, in dist/: packages/release.sh [--skip-cli]
#
#   lookbook-{function,catalogue}-{arm64,x86_64}.zip   the functions' packages
#   template-{arm64,x86_64}.yaml                       the SAM template on those
#   template.yaml                                      the same, on arm64 if there is that
#   lookbook-TARGET.tar.gz                             the command line, for this machine and for what can be had
#   LICENSES.txt, lookbook-*.cdx.json                  licences, and what the programs are made of
#   SHA256SUMS                                         of all of them
#
# All is made anew, whatever is in dist/ already; KEEP=1 leaves packages that are there as they are, of whatever
# commit. A processor whose target cannot be had is left out, and that is said; REQUIRE=1 makes it an error. A build
# that fails is always one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

cd "$root"
mkdir -p "$dist"
target_dir=${CARGO_TARGET_DIR-target}
rm -f "$dist"/template*.yaml "$dist"/*.tar.gz "$dist/SHA256SUMS"

packages/notices.sh

zips_of() {
    for name in function catalogue; do
        [ -f "$dist/lookbook-$name-$1.zip" ] || return 1
    done
}

skipped=()
skip() {
    say "SKIPPED: $1"
    [ -z "${REQUIRE-}" ] || exit 1
    skipped+=("$1")
}

for processor in x86_64 arm64; do
    if [ -n "${KEEP-}" ] && zips_of "$processor"; then
        say "KEPT: the packages for $processor"
    else
        # What an earlier commit has left is not of this release.
        rm -f "$dist"/lookbook-{function,catalogue}-"$processor".zip
        if ! has_target "$(target_of "$processor")"; then
            skip "the packages for $processor"
            continue
        fi
        packages/functions.sh "$processor"
    fi
    python3 infra/checks/packaged.py infra/template.yaml "$dist/template-$processor.yaml" \
        --architecture "$processor" --code "Function=lookbook-function-$processor.zip" \
        --code "Website=lookbook-catalogue-$processor.zip"
    cp "$dist/template-$processor.yaml" "$dist/template.yaml"
done
[ -f "$dist/template.yaml" ] || fail "there are no packages for any processor"

# The command line, linked by Zig against a glibc of 2018, so that it runs on older systems too.
if [ "${1-}" != --skip-cli ]; then
    tools
    for processor in x86_64 arm64; do
        target=$(target_of "$processor")
        if ! has_target "$target"; then
            skip "the command line for $processor"
            continue
        fi
        cargo-zigbuild zigbuild --release --locked --target "$target.2.28" --bin lookbook
        folder=$target_dir/cli/lookbook-$target
        rm -rf "$folder"
        mkdir -p "$folder"
        cp "$target_dir/$target/release/lookbook" README.md CHANGELOG.md LICENSE-* "$dist/LICENSES.txt" "$folder"
        tar --create --gzip --owner 0 --group 0 --file "$dist/lookbook-$target.tar.gz" \
            --directory "$target_dir/cli" "lookbook-$target"
    done
fi

cd "$dist"
shopt -s nullglob
sha256sum -- *.zip *.yaml *.tar.gz *.txt *.json >SHA256SUMS
ls -l
# Said again where it is seen.
for each in "${skipped[@]}"; do
    say "SKIPPED: $each"
done
