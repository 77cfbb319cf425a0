"""Files of kinds that browsers treat in ways of their own: for chromium.py, which asks them."""

import struct
import zlib

import numpy as np
from PIL import Image

import bmps
import check
import jpegs
import pngs
import profiles

RGB, ALPHA, SIDE, PICTURE, YCC = check.RGB, check.ALPHA, check.SIDE, check.PICTURE, check.YCC
CLEAR = np.dstack([RGB, ALPHA])


def add(name, file):
    if check.wanted(name):
        check.cases.append((name, file, None, None))


def iccp(icc):
    return b"iCCP", b"name\0\0" + zlib.compress(icc)


def jpeg_files():
    adobe = lambda transform: jpegs.segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
    icc = profiles.INKS
    inks = [255 - RGB[..., c] // 2 for c in range(3)] + [255 - ALPHA // 3]
    for name, markers in (("CMYK", b""), ("CMYK Adobe", adobe(0)), ("YCCK Adobe", adobe(2))):
        add(f"jpeg {name} with a profile", jpegs.write(inks, [(1, 1)] * 4, markers=markers + jpegs.icc_segment(icc)))
        add(f"jpeg {name} with a profile of RGB", jpegs.write(inks, [(1, 1)] * 4, markers=markers + jpegs.icc_segment(profiles.ALL["green-first"])))
    p3 = profiles.ALL["green-first"]
    half = len(p3) // 2
    for name, parts in (
        ("out of order", [(p3[half:], 2, 2), (p3[:half], 1, 2)]),
        ("lacks a part", [(p3[:half], 1, 2)]),
        ("twice", [(p3, 1, 1), (profiles.ALL["srgb"], 1, 1)]),
        ("in parts and whole", [(p3[half:], 2, 2), (p3[:half], 1, 2), (profiles.ALL["srgb"], 1, 1)]),
        ("whole and in parts", [(p3, 1, 1), (p3[:half], 1, 2)]),
        ("whole and of no number", [(p3, 1, 1), (p3, 0, 0)]),
        ("of no number and whole", [(p3, 0, 0), (p3, 1, 1)]),
        ("empty and whole", [(b"", 1, 1), (p3, 1, 1)]),
        ("a part twice and the rest", [(p3[:half], 1, 2), (p3[:half], 1, 2), (p3[half:], 2, 2)]),
        ("a part and whole", [(p3[:half], 1, 2), (p3, 1, 1)]),
        ("number too great and whole", [(p3, 2, 1), (p3, 1, 1)]),
        ("broken and whole", [(p3[:200], 1, 1), (p3, 1, 1)]),
        ("counted from zero", [(p3[:half], 0, 2), (p3[half:], 1, 2)]),
    ):
        add(f"jpeg profile {name}", jpegs.write(YCC, [(1, 1)] * 3, markers=b"".join(jpegs.icc_segment(*part) for part in parts)))
    add("jpeg grey with a profile of RGB", jpegs.write(YCC[:1], [(1, 1)], markers=jpegs.icc_segment(p3)))
    add("jpeg colours with a profile of grey", jpegs.write(YCC, [(1, 1)] * 3, markers=jpegs.icc_segment(profiles.GREY)))
    add("jpeg colours with a profile of inks", jpegs.write(YCC, [(1, 1)] * 3, markers=jpegs.icc_segment(icc)))
    for name, changed in (("colorimetric", icc.replace(b"A2B0", b"A2B1")), ("without a table", icc.replace(b"A2B0", b"abcd")), ("cut", icc[:-100])):
        add(f"jpeg CMYK with a profile {name}", jpegs.write(inks, [(1, 1)] * 4, markers=jpegs.icc_segment(changed)))
    add("jpeg two channels", jpegs.write(YCC[:2], [(1, 1)] * 2))
    whole = jpegs.write(YCC, [(2, 2), (1, 1), (1, 1)])
    sof = whole.index(b"\xff\xc0")
    add("jpeg height zero", whole[: sof + 5] + b"\0\0" + whole[sof + 7 :])
    for value in (0, 9):
        add(f"jpeg orientation {value}", check.save(PICTURE, "JPEG", exif=check.exif(value)))
    for kind, data in ((4, struct.pack(">HHII", 0x112, 4, 1, 6)), (1, struct.pack(">HHIBBH", 0x112, 1, 1, 6, 0, 0))):
        tiff = b"MM\0*\0\0\0\x08\0\1" + data + b"\0\0\0\0"
        add(f"jpeg orientation of type {kind}", jpegs.write(YCC, [(1, 1)] * 3, markers=jpegs.segment(0xE1, b"Exif\0\0" + tiff)))
    add("jpeg three Adobe transforms 2", jpegs.write(YCC, [(1, 1)] * 3, markers=adobe(2)))
    add("jpeg four Adobe transform 1", jpegs.write(inks, [(1, 1)] * 4, markers=adobe(1)))


def png_files():
    number = lambda *values: struct.pack(f">{len(values)}I", *values)
    p3, green = profiles.ALL["display-p3"], profiles.ALL["green-first"]
    linear = (b"gAMA", number(100000))
    wide = (b"cHRM", number(31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
    kinds = {
        "gamma 45455": [(b"gAMA", number(45455))],
        "gamma 22727": [(b"gAMA", number(22727))],
        "gamma 0": [(b"gAMA", number(0))],
        "gamma 1": [(b"gAMA", number(1))],
        "gamma cut": [(b"gAMA", b"\0\1")],
        "gamma twice": [linear, (b"gAMA", number(45455))],
        "chromaticities alone": [wide],
        "chromaticities zero": [(b"cHRM", number(*[0] * 8)), linear],
        "chromaticities of sRGB": [(b"cHRM", number(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)), (b"gAMA", number(45455))],
        "profile nonsense": [iccp(b"nonsense" * 40)],
        "profile nonsense and gamma": [iccp(b"nonsense" * 40), linear],
        "profile not deflated": [(b"iCCP", b"name\0\0garbage" * 9)],
        "profile not deflated and gamma": [(b"iCCP", b"name\0\0garbage" * 9), linear],
        "profile cut": [(b"iCCP", b"name\0\0" + zlib.compress(green)[:-40])],
        "profile and sRGB": [iccp(green), (b"sRGB", b"\0")],
        "sRGB and profile": [(b"sRGB", b"\0"), iccp(green)],
        "profile and gamma": [iccp(green), linear],
        "profile twice": [iccp(green), iccp(p3)],
        "profile of grey": [iccp(profiles.GREY)],
        "profile of grey and gamma": [iccp(profiles.GREY), linear],
        "profile of inks": [iccp(profiles.INKS)],
        "profile without a name": [(b"iCCP", b"\0\0" + zlib.compress(green))],
        "profile with a long name": [(b"iCCP", b"n" * 90 + b"\0\0" + zlib.compress(green))],
        "profile of method 1": [(b"iCCP", b"name\0\1" + zlib.compress(green))],
        "sRGB cut": [(b"sRGB", b""), linear],
        "sRGB intent 9": [(b"sRGB", b"\x09"), linear],
        "background": [(b"bKGD", struct.pack(">3H", 255, 0, 0))],
        "significant bits": [(b"sBIT", b"\5\6\5")],
    }
    for points in ([1, 13, 0, 1], [1, 1, 0, 1], [1, 8, 0, 1], [9, 14, 0, 1], [9, 1, 0, 1], [12, 1, 0, 1], [12, 4, 0, 1],
                   [1, 13, 0, 0], [12, 13, 0, 0], [12, 13, 1, 1], [2, 2, 0, 1], [12, 2, 0, 1], [9, 18, 0, 1], [9, 16, 0, 1], [9, 13, 0, 1], [11, 17, 0, 1], [22, 13, 0, 1], [4, 4, 0, 1], [5, 5, 0, 1], [6, 6, 0, 1], [10, 8, 0, 1], [3, 13, 0, 1], [200, 13, 0, 1], [12, 200, 0, 1]):  # fmt: skip
        kinds[f"cICP {points}"] = [(b"cICP", bytes(points))]
    kinds["cICP cut and gamma"] = [(b"cICP", b"\1\2"), linear]
    kinds["cICP unknown and gamma"] = [(b"cICP", bytes([2, 2, 0, 1])), linear]
    kinds["cICP and profile"] = [(b"cICP", bytes([12, 13, 0, 1])), iccp(green)]
    for name, chunks in kinds.items():
        add(f"png {name}", pngs.write(RGB, 8, 2, before=chunks))
    grey = RGB[..., :1]
    palette = b"".join(bytes([v, 255 - v, v // 2]) for v in range(256))
    for name, chunks in (("gamma", [linear]), ("profile", [iccp(green)]), ("profile of grey", [iccp(profiles.GREY)]), ("cICP", [(b"cICP", bytes([12, 13, 0, 1]))])):
        add(f"png grey with {name}", pngs.write(grey, 8, 0, before=chunks))
        add(f"png grey 16 with {name}", pngs.write(grey.astype(int) * 257, 16, 0, before=chunks))
        add(f"png grey and alpha with {name}", pngs.write(np.dstack([grey, ALPHA]), 8, 4, before=chunks))
        add(f"png palette with {name}", pngs.write(grey, 8, 3, before=chunks + [(b"PLTE", palette)]))
        add(f"png palette with {name} after", pngs.write(grey, 8, 3, before=[(b"PLTE", palette)] + chunks))
        add(f"png 16 with {name}", pngs.write(RGB.astype(int) * 257, 16, 2, before=chunks))
        add(f"png RGBA with {name}", pngs.write(CLEAR, 8, 6, before=chunks))
    level = int(grey[5, 5, 0])
    add("png tRNS grey", pngs.write(grey, 8, 0, before=[(b"tRNS", struct.pack(">H", level))]))
    add("png tRNS grey too great", pngs.write(grey, 8, 0, before=[(b"tRNS", struct.pack(">H", level + 256))]))
    add("png tRNS grey 4", pngs.write(grey >> 4, 4, 0, before=[(b"tRNS", struct.pack(">H", level >> 4))]))
    add("png tRNS grey 1", pngs.write(grey >> 7, 1, 0, before=[(b"tRNS", b"\0\1")]))
    add("png tRNS grey 16", pngs.write(grey.astype(int) * 257, 16, 0, before=[(b"tRNS", struct.pack(">H", level * 257))]))
    add("png tRNS RGB 16", pngs.write(RGB.astype(int) * 257, 16, 2, before=[(b"tRNS", struct.pack(">3H", 200 * 257, 40 * 257, 60 * 257))]))
    add("png tRNS RGB 16 near", pngs.write(RGB.astype(int) * 257, 16, 2, before=[(b"tRNS", struct.pack(">3H", 200 * 257 + 1, 40 * 257, 60 * 257))]))
    add("png tRNS with RGBA", pngs.write(CLEAR, 8, 6, before=[(b"tRNS", struct.pack(">3H", 200, 40, 60))]))
    add("png tRNS cut", pngs.write(RGB, 8, 2, before=[(b"tRNS", b"\0\1")]))
    add("png tRNS longer than the palette", pngs.write(grey >> 4, 4, 3, before=[(b"PLTE", palette[:48]), (b"tRNS", bytes(range(0, 250, 10)))]))
    add("png tRNS before the palette", pngs.write(grey, 8, 3, before=[(b"tRNS", bytes(range(256))), (b"PLTE", palette)]))
    add("png palette too short", pngs.write(grey, 8, 3, before=[(b"PLTE", palette[:300])]))
    clear = bytes(range(155, 255))
    for name, chunks in (("clear to the last", [clear]), ("clear to the last but one", [clear[:-1]]), ("clear twice", [clear[:-1], clear])):
        add(f"png palette too short and {name}", pngs.write(grey, 8, 3, before=[(b"PLTE", palette[:300])] + [(b"tRNS", chunk) for chunk in chunks]))
    for bits in (1, 2, 4):
        few = palette[-3 * (1 << bits) + 3 :]
        add(f"png palette too short of {bits}", pngs.write(grey >> 8 - bits, bits, 3, before=[(b"PLTE", few)]))
        add(f"png palette too short of {bits} and clear", pngs.write(grey >> 8 - bits, bits, 3, before=[(b"PLTE", few), (b"tRNS", bytes(90 + 9 * i for i in range((1 << bits) - 1)))]))
    add("png palette too short, twice", pngs.write(grey, 8, 3, before=[(b"PLTE", palette[:300]), (b"PLTE", palette[::-1][:300])]))
    add("png palette empty", pngs.write(grey, 8, 3, before=[(b"PLTE", b"")]))
    add("png palette too long", pngs.write(grey >> 4, 4, 3, before=[(b"PLTE", palette)]))
    add("png palette missing", pngs.write(grey, 8, 3))
    add("png palette of odd length", pngs.write(grey, 8, 3, before=[(b"PLTE", palette[:-1])]))
    add("png palette twice", pngs.write(grey, 8, 3, before=[(b"PLTE", palette), (b"PLTE", palette[::-1])]))
    whole = pngs.write(RGB, 8, 2)
    orient = bytes(check.exif(6).removeprefix(b"Exif\0\0"))
    add("png eXIf after the pixels", pngs.write(RGB, 8, 2, after=[(b"eXIf", orient)]))
    add("png eXIf with a prefix", pngs.write(RGB, 8, 2, before=[(b"eXIf", b"Exif\0\0" + orient)]))
    add("png eXIf twice", pngs.write(RGB, 8, 2, before=[(b"eXIf", orient), (b"eXIf", bytes(check.exif(1).removeprefix(b"Exif\0\0")))]))
    ztxt = (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n%s\n" % (len(orient) + 6, (b"Exif\0\0" + orient).hex().encode())))
    add("png EXIF in a text", pngs.write(RGB, 8, 2, before=[ztxt]))
    at = whole.index(b"IDAT")
    add("png checksum of IEND", whole[:-1] + b"\0")
    add("png checksum of IDAT", whole[:-16] + bytes([whole[-16] ^ 1]) + whole[-15:])
    add("png checksum of the palette", pngs.write(grey, 8, 3, before=[(b"PLTE", palette)]).replace(pngs.chunk(b"PLTE", palette)[-4:], b"abcd"))
    add("png checksum of IHDR", whole[:29] + b"abcd" + whole[33:])
    add("png checksum of gAMA", pngs.write(RGB, 8, 2, before=[linear]).replace(pngs.chunk(*linear)[-4:], b"abcd"))
    add("png half", whole[: (at + len(whole)) // 2])
    add("png half and ended", whole[: (at + len(whole)) // 2] + pngs.chunk(b"IEND", b""))
    rows = pngs.rows(RGB, 8)
    body = lambda data: pngs.SIGNATURE + pngs.chunk(b"IHDR", whole[16:29]) + pngs.chunk(b"IDAT", data) + pngs.chunk(b"IEND", b"")
    add("png rows missing", body(zlib.compress(rows[: len(rows) // 2])))
    add("png rows too many", body(zlib.compress(rows * 2)))
    add("png checksum of the rows", body(zlib.compress(rows)[:-1] + b"\1"))
    add("png checksum of the rows missing", body(zlib.compress(rows)[:-4]))
    add("png unknown critical chunk", pngs.write(RGB, 8, 2, before=[(b"ABCD", b"x")]))
    add("png unknown critical chunk after", pngs.write(RGB, 8, 2, after=[(b"ABCD", b"x")]))
    control = lambda n, w=SIDE, h=SIDE, x=0, y=0: struct.pack(">IIIIIHHBB", n, w, h, x, y, 1, 10, 0, 0)
    turned = zlib.compress(pngs.rows(np.ascontiguousarray(RGB[::-1]), 8))
    add("png animation", pngs.write(RGB, 8, 2, before=[(b"acTL", number(2, 0)), (b"fcTL", control(0))], after=[(b"fcTL", control(1)), (b"fdAT", number(2) + turned)]))
    add("png animation without the still", pngs.write(RGB, 8, 2, before=[(b"acTL", number(1, 0))], after=[(b"fcTL", control(0)), (b"fdAT", number(1) + turned)]))
    two = [(b"fcTL", control(0)), (b"fdAT", number(1) + turned), (b"fcTL", control(2)), (b"fdAT", number(3) + turned)]
    add("png animation of two without the still", pngs.write(RGB, 8, 2, before=[(b"acTL", number(2, 0))], after=two))
    small = zlib.compress(pngs.rows(np.ascontiguousarray(RGB[::-1][:30, :20]), 8))
    add("png animation with a small first frame", pngs.write(RGB, 8, 2, before=[(b"acTL", number(1, 0))], after=[(b"fcTL", control(0, 20, 30, 7, 9)), (b"fdAT", number(1) + small)]))
    add("png animation with a late control", pngs.write(RGB, 8, 2, after=[(b"acTL", number(1, 0)), (b"fcTL", control(0)), (b"fdAT", number(1) + turned)]))


def gif(width, height, frames, table=None, background=0, version=b"89a"):
    """`frames` have a frame's descriptor, its data, and what stands before it."""
    flags = 0x80 | 0x70 | 4 if table else 0
    out = b"GIF" + version + struct.pack("<HHBBB", width, height, flags, background, 0) + (table or b"")
    return out + b"".join(frames) + b"\x3b"


def gif_files():
    few = PICTURE.quantize(32)
    plain = check.save(few, "GIF")
    table = plain[13 : 13 + 96]
    at = plain.index(b"\x2c\0\0\0\0", 13 + 96)
    data = plain[at + 10 : -1]
    frame = lambda x, y, flags=0: b"\x2c" + struct.pack("<HHHHB", x, y, SIDE, SIDE, flags) + data
    control = lambda disposal, clear=None: b"\x21\xf9\4" + bytes([disposal << 2 | (clear is not None), 10, 0, clear or 0, 0])
    for x, y, w, h in ((5, 9, 80, 80), (5, 9, SIDE, SIDE), (5, 9, 66, 70), (40, 0, SIDE, SIDE), (0, 0, 90, 30), (0, 0, 30, 90), (5, 9, 30, 30), (70, 70, SIDE, SIDE)):
        add(f"gif frame at {x} {y} on {w} x {h}", gif(w, h, [frame(x, y)], table, 7))
        add(f"gif clear frame at {x} {y} on {w} x {h}", gif(w, h, [control(0, 7) + frame(x, y)], table, 7))
    add("gif screen of zero", gif(0, 0, [frame(0, 0)], table))
    add("gif without colours", gif(SIDE, SIDE, [frame(0, 0)]))
    add("gif few colours", gif(SIDE, SIDE, [b"\x2c" + struct.pack("<HHHHB", 0, 0, SIDE, SIDE, 0x80) + table[:6] + data], table))
    for disposal in range(4):
        second = b"\x2c" + struct.pack("<HHHHB", 3, 3, SIDE, SIDE, 0) + data
        add(f"gif disposal {disposal}", gif(SIDE, SIDE, [control(disposal, 3) + frame(0, 0), control(0) + second], table, 5))
    add("gif control twice", gif(SIDE, SIDE, [control(0, 3) + control(0, 5) + frame(0, 0)], table))
    add("gif control without, then clear", gif(SIDE, SIDE, [control(0, 3) + control(0) + frame(0, 0)], table))
    add("gif 87a with a control", gif(SIDE, SIDE, [control(0, 3) + frame(0, 0)], table, version=b"87a"))
    half = data[: len(data) // 2]
    add("gif half", plain[: at + 10 + len(half)])
    add("gif empty frame", gif(SIDE, SIDE, [b"\x2c" + struct.pack("<HHHHB", 0, 0, 0, 0, 0) + data, frame(0, 0)], table))
    add("gif without a picture", gif(SIDE, SIDE, [], table))
    first = data[1]
    cut = data[:1] + bytes([first // 2]) + data[2 : 2 + first // 2] + b"\0"
    add("gif rows missing", gif(SIDE, SIDE, [b"\x2c" + struct.pack("<HHHHB", 0, 0, SIDE, SIDE, 0) + cut], table))
    add("gif rows missing, then a frame", gif(SIDE, SIDE, [b"\x2c" + struct.pack("<HHHHB", 0, 0, SIDE, SIDE, 0) + cut, frame(0, 0)], table))


def webp_parts(file):
    out, at = [], 12
    while at + 8 <= len(file):
        size = struct.unpack("<I", file[at + 4 : at + 8])[0]
        out.append((file[at : at + 4], file[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return out


def webp_files():
    clear = Image.fromarray(CLEAR)
    three = lambda value: struct.pack("<I", value)[:3]
    canvas = lambda flags, w=SIDE, h=SIDE: (b"VP8X", bytes([flags, 0, 0, 0]) + three(w - 1) + three(h - 1))
    pack = lambda parts: b"".join(n + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for n, d in parts)
    for kind, options in (("lossy", dict(quality=90)), ("lossless", dict(lossless=True))):
        for name, image in (("", PICTURE), (" clear", clear)):
            file = check.save(image, "WEBP", **options)
            inner = [part for part in webp_parts(file) if part[0] != b"VP8X"]
            for x, y, blend in ((0, 0, 0), (10, 4, 0), (10, 4, 2)):
                head = three(x // 2) + three(y // 2) + three(SIDE - 1) * 2 + three(100) + bytes([blend])
                for background in (b"\0\0\0\0", b"\x10\x80\xf0\xff"):
                    parts = [canvas(0x12, SIDE + 14, SIDE + 8), (b"ANIM", background + b"\0\0"), (b"ANMF", head + pack(inner))]
                    add(f"webp {kind}{name} frame at {x} {y}, blending {blend}, background {background.hex()}", check.chunked(parts))
                    parts[0] = canvas(2, SIDE + 14, SIDE + 8)
                    add(f"webp {kind}{name} frame at {x} {y}, blending {blend}, background {background.hex()}, without a flag", check.chunked(parts))
            add(f"webp {kind}{name} canvas too large", check.chunked([canvas(0x10, SIDE + 5, SIDE + 5), *inner]))
            add(f"webp {kind}{name} canvas too small", check.chunked([canvas(0x10, SIDE - 5, SIDE - 5), *inner]))
            add(f"webp {kind}{name} without the flag of transparency", check.chunked([canvas(0), *inner]))
            add(f"webp {kind}{name} with the flag of transparency", check.chunked([canvas(0x10), *inner]))
            add(f"webp {kind}{name} profile", check.chunked([canvas(0x30), (b"ICCP", profiles.ALL["green-first"]), *inner]))
            add(f"webp {kind}{name} profile without a flag", check.chunked([canvas(0x10), (b"ICCP", profiles.ALL["green-first"]), *inner]))
            add(f"webp {kind}{name} profile after", check.chunked([canvas(0x30), *inner, (b"ICCP", profiles.ALL["green-first"])]))
            add(f"webp {kind}{name} with a tail", file + b"tail" * 9)
            add(f"webp {kind}{name} half", file[: len(file) // 2])
            add(f"webp {kind}{name} unknown chunk first", check.chunked([canvas(0x10), (b"ABCD", b"xx"), *inner]))
            short = file[:4] + struct.pack("<I", len(file) - 40) + file[8:]
            add(f"webp {kind}{name} size too small", short)
            add(f"webp {kind}{name} size too great", file[:4] + struct.pack("<I", len(file) + 40) + file[8:])
    lossy = webp_parts(check.save(PICTURE, "WEBP", quality=90))[0][1]
    lossy += b"\0" * (1 - len(lossy) % 2)
    file = check.chunked([(b"VP8 ", lossy)])[:-1]
    add("webp padding missing and counted", file)
    add("webp padding missing and not counted", file[:4] + struct.pack("<I", len(file) - 8) + file[8:])
    whole = check.chunked([(b"VP8 ", lossy)])
    add("webp padding not counted", whole[:4] + struct.pack("<I", len(whole) - 9) + whole[8:])
    clear = check.chunked([canvas(0), (b"VP8 ", lossy)])
    add("webp padding not counted, with a canvas", clear[:4] + struct.pack("<I", len(clear) - 9) + clear[8:])
    still = [canvas(0x08), (b"VP8 ", lossy)]
    for value in (3, 6):
        orient = bytes(check.exif(value).removeprefix(b"Exif\0\0"))
        add(f"webp EXIF {value}", check.chunked([*still, (b"EXIF", orient)]))
        add(f"webp EXIF {value} with a prefix", check.chunked([*still, (b"EXIF", b"Exif\0\0" + orient)]))
        add(f"webp EXIF {value} before", check.chunked([still[0], (b"EXIF", orient), still[1]]))


def bmp_files():
    r, g, b = (RGB[..., c].astype(int) for c in range(3))
    a = ALPHA.astype(int)
    masks = (0xFF0000, 0xFF00, 0xFF)
    value = r << 16 | g << 8 | b
    def raw(value, bits, compression, size, extra=b"", masks=b""):
        kind = "<u2" if bits == 16 else "<u4"
        rows = [row.astype(kind).tobytes() for row in value]
        head = bytearray(bmps.header(SIDE, SIDE, bits, compression=compression, masks=masks, size=size))
        head[len(head) - len(extra) :] = extra
        return bmps.file(bytes(head), bmps.padded(rows))
    four = struct.pack("<4I", *masks, 0xFF000000)
    three = struct.pack("<3I", *masks)
    for name, alpha in (("ramp", a), ("zero", a * 0), ("full", a * 0 + 255), ("zero, then ramp", np.where(np.arange(SIDE)[:, None] > 30, 0, a))):
        full = value | alpha << 24
        add(f"bmp 32 plain, alpha {name}", raw(full, 32, 0, 40))
        for size in (108, 124):
            add(f"bmp 32 header {size} plain, alpha {name}", raw(full, 32, 0, size))
            add(f"bmp 32 header {size} plain with masks, alpha {name}", raw(full, 32, 0, size, masks=four))
            add(f"bmp 32 header {size} masks, alpha {name}", raw(full, 32, 3, size, masks=four))
            add(f"bmp 32 header {size} three masks, alpha {name}", raw(full, 32, 3, size, masks=three))
        add(f"bmp 32 header 40 three masks, alpha {name}", raw(full, 32, 3, 40, masks=three))
        add(f"bmp 32 header 40 alpha masks, alpha {name}", raw(full, 32, 6, 40, masks=four))
        add(f"bmp 32 header 56 masks, alpha {name}", raw(full, 32, 3, 56, masks=four))
        add(f"bmp 32 header 52 masks, alpha {name}", raw(full, 32, 3, 52, masks=three))
    add("bmp 16 plain", raw(r >> 3 << 10 | g >> 3 << 5 | b >> 3, 16, 0, 40))
    add("bmp 16 masks 4444", raw(r >> 4 << 8 | g >> 4 << 4 | b >> 4 | a >> 4 << 12, 16, 3, 108, masks=struct.pack("<4I", 0xF00, 0xF0, 0xF, 0xF000)))
    add("bmp 16 masks 1555", raw(r >> 3 << 10 | g >> 3 << 5 | b >> 3 | a >> 7 << 15, 16, 3, 108, masks=struct.pack("<4I", 0x7C00, 0x3E0, 0x1F, 0x8000)))
    add("bmp 32 masks of ten", raw(r << 22 | g << 12 | b << 2, 32, 3, 40, masks=struct.pack("<3I", 0x3FF00000, 0xFFC00, 0x3FF)))
    add("bmp 32 masks of seven", raw(r >> 1 << 16 | g >> 1 << 8 | b >> 1, 32, 3, 40, masks=struct.pack("<3I", 0x7F0000, 0x7F00, 0x7F)))
    add("bmp 32 masks overlapping", raw(value, 32, 3, 40, masks=struct.pack("<3I", 0xFFFF00, 0xFF00, 0xFF)))
    add("bmp 32 masks zero", raw(value, 32, 3, 40, masks=struct.pack("<3I", 0, 0, 0)))
    palette = [(v * 13 % 256, v * 7 % 256, 255 - v) for v in range(256)]
    low = RGB[..., 0]
    add("bmp 8 palette too short", bmps.indexed(low, palette[:100], 8))
    add("bmp 4 palette too short", bmps.indexed(low >> 4, palette[:9], 4))
    add("bmp 2", bmps.indexed(low >> 6, palette[:4], 2))
    rle = bmps.run_lengths(low, palette, 8)
    start = struct.unpack("<I", rle[10:14])[0]
    delta = rle[:start] + b"".join(bytes([0, 2, 5, 0, 40, n % 256, 0, 0]) for n in range(50)) + b"\0\1"
    add("bmp RLE8 with gaps", delta)
    add("bmp RLE8 that stops early", rle[: start + 600] + b"\0\1")
    add("bmp RLE8 cut", rle[: start + 600])
    rle4 = bmps.run_lengths(low >> 4, palette[:16], 4)
    start4 = struct.unpack("<I", rle4[10:14])[0]
    add("bmp RLE4 with gaps", rle4[:start4] + b"".join(bytes([0, 2, 5, 0, 40, 0x12, 0, 0]) for n in range(50)) + b"\0\1")
    flat = bmps.plain(RGB)
    add("bmp half", flat[: len(flat) // 2])
    add("bmp a row missing", flat[:-184])
    add("bmp a byte missing", flat[:-1])
    add("bmp offset zero", flat[:10] + b"\0\0\0\0" + flat[14:])
    add("bmp offset too great", flat[:10] + struct.pack("<I", 54 + 184) + flat[14:])
    add("bmp gap before the pixels", flat[:10] + struct.pack("<I", 54 + 100) + flat[14:54] + b"\1" * 100 + flat[54:])
    add("bmp planes zero", flat[:26] + b"\0\0" + flat[28:])
    add("bmp size wrong", flat[:2] + b"\xff\xff\0\0" + flat[6:])
    add("bmp size zero", flat[:2] + b"\0\0\0\0" + flat[6:])
    add("bmp colours counted at 24 bits", flat[:46] + struct.pack("<I", 5) + flat[50:])
    rows = [row.tobytes() for row in RGB[..., ::-1]]
    add("bmp OS/2 of 64", bmps.file(bmps.header(SIDE, SIDE, 24, size=64), bmps.padded(rows)))
    add("bmp OS/2 of 16", bmps.file(struct.pack("<IiiHH", 16, SIDE, SIDE, 1, 24), bmps.padded(rows)))
    core = b"".join(bytes([p[2], p[1], p[0]]) for p in palette)
    add("bmp core 8", bmps.file(struct.pack("<IHHHH", 12, SIDE, SIDE, 1, 8), bmps.padded([row.tobytes() for row in low]), core))
    for name, icc in (("profile", profiles.ALL["green-first"]), ("profile P3", profiles.ALL["display-p3"])):
        head = bytearray(bmps.header(SIDE, SIDE, 24, size=124))
        body = bmps.padded(rows)
        head[56:60] = b"DEBM"
        head[112:120] = struct.pack("<II", 124 + len(body), len(icc))
        add(f"bmp {name}", bmps.file(bytes(head), body) + icc)
    head = bytearray(bmps.header(SIDE, SIDE, 24, size=124))
    fixed = lambda *values: b"".join(struct.pack("<I", round(v * (1 << 30))) for v in values)
    head[60:96] = fixed(0.15, 0.06, 0.79, 0.265, 0.69, 0.045, 0.68, 0.32, 0)
    head[96:108] = struct.pack("<3I", 1 << 16, 1 << 16, 1 << 16)
    add("bmp calibrated", bmps.file(bytes(head), bmps.padded(rows)))
    for compression, file in ((4, check.save(PICTURE, "JPEG")), (5, check.save(PICTURE, "PNG"))):
        add(f"bmp of compression {compression}", bmps.file(bmps.header(SIDE, SIDE, 0, compression=compression, body=len(file)), file))
    index = [row.tobytes() for row in low]
    head = struct.pack("<IiiHHIIiiII", 40, SIDE, -SIDE, 1, 8, 0, 0, 0, 0, 256, 0)
    add("bmp 8 top down", bmps.file(head, bmps.padded(index, False), b"".join(bytes([p[2], p[1], p[0], 0]) for p in palette)))
    add("bmp RLE8 top down", rle[:22] + struct.pack("<i", -SIDE) + rle[26:])


def avif_files():
    clear = Image.fromarray(CLEAR)
    full = check.save(PICTURE, "AVIF", quality=90, subsampling="4:4:4")
    at = full.index(b"nclx") + 4
    def points(primaries, transfer, matrix, range):
        return full[:at] + struct.pack(">HHHB", primaries, transfer, matrix, range << 7) + full[at + 7 :]
    for matrix in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17):
        for range in (0, 1):
            add(f"avif matrix {matrix} range {range}", points(1, 13, matrix, range))
    for primaries in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22, 90):
        add(f"avif primaries {primaries}", points(primaries, 13, 6, 1))
    for transfer in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 90):
        add(f"avif transfer {transfer}", points(1, transfer, 6, 1))
        add(f"avif primaries 12 transfer {transfer}", points(12, transfer, 6, 1))
    add("avif without colours", full.replace(b"colr", b"free"))
    add("avif without colours, limited", check.save(PICTURE, "AVIF", range="limited").replace(b"colr", b"free"))
    add("avif grey with a profile", check.save(PICTURE, "AVIF", subsampling="4:0:0", icc_profile=profiles.GREY))
    add("avif grey with a profile of RGB", check.save(PICTURE, "AVIF", subsampling="4:0:0", icc_profile=profiles.ALL["green-first"]))
    add("avif profile nonsense", check.save(PICTURE, "AVIF", icc_profile=b"nonsense" * 40))
    for value in (3, 6):
        file = check.save(PICTURE, "AVIF", exif=check.exif(value))
        add(f"avif EXIF {value} alone", file.replace(b"irot", b"free").replace(b"imir", b"free"))
    file = check.save(PICTURE, "AVIF", exif=check.exif(5))
    add("avif clap without", check.save(clear, "AVIF", quality=90, subsampling="4:2:0"))
    add("avif with a tail", full + b"tail" * 9)
    add("avif major mif1", full.replace(b"ftypavif", b"ftypmif1", 1))


def generate():
    for make in (jpeg_files, png_files, gif_files, webp_files, bmp_files, avif_files):
        make()
