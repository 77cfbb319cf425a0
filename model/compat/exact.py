"""Holds lookbook's outputs against the official runtime's to the last step, for all `.tflite` files of folders.

    exact.py --lookbook BINARY [--only WORD] [--out FILE.json] FOLDER...

What the files are is read from them; nobody has to describe them. Four drawn photos of each file's own size go
through the official runtime's plain kernels, and through `lookbook classify --raw`, as PNGs, so that both have
the same pixels. A model that computes in whole numbers must give the same whole numbers. One of float32 (or of
float16 weights) may differ by 1e-5. One whose weights alone are whole numbers is shown and not judged: the
runtime quantises its activations as it goes. Files that take no photo, or several inputs, are left out by name.
The exit code is 1 if a file is refused or differs.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np

import photos
from official import Official
from report import Refused, classified

FLOAT = 1e-5
"""Most that outputs of float32 may differ."""
SEEDS = 1
"""Photos of each kind."""


class Unfit(Exception):
    """Why a file takes no photo."""


def normalised(pixels: np.ndarray) -> np.ndarray:
    """`--normalise=-1..1`, in the arithmetic of lookbook: halves of quantising depend on the last bit."""
    return (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)


def kind(official: Official) -> str:
    """How a file computes: "whole", "weights" (of whole numbers) or "float"."""
    if np.issubdtype(official.input["dtype"], np.integer):
        return "whole"
    # Without their private name there is no way to know.
    operators = official.interpreter._get_ops_details()
    tensors = {tensor["index"]: tensor for tensor in official.interpreter.get_tensor_details()}
    names = {operator["op_name"] for operator in operators}
    if "QUANTIZE" in names:
        return "whole"
    for operator in operators:
        types = [tensors[place]["dtype"] for place in operator["inputs"][:2] if place in tensors]
        if operator["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") and np.int8 in types:
            return "weights"
    return "float"


def pictures(official: Official, folder: pathlib.Path) -> tuple[list[pathlib.Path], list[np.ndarray]]:
    """Photos of the input's size as files, and their pixels as the input has them."""
    shape = [int(size) for size in official.input["shape"]]
    if len(official.interpreter.get_input_details()) != 1 or len(official.interpreter.get_output_details()) != 1:
        raise Unfit("it has several inputs or outputs")
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in (1, 3) or min(shape[1:3]) < 8:
        raise Unfit(f"its input is {shape}")
    paths, pixels = [], []
    for seed in range(SEEDS):
        for name in photos.TESTED:
            drawn = photos.draw(name, max(shape[1:3]), seed).crop((0, 0, shape[2], shape[1]))
            if shape[3] == 1:
                # The same number three times: grey by any rule.
                drawn = drawn.convert("L")
            paths.append(folder / f"{name}-{seed}.png")
            drawn.save(paths[-1])
            pixels.append(np.asarray(drawn, np.float64).reshape(shape))
    return paths, pixels


def compare(lookbook: pathlib.Path, file: pathlib.Path) -> dict:
    """One file."""
    official = Official(file)
    found = {"kind": kind(official)}
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        paths, pixels = pictures(official, folder)
        whole = np.issubdtype(official.input["dtype"], np.integer)
        expected = np.array([official.run(official.own(photo, normalised)) for photo in pixels])
        # A copy has no description beside it.
        copy = folder / "model.tflite"
        shutil.copyfile(file, copy)
        outputs = classified(lookbook, copy, None if whole else "-1..1", paths)
    if outputs.shape != expected.shape:
        raise Refused(f"{outputs.shape[-1]} outputs, not {expected.shape[-1]}")
    # JSON has no infinity and no NaN: both are null there.
    outputs, expected = (np.array(all_of_them, np.float64) for all_of_them in (outputs, expected))
    numbers = np.isfinite(expected)
    if (numbers != np.isfinite(outputs)).any():
        raise Refused("some outputs are numbers in one of the two only")
    outputs, expected = outputs[numbers], expected[numbers]
    if not expected.size:
        raise Unfit("its outputs are no numbers")
    found["difference"] = float(np.abs(outputs - expected).max())
    found["range"] = float(np.ptp(expected))
    scale = official.output["quantization"][0]
    if found["kind"] == "whole" and scale:
        found["steps"] = float(np.rint(np.abs(outputs - expected).max() / scale))
        found["off"] = float((np.abs(outputs - expected) > scale / 2).mean())
    found["good"] = found["kind"] == "weights" or (
        found["steps"] == 0 if "steps" in found else found["difference"] <= FLOAT
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=pathlib.Path, nargs="+")
    parser.add_argument("--lookbook", type=pathlib.Path, required=True, help="the binary")
    parser.add_argument("--only", default="", help="only files with this in their names")
    parser.add_argument("--out", type=pathlib.Path, help="where all of it goes as JSON")
    options = parser.parse_args()
    lookbook = options.lookbook.resolve()
    if not lookbook.is_file():
        raise SystemExit(f"exact.py: no file '{lookbook}'; build it, or name another with --lookbook")
    files = sorted(file for folder in options.folders for file in folder.rglob("*.tflite"))
    results, wrong, left = {}, [], 0
    for file in files:
        if options.only not in file.name:
            continue
        try:
            found = compare(lookbook, file)
        except (Unfit, ValueError, RuntimeError) as error:
            # The official runtime's own refusals are the latter two.
            left += 1
            print(f"{'left out':>10}  {file}: {str(error).splitlines()[0][:100]}", flush=True)
            continue
        except Refused as error:
            found = {"good": False, "refused": str(error)}
        results[str(file)] = found
        if not found["good"]:
            wrong.append(file)
        said = found.get("refused") or f"{found['difference']:.2g} of {found['range']:.2g}"
        if "steps" in found:
            said = f"{found['steps']:.0f} steps, {found['off']:.2%} of the numbers"
        print(f"{'good' if found['good'] else 'WRONG':>10}  {file} ({found.get('kind', '?')}): {said}", flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{len(results) - len(wrong)} of {len(results)} are good; {left} left out")
    sys.exit(1 if wrong or not results else 0)


if __name__ == "__main__":
    main()
