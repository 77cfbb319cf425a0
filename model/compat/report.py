"""Compares lookbook with the official runtime on each model of a folder that make.py filled.

    report.py FOLDER --lookbook BINARY [--out REPORT.md] [--only NAME] [--form FORM]

Three ways from a photo to outputs are compared: the file in the official runtime, the file in lookbook
(`classify --raw`), and what `lookbook convert` makes of the file, in the official runtime. Writes a
table for people, and the same as JSON beside it. The exit code is 1 if a file is refused or differs too
much; it is named on standard error.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

from forms import FLOAT_FORMS, FORMS
from official import Official
from photos import NORMALISE, read

RAW_FLOAT = 1e-3
"""Float forms: most that lookbook's outputs may differ."""
CANONICAL_FLOAT = 1e-4
"""Float forms: most that the converted file may differ, in the same runtime."""
SHARE = 0.05
"""Other forms: most that anything may differ, as a share of the outputs' range."""


class Refused(Exception):
    """What lookbook says, first line, when it does not do what it is asked."""


def ask(lookbook: pathlib.Path, *arguments: object, codes=(0,)) -> str:
    """Runs lookbook; returns what it prints."""
    command = [str(lookbook), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode in codes and done.stdout.strip():
        return done.stdout
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    raise Refused(lines[0] if lines else f"exit code {done.returncode} without a word")


def classified(
    lookbook, file: pathlib.Path, normalise: str | None, photos: list[pathlib.Path], flags=()
) -> np.ndarray:
    """Outputs of lookbook, one row a photo."""
    flags = [*flags, *([f"--normalise={normalise}"] if normalise else [])]
    printed = ask(lookbook, "classify", "--model", file, "--raw", *flags, *photos)
    rows = {}
    for line in printed.splitlines():
        answer = json.loads(line)
        if "outputs" not in answer:
            raise Refused(f"{answer['image']}: {answer['error']['message']}")
        rows[answer["image"]] = answer["outputs"]
    return np.array([rows[str(photo)] for photo in photos])


def form_of(name: str) -> str:
    """FORM of `NAME.FORM.tflite`."""
    return name.split(".")[-2]


def compare(lookbook: pathlib.Path, file: pathlib.Path, known: dict, work: pathlib.Path) -> dict:
    """One row of the report."""
    form = form_of(file.name)
    row = {"file": file.name, "form": form, "bytes": file.stat().st_size, "loads": False, "error": None}
    photos = [file.parent / photo for photo in known["photos"]]
    official = Official(file)
    normalise = NORMALISE[known["normalise"]]
    inputs = [official.own(read(photo), normalise) for photo in photos]
    started = time.perf_counter()
    expected = np.array([official.run(values) for values in inputs])
    row["official_ms"] = (time.perf_counter() - started) / len(photos) * 1e3
    row["range"] = float(np.ptp(expected))

    try:
        # The exit code is 1 for a model without labels, such as these.
        inspection = json.loads(ask(lookbook, "inspect", file, "--format", "json", codes=(0, 1)))
        row["loads"] = bool(inspection.get("loads"))
        row["lookbook_ms"] = inspection.get("photo_ms")
        floating = np.issubdtype(official.input["dtype"], np.floating)
        raw = classified(lookbook, file, known["normalise"] if floating else None, photos)
        row["raw"] = float(np.abs(raw - expected).max())
        row["tops"] = int((raw.argmax(axis=1) == expected.argmax(axis=1)).sum())

        converted = work / "converted.tflite"
        ask(lookbook, "convert", file, converted)
        canonical = Official(converted)
        real = [official.dequantise_input(values) for values in inputs]
        outputs = np.array([canonical.run(values) for values in real])
        row["canonical"] = float(np.abs(outputs - expected).max())
        row["converted_bytes"] = converted.stat().st_size
        converted.unlink()
    except (Refused, ValueError) as error:
        # ValueError: text that is no JSON, or another number of outputs.
        row["error"] = str(error).splitlines()[0]
    row["photos"] = len(photos)
    row["wrong"] = judge(row)
    return row


def judge(row: dict) -> str | None:
    """Why a row is not good enough."""
    if row["error"] or not row["loads"]:
        return row["error"] or "it does not load"
    if row["form"] in FLOAT_FORMS:
        if not row["raw"] <= RAW_FLOAT:
            return f"outputs differ by {row['raw']:.2g}, more than {RAW_FLOAT:g}"
        if not row["canonical"] <= CANONICAL_FLOAT:
            return f"converted outputs differ by {row['canonical']:.2g}, more than {CANONICAL_FLOAT:g}"
        return None
    for what, name in [("raw", "outputs"), ("canonical", "converted outputs")]:
        share = row[what] / row["range"]
        if not share <= SHARE:
            return f"{name} differ by {share:.1%} of their range, more than {SHARE:.0%}"
    return None


def markdown(rows: list[dict]) -> str:
    """The table for people."""
    good = sum(row["wrong"] is None for row in rows)
    lines = [
        "# Compatibility report",
        "",
        f"{good} of {len(rows)} files give the answers of the official runtime. Differences are the largest",
        "over all photos and outputs. `raw`: lookbook; `of range`: the same, as a share of the range of the",
        "official outputs; `converted`: what `lookbook convert` writes, in the official runtime. Times are",
        "those of one photo.",
        "",
        "| file | MB | loads | raw | of range | same top label | converted | official | lookbook | remark |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        raw, canonical, fast = row.get("raw"), row.get("canonical"), row.get("lookbook_ms")
        cells = [
            row["file"],
            f"{row['bytes'] / 1e6:.1f}",
            "yes" if row["loads"] else "no",
            "-" if raw is None else f"{raw:.1e}",
            "-" if raw is None else f"{raw / row['range']:.2%}",
            "-" if raw is None else f"{row['tops']} of {row['photos']}",
            "-" if canonical is None else f"{canonical:.1e}",
            f"{row['official_ms']:.0f} ms",
            "-" if fast is None else f"{fast:.0f} ms",
            (row["wrong"] or "").replace("|", "\\|"),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--lookbook", type=pathlib.Path, required=True, help="the binary")
    parser.add_argument("--out", type=pathlib.Path, help="the table [default: REPORT.md in the folder]")
    parser.add_argument("--only", default="", help="only files whose names begin with this")
    parser.add_argument("--form", choices=FORMS, action="append", help="only this form; may be repeated")
    options = parser.parse_args()
    lookbook = options.lookbook.resolve()
    if not lookbook.is_file():
        raise SystemExit(f"report.py: no file '{lookbook}'; build it, or name another with --lookbook")
    record = options.folder / "expected.json"
    if not record.is_file():
        raise SystemExit(f"report.py: no file '{record}'; make.py writes it")

    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name, known in json.loads(record.read_text()).items():
            if name.startswith(options.only) and form_of(name) in (options.form or FORMS):
                rows.append(compare(lookbook, options.folder / name, known, pathlib.Path(work)))
                print(f"{name}: {rows[-1]['wrong'] or 'good'}", flush=True)
    if not rows:
        raise SystemExit(f"report.py: no such model in {options.folder}")
    out = options.out or options.folder / "REPORT.md"
    out.write_text(markdown(rows))
    out.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    print(f"wrote {out} and {out.with_suffix('.json')}")
    wrong = [row for row in rows if row["wrong"]]
    for row in wrong:
        print(f"{row['file']}: {row['wrong']}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
