"""Writes bitmaps of every depth, with masks, palettes, run lengths, upside down and not."""

import struct

import numpy as np


def file(header, body, palette=b""):
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + palette + body


def header(width, height, bits, compression=0, colours=0, masks=b"", size=40, body=0):
    head = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, body, 2835, 2835, colours, 0)
    head += masks if size > 40 else b""
    head += b"\0" * (size - len(head))
    return head + (masks if size == 40 else b"")


def padded(rows, upside_down=True):
    rows = [row + b"\0" * (-len(row) % 4) for row in rows]
    return b"".join(reversed(rows) if upside_down else rows)


def indexed(indices, palette, bits, **more):
    height, width = indices.shape
    rows = []
    for row in indices:
        parts = np.unpackbits(row.astype("uint8")[:, None], axis=1)[:, 8 - bits :]
        rows.append(np.packbits(parts.reshape(-1)).tobytes())
    colours = b"".join(bytes([b, g, r, 0]) for r, g, b in palette)
    return file(header(width, height, bits, colours=len(palette), **more), padded(rows), colours)


def run_lengths(indices, palette, bits):
    """RLE8 or RLE4: runs where there are some, single pixels, and literal ones in between."""
    height, width = indices.shape
    body = b""
    for y, row in enumerate(indices[::-1]):
        x = 0
        if y % 3 == 2 and width >= 3:
            literal = row[: min(width, 250)]
            if bits == 8:
                data = literal.astype("uint8").tobytes()
            else:
                pairs = list(literal) + [0] * (len(literal) % 2)
                data = bytes(a << 4 | b for a, b in zip(pairs[::2], pairs[1::2]))
            body += bytes([0, len(literal)]) + data + b"\0" * (len(data) % 2)
            x = len(literal)
        while x < width:
            run = 1
            while x + run < width and run < 255 and row[x + run] == row[x]:
                run += 1
            value = int(row[x])
            body += bytes([run, value if bits == 8 else value << 4 | value])
            x += run
        body += b"\0\0"
    body += b"\0\1"
    colours = b"".join(bytes([b, g, r, 0]) for r, g, b in palette)
    head = header(width, height, bits, compression=1 if bits == 8 else 2, colours=len(palette), body=len(body))
    return file(head, body, colours)


def plain(rgb, bits=24, top_down=False):
    height, width = rgb.shape[:2]
    bgr = rgb[..., ::-1]
    if bits == 32:
        bgr = np.dstack([bgr, np.zeros((height, width), "uint8")])
    rows = [row.tobytes() for row in bgr]
    return file(header(width, -height if top_down else height, bits), padded(rows, not top_down))


def masked(values, bits, masks, size=40):
    """`values` are whole pixels; `masks` of red, green and blue, and perhaps of transparency."""
    height, width = values.shape
    kind = "<u2" if bits == 16 else "<u4"
    rows = [row.astype(kind).tobytes() for row in values]
    head = header(width, height, bits, compression=3, masks=struct.pack(f"<{len(masks)}I", *masks), size=size)
    return file(head, padded(rows))


def core(rgb):
    """The first header that there was."""
    height, width = rgb.shape[:2]
    rows = [row.tobytes() for row in rgb[..., ::-1]]
    return file(struct.pack("<IHHHH", 12, width, height, 1, 24), padded(rows))
