#!/usr/bin/env bash
# Times lookbook against Python with LiteRT and with ONNX Runtime: benches/peers/run.sh [FLAG...]
#
#   --photos FOLDER  JPEGs to classify [events/photos, again and again]
#   --quick          the built-in model and MobileNetV2 alone, 60 photos, 3 rounds: some minutes
#   --mask           AVX-512 hidden from all of them (Linux on Intel)
#   --docs           rewrite the table and the picture of docs/performance.md
#   --cpu-time       processor time in the tables: for a machine that does other work too
#   --only NAME, --count N, --others N, --rounds N, --cpu N   as compare.py has them
#
# Without --quick, also photos of 0.2 to 12 megapixels, and 1,000 photos on one core and on two.
# Everything goes to benches/peers/.out; models and environments that are there are not made again.
# The first run downloads about 500 MB and makes models for some ten minutes; a whole run takes about
# half an hour of a quiet machine.
#
# These may be set: LOOKBOOK, a binary, else a release is built; PEAK, a program that prints the core's
# FMA peak, else one is built; PYTHON (python3), which makes the environments; OUT (.out here); MAKE, an
# environment that has what models.py imports.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${OUT-$here/.out}
photos=$root/events/photos
flags=()
more=(--sizes --two-cores)
docs=
mask=
clock=wall
count=300
while [ $# -gt 0 ]; do
    case $1 in
    --photos)
        photos=$(cd "$2" && pwd)
        shift
        ;;
    --quick) flags+=(--only clothing --only mobilenet_v2 --rounds 3) && count=60 && more=() ;;
    --mask) mask=yes ;;
    --docs) docs=yes ;;
    --cpu-time) clock=cpu ;;
    --count) count=$2 && shift ;;
    --only | --others | --rounds | --cpu) flags+=("$1" "$2") && shift ;;
    *)
        echo "run.sh: no flag '$1'; the first lines of run.sh name all" >&2
        exit 2
        ;;
    esac
    shift
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
[ -z "${LOOKBOOK-}" ] || LOOKBOOK=$(realpath "$LOOKBOOK")
[ -z "${PEAK-}" ] || PEAK=$(realpath "$PEAK")

# A virtual environment with what the named files ask for.
environment() {
    local folder=$1
    shift
    [ -x "$folder/bin/python" ] || "${PYTHON-python3}" -m venv --without-pip "$folder"
    "${PYTHON-python3}" -m pip --python "$folder/bin/python" install --quiet --disable-pip-version-check \
        "${@/#/--requirement=}"
}
export TF_CPP_MIN_LOG_LEVEL=3
make=${MAKE-$out/make}
[ -n "${MAKE-}" ] || environment "$make" "$root/model/compat/requirements.txt" "$here/requirements.txt"
environment "$out/litert" "$here/requirements-litert.txt"
environment "$out/onnx" "$here/requirements-onnx.txt"
"$make/bin/python" "$here/models.py" "$out/models"
"$make/bin/python" "$here/samples.py" "$out/photos" --photos "$photos" --count "$count"

cd "$root"
target=${CARGO_TARGET_DIR-target}
if [ -z "${LOOKBOOK-}" ]; then
    cargo build --release --bin lookbook
    LOOKBOOK=$target/release/lookbook
fi
PEAK=${PEAK-$(.ci/gate.sh --build)}
results=$out/results
if [ -n "$mask" ]; then
    "${CC-cc}" -O2 -shared -fPIC -o "$out/mask.so" "$here/mask.c"
    flags+=(--mask "$out/mask.so")
    results=$out/results-masked
fi
"${PYTHON-python3}" "$here/compare.py" --lookbook "$LOOKBOOK" ${PEAK:+--peak "$PEAK"} \
    --models "$out/models" --photos "$out/photos" --count "$count" \
    --litert "$out/litert/bin/python" --onnx "$out/onnx/bin/python" \
    --out "$results" "${more[@]}" "${flags[@]}"
"$make/bin/python" "$here/table.py" "$results/results.json" --clock "$clock" ${docs:+--docs "$root/docs/performance.md"}
if [ ${#more[@]} -gt 0 ]; then
    picture=$results
    # One picture is enough there: that of all that the processor can do.
    [ -z "$docs" ] || [ -n "$mask" ] || picture=$root/docs
    "$make/bin/python" "$here/plot.py" "$results/results.json" --out "$picture/performance.png"
fi
