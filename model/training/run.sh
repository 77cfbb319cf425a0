#!/bin/sh
# Trains the model, converts it, measures it, draws the sample photos and writes what tests expect.
#
#   model/training/run.sh DATA_DIR             all of it, into model/ and events/photos/
#   model/training/run.sh --smoke DATA_DIR     a quick check of each step, into a temporary folder
#
# DATA_DIR has clothing/train, clothing/validation and backbones/. PYTHON (python3) may be set, and WORK:
# the folder for trained networks, by default model/training/.work. A network that is there already is
# not trained again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
smoke=
if [ "${1-}" = --smoke ]; then
    smoke=yes
    shift
fi
data=${1-}
if [ ! -d "$data/clothing/train" ] || [ ! -d "$data/clothing/validation" ] || [ ! -d "$data/backbones" ]; then
    echo "run.sh: '$data' has no clothing/train, clothing/validation or backbones; name the data folder as the argument" >&2
    exit 2
fi

model=$root/model
photos=$root/events/photos
log=$here/train.log
work=${WORK-$here/.work}
few=
some=
if [ -n "$smoke" ]; then
    work=$(mktemp -d)
    model=$work/model
    photos=$work/photos
    log=$work/train.log
    few="--limit 96 --epochs 1"
    some="--limit 40"
    mkdir -p "$model"
    cp "$root/model/MODEL_CARD.md" "$model/"
fi
mkdir -p "$work"
# Those in the background do not hear Ctrl-C.
trap 'trap - INT TERM; kill 0' INT TERM

[ -x "$here/.venv/bin/python" ] || "${PYTHON-python3}" -m venv "$here/.venv"
"$here/.venv/bin/pip" install --quiet --disable-pip-version-check \
    -r "$here/requirements.txt" -c "$here/constraints.txt"
python=$here/.venv/bin/python
export TF_CPP_MIN_LOG_LEVEL=2

# network NAME OPTIONS...: trains a network, or two at a time, on a core each.
network() {
    name=$1
    shift
    [ -f "$work/$name.npz" ] && return
    rm -f "$work/$name.log"
    # $few is several words on purpose, and so is $some.
    "$python" "$here/train.py" --data "$data" --out "$work/$name.part.npz" --log "$work/$name.log" \
        --threads 1 "$@" $few
    mv "$work/$name.part.npz" "$work/$name.npz"
}

# pair FIRST SECOND: waits for two background processes and fails if one of them did.
pair() {
    failed=
    wait "$1" || failed=yes
    wait "$2" || failed=yes
    [ -z "$failed" ]
}

if [ ! -f "$work/masks.npz" ]; then
    "$python" "$here/cutout.py" --data "$data" --out "$work/masks.part.npz" $some
    mv "$work/masks.part.npz" "$work/masks.npz"
fi

# Two teachers, which learn from the labels.
network teacher-lite0 --network efficientnet_lite0 --seed 7 --epochs 8 --changes mild --rate 4e-4 --decay 1 \
    --mixed 0 --average 0.99 &
first=$!
network teacher-mobilenet --network mobilenet_v2 --seed 8 --epochs 15 &
pair "$first" "$!"

# Both go on, and learn from both together.
taught() {
    name=$1
    shift
    network "$name" --start "$work/teacher-$name.npz" --teachers "$work/teacher-lite0.npz" \
        "$work/teacher-mobilenet.npz" --masks "$work/masks.npz" --rate 4e-4 --decay 0.97 "$@"
}
taught lite0 --network efficientnet_lite0 --seed 17 --epochs 10 --first 0.5 &
first=$!
taught mobilenet --network mobilenet_v2 --seed 18 --epochs 13 &
pair "$first" "$!"

cat "$work/teacher-lite0.log" "$work/teacher-mobilenet.log" "$work/lite0.log" "$work/mobilenet.log" >"$log"
"$python" "$here/export.py" --data "$data" --networks "$work/lite0.npz" "$work/mobilenet.npz" \
    --out "$model" --log "$log"
"$python" "$here/draw.py" --out "$photos"
"$python" "$here/expected.py" --model "$model" --photos "$photos"
"$python" "$here/card.py" --data "$data" --model "$model" $some
[ -z "$smoke" ] || echo "wrote $model, $photos and $log"
