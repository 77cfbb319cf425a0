#!/usr/bin/env bash
# Deploys infra/template.yaml as infra/README.md says, into a cloud on loopback: tests/deploy/run.sh
#
# Prints a line for each thing that is shown, and fails at the first that is not so, with the log of the
# function and of the cloud. Where sam, ministack or a command of that page cannot be installed, it says
# that it is skipped, and passes; REQUIRE=1 makes that an error. See README.md beside this file.
#
# These may be set: LOOKBOOK (target/debug/lookbook, built if it is not given), the command line; DIST
# (dist), where the functions' packages are, and if they are not there, both are built without
# optimisation; PYTHON (python3), which makes the virtual environments; VENV (tests/deploy/.venv), where
# these are.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${VENV-$here/.venv}
cd "$here/../.."

skip() {
    echo "SKIPPED: deploy: $1"
    exit "${REQUIRE:-0}"
}

root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --non-interactive "$@"; fi
}

# What the page's commands use. Debian's packages have the same names.
missing=()
for command in curl jq openssl; do
    command -v "$command" >/dev/null || missing+=("$command")
done
if [ ${#missing[@]} -gt 0 ]; then
    { root apt-get update && root apt-get install -y --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
        skip "${missing[*]} not there, and apt-get cannot install it"
fi

# sam and ministack want different versions of the same library.
for part in client server; do
    [ -x "$venv/$part/bin/python" ] || "${PYTHON-python3}" -m venv "$venv/$part"
    "$venv/$part/bin/pip" install --quiet --disable-pip-version-check --retries 1 \
        --requirement "$here/$part.txt" ||
        skip "what $part.txt names cannot be installed, is PyPI reachable?"
done

export PYTHONDONTWRITEBYTECODE=1
"$venv/client/bin/python" "$here/units.py" --quiet

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $(uname -m) in
x86_64 | amd64) architecture=x86_64 ;;
aarch64 | arm64) architecture=arm64 ;;
*) skip "AWS Lambda has no processor $(uname -m)" ;;
esac
built=${CARGO_TARGET_DIR-$PWD/target}/debug
if [ -z "${LOOKBOOK-}" ]; then
    cargo build --bin lookbook
    LOOKBOOK=$built/lookbook
fi
packages=$(cd "${DIST-dist}" 2>/dev/null && pwd || true)
function=$packages/lookbook-function-$architecture.zip
catalogue=$packages/lookbook-catalogue-$architecture.zip
if [ -n "$packages" ] && [ -s "$function" ] && [ -s "$catalogue" ]; then
    echo "deploying $function and $catalogue, which are there"
else
    echo "building the functions"
    cargo build --no-default-features --features lambda --bin lambda --bin catalogue
    function=$work/function.zip
    catalogue=$work/catalogue.zip
    "$venv/client/bin/python" "$here/package.py" "$built/lambda" "$function"
    "$venv/client/bin/python" "$here/package.py" "$built/catalogue" "$catalogue"
fi

# Not `exec`: the folder is to be removed.
"$venv/client/bin/python" "$here/main.py" --work "$work" \
    --tools "$venv/client/bin" --server "$venv/server/bin/ministack" --architecture "$architecture" \
    --lookbook "$LOOKBOOK" --function "$function" --catalogue "$catalogue"
