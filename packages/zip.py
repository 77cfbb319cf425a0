"""Puts a function's program into a package for Lambda: one file, `bootstrap`, deflated as well as can be.

    zip.py PROGRAM PACKAGE [--max-mb N]

The same program gives the same bytes, whenever and wherever it is packed.
"""

import argparse
import io
import pathlib
import struct
import sys
import zipfile
import zlib

import deflate

NAME = b"bootstrap"
# The first of January 1980, the earliest that a zip file can say.
DATE = 0x21
# A file that all may run, as Lambda needs it, made on Unix.
MODE = 0o100755
VERSION, UNIX, DEFLATED, LEVEL = 20, 3, 8, 12


def packed(program: bytes) -> bytes:
    """The zip file. The format's own module cannot take what was deflated elsewhere.

    Source: APPNOTE.TXT, ".ZIP File Format Specification", 4.3.7, 4.3.12 and 4.3.16.
    """
    body = deflate.deflate_compress(program, LEVEL)
    about = struct.pack("<HHHHHIIIHH", VERSION, 0, DEFLATED, 0, DATE, zlib.crc32(program), len(body), len(program),
                        len(NAME), 0)
    local = b"PK\x03\x04" + about + NAME + body
    central = (
        b"PK\x01\x02"
        + struct.pack("<BB", VERSION, UNIX)
        + about
        + struct.pack("<HHHII", 0, 0, 0, MODE << 16, 0)
        + NAME
    )
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("--max-mb", type=float, help="fail if it is larger than so many million bytes")
    options = parser.parse_args()

    # What was there is of an older program; what is wrong with this one is found before it takes its place.
    options.package.unlink(missing_ok=True)
    program = options.program.read_bytes()
    package = packed(program)
    # Read back by another implementation.
    with zipfile.ZipFile(io.BytesIO(package)) as readable:
        if readable.read("bootstrap") != program:
            sys.exit(f"zip.py: {options.package} could not be read back")
    size = len(package)
    print(f"{options.package.name}: {size / 1e6:.1f} MB, {len(program) / 1e6:.1f} MB unpacked")
    if options.max_mb is not None and size > options.max_mb * 1e6:
        sys.exit(f"zip.py: {options.package.name} may have {options.max_mb:g} MB: see docs/packages.md")
    options.package.write_bytes(package)


if __name__ == "__main__":
    main()
