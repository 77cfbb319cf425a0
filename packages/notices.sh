#!/usr/bin/env bash
# Writes what belongs beside the packages: dist/LICENSES.txt, the licences of all crates with their texts, and
# dist/lookbook-functions.cdx.json and dist/lookbook-cli.cdx.json, what the functions and the command line are made
# of (CycloneDX).
#
# Installs cargo-about and cargo-cyclonedx to .ci/tools if they are missing: built without optimisation, they run once.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

about=0.9.3
cyclonedx=0.5.9

# Does nothing if it is there in that version.
tool() {
    cargo install --quiet --locked --debug --root "$root/.ci/tools" "$1" --version "$2" "${@:3}"
}

cd "$root"
mkdir -p "$dist"
tool cargo-about "$about" --features cli
tool cargo-cyclonedx "$cyclonedx"
export PATH="$root/.ci/tools/bin:$PATH"

cargo about generate --locked --offline --fail --config packages/about.toml --all-features \
    --output-file "$dist/LICENSES.txt" packages/about.hbs

# It writes beside each Cargo.toml of the workspace.
bill() {
    local name=$1
    shift
    cargo cyclonedx --quiet --format json --spec-version 1.5 --target x86_64-unknown-linux-gnu \
        --override-filename bill "$@"
    mv bill.json "$dist/$name.cdx.json"
    find crates -name bill.json -delete
}
bill lookbook-functions --no-default-features --features lambda
bill lookbook-cli
python3 - "$dist" <<'PYTHON'
import json, pathlib, sys
dist = pathlib.Path(sys.argv[1])
for name in ("lookbook-functions", "lookbook-cli"):
    bill = json.loads((dist / f"{name}.cdx.json").read_text())
    if bill["bomFormat"] != "CycloneDX" or not any(part["name"] == "aws-sdk-s3" for part in bill["components"]):
        sys.exit(f"notices.sh: {name}.cdx.json does not list what lookbook is made of")
    print(f"{name}.cdx.json: {len(bill['components'])} crates")
PYTHON
