"""Holds the pixels that lookbook sees against Pillow's, for files of every layout that the formats
have: check.py LOOKBOOK [WORD...]. With words, only the files with one of them in their names.

Pillow's pixels are taken upright, in sRGB (by LittleCMS), on white. Where Pillow has no opinion (16
bits, gamma, code points), they follow from the samples that were written. `LOOKBOOK` is the command
line; a model of one RESHAPE shows its pixels."""

import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageCms, ImageOps

import bmps
import jpegs
import model
import pngs
import profiles

SIDE = 61
# The most that a channel may be off, and the mean of all.
EXACT, CLOSE, LOSSY = (0, 0), (2, 0.5), (4, 0.6)

y, x = np.mgrid[0:SIDE, 0:SIDE]
RGB = np.dstack([128 + 100 * np.sin(x / 9 + y / 17), 128 + 100 * np.cos(y / 8), 128 + 90 * np.sin((x + y) / 12)])
RGB = RGB.round().astype("uint8")
RGB[20:30, 20:40] = (200, 40, 60)
PICTURE = Image.fromarray(RGB)
ALPHA = (x * 255 // (SIDE - 1)).astype("uint8")
YCC = [np.asarray(plane) for plane in PICTURE.convert("YCbCr").split()]
# The files to look at, all if there are none.
words = []
cases = []


def wanted(name):
    return not words or any(word in name for word in words)


def on_white(rgb, alpha):
    rgb, alpha = rgb.astype(int), alpha.astype(int)[..., None]
    return ((rgb * alpha + 255 * (255 - alpha) + 127) // 255).astype("uint8")


def pillow(file):
    image = Image.open(io.BytesIO(file))
    icc = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode in ("LA", "PA", "P"):
        image = image.convert("RGBA" if "transparency" in image.info or "A" in image.mode else "RGB")
    if icc and image.mode != "CMYK":
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        mode = "RGB" if image.mode == "L" else image.mode
        image = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def add(name, file, expected=None, tolerance=EXACT):
    """`expected` is an array, or the code and a word of a rejection; Pillow's pixels if it is not given."""
    if not wanted(name):
        return
    cases.append((name, file, pillow(file) if expected is None else expected, tolerance))


def save(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def exif(orientation):
    data = Image.Exif()
    data[0x112] = orientation
    return data.tobytes()


def jpeg_files():
    jfif = jpegs.segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    adobe = lambda transform: jpegs.segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
    factors = [
        [(1, 1)] * 3, [(2, 1), (1, 1), (1, 1)], [(2, 2), (1, 1), (1, 1)], [(1, 2), (1, 1), (1, 1)],
        [(4, 1), (1, 1), (1, 1)], [(4, 2), (1, 1), (1, 1)], [(1, 4), (1, 1), (1, 1)], [(3, 1), (1, 1), (1, 1)],
        [(1, 3), (1, 1), (1, 1)], [(1, 1), (2, 2), (2, 2)], [(1, 2), (2, 1), (2, 1)], [(2, 1), (1, 2), (1, 2)],
        [(2, 2), (2, 1), (1, 2)], [(2, 2), (1, 2), (2, 1)], [(1, 1), (2, 1), (1, 1)], [(2, 2), (2, 2), (1, 1)],
    ]  # fmt: skip
    for sampling in factors:
        name = "-".join(f"{h}x{v}" for h, v in sampling)
        for progressive in (False, True):
            for interleaved in (False, True):
                for restart in (0, 3):
                    file = jpegs.write(YCC, sampling, progressive=progressive, interleaved=interleaved, restart=restart)
                    kind = "progressive" if progressive else "baseline"
                    scans = "one-scan" if interleaved else "scans"
                    add(f"jpeg {name} {kind} {scans} restart {restart}", file)
    odd = [(3, 1), (2, 1), (1, 1)]
    add("jpeg 3x1-2x1-1x1", jpegs.write(YCC, odd), ("unsupported_format", "resolution"))
    rgb = [RGB[..., c] for c in range(3)]
    plain = [(1, 1)] * 3
    add("jpeg grey", jpegs.write(YCC[:1], [(1, 1)]))
    add("jpeg grey 2x2", jpegs.write(YCC[:1], [(2, 2)], progressive=True))
    add("jpeg Adobe RGB", jpegs.write(rgb, plain, markers=adobe(0)))
    add("jpeg Adobe YCbCr", jpegs.write(YCC, plain, markers=adobe(1)))
    add("jpeg JFIF and Adobe RGB", jpegs.write(YCC, plain, markers=jfif + adobe(0)))
    add("jpeg named RGB", jpegs.write(rgb, plain, ids=b"RGB"))
    add("jpeg named RGB with JFIF", jpegs.write(YCC, plain, ids=b"RGB", markers=jfif))
    add("jpeg named 0 1 2", jpegs.write(YCC, plain, ids=[0, 1, 2]))
    add("jpeg short Adobe", jpegs.write(YCC, plain, markers=jpegs.segment(0xEE, b"Adobe\0\x64")))
    inks = [255 - RGB[..., c] // 2 for c in range(3)] + [255 - ALPHA // 3]
    # Pillow rounds twice where its own decoder of YCCK is at work.
    for name, markers in (("CMYK", b""), ("CMYK Adobe", adobe(0)), ("YCCK Adobe", adobe(2))):
        for sampling in ([(1, 1)] * 4, [(2, 2), (1, 1), (1, 1), (2, 2)]):
            file = jpegs.write(inks, sampling, markers=markers)
            add(f"jpeg {name} {sampling[0]}", file, tolerance=(1, 0.1))
            if sampling[0] == (1, 1):
                printed = jpegs.write(inks, sampling, markers=markers + jpegs.icc_segment(profiles.INKS))
                add(f"jpeg {name} with a profile", printed, profiles.printed(pillow(file)), (12, 2))
    whole = jpegs.write(YCC, factors[2])
    sos = whole.index(b"\xff\xda")
    add("jpeg without end", whole[:-2], pillow(whole))
    add("jpeg with a segment before the end", whole[:-2] + jpegs.segment(0xE4, b"hi" * 9) + whole[-2:])
    add("jpeg with a tail", whole + b"tail" * 99)
    for percent in (20, 60, 95):
        cut = whole[: sos + (len(whole) - sos) * percent // 100]
        add(f"jpeg cut at {percent}", cut, ("corrupt", "cut off"))
        add(f"jpeg cut at {percent} and ended", cut + b"\xff\xd9", ("corrupt", "cut off"))
    layers = jpegs.write(YCC, factors[2], progressive=True)
    scans = [at for at in range(len(layers)) if layers.startswith(b"\xff\xda", at)]
    for at in scans[1::3]:
        add(f"jpeg progressive without the scans from {at}", layers[:at] + b"\xff\xd9", ("corrupt", "cut off"))
    for value in range(1, 9):
        add(f"jpeg orientation {value}", save(PICTURE, "JPEG", quality=90, exif=exif(value)))
    two = save(PICTURE, "JPEG", quality=90)
    two = two[:2] + b"".join(jpegs.segment(0xE1, b"Exif\0\0" + exif(v).removeprefix(b"Exif\0\0")) for v in (6, 1)) + two[2:]
    add("jpeg two EXIF blocks", two)
    for options in (dict(progressive=True), dict(optimize=True, quality=30), dict(restart_marker_blocks=2), dict(subsampling=0), dict(keep_rgb=True)):
        add(f"jpeg Pillow {options}", save(PICTURE, "JPEG", **options))
    for name, icc in profiles.ALL.items():
        add(f"jpeg profile {name}", save(PICTURE, "JPEG", quality=95, icc_profile=icc), tolerance=CLOSE)
    add("jpeg profile on grey", save(PICTURE.convert("L"), "JPEG", icc_profile=profiles.GREY), profiles.grey(pillow(save(PICTURE.convert("L"), "JPEG"))), CLOSE)
    add("jpeg broken profile", save(PICTURE, "JPEG", icc_profile=b"nonsense" * 40), pillow(save(PICTURE, "JPEG")))
    long = profiles.ALL["display-p3"] + b"\0" * 150_000
    add("jpeg profile in parts", save(PICTURE, "JPEG", quality=95, icc_profile=long), tolerance=CLOSE)


def png_files():
    grey = RGB[..., :1]
    deep = RGB.astype(int) * 256 + ALPHA[..., None]
    eight = ((deep * 255 + 32767) // 65535).astype("uint8")
    palette = [(v * 16 % 256, v * 7 % 256, 255 - v) for v in range(256)]
    plte = b"".join(bytes(colour) for colour in palette)
    for interlaced in (False, True):
        way = "interlaced" if interlaced else "plain"
        for depth in (1, 2, 4, 8):
            samples = grey >> (8 - depth)
            levels = (samples.astype(int) * 255 // ((1 << depth) - 1)).astype("uint8").repeat(3, 2)
            add(f"png grey {depth} {way}", pngs.write(samples, depth, 0, interlaced), levels)
            shown = np.array(palette, "uint8")[samples[..., 0]]
            colours = (b"PLTE", plte[: 3 << depth])
            add(f"png palette {depth} {way}", pngs.write(samples, depth, 3, interlaced, [colours]), shown)
            clear = np.arange(256).astype("uint8") * 3
            trns = (b"tRNS", clear[: 1 << depth].tobytes())
            file = pngs.write(samples, depth, 3, interlaced, [colours, trns])
            add(f"png palette {depth} clear {way}", file, on_white(shown, clear[samples[..., 0]]))
        add(f"png grey 16 {way}", pngs.write(deep[..., :1], 16, 0, interlaced), eight[..., :1].repeat(3, 2))
        add(f"png RGB 8 {way}", pngs.write(RGB, 8, 2, interlaced), RGB)
        add(f"png RGB 16 {way}", pngs.write(deep, 16, 2, interlaced), eight)
        for depth, rgb in ((8, RGB.astype(int)), (16, deep)):
            alpha = ALPHA.astype(int)[..., None] * (1 if depth == 8 else 257)
            shown = on_white(RGB if depth == 8 else eight, ALPHA)
            first = on_white((RGB if depth == 8 else eight)[..., :1].repeat(3, 2), ALPHA)
            add(f"png RGBA {depth} {way}", pngs.write(np.dstack([rgb, alpha]), depth, 6, interlaced), shown)
            add(f"png grey and alpha {depth} {way}", pngs.write(np.dstack([rgb[..., :1], alpha]), depth, 4, interlaced), first)
    spot = RGB.copy()
    spot[(RGB == (200, 40, 60)).all(2)] = 255
    add("png one clear colour", pngs.write(RGB, 8, 2, before=[(b"tRNS", struct.pack(">3H", 200, 40, 60))]), spot)
    text = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * (8 << 20))
    add("png long text", pngs.write(RGB, 8, 2, before=[text]), RGB)
    add("png without end", pngs.write(RGB, 8, 2, end=False), RGB)
    add("png Xcode", pngs.SIGNATURE + pngs.chunk(b"CgBI", b"\x50\0\x20\2") + pngs.write(RGB, 8, 2)[8:], ("unsupported_format", "Xcode"))
    for value in range(1, 9):
        add(f"png orientation {value}", save(PICTURE, "PNG", exif=exif(value)))
    for name, icc in profiles.ALL.items():
        add(f"png profile {name}", save(PICTURE, "PNG", icc_profile=icc), tolerance=CLOSE)
    p3 = profiles.to_srgb(RGB, "display-p3")
    add("png profile under alpha", save(Image.fromarray(np.dstack([RGB, ALPHA])), "PNG", icc_profile=profiles.ALL["display-p3"]), on_white(p3, ALPHA), CLOSE)
    add("png code points", pngs.write(RGB, 8, 2, before=[(b"cICP", bytes([12, 13, 0, 1]))]), p3, CLOSE)
    gamma, srgb = (b"gAMA", struct.pack(">I", 100_000)), (b"sRGB", b"\0")
    linear = profiles.to_srgb(RGB, "linear-srgb")
    add("png gamma", pngs.write(RGB, 8, 2, before=[gamma]), linear, (5, 0.5))
    add("png code points before gamma", pngs.write(RGB, 8, 2, before=[gamma, (b"cICP", bytes([12, 13, 0, 1]))]), p3, CLOSE)
    add("png sRGB before gamma", pngs.write(RGB, 8, 2, before=[gamma, srgb]), RGB)
    chrm = (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
    add("png chromaticities", pngs.write(RGB, 8, 2, before=[chrm, (b"gAMA", struct.pack(">I", 45455))]), profiles.to_srgb(RGB, "p3-gamma"), (5, 0.5))
    add("png HDR", pngs.write(RGB, 8, 2, before=[(b"cICP", bytes([9, 16, 0, 1]))]), ("unsupported_format", "HDR"))


def chunked(chunks):
    body = b"WEBP" + b"".join(n + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for n, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_files():
    clear = Image.fromarray(np.dstack([RGB, ALPHA]))
    for lossless in (False, True):
        kind = "lossless" if lossless else "lossy"
        # Pillow's decoder scales colours up with another rounding.
        near = EXACT if lossless else CLOSE
        options = dict(lossless=lossless, quality=90)
        add(f"webp {kind}", save(PICTURE, "WEBP", **options), tolerance=near)
        add(f"webp {kind} alpha", save(clear, "WEBP", **options), tolerance=(1, 0.5) if lossless else CLOSE)
        add(f"webp {kind} animation", save(PICTURE, "WEBP", save_all=True, append_images=[PICTURE.rotate(90)] * 3, **options), tolerance=near)
        add(f"webp {kind} profile", save(PICTURE, "WEBP", icc_profile=profiles.ALL["adobe-rgb"], **options), tolerance=LOSSY)
        add(f"webp {kind} orientation", save(PICTURE, "WEBP", exif=exif(6), **options), tolerance=near)
    lossy = save(PICTURE, "WEBP", quality=90)
    vp8 = (lossy[12:16], lossy[20 : 20 + struct.unpack("<I", lossy[16:20])[0]])
    side = struct.pack("<I", SIDE - 1)[:3]
    for flag in (0, 4, 8, 16, 32):
        add(f"webp flag {flag} alone", chunked([(b"VP8X", bytes([flag, 0, 0, 0]) + side + side), vp8]), pillow(lossy), CLOSE)
    odd = lossy if len(vp8[1]) % 2 else chunked([(b"VP8 ", vp8[1] + b"\0")])
    add("webp without padding", odd[:-1] if odd[-1:] == b"\0" else odd, pillow(lossy), CLOSE)


def gif_files():
    few = PICTURE.quantize(32)
    plain = save(few, "GIF")
    add("gif", plain)
    add("gif interlaced", save(few, "GIF", interlace=1))
    add("gif clear", save(few, "GIF", transparency=3))
    add("gif without trailer", plain[:-1], pillow(plain))
    add("gif animation", save(few, "GIF", save_all=True, append_images=[few.rotate(90), few.rotate(180)]))
    add("gif comment", save(few, "GIF", comment=b"hi" * 300))
    small = save(few.crop((5, 9, 40, 50)), "GIF")
    screen = small[:6] + struct.pack("<HH", SIDE, SIDE) + small[10:]
    at = screen.index(b"\x2c\0\0\0\0")
    moved = screen[: at + 1] + struct.pack("<HH", 5, 9) + screen[at + 5 :]
    inside = np.full((SIDE, SIDE, 3), 255, "uint8")
    inside[9:50, 5:40] = pillow(small)
    add("gif frame inside its screen", moved, inside)
    add("gif frame larger than its screen", plain[:6] + struct.pack("<HH", 30, 20) + plain[10:], pillow(plain))
    colours = few.getpalette()[: 32 * 3]
    flags = plain[10]
    if flags & 0x80:
        table = plain[13 : 13 + (3 << ((flags & 7) + 1))]
        rest = plain[13 + len(table) :]
        at = rest.index(b"\x2c\0\0\0\0")
        local = plain[:10] + bytes([flags & 0x7F]) + plain[11:13] + rest[: at + 9] + bytes([0x80 | flags & 7]) + table + rest[at + 10 :]
        add("gif local colours", local)
    assert colours


def bmp_files():
    for bits in (1, 4, 8):
        count = 1 << bits
        palette = [(v * 13 % 256, v * 7 % 256, 255 - v) for v in range(count)]
        indices = RGB[..., 0] >> (8 - bits)
        shown = np.array(palette, "uint8")[indices]
        add(f"bmp {bits}", bmps.indexed(indices, palette, bits), shown)
        if bits > 1:
            add(f"bmp RLE{bits}", bmps.run_lengths(indices, palette, bits), shown)
    add("bmp 24", bmps.plain(RGB), RGB)
    add("bmp 24 top down", bmps.plain(RGB, top_down=True), RGB)
    add("bmp 32", bmps.plain(RGB, 32), RGB)
    add("bmp core header", bmps.core(RGB), RGB)
    r, g, b = (RGB[..., c].astype(int) for c in range(3))
    widen = lambda value, bits: (value * 255 + ((1 << bits) - 1) // 2) // ((1 << bits) - 1)
    five = np.dstack([widen(r >> 3, 5), widen(g >> 3, 5), widen(b >> 3, 5)]).astype("uint8")
    six = np.dstack([widen(r >> 3, 5), widen(g >> 2, 6), widen(b >> 3, 5)]).astype("uint8")
    add("bmp 16 555", bmps.masked(r >> 3 << 10 | g >> 3 << 5 | b >> 3, 16, (0x7C00, 0x3E0, 0x1F)), five, (1, 0.6))
    add("bmp 16 565", bmps.masked(r >> 3 << 11 | g >> 2 << 5 | b >> 3, 16, (0xF800, 0x7E0, 0x1F)), six, (1, 0.6))
    masks = (0xFF, 0xFF00, 0xFF0000)
    add("bmp 32 masks", bmps.masked(r | g << 8 | b << 16, 32, masks), RGB)
    wide = r | g << 8 | b << 16 | ALPHA.astype(int) << 24
    for size in (108, 124):
        add(f"bmp header {size} alpha", bmps.masked(wide, 32, (*masks, 0xFF000000), size=size), on_white(RGB, ALPHA))


def avif_files():
    clear = Image.fromarray(np.dstack([RGB, ALPHA]))
    for subsampling in ("4:2:0", "4:2:2", "4:4:4", "4:0:0"):
        for range in ("full", "limited"):
            file = save(PICTURE, "AVIF", quality=85, subsampling=subsampling, range=range)
            add(f"avif {subsampling} {range}", file, tolerance=LOSSY)
    add("avif alpha", save(clear, "AVIF", quality=85), tolerance=LOSSY)
    add("avif premultiplied", save(clear, "AVIF", quality=85, alpha_premultiplied=True), tolerance=(12, 1))
    for value in (1, 2, 3, 4, 5, 6, 7, 8):
        add(f"avif orientation {value}", save(PICTURE, "AVIF", exif=exif(value)), tolerance=LOSSY)
    # Where a colour is cut off at the edge of sRGB, one level before is many after.
    file = save(PICTURE, "AVIF", quality=90, icc_profile=profiles.ALL["display-p3"])
    add("avif profile", file, tolerance=(40, 0.6))
    add("avif animation", save(PICTURE, "AVIF", save_all=True, append_images=[PICTURE.rotate(90)]), tolerance=LOSSY)
    cut = save(PICTURE, "AVIF")
    add("avif cut", cut[: len(cut) * 2 // 3], ("corrupt", "cut off"))
    try:
        import imagecodecs
    except ImportError:
        sys.exit("imagecodecs is missing: see requirements.txt")
    for bits in (10, 12):
        deep = RGB.astype("uint16") << (bits - 8) | RGB >> (16 - bits)
        for layout in ("yuv444", "yuv422", "yuv420"):
            file = imagecodecs.avif_encode(deep, level=85, bitspersample=bits, pixelformat=layout)
            # Pillow drops the lower bits.
            seen = imagecodecs.avif_decode(file).astype(int)
            seen = ((seen * 255 * 2 + (1 << bits) - 1) // ((1 << bits) - 1) // 2).astype("uint8")
            add(f"avif {bits} bits {layout}", file, seen, LOSSY)


def look(lookbook, folder, size=(SIDE, SIDE)):
    """What lookbook says of each file in the folder, its outputs being pixels, `size` across and down."""
    (folder / "pixels.tflite").write_bytes(model.write(*size))
    (folder / "pixels.toml").write_text(model.DESCRIPTION)
    command = [lookbook, "classify", "--format", "json", "--model", folder / "pixels.tflite"]
    command += ["--raw", "--normalise", "0..255", "--", folder / "files"]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    answers, decoder = {}, json.JSONDecoder()
    while text := text.lstrip():
        answer, end = decoder.raw_decode(text)
        answers[pathlib.Path(answer["image"]).name] = answer
        text = text[end:]
    return answers


def fault(answer, expected, tolerance):
    """What is wrong with an answer, if anything."""
    if "error" in answer:
        error = answer["error"]
        if isinstance(expected, tuple) and error["code"] == expected[0] and expected[1] in error["message"]:
            return None
        return f"rejected: {error['message']}"
    if isinstance(expected, tuple):
        return f"read, though it should be {expected[0]}"
    if expected.shape != (SIDE, SIDE, 3):
        return f"the test expects {expected.shape}"
    seen = np.array(answer["outputs"]).reshape(SIDE, SIDE, 3)
    off = np.abs(seen - expected.astype(int))
    if off.max() > tolerance[0] or off.mean() > tolerance[1] + 1e-9:
        return f"off by at most {off.max():.0f}, on average {off.mean():.2f}; allowed are {tolerance}"
    return None


def generate():
    for make in (jpeg_files, png_files, webp_files, gif_files, bmp_files, avif_files):
        make()


def main():
    words.extend(sys.argv[2:])
    generate()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "files").mkdir()
        for place, (_, file, _, _) in enumerate(cases):
            (folder / "files" / f"{place:04}.bin").write_bytes(file)
        answers = look(sys.argv[1], folder)
    faults = 0
    for place, (name, _, expected, tolerance) in enumerate(cases):
        answer = answers.get(f"{place:04}.bin")
        wrong = fault(answer, expected, tolerance) if answer else "no answer"
        if wrong:
            faults += 1
            print(f"{name}: {wrong}")
    print(f"{len(cases)} files, {faults} of them wrong")
    if faults or not cases:
        sys.exit(1)


if __name__ == "__main__":
    main()
