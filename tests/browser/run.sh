#!/usr/bin/env bash
# Uses the catalogue's pages as people do, in Chromium: tests/browser/run.sh [--docs] [WORD...]
#
# Starts the program itself in a folder of its own, prints a line for each check, and fails if one
# does. With words, only the checks that have one of them in their names. With --docs it also writes
# the pictures in docs/pictures, which show the drawn sample photos only. What is missing it installs:
# Chromium, its driver and npm with apt-get, selenium from PyPI, and from npm axe-core, which knows
# what pages owe to people who cannot see or point. Where one cannot be had, it says that it is
# skipped, and passes; REQUIRE=1 makes that an error.
#
# These may be set: LOOKBOOK (target/debug/lookbook, built if it is not given), the program; PYTHON
# (python3), which makes the virtual environment; VENV (tests/browser/.venv), where it is; CHROMIUM and
# CHROMEDRIVER, the browser and its driver.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${VENV-$here/.venv}
axe=axe-core-4.14.1
cd "$here/../.."

skip() {
    echo "SKIPPED: browser: $1"
    exit "${REQUIRE:-0}"
}

root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --non-interactive "$@"; fi
}

# Debian's packages of those that are not there yet: `wanted COMMAND PACKAGE...`
missing=()
wanted() {
    command -v "$1" >/dev/null || missing+=("${@:2}")
}
[ -n "${CHROMIUM-}" ] || wanted chromium chromium
[ -n "${CHROMEDRIVER-}" ] || wanted chromedriver chromium-driver
[ -s "$venv/$axe.js" ] || wanted npm npm
if [[ " $* " == *" --docs "* ]]; then
    # The pictures' fonts.
    [ -d /usr/share/fonts/opentype/inter ] || missing+=(fonts-inter)
    [ -d /usr/share/fonts/opentype/urw-base35 ] || missing+=(fonts-urw-base35)
    export FONTCONFIG_FILE=$here/fonts.conf
fi
if [ ${#missing[@]} -gt 0 ]; then
    { root apt-get update && root apt-get install -y --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
        skip "${missing[*]} not there, and apt-get cannot install it"
fi
export CHROMIUM=${CHROMIUM-$(command -v chromium)} CHROMEDRIVER=${CHROMEDRIVER-$(command -v chromedriver)}

[ -x "$venv/bin/python" ] || "${PYTHON-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 \
    --requirement "$here/requirements.txt" || skip "selenium cannot be installed, is PyPI reachable?"

if [ ! -s "$venv/$axe.js" ]; then
    work=$(mktemp -d)
    (cd "$work" && npm pack --silent "${axe/core-/core@}" >/dev/null && tar xzf "$axe.tgz") ||
        skip "axe-core cannot be fetched, is npm's registry reachable?"
    mv "$work/package/axe.min.js" "$venv/$axe.js"
    rm -r "$work"
fi

if [ -z "${LOOKBOOK-}" ]; then
    cargo build --bin lookbook
    LOOKBOOK=${CARGO_TARGET_DIR-$PWD/target}/debug/lookbook
fi
export LOOKBOOK AXE="$venv/$axe.js" PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" "$here/main.py" "$@"
