"""Prints what compare.py measured as tables, and puts them into a document.

    table.py results.json [--docs FILE] [--clock wall|cpu]

In the document they replace what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`, where NAME is
`figures`, or `masked` if AVX-512 was hidden. `--clock cpu` takes processor time for the time a photo: for a
machine that does other work meanwhile.
"""

import argparse
import json
import pathlib
import re
import statistics

NAMES = {"lookbook": "lookbook", "litert": "LiteRT", "onnx": "ONNX Runtime", "plain": "LiteRT, plain kernels"}
FORMS = {
    "float32": "float32",
    "float16": "float32",
    "dynamic": "int8 weights",
    "int8_int8": "int8",
    "int8_uint8": "int8",
}


def middle(rounds: list[dict], what: str) -> float:
    """The median of one figure."""
    return statistics.median(round[what] for round in rounds)


def ratio(rounds: dict[str, list[dict]], peer: str, what: str) -> float:
    """The median of lookbook's figure to a peer's, round by round."""
    return statistics.median(a[what] / b[what] for a, b in zip(rounds["lookbook"], rounds[peer]))


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table whose columns are as wide as they must be; all but the first are numbers."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]

    def line(row):
        cells = [
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ]
        return "| " + " | ".join(cells) + " |"

    rule = [("-" * width if not place else "-" * (width - 1) + ":") for place, width in enumerate(widths)]
    return "\n".join([line(header), line(rule), *map(line, rows)])


def times(models: dict, what: str, digits: int) -> str:
    """Milliseconds of each program, and what lookbook's are of the faster peer's."""
    rows = []
    for name, found in models.items():
        if "failed" in found:
            rows.append([name, "failed", "", "", "", ""])
            continue
        rounds = found["rounds"]
        peers = [peer for peer in rounds if peer != "lookbook"]
        faster = min(peers, key=lambda peer: middle(rounds[peer], what))
        figures = [
            f"{middle(rounds[who], what):.{digits}f}" if who in rounds else "-"
            for who in ("lookbook", "litert", "onnx")
        ]
        rows.append([name, FORMS[found["form"]], *figures, f"{ratio(rounds, faster, what):.2f}"])
    return markdown(["model", "numbers", "lookbook, ms", "LiteRT, ms", "ONNX Runtime, ms", "of the faster"], rows)


def answers(models: dict) -> str:
    """What is the same."""
    rows = []
    for name, found in models.items():
        for peer, said in found.get("answers", {}).items():
            difference = said["largest_difference"]
            difference = "0" if difference == 0 else f"{difference:.1e}"
            rows.append([name, NAMES[peer], f"{said['same_label']} of {said['photos']}", difference])
    return markdown(["model", "against", "same label", "largest difference of a score"], rows)


def rest(results: dict) -> str:
    """Memory and size of the built-in model's run."""
    rounds = results["models"]["clothing"]["rounds"]

    def megabytes(size):
        return f"{size / 1e6:.0f}"

    rows = [
        ["peak memory, one photo, MB", *(megabytes(middle(runs, "peak_one")) for runs in rounds.values())],
        ["peak memory, all photos, MB", *(megabytes(middle(runs, "peak_all")) for runs in rounds.values())],
        ["on disk, MB", *(megabytes(results["disk"][who]) for who in rounds)],
    ]
    return markdown(["built-in model", *(NAMES[who] for who in rounds)], rows)


def sizes(rows: list[dict]) -> str:
    """Milliseconds by the photos' size."""
    who = list(rows[0]["ms"])
    cells = [
        [
            f"{row['megapixels']:g}",
            f"{row['bytes'] / 1e6:.2f}",
            *(f"{statistics.median(row['ms'][one]):.1f}" for one in who),
        ]
        for row in rows
    ]
    return markdown(["megapixels", "MB", *(f"{NAMES[one]}, ms" for one in who)], cells)


def text(results: dict, clock: str) -> str:
    """All of it."""
    machine, models = results["machine"], results["models"]
    versions = machine["versions"]
    flags = [flag for flag in machine["flags"] if not (results["masked"] and flag.startswith("avx512"))]
    peaks = [f"{peak:.0f}" for peak in results["peak"] if peak]
    measured = next((found for found in models.values() if "rounds" in found), None)
    lines = [
        f"{machine['processor']} (family {machine['family'][0]}, model {machine['family'][1]}; {', '.join(flags)}), one"
        f" core of {machine['cores']}, {machine['system']}."
        + (
            f" Peak of its multiply-adds in registers, before and after: {' and '.join(peaks)} GFLOP/s."
            if peaks
            else ""
        ),
        f"{versions['lookbook']}; Python {versions['python']}, Pillow {versions['pillow']}, LiteRT {versions['litert']},"
        f" ONNX Runtime {versions['onnx']}."
        + (f" {len(measured['rounds']['lookbook'])} rounds." if measured else "")
        + (" Times of a photo and of starting are processor time." if clock == "cpu_ms" else ""),
    ]
    start = "start_ms" if clock == "ms" else "start_cpu_ms"
    parts = ["\n".join(lines), "A photo:", times(models, clock, 1)]
    parts += ["From start to first answer:", times(models, start, 0)]
    if "rounds" in models.get("clothing", {}):
        parts.append(rest(results))
    if results.get("sizes"):
        parts += ["A photo by its size, with the built-in model:", sizes(results["sizes"])]
    if cores := results.get("two_cores"):
        share = statistics.median(two / one for one, two in zip(cores["one"], cores["two"]))
        one, two = statistics.median(cores["one"]), statistics.median(cores["two"])
        parts.append(
            f"{cores['photos']:,} photos: {one:.1f} s on one core, {two:.1f} s on two, {share:.2f} of the time."
        )
    parts += ["Answers, lookbook's and the others':", answers(models)]
    return "\n\n".join(parts) + "\n"


# Which `plot.py` draws beside the document.
PICTURE = "\n![Milliseconds a photo by megapixels, for lookbook, LiteRT and ONNX Runtime](performance.png)\n"


def put(docs: pathlib.Path, name: str, content: str) -> None:
    """Replaces what stands between a document's marks."""
    old = docs.read_text()
    marks = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.S)
    if not marks.search(old):
        raise SystemExit(f"table.py: no <!-- begin {name} --> in {docs}")
    docs.write_text(marks.sub(lambda found: f"{found[1]}\n{content}\n{found[2]}", old))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--docs", type=pathlib.Path)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    content = text(results, "ms" if options.clock == "wall" else "cpu_ms")
    print(content)
    if options.docs:
        if results["masked"]:
            put(options.docs, "masked", content)
        else:
            put(options.docs, "figures", content + PICTURE)


if __name__ == "__main__":
    main()
