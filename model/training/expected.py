"""Writes what the official LiteRT runtime says about the drawn photos, for tests to compare with.

For each photo: the exact pixels that go into the model, as a PNG, and the scores. So a test can tell
a wrong decoding or resizing from a wrong inference. For some of them also a smaller copy without loss, and
its scores: what comes between a file and its scores, but for the decoding of JPEG, must be the same.
"""

import argparse
import hashlib
import importlib.metadata
import json
import pathlib
import tomllib

import numpy as np
from PIL import Image

import data
from measure import Model, softmax

WHOLE = "dress-1", "hat-1", "outwear-1", "t-shirt-2"
"""The photos that there is a copy of."""
WHOLE_SIZE = 270, 360
"""The width and height of a copy."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of clothing.tflite and .toml")
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder of the drawn photos")
    options = parser.parse_args()
    out = options.model / "expected"
    out.mkdir(exist_ok=True)
    for old in out.glob("*.png"):
        old.unlink()

    file = (options.model / "clothing.tflite").read_bytes()
    model = Model(file)
    description = tomllib.loads((options.model / "clothing.toml").read_text("utf-8"))
    temperature, labels = description["temperature"], description["labels"]
    photos, whole, right = [], [], 0

    def score(pixels: np.ndarray) -> dict[str, float]:
        logits = model.logits(pixels).astype(np.float64)[None]
        scores = softmax(logits / temperature)[0]
        return {label: round(float(score), 9) for label, score in zip(labels, scores)}

    for path in sorted(options.photos.glob("*.jpg")):
        photo = data.open_photo(path)
        pixels = np.asarray(data.squash(photo, model.size))
        Image.fromarray(pixels).save(out / f"{path.stem}.png", optimize=True)
        scores = score(pixels)
        best = max(scores, key=scores.get)
        right += best == path.stem.rsplit("-", 1)[0]
        print(f"{path.name:18} {best:10} {scores[best]:.3f}")
        photos.append({"photo": path.name, "pixels": f"{path.stem}.png", "scores": scores})
        if path.stem in WHOLE:
            copy = photo.resize(WHOLE_SIZE, Image.Resampling.LANCZOS)
            copy.save(out / f"{path.stem}.whole.png", optimize=True)
            scores = score(np.asarray(data.squash(copy, model.size)))
            whole.append({"photo": f"{path.stem}.whole.png", "scores": scores})
    print(f"{right} of {len(photos)} drawn photos right")
    content = {
        "model_id": hashlib.sha256(file).hexdigest()[:16],
        "runtime": f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}",
        "photos": photos,
        "whole": whole,
    }
    (out / "expected.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
