#!/bin/sh
# Trains the model, converts it, measures it, draws the sample photos and writes what tests expect.
#
#   model/training/run.sh DATA_DIR             all of it, into model/ and events/photos/
#   model/training/run.sh --smoke DATA_DIR     a quick check of each step, into a temporary folder
#
# DATA_DIR has clothing/train, clothing/validation and backbones/efficientnet_lite0.npz. EPOCHS
# (8) and PYTHON (python3) may be set.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
smoke=
if [ "${1-}" = --smoke ]; then
    smoke=yes
    shift
fi
data=${1-}
if [ ! -d "$data/clothing/train" ]; then
    echo "run.sh: no folder '$data/clothing/train'; name the data folder as the argument" >&2
    exit 2
fi

model=$root/model
photos=$root/events/photos
log=$here/train.log
set -- --epochs "${EPOCHS-8}"
work=$(mktemp -d)
if [ -n "$smoke" ]; then
    model=$work/model
    photos=$work/photos
    log=$work/train.log
    set -- --epochs 1 --limit 96
    mkdir -p "$model"
fi

[ -x "$here/.venv/bin/python" ] || "${PYTHON-python3}" -m venv "$here/.venv"
"$here/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
python=$here/.venv/bin/python
export TF_CPP_MIN_LOG_LEVEL=2

"$python" "$here/train.py" --data "$data" --out "$work/clothing.keras" --log "$log" "$@"
"$python" "$here/export.py" --data "$data" --network "$work/clothing.keras" --out "$model" --log "$log"
"$python" "$here/draw.py" --out "$photos"
"$python" "$here/expected.py" --model "$model" --photos "$photos"
if [ -n "$smoke" ]; then
    echo "wrote $model, $photos and $log"
else
    rm -r "$work"
fi
