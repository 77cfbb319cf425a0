"""Writes what the official LiteRT runtime says about the drawn photos, for tests to compare with.

For each photo: the exact pixels that go into the model, as a PNG, and the scores. So a test can tell
a wrong decoding or resizing from a wrong inference.
"""

import argparse
import hashlib
import importlib.metadata
import json
import pathlib

import numpy as np
from PIL import Image

import data
from export import Model, read_temperature
from train import softmax


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of clothing.tflite and .toml")
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder of the drawn photos")
    options = parser.parse_args()
    out = options.model / "expected"
    out.mkdir(exist_ok=True)
    for old in out.glob("*.png"):
        old.unlink()

    file = options.model / "clothing.tflite"
    model = Model(file)
    temperature = read_temperature(options.model / "clothing.toml")
    photos, right = [], 0
    for path in sorted(options.photos.glob("*.jpg")):
        pixels = np.asarray(data.squash(data.open_photo(path)))
        Image.fromarray(pixels).save(out / f"{path.stem}.png", optimize=True)
        logits = model.logits(pixels).astype(np.float64)[None]
        scores = softmax(logits / temperature)[0]
        best = data.LABELS[scores.argmax()]
        right += best == path.stem.rsplit("-", 1)[0]
        print(f"{path.name:18} {best:10} {scores.max():.3f}")
        photos.append(
            {
                "photo": path.name,
                "pixels": f"{path.stem}.png",
                "scores": {label: round(float(score), 9) for label, score in zip(data.LABELS, scores)},
            }
        )
    print(f"{right} of {len(photos)} drawn photos right")
    content = {
        "model_id": hashlib.sha256(file.read_bytes()).hexdigest()[:16],
        "runtime": f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}",
        "photos": photos,
    }
    (out / "expected.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
