#!/usr/bin/env bash
# Times the start of both functions, beside the same in Python with LiteRT and boto3: benches/start/run.sh [FLAG...]
#
#   --rounds N       starts of each, in turn [15]
#   --cores 0        on which processors [0: about what a function of 1769 MB has]
#   --then N         photos after the first, a multiple of ten [40]
#   --out FILE       where all figures go [benches/start/.out/start.json]
#   --docs FILE      rewrite the table of docs/cold-start.md
#   --function NAME=PROGRAM, --website NAME=PROGRAM   further programs in the same run, for example older ones
#
# It starts the programs of dist/lookbook-{function,catalogue}-x86_64.zip (or of the processor of this machine; `just
# package` makes them). PYTHON (python3) makes the peer's environment, or PEER is one that is there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$here/.out
mkdir -p "$out"

case $(uname -m) in
aarch64 | arm64) processor=arm64 ;;
*) processor=x86_64 ;;
esac
for name in function catalogue; do
    zip=$root/dist/lookbook-$name-$processor.zip
    [ -f "$zip" ] || { echo "run.sh: there is no $zip: just package $processor" >&2 && exit 2; }
    rm -rf "${out:?}/$name" && mkdir -p "$out/$name"
    "${PYTHON-python3}" -m zipfile -e "$zip" "$out/$name"
    chmod +x "$out/$name/bootstrap"
done

peer=${PEER-$out/peer}
[ -x "$peer/bin/python" ] || "${PYTHON-python3}" -m venv "$peer"
"$peer/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"

"${PYTHON-python3}" "$here/measure.py" --function "function=$out/function/bootstrap" \
    --website "catalogue=$out/catalogue/bootstrap" --peer "$peer/bin/python" --cores 0 --then 40 \
    --out "$out/start.json" "$@"
