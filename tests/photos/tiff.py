"""Holds the pixels that lookbook sees in TIFFs of every layout against those that others see.

    pip install pillow==13.0.0 numpy==2.4.6 tifffile==2026.3.3 imagecodecs==2026.3.6 \
        pyvips-binary==8.18.7 pyvips==3.2.0 tflite==2.18.0 flatbuffers==25.12.19
    python tests/photos/tiff.py target/debug/lookbook

The files are written by tifffile, libvips, Pillow and, where none of them would, by `Writer` below.
They are read by Pillow; by tifffile where Pillow does not open them or has more than eight bits. What
lookbook sees are the outputs of a model of one RESHAPE that is as large as the picture. Each file must
give the same pixels, or be one of REJECTED, with its code and its words.
"""

import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib

import imagecodecs
import numpy as np
import pyvips
import tifffile
from PIL import Image

import model

WIDTH, HEIGHT = 52, 44


def picture():
    """Soft colours with noise, so that no row or channel looks like another."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    soft = [x * 255 // WIDTH, y * 255 // HEIGHT, (x + y) * 255 // (WIDTH + HEIGHT)]
    noise = np.random.default_rng(7).integers(0, 24, (HEIGHT, WIDTH, 3))
    return np.clip(np.dstack(soft) + noise, 0, 255).astype("u1")


RGB = picture()
GREY = RGB[..., 0]
ALPHA = np.where(RGB[..., 2] > 120, 255, RGB[..., 1]).astype("u1")
MULTIPLIED = (RGB.astype(int) * ALPHA[..., None] // 255).astype("u1")
DEEP = RGB.astype("u2") * 257 - np.minimum(RGB, 100)
FLOAT = (DEEP / 65535).astype("f4")
CMYK = np.dstack([255 - RGB, (GREY // 4)])

FILES = {}
REJECTED = {}


def case(name, tolerance=0):
    return lambda make: FILES.__setitem__(name, (make, tolerance))


def rejected(name, code, words):
    return lambda make: REJECTED.__setitem__(name, (make, code, words))


def tif(pixels, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, metadata=None, **options)
    return file.getvalue()


def add(name, pixels, tolerance=0, **options):
    FILES[name] = (lambda: tif(pixels, **options), tolerance)


def refuse(name, code, words, pixels, **options):
    REJECTED[name] = (lambda: tif(pixels, **options), code, words)


class Writer:
    """A TIFF of given tags and chunks, as no library would write it."""

    def __init__(self, order="<", big=False):
        self.order, self.big, self.tags = order, big, {}

    def tag(self, code, kind, *values):
        self.tags[code] = (kind, values)
        return self

    def picture(self, photometric, bits, samples, compression=1, size=(WIDTH, HEIGHT)):
        self.tag(256, "H", size[0]).tag(257, "H", size[1]).tag(258, "H", *[bits] * samples)
        return self.tag(259, "H", compression).tag(262, "H", photometric).tag(277, "H", samples)

    def file(self, *chunks, offsets=273, counts=279):
        order, wide = self.order, "Q" if self.big else "I"
        head = 16 if self.big else 8
        at, places = head, []
        for chunk in chunks:
            places.append(at)
            at += len(chunk) + len(chunk) % 2
        self.tag(offsets, wide, *places)
        if counts:
            self.tag(counts, wide, *[len(chunk) for chunk in chunks])
        inside = struct.calcsize("<" + wide)
        count = struct.pack(order + ("Q" if self.big else "H"), len(self.tags))
        entries, more = b"", b""
        more_at = at + len(count) + len(self.tags) * (4 + 2 * inside) + inside
        kinds = {"B": 1, "H": 3, "I": 4, "Q": 16, "II": 5}
        for code, (kind, values) in sorted(self.tags.items()):
            data = struct.pack(order + kind[0] * len(values), *values)
            number = len(values) // len(kind)
            entries += struct.pack(order + "HH" + wide, code, kinds[kind], number)
            if len(data) <= inside:
                entries += data.ljust(inside, b"\0")
            else:
                entries += struct.pack(order + wide, more_at + len(more))
                more += data + b"\0" * (len(data) % 2)
        magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if self.big else 42)
        if self.big:
            magic += struct.pack(order + "HHQ", 8, 0, at)
        else:
            magic += struct.pack(order + "I", at)
        body = b"".join(chunk + b"\0" * (len(chunk) % 2) for chunk in chunks)
        return magic + body + count + entries + b"\0" * inside + more


def mirrored(data):
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)


def packed_bits(rows, bits):
    """Rows of small numbers, each row filled up to whole bytes."""
    out = b""
    for row in rows:
        line = "".join(f"{value:0{bits}b}" for value in row)
        line += "0" * (-len(line) % 8)
        out += bytes(int(line[at : at + 8], 2) for at in range(0, len(line), 8))
    return out


def old_lzw(data):
    """LZW as before the standard: codes from the lowest bit on, and widened one later."""
    bits, code_bits, table, following = [], 9, {bytes([i]): i for i in range(256)}, 258
    emit = lambda code, width: bits.extend(code >> place & 1 for place in range(width))
    emit(256, code_bits)
    word = b""
    for value in data:
        longer = word + bytes([value])
        if longer in table:
            word = longer
            continue
        emit(table[word], code_bits)
        table[longer] = following
        following += 1
        if following > 1 << code_bits:
            code_bits += 1
        if following >= 4094:
            emit(256, code_bits)
            table, following, code_bits = {bytes([i]): i for i in range(256)}, 258, 9
        word = bytes([value])
    emit(table[word], code_bits)
    emit(257, code_bits)
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bits[at + place] << place for place in range(8)) for at in range(0, len(bits), 8))


def vips(pixels, **options):
    bands = pixels.shape[2]
    form = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}[pixels.dtype.name]
    image = pyvips.Image.new_from_memory(pixels.tobytes(), WIDTH, HEIGHT, bands, form)
    image = image.copy(interpretation="srgb" if form == "uchar" else "rgb16")
    return image.tiffsave_buffer(**options)


def pil(image, **options):
    file = io.BytesIO()
    image.save(file, "TIFF", **options)
    return file.getvalue()


def jpeg(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


# What is packed how, in strips and tiles, in both byte orders, with predictors.
for packing in (None, "lzw", "zlib", "adobe_deflate", "packbits"):
    for order in "<>":
        base = {"photometric": "rgb", "compression": packing, "byteorder": order}
        name = f"rgb-{packing}-{'ii' if order == '<' else 'mm'}"
        add(name + "-strips", RGB, rowsperstrip=7, **base)
        add(name + "-tiles", RGB, tile=(16, 32), **base)
        add(name + "-planes", np.moveaxis(RGB, 2, 0), planarconfig="separate", rowsperstrip=9, **base)
        add(name + "-plane-tiles", np.moveaxis(RGB, 2, 0), planarconfig="separate", tile=(16, 16), **base)
        add(name + "-deep", DEEP, 1, rowsperstrip=7, **base)
        add(name + "-big", RGB, bigtiff=True, rowsperstrip=7, **base)
        add(name + "-float", FLOAT, rowsperstrip=7, **base)
        if packing in ("lzw", "zlib"):
            for predictor, pixels, kind in (
                (2, RGB, "8"), (2, DEEP, "16"), (3, FLOAT.astype("f2"), "f16"), (3, FLOAT, "f32"),
                (3, FLOAT.astype("f8"), "f64"),
            ):
                add(f"{name}-predictor-{kind}", pixels, 1, predictor=predictor, rowsperstrip=7, **base)
                add(f"{name}-predictor-{kind}-tiles", pixels, 1, predictor=predictor, tile=(16, 32), **base)
                planes = np.moveaxis(pixels, 2, 0)
                add(f"{name}-predictor-{kind}-planes", planes, 1, predictor=predictor,
                    planarconfig="separate", **base)
            # Extra samples under a predictor: the stride is of all that are stored.
            for extras in (1, 2, 3):
                pixels = np.dstack([RGB] + [ALPHA] * extras)
                add(f"{name}-predictor-extra-{extras}", pixels, predictor=2,
                    extrasamples=["unspecified"] * extras, **base)
add("rgb-extra-planes", np.moveaxis(np.dstack([RGB, ALPHA]), 2, 0), photometric="rgb",
    planarconfig="separate", extrasamples=["unspecified"], compression="lzw", predictor=2)

# Grey, palettes and few bits.
add("grey", GREY, photometric="minisblack", compression="lzw")
add("grey-inverse", GREY, photometric="miniswhite", compression="zlib")
add("grey-deep", DEEP[..., 0], 1, photometric="minisblack", compression="zlib", predictor=2)
add("grey-deep-inverse", DEEP[..., 0], 1, photometric="miniswhite")
add("grey-float", FLOAT[..., 0], photometric="minisblack", compression="zlib", predictor=3)
add("bilevel", GREY > 99, photometric="minisblack", compression="packbits")
for bits in (1, 2, 4):
    rows = GREY >> 8 - bits
    for photometric in (0, 1, 3):
        for fill in (1, 2):
            for packing, pack in ((1, bytes), (8, zlib.compress)):
                def make(rows=rows, bits=bits, photometric=photometric, fill=fill, packing=packing, pack=pack):
                    chunks = [pack(packed_bits(rows[at : at + 10], bits)) for at in range(0, HEIGHT, 10)]
                    writer = Writer().picture(photometric, bits, 1, packing).tag(278, "H", 10)
                    if photometric == 3:
                        writer.tag(320, "H", *range(5, 65535, (65530 // (3 << bits)))[: 3 << bits])
                    if fill == 2:
                        chunks = [mirrored(chunk) for chunk in chunks]
                    return writer.tag(266, "H", fill).file(*chunks)
                FILES[f"bits-{bits}-photometric-{photometric}-fill-{fill}-packing-{packing}"] = (make, 0)


@case("fill-2-rgb")
def _():
    return Writer(">").picture(2, 8, 3).tag(266, "H", 2).file(mirrored(RGB.tobytes()))


@case("fill-2-rgb-deflate")
def _():
    return Writer().picture(2, 8, 3, 8).tag(266, "H", 2).file(mirrored(zlib.compress(RGB.tobytes())))


@case("fill-2-lzw-old")
def _():
    return Writer().picture(2, 8, 3, 5).tag(266, "H", 2).file(mirrored(old_lzw(RGB.tobytes())))


@case("lzw-old")
def _():
    strips = [old_lzw(RGB[at : at + 20].tobytes()) for at in range(0, HEIGHT, 20)]
    return Writer().picture(2, 8, 3, 5).tag(278, "H", 20).file(*strips)


@case("lzw-old-predictor")
def _():
    rows = RGB.copy()
    rows[:, 1:] -= RGB[:, :-1]
    return Writer().picture(2, 8, 3, 5).tag(317, "H", 2).file(old_lzw(rows.tobytes()))


@case("no-byte-counts")
def _():
    return Writer().picture(2, 8, 3).file(RGB.tobytes(), counts=None)


@case("fill-2-deep", 1)
def _():
    return Writer().picture(1, 16, 1).tag(266, "H", 2).file(mirrored(DEEP[..., 0].astype("<u2").tobytes()))


@case("fill-2-deep-deflate", 1)
def _():
    return Writer().picture(2, 16, 3, 8).tag(266, "H", 2).file(mirrored(zlib.compress(DEEP.tobytes())))


@case("big-endian-bigtiff", 1)
def _():
    return Writer(">", big=True).picture(2, 16, 3).file(DEEP.astype(">u2").tobytes())


image = Image.fromarray(RGB)
for colours in (2, 4, 16, 64, 256):
    FILES[f"palette-{colours}"] = (lambda colours=colours: pil(image.quantize(colours)), 0)
FILES["palette-lzw"] = (lambda: pil(image.quantize(200), compression="tiff_lzw"), 0)

# Transparency: lying on white, and what is no transparency.
for packing, predictor in ((None, None), ("lzw", 2), ("zlib", 2)):
    base = {"compression": packing, "predictor": predictor}
    rgba, grey = np.dstack([RGB, ALPHA]), np.dstack([GREY, ALPHA])
    add(f"rgba-{packing}", rgba, photometric="rgb", extrasamples=["unassalpha"], **base)
    add(f"rgba-multiplied-{packing}", np.dstack([MULTIPLIED, ALPHA]), 2, photometric="rgb",
        extrasamples=["assocalpha"], **base)
    add(f"rgba-deep-{packing}", np.dstack([DEEP, ALPHA.astype("u2") * 257]), 2, photometric="rgb",
        extrasamples=["unassalpha"], **base)
    add(f"rgbx-{packing}", rgba, photometric="rgb", extrasamples=["unspecified"], **base)
    add(f"grey-alpha-{packing}", grey, photometric="minisblack", extrasamples=["unassalpha"], **base)
    add(f"grey-extra-{packing}", grey, photometric="minisblack", extrasamples=["unspecified"], **base)
    planes = np.moveaxis(rgba, 2, 0)
    add(f"rgba-planes-{packing}", planes, photometric="rgb", planarconfig="separate",
        extrasamples=["unassalpha"], **base)
add("rgb-extra-then-alpha", np.dstack([RGB, GREY, ALPHA]), photometric="rgb", compression="zlib",
    extrasamples=["unspecified", "unassalpha"])
FILES["rgba-unsaid"] = (lambda: Writer().picture(2, 8, 4).file(np.dstack([RGB, ALPHA]).tobytes()), 0)

# Print.
add("cmyk", CMYK, 1, photometric="separated", compression="lzw", predictor=2)
add("cmyk-deep", CMYK.astype("u2") * 257, 1, photometric="separated", compression="zlib")
add("cmyk-planes", np.moveaxis(CMYK, 2, 0), 1, photometric="separated", planarconfig="separate")
add("cmyk-extra", np.dstack([CMYK, GREY]), 1, photometric="separated", extrasamples=["unspecified"])

# JPEG inside, by several writers.
for quality in (60, 95):
    FILES[f"jpeg-vips-{quality}"] = (lambda quality=quality: vips(RGB, compression="jpeg", Q=quality), 0)
    FILES[f"jpeg-vips-tiles-{quality}"] = (
        lambda quality=quality: vips(RGB, compression="jpeg", Q=quality, tile=True, tile_width=32, tile_height=16), 0)
FILES["jpeg-vips-grey"] = (lambda: vips(RGB[..., :1], compression="jpeg", Q=90), 0)
FILES["jpeg-pillow"] = (lambda: pil(image, compression="jpeg", quality=85), 0)
FILES["jpeg-pillow-grey"] = (lambda: pil(image.convert("L"), compression="jpeg"), 0)
FILES["jpeg-pillow-cmyk"] = (lambda: pil(Image.fromarray(CMYK, "CMYK"), compression="jpeg"), 0)
for sampling in ((1, 1), (2, 1), (2, 2)):
    add(f"jpeg-sampling-{sampling[0]}{sampling[1]}", RGB, photometric="ycbcr", compression="jpeg",
        subsampling=sampling, tile=(16, 32))
for sampling, (across, down) in {"440": (1, 2), "411": (4, 1)}.items():
    FILES[f"jpeg-sampling-{sampling}"] = (
        lambda sampling=sampling, across=across, down=down: Writer().picture(6, 8, 3, 7)
        .tag(530, "H", across, down).file(imagecodecs.jpeg8_encode(RGB, level=90, subsampling=sampling)), 0)
add("jpeg-rgb", RGB, photometric="rgb", compression="jpeg", compressionargs={"outcolorspace": "rgb"},
    rowsperstrip=16)
add("jpeg-planes", np.moveaxis(RGB, 2, 0), photometric="rgb", compression="jpeg",
    planarconfig="separate", rowsperstrip=16)


@case("jpeg-restarts")
def _():
    strips = [jpeg(RGB[at : at + 16], subsampling=2, restart_marker_blocks=2) for at in range(0, HEIGHT, 16)]
    return Writer().picture(6, 8, 3, 7).tag(278, "H", 16).tag(530, "H", 2, 2).file(*strips)


for sampling in range(3):
    FILES[f"jpeg-progressive-{sampling}"] = (
        lambda sampling=sampling: Writer().picture(6, 8, 3, 7)
        .file(jpeg(RGB, subsampling=sampling, progressive=True)), 0)


@case("jpeg-progressive-strips")
def _():
    strips = [jpeg(RGB[at : at + 16], subsampling=2, progressive=True) for at in range(0, HEIGHT, 16)]
    return Writer().picture(6, 8, 3, 7).tag(278, "H", 16).tag(530, "H", 2, 2).file(*strips)


@case("jpeg-progressive-grey")
def _():
    return Writer().picture(1, 8, 1, 7).file(jpeg(GREY, progressive=True))


@case("jpeg-progressive-cmyk")
def _():
    file = io.BytesIO()
    Image.fromarray(CMYK, "CMYK").save(file, "JPEG", progressive=True)
    return Writer().picture(5, 8, 4, 7).file(file.getvalue())


# Luminance and differences without JPEG.
YCC = np.asarray(image.convert("YCbCr"))
FILES["ycbcr"] = (lambda: Writer().picture(6, 8, 3).tag(530, "H", 1, 1).file(YCC.tobytes()), 1)

# Tiles of odd sizes, single strips, turned pages, and the first of several.
FILES["tiles-libvips-48"] = (
    lambda: vips(RGB, compression="lzw", tile=True, tile_width=48, tile_height=48, predictor="horizontal"), 0)
FILES["tiles-128"] = (lambda: vips(RGB, compression="deflate", tile=True, tile_width=128, tile_height=128), 0)
FILES["vips-float"] = (lambda: vips(FLOAT, compression="deflate"), 0)
for turn in range(1, 5):
    FILES[f"orientation-{turn}"] = (
        lambda turn=turn: Writer().picture(2, 8, 3).tag(274, "H", turn).file(RGB.tobytes()), 0)
FILES["pages"] = (lambda: pil(image, save_all=True, append_images=[image.rotate(180)]), 0)

# What is not read, each with its code and with words of the reason.
RARE = "unsupported_format"
for kind, words in (("u4", "whole numbers of 32 bits"), ("u8", "whole numbers of 64 bits"),
                    ("i1", "with a sign"), ("i2", "with a sign"), ("i4", "with a sign")):
    refuse(f"numbers-{kind}", RARE, words, RGB.astype(kind), photometric="rgb", compression="zlib")
refuse("numbers-complex", RARE, "complex numbers", FLOAT[..., 0].astype("c8"), photometric="minisblack")
refuse("floats-to-255", RARE, "far beyond", RGB.astype("f4"), photometric="rgb")
refuse("floats-nan", "corrupt", "no numbers", FLOAT * np.nan, photometric="rgb")
for packing, words in (("zstd", "Zstandard"), ("lzma", "LZMA"), ("webp", "WebP"), ("jpeg2000", "JPEG 2000"),
                       ("lerc", "LERC"), ("jpegxl", "JPEG XL")):
    refuse(f"packed-{packing}", RARE, words, RGB, photometric="rgb", compression=packing)
for packing in ("group3", "group4", "tiff_ccitt"):
    REJECTED[f"packed-{packing}"] = (
        lambda packing=packing: pil(image.convert("1"), compression=packing), RARE, "fax")
refuse("lab", RARE, "L*a*b*", RGB, photometric="cielab")
refuse("predictor-packbits", RARE, "differences that are not packed", RGB, photometric="rgb",
       compression="packbits", predictor=2)
refuse("jpeg-12-bit", RARE, "12 bits", (RGB.astype("u2") * 16), photometric="rgb", compression="jpeg",
       compressionargs={"bitspersample": 12})


@rejected("palette-of-bytes", RARE, "a palette that is black")  # Readers do not agree.
def _():
    return Writer().picture(3, 8, 1).tag(320, "H", *range(256), *range(256), *range(256)).file(GREY.tobytes())


@rejected("jpeg-rgb-of-ycbcr", RARE, "other colours than the page")
def _():
    return Writer().picture(2, 8, 3, 7).file(jpeg(RGB, subsampling=0))


@rejected("jpeg-of-1992", RARE, "1992")
def _():
    return Writer().picture(6, 8, 3, 6).file(jpeg(RGB))


@rejected("jpeg-cut", "corrupt", "JPEG")
def _():
    whole = jpeg(RGB, quality=95)
    return Writer().picture(6, 8, 3, 7).file(whole[: len(whole) * 2 // 3] + b"\xff\xd9")


@rejected("jpeg-restart-cut", "corrupt", "JPEG")
def _():
    whole = jpeg(RGB, quality=95, restart_marker_blocks=3)
    at = whole.index(b"\xff\xd2")
    return Writer().picture(6, 8, 3, 7).file(whole[: at - 30] + whole[at:])


@rejected("jpeg-larger", "corrupt", "where 52 x 44 belong")
def _():
    return Writer().picture(1, 8, 1, 7).file(jpeg(np.zeros((999, 999), "u1")))


@rejected("ycbcr-subsampled", RARE, "luminance")
def _():
    return Writer().picture(6, 8, 3).tag(530, "H", 2, 2).file(YCC.tobytes())


@rejected("strip-cut", "corrupt", "cut off")
def _():
    return Writer().picture(2, 8, 3).file(RGB.tobytes()[:-1])


@rejected("strip-cut-deflate", "corrupt", "")
def _():
    return Writer().picture(2, 8, 3, 8).file(zlib.compress(RGB.tobytes()[:-1]))


@rejected("strip-cut-lzw", "corrupt", "")
def _():
    return Writer().picture(2, 8, 3, 5).file(old_lzw(RGB.tobytes()[:-1]))


def on_white(rgb, alpha):
    return np.round(rgb * alpha + 255 * (1 - alpha))


def seen_by_others(path):
    """What Pillow sees, or tifffile where Pillow has no RGB of it; on white."""
    try:
        with Image.open(path) as image:
            image.load()
            mode = image.mode
            if mode in ("La", "PA", "RGBa"):
                image = image.convert("LA" if mode == "La" else "RGBA")
            if image.mode in ("LA", "RGBA"):
                image = np.asarray(image.convert("RGBA")).astype(float)
                return on_white(image[..., :3], image[..., 3:] / 255)
            if mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr"):
                return np.asarray(image.convert("RGB")).astype(float)
    except (OSError, ValueError, SyntaxError, KeyError, IndexError):
        pass
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        if page.photometric.name == "PALETTE":
            return np.moveaxis(page.colormap[:, page.asarray().astype(int)] >> 8, 0, 2).astype(float)
        pixels = page.asarray().astype(float)
        if page.planarconfig == 2 and pixels.ndim == 3:
            pixels = np.moveaxis(pixels, 0, 2)
        if page.dtype.kind == "u":
            pixels = pixels / np.iinfo(page.dtype).max
        pixels = pixels.reshape(HEIGHT, WIDTH, -1)
        if page.photometric.name == "MINISWHITE":
            pixels = 1 - pixels
        colours = 1 if page.photometric.name.startswith("MINIS") else 3
        rgb = pixels[..., :colours].repeat(3 // colours, axis=2)
        kinds = [int(extra) for extra in page.extrasamples]
        rgb = np.clip(rgb, 0, 1) * 255
        if 2 in kinds:
            return on_white(rgb, pixels[..., colours + kinds.index(2)][..., None])
        return np.round(rgb)


def large():
    """Files of 12 million pixels, each with the bytes that may be held for a pixel."""
    across = 4000
    tile = np.tile(FLOAT, (across // 4 * 3 // HEIGHT + 1, across // WIDTH + 1, 1))[: across // 4 * 3, :across]
    opaque = np.full((*tile.shape[:2], 1), 65535, "u2")
    deep = np.dstack([(tile * 65535).astype("u2"), opaque])
    shallow = (tile * 255).astype("u1")
    base = {"photometric": "rgb", "compression": "zlib", "compressionargs": {"level": 1}}
    yield "large-float-strip", 3, tif(tile, rowsperstrip=len(tile), **base)
    yield "large-rgba-deep-tiles", 3, tif(deep, tile=(512, 512), extrasamples=["unassalpha"], **base)
    yield "large-planes", 3, tif(np.moveaxis(shallow, 2, 0), planarconfig="separate", **base)
    # The pixels of a strip are held beside those of the page.
    yield "large-jpeg-strip", 6, pil(Image.fromarray(shallow), compression="jpeg", strip_size=1 << 26)


def memory(lookbook, network, path):
    """The most that a run of lookbook holds, in bytes."""
    # A process begins with what its parent holds, so its parent is a small one.
    small = "import resource as r, subprocess as s, sys; s.run(sys.argv[1:], stdout=s.DEVNULL, check=True); " \
        "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"
    command = [lookbook, "classify", "--model", network, "--raw", "--normalise", "0..255", "--", path]
    run = subprocess.run([sys.executable, "-c", small, *command], capture_output=True, text=True, check=True)
    return int(run.stdout) * 1024


def main(lookbook):
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        network, photos = folder / "pixels.tflite", folder / "photos"
        network.write_bytes(model.write(WIDTH, HEIGHT))
        photos.mkdir()
        for name, (make, *_) in (FILES | REJECTED).items():
            (photos / f"{name}.tif").write_bytes(make())
        run = subprocess.run(
            [lookbook, "classify", "--model", network, "--raw", "--normalise", "0..255", "--format", "json",
             "--", photos], capture_output=True, text=True, check=False)
        seen = {pathlib.Path(line["image"]).stem: line for line in map(json.loads, run.stdout.splitlines())}
        faults = []
        for name, (_, tolerance) in FILES.items():
            line = seen.get(name, {"error": {"message": "nothing was said of it"}})
            if "outputs" not in line:
                faults.append(f"{name}: {line['error']['message']}")
                continue
            ours = np.array(line["outputs"]).reshape(HEIGHT, WIDTH, 3)
            off = np.abs(ours - seen_by_others(photos / f"{name}.tif")).max()
            if off > tolerance:
                faults.append(f"{name}: off by {off:.0f}, and at most {tolerance} is allowed")
        for name, (_, code, words) in REJECTED.items():
            error = seen.get(name, {}).get("error")
            if not error or error["code"] != code or words not in error["message"]:
                faults.append(f"{name}: expected {code} ({words}), and it said {error}")
        usual = memory(lookbook, network, photos / "grey.tif")
        for name, most, data in large():
            path = folder / f"{name}.tif"
            path.write_bytes(data)
            # The file itself is held, too.
            held = (memory(lookbook, network, path) - usual - len(data)) / 12e6
            print(f"{name}: {held:.2f} bytes are held for a pixel")
            if held > most + 0.5:
                faults.append(f"{name}: {held:.1f} bytes are held for a pixel, and at most {most} may be")
        print("\n".join(faults) or f"{len(FILES)} TIFFs look as they do elsewhere, {len(REJECTED)} are rejected")
        return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
