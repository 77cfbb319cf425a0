#!/bin/sh
# Makes image classifiers of twelve kinds in several forms, and compares lookbook with the official
# LiteRT runtime on each of them.
#
#   model/compat/run.sh [--small] [--uint8] [FOLDER]
#
# --small makes three networks instead of twelve, --uint8 also a form with uint8 input and output.
# FOLDER (model/compat/.out) takes the models, the photos and REPORT.md; models that are in it already
# are not made again.
#
# These may be set: LOOKBOOK, a binary, else one is built; REPORT, where the table goes; PYTHON
# (python3), which makes the virtual environment; VENV (model/compat/.venv), where it is.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
small=
uint8=
while :; do
    case ${1-} in
    --small) small=--small ;;
    --uint8) uint8=--uint8 ;;
    -*)
        echo "run.sh: no flag '$1'; there are --small and --uint8" >&2
        exit 2
        ;;
    *) break ;;
    esac
    shift
done
folder=${1:-$here/.out}
venv=${VENV-$here/.venv}

[ -x "$venv/bin/python" ] || "${PYTHON-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
export TF_CPP_MIN_LOG_LEVEL=3

"$venv/bin/python" "$here/make.py" "$folder" $small $uint8
if [ -z "${LOOKBOOK-}" ]; then
    (cd "$root" && cargo build --bin lookbook)
    LOOKBOOK=${CARGO_TARGET_DIR-$root/target}/debug/lookbook
fi
"$venv/bin/python" "$here/ends.py" "$folder/ends" --lookbook "$LOOKBOOK"
"$venv/bin/python" "$here/report.py" "$folder" --lookbook "$LOOKBOOK" --out "${REPORT-$folder/REPORT.md}"
