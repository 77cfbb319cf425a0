#!/bin/sh
# Goes through the whole training with the drawn photos of events/photos, and sees that lookbook takes what comes out.
#
#   model/training/smoke.sh
#
# One label is renamed to words that are not ASCII, and a folder lies beside the labels that is none. The model learns
# enough to know most photos that it was trained with, and is of no use otherwise. These may be set: LOOKBOOK, a binary,
# else one is built; and PYTHON, as for run.sh.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for photo in "$root"/events/photos/*.jpg; do
    name=$(basename "$photo" .jpg)
    label=${name%-*}
    [ "$label" != dress ] || label='Kleider & "Röcke"'
    mkdir -p "$folder/photos/$label"
    cp "$photo" "$folder/photos/$label/"
done
mkdir "$folder/photos/rejected"
cp "$root/events/photos/hat-1.jpg" "$folder/photos/rejected/"

# Most of what is installed is never run: compiling it ahead is for those who train.
export PIP_NO_COMPILE=1
export TRAIN_OPTIONS="--epochs 20 --every 20"
"$here/run.sh" --smoke "$folder/photos" "$folder/out"
if [ -z "${LOOKBOOK-}" ]; then
    (cd "$root" && cargo build --bin lookbook)
    LOOKBOOK=${CARGO_TARGET_DIR-$root/target}/debug/lookbook
fi
export TF_CPP_MIN_LOG_LEVEL=2
cd "$here"
.venv/bin/python -m unittest tests.py
.venv/bin/python taken.py "$folder/out" --photos "$folder/photos" --lookbook "$LOOKBOOK"
