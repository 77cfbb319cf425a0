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
# What is in dist/ already is made anew, but packages: delete them for that. A processor whose target cannot be had
# is left out, and that is said; REQUIRE=1 makes it an error.
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

for processor in x86_64 arm64; do
    zips_of "$processor" || packages/functions.sh "$processor" || [ -z "${REQUIRE-}" ]
    if ! zips_of "$processor"; then
        say "SKIPPED: no packages for $processor"
        continue
    fi
    python3 infra/checks/packaged.py infra/template.yaml "$dist/template-$processor.yaml" \
        --architecture "$processor" --code "Function=lookbook-function-$processor.zip" \
        --code "Website=lookbook-catalogue-$processor.zip"
    cp "$dist/template-$processor.yaml" "$dist/template.yaml"
done

# The command line, linked by Zig against a glibc of 2018, so that it runs on older systems too.
if [ "${1-}" != --skip-cli ]; then
    tools
    for processor in x86_64 arm64; do
        target=$(target_of "$processor")
        has_target "$target" || { say "SKIPPED: the command line for $processor" && continue; }
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
