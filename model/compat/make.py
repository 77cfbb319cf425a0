"""Makes the networks of the report as `.tflite` files in several forms, and the photos to try them with.

    make.py FOLDER [--small] [--only NAME] [--uint8]

Writes `NAME.FORM.tflite`, `photos/SIZE/KIND.png`, and `expected.json`: how each file's photos are
normalised and what the official runtime gives for them. Files that are already there stay.
"""

import argparse
import json
import pathlib
import time

import numpy as np

import networks
from forms import convert, trace
from networks import NETWORKS, SMALL, Network
from official import Official, plain
from photos import NORMALISE, read, write_tested

FORMS = ["float32", "float16", "dynamic", "int8"]

LEAST_CHANGE = 0.02
"""From photo to photo, some score changes by more than this."""
MOST = 0.9999
"""No score of a photo is higher."""


def expect(file: pathlib.Path, network: Network, photos: list[pathlib.Path]) -> dict:
    """What the official runtime says about the photos."""
    official = Official(file)
    started = time.perf_counter()
    normalise = NORMALISE[network.normalise]
    scores = [official.run(official.own(read(photo), normalise)) for photo in photos]
    seconds = (time.perf_counter() - started) / len(photos)
    return {
        "normalise": network.normalise,
        "photos": [str(photo.relative_to(file.parent)) for photo in photos],
        "outputs": [plain(values) for values in scores],
        "input": official.describe("input"),
        "output": official.describe("output"),
        "seconds": round(seconds, 3),
    }


def check(name: str, scores: np.ndarray) -> None:
    """Fails if the network's scores would hide mistakes."""
    change = np.ptp(scores, axis=0).max()
    if not np.isfinite(scores).all():
        raise SystemExit(f"{name}: scores are not finite")
    if change < LEAST_CHANGE:
        raise SystemExit(f"{name}: scores change by only {change:.4f} from photo to photo")
    if scores.max() > MOST:
        raise SystemExit(f"{name}: scores are saturated, up to {scores.max():.6f}")


def make(name: str, forms: list[str], folder: pathlib.Path, expected: dict) -> None:
    """Writes what is missing of one network."""
    network = NETWORKS[name]
    photos = write_tested(folder, network.size)
    missing = [form for form in forms if f"{name}.{form}.tflite" not in expected]
    if not missing:
        print(f"{name}: there already", flush=True)
        return
    started = time.perf_counter()
    model = networks.make(name)
    function = trace(lambda photo: model(photo, training=False), (1, network.size, network.size, 3))
    pixels = [NORMALISE[network.normalise](read(photo)).astype(np.float32) for photo in photos]
    samples = [*networks.drawn(network, range(1, 2))[:, None], *pixels]
    print(f"{name}: {model.count_params():,} weights, {time.perf_counter() - started:.0f} s", flush=True)
    for form in missing:
        started = time.perf_counter()
        file = folder / f"{name}.{form}.tflite"
        # Under its own name only once it is whole.
        partial = file.with_suffix(".partial")
        partial.write_bytes(convert(function, form, samples))
        result = expect(partial, network, photos)
        scores = np.array(result["outputs"])
        if form in ("float32", "int8"):
            check(f"{name}.{form}", scores)
        partial.rename(file)
        away = np.abs(scores - np.array(expected.get(f"{name}.float32.tflite", result)["outputs"])).max()
        expected[file.name] = result
        print(
            f"{file.name}: {file.stat().st_size:,} bytes, tops {scores.argmax(axis=1).tolist()},"
            f" highest {scores.max(axis=1).round(3).tolist()}, {away:.4f} from float32, {time.perf_counter() - started:.0f} s",
            flush=True,
        )
        write(folder, expected)


def write(folder: pathlib.Path, expected: dict) -> None:
    """Writes expected.json, one line a file."""
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(expected.items())]
    (folder / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--small", action="store_true", help=f"only {', '.join(SMALL)}")
    parser.add_argument("--only", choices=NETWORKS, help="one network")
    parser.add_argument("--uint8", action="store_true", help="also int8 with uint8 input and output")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)

    record = options.folder / "expected.json"
    expected = json.loads(record.read_text()) if record.exists() else {}
    expected = {name: value for name, value in expected.items() if (options.folder / name).exists()}
    names = [options.only] if options.only else SMALL if options.small else list(NETWORKS)
    forms = [*FORMS, "int8_uint8"] if options.uint8 else FORMS
    for name in names:
        make(name, forms, options.folder, expected)


if __name__ == "__main__":
    main()
