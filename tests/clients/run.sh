#!/usr/bin/env bash
# Runs clients that people use (boto3, the AWS CLI, rclone, s3fs) against the embedded bucket and
# table, and the examples of a website's calls against the catalogue: tests/clients/run.sh
#
# Starts the program itself in a folder of its own, prints a line for each check, and fails if one
# does. Where the clients cannot be installed, it says that it is skipped, and passes.
#
# These may be set: LOOKBOOK (target/debug/lookbook, built if it is not given), the program; PYTHON
# (python3), which makes the virtual environment; VENV (tests/clients/.venv), where it is.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${VENV-$here/.venv}
cd "$here/../.."

[ -x "$venv/bin/python" ] || "${PYTHON-python3}" -m venv "$venv"
if ! "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 \
    --requirement "$here/requirements.txt"; then
    echo "SKIPPED: clients: they cannot be installed, is PyPI reachable?"
    exit 0
fi

if [ -z "${LOOKBOOK-}" ]; then
    cargo build --bin lookbook
    LOOKBOOK=$PWD/target/debug/lookbook
fi

work=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap stop EXIT

cp -r events/photos "$work/photos"
cd "$work"
# An environment without settings, profiles and proxies of whoever runs this.
clean=(env -i PATH="$venv/bin:$PATH" HOME="$work" TMPDIR="$work")
"${clean[@]}" "$LOOKBOOK" local --port 0 --format json >"$work/local.log" 2>"$work/local.err" &
server=$!
for _ in $(seq 100); do
    [ -s "$work/local.log" ] && break
    kill -0 "$server" || { cat "$work/local.err" >&2; exit 1; }
    sleep 0.1
done
eval "$("${clean[@]}" "$LOOKBOOK" local --env)"
clean+=(AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY"
    AWS_ENDPOINT_URL_S3="$AWS_ENDPOINT_URL_S3" AWS_REGION="$AWS_REGION"
    AWS_ENDPOINT_URL_DYNAMODB="$AWS_ENDPOINT_URL_DYNAMODB" AWS_DEFAULT_REGION="$AWS_REGION"
    AWS_EC2_METADATA_DISABLED=true PYTHONDONTWRITEBYTECODE=1
    EXAMPLES="$here/../../examples/website"
    CATALOGUE="$("$venv/bin/python" -c 'import json; print(json.loads(open("local.log").readline())["page"])')")

failed=0
for client in boto awscli rclone fs website; do
    "${clean[@]}" "$venv/bin/python" "$here/with_$client.py" || failed=1
done
if ! kill -0 "$server" 2>/dev/null; then
    echo "FAILED: lookbook local ended"
    failed=1
fi
if [ "$failed" = 1 ]; then
    echo "run.sh: checks failed; what lookbook local said:" >&2
    cat "$work/local.err" >&2
fi
exit "$failed"
