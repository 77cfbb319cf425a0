"""ICC profiles of version 2, and what LittleCMS makes of them."""

import io
import struct

import numpy as np
from PIL import Image, ImageCms


def fixed(value):
    return struct.pack(">i", round(value * 65536))


def curve(gamma):
    if gamma is not None:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    steps = np.arange(1024) / 1023
    linear = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(">I", 1024) + np.round(linear * 65535).astype(">u2").tobytes()


def profile(space, tags):
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    head += fixed(0.9642) + fixed(1) + fixed(0.8249)
    return head + b"\0" * (128 - len(head)) + table + body


def about(text):
    text = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78


WHITE = (b"wtpt", b"XYZ \0\0\0\0" + fixed(0.9642) + fixed(1) + fixed(0.8249))
RIGHTS = (b"cprt", b"text\0\0\0\0none\0")


def matrix(name, colours, gamma):
    """`colours` are red, green and blue in XYZ, seen under D50."""
    xyz = lambda colour: b"XYZ \0\0\0\0" + b"".join(map(fixed, colour))
    points = [(tag, xyz(colour)) for tag, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colours)]
    curves = [(tag, curve(gamma)) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    return profile(b"RGB ", [(b"desc", about(name)), RIGHTS, WHITE, *points, *curves])


R, G, B = (0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)
P3 = (0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)
ADOBE = (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)
ALL = {
    "srgb": matrix("sRGB", (R, G, B), None),
    "display-p3": matrix("Display P3", P3, None),
    "adobe-rgb": matrix("Adobe RGB", ADOBE, 2.19921875),
    "p3-gamma": matrix("Display P3 with a gamma", P3, 2.2),
    "linear-srgb": matrix("linear", (R, G, B), 1.0),
    "green-first": matrix("green first", (G, R, B), None),
}
GREY = profile(b"GRAY", [(b"desc", about("grey")), RIGHTS, WHITE, (b"kTRC", curve(1.0))])


def inks():
    """A profile of four inks: the corners of their cube in Lab, as tables of eight bits."""
    corners = b""
    for at in range(16):
        c, m, y, k = (at >> shift & 1 for shift in (3, 2, 1, 0))
        light = 240 - 80 * c - 90 * m - 20 * y
        corners += bytes([light // (6 if k else 1), 128 - 40 * c + 60 * m, 128 - 40 * c - 10 * m + 80 * y])
    line = bytes(range(256))
    unit = b"".join(map(fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + line * 4 + corners + line * 3
    icc = bytearray(profile(b"CMYK", [(b"desc", about("inks")), RIGHTS, WHITE, (b"A2B0", table)]))
    icc[12:16], icc[20:24] = b"prtr", b"Lab "
    return bytes(icc)


INKS = inks()


def to_srgb(rgb, name):
    source = ImageCms.ImageCmsProfile(io.BytesIO(ALL[name]))
    target = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(Image.fromarray(rgb), source, target, outputMode="RGB"))


def grey(rgb):
    """Grey levels under GREY, whose curve is a straight line, in sRGB."""
    light = rgb / 255
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(shown * 255).astype("uint8")


def printed(rgb):
    """What inks leave of the light, under INKS, as Chromium has it: all black is laid on before."""
    light = Image.fromarray(np.dstack([255 - rgb, 0 * rgb[..., :1]]), "CMYK")
    source, target = ImageCms.ImageCmsProfile(io.BytesIO(INKS)), ImageCms.createProfile("sRGB")
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return np.asarray(ImageCms.profileToProfile(light, source, target, renderingIntent=intent, outputMode="RGB"))
