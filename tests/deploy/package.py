"""Packs a function's program as AWS Lambda wants it: package.py PROGRAM ZIP"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile


def package(program, out):
    """A zip with the program as `bootstrap`, which may be run."""
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "bootstrap")
        # Without its symbols it is a third smaller, which is copied and unpacked some times.
        if not shutil.which("strip") or subprocess.run(["strip", "-o", stripped, program]).returncode:
            stripped = program
        entry = zipfile.ZipInfo("bootstrap", date_time=(2000, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(out, "w", compresslevel=1) as file, open(stripped, "rb") as content:
            file.writestr(entry, content.read(), compresslevel=1)


if __name__ == "__main__":
    package(*sys.argv[1:3])
