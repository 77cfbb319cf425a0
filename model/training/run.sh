#!/bin/sh
# Trains a model from a folder of photos, converts it and measures it.
#
#   model/training/run.sh PHOTOS           this repository's model, with all that follows from it, into model/
#   model/training/run.sh PHOTOS OUT       a model of your own labels, into the folder OUT
#   model/training/run.sh --smoke PHOTOS [OUT]
#                                          a quick check of each step, into the folder OUT, or a temporary one
#
# PHOTOS has one folder a label, or train/ and validation/ with one folder a label each: a clone of
# clothing-dataset-small, say. Everything else comes from PyPI. May be set: PYTHON (python3); WORK, the folder for
# what is trained, by default model/training/.work, or OUT/.work: a network that is there already is not trained again;
# SOURCE, what the description says of the weights; and TRAIN_OPTIONS, more options for train.py.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
smoke=
if [ "${1-}" = --smoke ]; then
    smoke=yes
    shift
fi
photos=${1-}
out=${2-}
if [ ! -d "$photos" ]; then
    echo "run.sh: '$photos' is no folder; name the folder of photos as the argument" >&2
    exit 2
fi
ours=
[ -n "$out$smoke" ] || ours=yes
options=${TRAIN_OPTIONS-}
few=
if [ -n "$smoke" ]; then
    out=${out:-$(mktemp -d)}
    work=$out/.work
    options="--epochs 1 --every 1 --teachers 1 $options"
    few="--limit 60"
elif [ -n "$ours" ]; then
    out=$root/model
    work=${WORK-$here/.work}
else
    work=${WORK-$out/.work}
fi
source=${SOURCE-"EfficientNet-Lite0 (Apache-2.0), taught by EfficientNet-Lite1 and Lite2 (Apache-2.0), fine-tuned on $(basename "$photos")"}
[ -z "$ours" ] || source="EfficientNet-Lite0 (Apache-2.0), taught by EfficientNet-Lite1 and Lite2 (Apache-2.0), fine-tuned on clothing-dataset-small (CC0 1.0)"
mkdir -p "$work" "$out"

[ -x "$here/.venv/bin/python" ] || "${PYTHON-python3}" -m venv "$here/.venv"
"$here/.venv/bin/pip" install --quiet --disable-pip-version-check \
    -r "$here/requirements.txt" -c "$here/constraints.txt"
python=$here/.venv/bin/python
export TF_CPP_MIN_LOG_LEVEL=2

# $few is several words on purpose, and so is $options.
"$python" "$here/pack.py" --photos "$photos" --out "$work/photos.npz" $few
"$python" "$here/train.py" --photos "$work/photos.npz" --work "$work" --log "$work/train.log" $options
log=$out/train.log
[ -z "$ours" ] || log=$here/train.log
cp "$work/train.log" "$log"
"$python" "$here/export.py" --photos "$photos" --network "$work/student.npz" --out "$out" --log "$log" --source "$source" $few

if [ -n "$ours" ]; then
    "$python" "$here/draw.py" --out "$root/events/photos"
    "$python" "$here/expected.py" --model "$out" --photos "$root/events/photos"
    "$python" "$here/card.py" --photos "$photos" --model "$out"
elif [ -n "$smoke" ]; then
    # The rest, with a copy of the card and two of the drawn photos.
    cp "$root/model/MODEL_CARD.md" "$out/"
    "$python" "$here/draw.py" --out "$work/drawn" hat-1 pants-2
    "$python" "$here/expected.py" --model "$out" --photos "$work/drawn"
    "$python" "$here/card.py" --photos "$photos" --model "$out" --limit 4
fi
echo "wrote $out/clothing.tflite, $out/clothing-int8.tflite and their descriptions"
