#!/usr/bin/env bash
# Holds the pixels that lookbook sees against Pillow's: tests/photos/run.sh [WORD...]
#
# With words, only the files that have one of them in their names, such as "jpeg" or "profile", and no
# TIFFs, which have a script of their own.
#
# These may be set: PYTHON (python3), which makes the virtual environment; VENV (tests/photos/.venv),
# where it is; LOOKBOOK, the command line, which is built if it is not given.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${VENV-$here/.venv}
cd "$here/../.."

[ -x "$venv/bin/python" ] || "${PYTHON-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"

if [ -z "${LOOKBOOK-}" ]; then
    cargo build --bin lookbook
    LOOKBOOK=${CARGO_TARGET_DIR-target}/debug/lookbook
fi
"$venv/bin/python" "$here/check.py" "$LOOKBOOK" "$@"
if [ $# = 0 ]; then
    "$venv/bin/python" "$here/tiff.py" "$LOOKBOOK"
fi
