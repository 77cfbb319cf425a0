#!/usr/bin/env bash
# Runs whole-program tests on other implementations of AWS: tests/second/run.sh [NAME...]
#
# NAME is ministack (S3, SQS and DynamoDB; all tests that can run away from the embedded stack) or
# moto (those on real messages only); both if none is given. Each server listens on a free port of
# 127.0.0.1, keeps everything in memory, and is stopped in the end.
#
# These may be set: PYTHON (python3), which makes the virtual environment; VENV (tests/second/.venv),
# where it is; FAULT_CHANGES (500), how many changes the test of faults makes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${VENV-$here/.venv}
changes=${FAULT_CHANGES-500}
cd "$here/../.."

[ -x "$venv/bin/python" ] || "${PYTHON-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"

work=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=
    fi
}
trap 'stop; rm -rf "$work"' EXIT

fail() {
    echo "run.sh: $2; the end of the log of $1:" >&2
    tail -n 100 "$work/$1.log" >&2
    exit 1
}

# Starts the server $1 on port $2. It has an environment of its own, and sees no Docker.
start() {
    local clean=(env -i PATH="$PATH" HOME="$work" TMPDIR="$work" DOCKER_HOST="unix://$work/none")
    case $1 in
    ministack)
        # More services would listen on ports of their own, and on all interfaces.
        "${clean[@]}" BIND_HOST=127.0.0.1 GATEWAY_PORT="$2" AWS_ENDPOINT_URL="http://127.0.0.1:$2" \
            SERVICES=s3,sqs,dynamodb,sts IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 \
            "$venv/bin/ministack" >"$work/$1.log" 2>&1 &
        ;;
    moto)
        "${clean[@]}" "$venv/bin/moto_server" -H 127.0.0.1 -p "$2" >"$work/$1.log" 2>&1 &
        ;;
    *)
        echo "run.sh: no server '$1'; there are ministack and moto" >&2
        exit 2
        ;;
    esac
    server=$!
}

# Waits until the port answers, for a minute at most.
answers() {
    "$venv/bin/python" - "$1" "$server" <<'PYTHON'
import os, socket, sys, time
port, server = int(sys.argv[1]), int(sys.argv[2])
for _ in range(300):
    os.kill(server, 0)  # fails once the server is gone
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if connection.recv(1):
                sys.exit(0)
    except OSError:
        time.sleep(0.2)
sys.exit("nothing answers")
PYTHON
}

# Built before a server waits.
cargo test --lib --test all --no-run

[ $# -gt 0 ] || set -- ministack moto
for name; do
    port=$("$venv/bin/python" -c '
import socket
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    print(free.getsockname()[1])')
    tests=(second::)
    # What moto has no part in, and what runs on the embedded stack wherever it is asked for: see
    # README.md.
    [ "$name" = moto ] || tests+=(convergence:: faults:: crash:: lambda:: --skip lambda::hostile
        --skip lambda::every_mistake)
    start "$name" "$port"
    answers "$port" || fail "$name" "$name does not answer on port $port"
    echo "== $name on port $port: ${tests[*]}"
    SECOND_ENDPOINT="http://127.0.0.1:$port" SECOND_NAME="$name" FAULT_CHANGES="$changes" \
        cargo test --test all -- --nocapture "${tests[@]}" 2>&1 | tee "$work/tests.log" ||
        fail "$name" "tests failed on $name"
    # The one test of a table that is in the library: it also runs on tables that are nowhere else.
    if [ "$name" = ministack ]; then
        SECOND_ENDPOINT="http://127.0.0.1:$port" SECOND_NAME="$name" \
            cargo test --lib -- --nocapture another_implementations_table_conforms 2>&1 |
            tee -a "$work/tests.log" || fail "$name" "the table of $name does not conform"
    fi
    grep -Eq '^test result: ok\. [1-9]' "$work/tests.log" || fail "$name" "no test ran on $name"
    grep -q "^on $name: " "$work/tests.log" || fail "$name" "no test used $name"
    stop
done
