"""Reads a folder of photos once, into one file of squashed pixels that training begins with.

The file is a NumPy archive: `labels` (names), and for each part, `train` and `validation`: `PART_pixels`
(photos, KEPT, KEPT, 3) as bytes, `PART_labels` (indices), `PART_aspects` (a photo's width over its
height), `PART_masks` (photos, MASK, MASK / 8: bits, where the garment is) and `PART_found` (whether there is a mask).
"""

import argparse
import concurrent.futures
import os
import pathlib

import cv2
import numpy as np
from PIL import Image

from cutout import find_mask
from data import list_photos, open_photo, squash

KEPT = 288
"""Width and height in which photos are kept: more than what networks see, for boxes of them."""
MASK = 96
"""Width and height of a mask."""


def read(file: pathlib.Path) -> tuple[np.ndarray, float, np.ndarray | None]:
    """A photo's squashed pixels, its proportions and its mask, if the garment was found."""
    cv2.setNumThreads(1)
    cv2.setRNGSeed(7)
    photo = open_photo(file)
    mask = find_mask(photo)
    if mask is not None:
        square = Image.fromarray(mask).resize((MASK, MASK), Image.Resampling.BILINEAR)
        mask = np.packbits(np.asarray(square) > 127, axis=1)
    return np.asarray(squash(photo, KEPT)), photo.width / photo.height, mask


def read_all(photos: list, processes: int) -> dict[str, np.ndarray]:
    """What `read` gives for all photos, and their labels."""
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        found = list(pool.map(read, [path for path, _ in photos], chunksize=16))
    blank = np.zeros((MASK, MASK // 8), np.uint8)
    return {
        "pixels": np.stack([pixels for pixels, _, _ in found]),
        "labels": np.array([index for _, index in photos]),
        "aspects": np.array([aspect for _, aspect, _ in found], np.float32),
        "masks": np.stack([blank if mask is None else mask for _, _, mask in found]),
        "found": np.array([mask is not None for _, _, mask in found]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder with one folder a label")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the file to write (.npz)")
    parser.add_argument("--limit", type=int, help="so many photos of a part only, for a quick check")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    labels, train, validation = list_photos(options.photos)
    content = {"labels": np.array(labels)}
    for part, photos in (("train", train), ("validation", validation)):
        if options.limit:
            # Every so many photos, so that each label has some.
            photos = photos[:: max(1, len(photos) // options.limit)]
        for name, value in read_all(photos, options.processes).items():
            content[f"{part}_{name}"] = value
        print(f"{part}: {len(photos)} photos, {content[f'{part}_found'].sum()} garments found")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(options.out, **content)


if __name__ == "__main__":
    main()
