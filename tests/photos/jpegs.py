"""Writes JPEGs of every layout that ITU-T T.81 has with Huffman coding of 8 bits: any sampling
factors, baseline and progressive (with refinement), in one scan or in one a channel, with and
without restarts, with the markers that tell the colour space."""

import struct

import numpy as np

ZIGZAG = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]  # fmt: skip
COSINES = np.array(
    [[(0.5 if u else 8**-0.5) * np.cos((2 * x + 1) * u * np.pi / 16) for x in range(8)] for u in range(8)]
)


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def icc_segment(icc, number=1, count=1):
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, count]) + icc)


# One table of each class that has all symbols: 16 of five bits; 128 of eight bits and 128 of nine.
DC_TABLE = bytes([0x00] + [0, 0, 0, 0, 16] + [0] * 11) + bytes(range(16))
AC_TABLE = bytes([0x10] + [0] * 7 + [128, 128] + [0] * 7) + bytes(range(256))


def dc_code(symbol):
    return symbol, 5


def ac_code(symbol):
    return (symbol, 8) if symbol < 128 else (256 + symbol - 128, 9)


class Bits:
    def __init__(self):
        self.text = []

    def put(self, value, count):
        if count:
            self.text.append(format(value, f"0{count}b"))

    def signed(self, value, count):
        self.put(value if value >= 0 else value + (1 << count) - 1, count)

    def take(self):
        text = "".join(self.text)
        self.text = []
        text += "1" * (-len(text) % 8)
        data = int(text, 2).to_bytes(len(text) // 8, "big") if text else b""
        return data.replace(b"\xff", b"\xff\0")


def coefficients(plane, step, blocks_down, blocks_across):
    """The quantised blocks of a plane, in zigzag order."""
    height, width = plane.shape
    plane = np.pad(plane, ((0, blocks_down * 8 - height), (0, blocks_across * 8 - width)), "edge")
    blocks = (plane.astype(float) - 128).reshape(blocks_down, 8, blocks_across, 8).transpose(0, 2, 1, 3)
    quantised = np.round(COSINES @ blocks @ COSINES.T / step).astype(int)
    return quantised.reshape(blocks_down, blocks_across, 64)[:, :, ZIGZAG].tolist()


def shrink(plane, down, across, rows, columns):
    """The mean of every `down` x `across` samples, as far as `rows` and `columns`."""
    height, width = rows * down, columns * across
    plane = np.pad(plane, ((0, max(0, height - plane.shape[0])), (0, max(0, width - plane.shape[1]))), "edge")
    plane = plane[:height, :width].astype(float)
    return np.round(plane.reshape(rows, down, columns, across).mean((1, 3)))


class Scan:
    """Which channels, which coefficients (first, last), which bits of them (high, low)."""

    def __init__(self, channels, first=0, last=63, high=0, low=0):
        self.channels, self.first, self.last, self.high, self.low = channels, first, last, high, low


def baseline_block(bits, block, scan, prediction):
    size = abs(block[0] - prediction).bit_length()
    bits.put(*dc_code(size))
    bits.signed(block[0] - prediction, size)
    run = 0
    last = max((i for i in range(1, 64) if block[i]), default=0)
    for value in block[1 : last + 1]:
        if not value:
            run += 1
            continue
        while run > 15:
            bits.put(*ac_code(0xF0))
            run -= 16
        size = abs(value).bit_length()
        bits.put(*ac_code(run << 4 | size))
        bits.signed(value, size)
        run = 0
    if last < 63:
        bits.put(*ac_code(0))
    return block[0]


class Progressive:
    """Codes the blocks of a scan of a progressive file, with runs of blocks that are empty."""

    def __init__(self, bits, scan):
        self.bits, self.scan, self.empty, self.kept = bits, scan, 0, []

    def dc(self, block, prediction):
        if self.scan.high:
            self.bits.put(block[0] >> self.scan.low & 1, 1)
            return 0
        value = block[0] >> self.scan.low
        size = abs(value - prediction).bit_length()
        self.bits.put(*dc_code(size))
        self.bits.signed(value - prediction, size)
        return value

    def flush(self):
        if self.empty:
            size = self.empty.bit_length() - 1
            self.bits.put(*ac_code(size << 4))
            self.bits.put(self.empty - (1 << size), size)
            self.empty = 0
        for bit in self.kept:
            self.bits.put(bit, 1)
        self.kept = []

    def ac(self, block):
        scan, low = self.scan, self.scan.low
        values = [(abs(v) >> low) * (1 if v > 0 else -1) for v in block[scan.first : scan.last + 1]]
        if scan.high:
            self.refine(values)
            return
        last = max((i for i, v in enumerate(values) if v), default=-1)
        if last >= 0:
            self.flush()
        run = 0
        for value in values[: last + 1]:
            if not value:
                run += 1
                continue
            while run > 15:
                self.bits.put(*ac_code(0xF0))
                run -= 16
            size = abs(value).bit_length()
            self.bits.put(*ac_code(run << 4 | size))
            self.bits.signed(value, size)
            run = 0
        self.end(last < len(values) - 1)

    def end(self, early):
        if early:
            self.empty += 1
            if self.empty == 0x7FFF:
                self.flush()

    def refine(self, values):
        last_new = max((i for i, v in enumerate(values) if abs(v) == 1), default=-1)
        if last_new >= 0:
            self.flush()
        run, corrections = 0, []
        for value in values[: last_new + 1]:
            if abs(value) > 1:
                corrections.append(abs(value) & 1)
                continue
            if not value:
                if run == 15:
                    # Sixteen zeros, and the corrections among them.
                    self.bits.put(*ac_code(0xF0))
                    for bit in corrections:
                        self.bits.put(bit, 1)
                    run, corrections = 0, []
                else:
                    run += 1
                continue
            self.bits.put(*ac_code(run << 4 | 1))
            self.bits.put(value > 0, 1)
            for bit in corrections:
                self.bits.put(bit, 1)
            run, corrections = 0, []
        self.kept += [abs(v) & 1 for v in values[last_new + 1 :] if abs(v) > 1]
        if last_new < len(values) - 1:
            self.empty += 1
            if self.empty == 0x7FFF or len(self.kept) > 900:
                self.flush()


def progression(channels):
    """The scans of a progressive file: everything that they may do."""
    together = [Scan(list(range(channels)), 0, 0, 0, 1)]
    first = [Scan([c], 1, 5, 0, 2) for c in range(channels)] + [Scan([c], 6, 63, 0, 2) for c in range(channels)]
    second = [Scan([c], 1, 63, 2, 1) for c in range(channels)]
    final = [Scan(list(range(channels)), 0, 0, 1, 0)] + [Scan([c], 1, 63, 1, 0) for c in range(channels)]
    return together + first + second + final


def write(planes, sampling, step=4, progressive=False, interleaved=True, restart=0, markers=b"", ids=None, end=b"\xff\xd9"):
    """`planes` are whole; `sampling` has (h, v) for each."""
    height, width = planes[0].shape
    most_h, most_v = max(h for h, _ in sampling), max(v for _, v in sampling)
    mcus_across, mcus_down = -(-width // (8 * most_h)), -(-height // (8 * most_v))
    ids = ids or range(1, len(planes) + 1)
    sizes, blocks = [], []
    for plane, (h, v) in zip(planes, sampling):
        rows, columns = -(-height * v // most_v), -(-width * h // most_h)
        sizes.append((-(-rows // 8), -(-columns // 8)))
        across, down = most_h / h, most_v / v
        if across != int(across) or down != int(down):
            from PIL import Image

            small = np.asarray(Image.fromarray(plane).resize((columns, rows), Image.BOX))
        else:
            small = shrink(plane, int(down), int(across), rows, columns)
        blocks.append(coefficients(small, step, mcus_down * v, mcus_across * h))
    out = b"\xff\xd8" + markers + segment(0xDB, b"\0" + bytes([step] * 64))
    frame = b"".join(bytes([i, h << 4 | v, 0]) for i, (h, v) in zip(ids, sampling))
    out += segment(0xC2 if progressive else 0xC0, struct.pack(">BHHB", 8, height, width, len(planes)) + frame)
    out += segment(0xC4, DC_TABLE) + segment(0xC4, AC_TABLE)
    if restart:
        out += segment(0xDD, struct.pack(">H", restart))
    if progressive:
        scans = progression(len(planes))
    elif interleaved:
        scans = [Scan(list(range(len(planes))))]
    else:
        scans = [Scan([c]) for c in range(len(planes))]
    if progressive and not interleaved:
        scans = [Scan([c], s.first, s.last, s.high, s.low) for s in scans for c in s.channels]
    for scan in scans:
        chosen = b"".join(bytes([ids[c], 0]) for c in scan.channels)
        out += segment(0xDA, bytes([len(scan.channels)]) + chosen + bytes([scan.first, scan.last, scan.high << 4 | scan.low]))
        out += entropy(scan, blocks, sizes, sampling, (mcus_down, mcus_across), restart, progressive)
    return out + end


def units(scan, sizes, sampling, mcus):
    """The blocks of each unit of a scan: (channel, row, column)."""
    if len(scan.channels) == 1:
        channel = scan.channels[0]
        rows, columns = sizes[channel]
        for y in range(rows):
            for x in range(columns):
                yield [(channel, y, x)]
        return
    for y in range(mcus[0]):
        for x in range(mcus[1]):
            yield [
                (c, y * sampling[c][1] + j, x * sampling[c][0] + i)
                for c in scan.channels
                for j in range(sampling[c][1])
                for i in range(sampling[c][0])
            ]


def entropy(scan, blocks, sizes, sampling, mcus, restart, progressive):
    bits, out = Bits(), b""
    coder = Progressive(bits, scan)
    predictions = {c: 0 for c in scan.channels}
    for count, unit in enumerate(units(scan, sizes, sampling, mcus)):
        if restart and count and count % restart == 0:
            coder.flush()
            out += bits.take() + bytes([0xFF, 0xD0 + (count // restart - 1) % 8])
            predictions = {c: 0 for c in scan.channels}
        for c, y, x in unit:
            block = blocks[c][y][x]
            if not progressive:
                predictions[c] = baseline_block(bits, block, scan, predictions[c])
            elif scan.first == 0:
                predictions[c] = coder.dc(block, predictions[c])
            else:
                coder.ac(block)
    coder.flush()
    return out + bits.take()
