# For the scripts beside it: the tools of requirements.txt, and what the processors are called.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${PACKAGES_VENV-$root/packages/.venv}
dist=$root/dist

say() {
    echo "packages: $1" >&2
}

fail() {
    say "$1"
    exit 1
}

tools() {
    [ -x "$venv/bin/python" ] || "${PYTHON-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$root/packages/requirements.txt"
    export PATH="$venv/bin:$root/.ci/tools/bin:$PATH"
}

# Rust's name of a processor's target.
target_of() {
    case $1 in
    arm64) echo aarch64-unknown-linux-gnu ;;
    x86_64) echo x86_64-unknown-linux-gnu ;;
    *) fail "no processor '$1'; Lambda has arm64 and x86_64" ;;
    esac
}

# Whether rustup has that target, or can get it.
has_target() {
    # Not by a pipe, which fails when `grep` has seen enough before all is written.
    grep -qx "$1" <<<"$(rustup target list --installed 2>/dev/null)" || rustup target add "$1" >&2
}
