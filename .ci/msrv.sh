#!/usr/bin/env bash
# Checks that the program builds with the oldest Rust that Cargo.toml promises (rust-version), and that
# no dependency asks for a newer one.
set -euo pipefail
cd "$(dirname "$0")/.."

promised=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
[ -n "$promised" ] || { echo "msrv.sh: Cargo.toml has no rust-version" >&2; exit 1; }

cargo metadata --format-version 1 --locked --filter-platform "$(rustc --print host-tuple)" | PROMISED="$promised" python3 -c '
import json, os, sys
def number(version):
    return tuple(int(part) for part in (version.split(".") + ["0", "0"])[:3])
promised = os.environ["PROMISED"]
newer = ["{name} {version} needs Rust {rust_version}".format(**package)
         for package in json.load(sys.stdin)["packages"]
         if package["rust_version"] and number(package["rust_version"]) > number(promised)]
sys.exit("\n".join(newer) or None)'

case $(rustc --version) in
"rustc $promised"[.\ ]*) echo "this compiler is Rust $promised: its builds are the check" ;;
*) rustup run "$promised" cargo check --workspace --all-targets --locked ;;
esac
