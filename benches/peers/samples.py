"""The photos that lookbook and its peers are timed on.

    samples.py FOLDER [--photos FOLDER] [--count N]

Writes FOLDER/same/NNNN.jpg, N copies of the photos in turn, and FOLDER/sizes/MEGAPIXELS/NN.jpg, the first
few of them enlarged, with grain and the compression of a camera. What is there stays.
"""

import argparse
import math
import pathlib
import shutil

import numpy as np
from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEGAPIXELS = [0.2, 0.5, 1, 2, 4, 8, 12]
EACH = 12
"""Photos of each size."""


def enlarged(path: pathlib.Path, megapixels: float, seed: int) -> Image.Image:
    """A photo of about that many million pixels, of its own proportions."""
    with Image.open(path) as photo:
        photo = ImageOps.exif_transpose(photo).convert("RGB")
    scale = math.sqrt(megapixels * 1e6 / (photo.width * photo.height))
    size = (round(photo.width * scale), round(photo.height * scale))
    photo = photo.resize(size, Image.BICUBIC)
    # Without grain it would be nothing but smooth, which is cheap to decode.
    grain = np.random.default_rng(seed).normal(0, 4, (size[1], size[0], 1)).astype(np.float32)
    return Image.fromarray((np.asarray(photo, np.float32) + grain).clip(0, 255).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--photos", type=pathlib.Path, default=ROOT / "events/photos")
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    files = sorted(path for path in options.photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not files:
        raise SystemExit(f"samples.py: no JPEG in {options.photos}")
    # Spread over all of a folder with more: its first ones may be of one kind.
    chosen = files[:: max(1, len(files) // options.count)][: options.count]

    same = options.folder / "same"
    origin = options.folder / "origin"
    if not origin.exists() or origin.read_text() != str(options.photos.resolve()):
        shutil.rmtree(options.folder, ignore_errors=True)
    same.mkdir(parents=True, exist_ok=True)
    for number in range(options.count):
        path = same / f"{number:04}.jpg"
        if not path.exists():
            shutil.copyfile(chosen[number % len(chosen)], path)
    for megapixels in MEGAPIXELS:
        folder = options.folder / "sizes" / f"{megapixels:g}"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(EACH):
            path = folder / f"{number:02}.jpg"
            if not path.exists():
                enlarged(chosen[number % len(chosen)], megapixels, number).save(path, quality=88)
    origin.write_text(str(options.photos.resolve()))


if __name__ == "__main__":
    main()
