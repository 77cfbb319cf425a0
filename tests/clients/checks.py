"""What the checks of all clients share."""

import os
import subprocess
import sys
import time
import traceback

BUCKET = "photos"
MIB = 1024 * 1024

#: Keys as real ones are, and as no folder of a careless program holds them.
KEYS = [
    "a b.jpg",
    "a+b.jpg",
    "100%.jpg",
    "%41.jpg",
    "new in/été/日本.jpg",
    "emoji 👗.jpg",
    "quotes'\"&<>.jpg",
    "question?=&.jpg",
    "semi;colon,comma.jpg",
    "tilde~and*star!.jpg",
    "brackets[1]{2}(3).jpg",
    "back\\slash.jpg",
]

_checks = []


def check(function):
    """Takes a function in; its first line of documentation is the check's name."""
    _checks.append(function)
    return function


def run(client):
    """Runs all checks, prints a line for each, and exits."""
    failed = 0
    for function in _checks:
        name = f"{client}: {function.__doc__.strip().splitlines()[0]}"
        begun = time.monotonic()
        try:
            function()
        except Exception:
            failed += 1
            print(f"FAILED  {name}", flush=True)
            traceback.print_exc()
        else:
            print(f"ok      {name} ({time.monotonic() - begun:.1f} s)", flush=True)
    sys.exit(1 if failed else 0)


def command(*args, code=0):
    """Runs a program, and gives what it printed."""
    done = subprocess.run(args, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, f"{args} exits with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def noise(size, seed=1):
    """Bytes that look like none of each other."""
    import random

    return random.Random(seed).randbytes(size)


def write(path, content):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def the_folder(key):
    """The file that is behind a key."""
    return os.path.join(".lookbook", "buckets", BUCKET, key)
