"""Reads a folder of photos once, into one file of squashed pixels that training begins with.

A file that is there already is kept if it is of the same photos. If it is of others, it is made anew, unless networks
that were trained with it lie beside it: these must go first.

The file is a NumPy archive: `labels` (names), `origin` (a hash of the photos and their labels), and for each part,
`train` and `validation`: `PART_pixels` (photos, KEPT, KEPT, 3) as bytes, `PART_labels` (indices), `PART_aspects` (a
photo's width over its height), `PART_masks` (photos, MASK, MASK / 8: bits, where the garment is) and `PART_found`
(whether there is a mask).
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib

import cv2
import numpy as np
from PIL import Image

from cutout import find_mask
from data import Listing, Photo, list_photos, open_photo, squash

KEPT = 288
"""Width and height in which photos are kept: more than what networks see, for boxes of them."""
MASK = 96
"""Width and height of a mask."""


def read(file: pathlib.Path) -> tuple[np.ndarray, float, np.ndarray | None] | str:
    """A photo's squashed pixels, its proportions and its mask, if the garment was found; or why it cannot be read."""
    cv2.setNumThreads(1)
    cv2.setRNGSeed(7)
    try:
        photo = open_photo(file)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{file}: {error}"
    mask = find_mask(photo)
    if mask is not None:
        square = Image.fromarray(mask).resize((MASK, MASK), Image.Resampling.BILINEAR)
        mask = np.packbits(np.asarray(square) > 127, axis=1)
    return np.asarray(squash(photo, KEPT)), photo.width / photo.height, mask


def read_all(photos: list[Photo], processes: int) -> dict[str, np.ndarray]:
    """What `read` gives for all photos, and their labels. Fails if a photo cannot be read, and names them all."""
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        found = list(pool.map(read, [path for path, _ in photos], chunksize=16))
    broken = [line for line in found if isinstance(line, str)]
    if broken:
        raise SystemExit("\n".join(["these files cannot be read; mend them, or take them away:", *broken]))
    blank = np.zeros((MASK, MASK // 8), np.uint8)
    masks = [blank if mask is None else mask for _, _, mask in found]
    # With shapes and kinds of their own, for there may be no photo to validate.
    return {
        "pixels": np.array([pixels for pixels, _, _ in found], np.uint8).reshape(-1, KEPT, KEPT, 3),
        "labels": np.array([index for _, index in photos], int),
        "aspects": np.array([aspect for _, aspect, _ in found], np.float32),
        "masks": np.array(masks, np.uint8).reshape(-1, *blank.shape),
        "found": np.array([mask is not None for _, _, mask in found], bool),
    }


def origin_of(listing: Listing, limit: int | None) -> str:
    """A hash of the photos, of their labels and parts, and of how many are taken."""
    digest = hashlib.sha256(repr((listing.labels, limit)).encode())
    for photos in (listing.train, listing.validation):
        for path, index in photos:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{index} {content}\n".encode())
        digest.update(b"\n")
    return digest.hexdigest()


def is_done(file: pathlib.Path, origin: str) -> bool:
    """Whether the file is of these photos. Fails if networks lie beside it that were trained with others."""
    if not file.exists():
        return False
    with np.load(file) as arrays:
        if "origin" in arrays and str(arrays["origin"]) == origin:
            return True
    trained = sorted(path.name for path in file.parent.glob("*.npz") if path != file)
    if trained:
        raise SystemExit(
            f"the photos are not those that {', '.join(trained)} in {file.parent} were trained with: remove that"
            " folder to train anew"
        )
    return False


def tell(listing: Listing) -> None:
    """Prints what was found in the folder, and what was not."""
    print("photos to train and to validate, by their labels:")
    for label, train, validation in listing.counts():
        print(f"  {label:20} {train:5} {validation:5}")
    for line in listing.left_out:
        print(f"left out: {line}")
    lacking = ", ".join(label for label, _, validation in listing.counts() if not validation)
    if lacking:
        print(f"no photo validates {lacking}: nothing will be known of how often these labels are found")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder with one folder a label")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the file to write (.npz)")
    parser.add_argument("--limit", type=int, help="so many photos of a part only, for a quick check")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    listing = list_photos(options.photos)
    tell(listing)
    origin = origin_of(listing, options.limit)
    if is_done(options.out, origin):
        print(f"{options.out} has them already")
        return
    content = {"labels": np.array(listing.labels), "origin": np.array(origin)}
    for part, photos in (("train", listing.train), ("validation", listing.validation)):
        if options.limit:
            # Every so many photos, so that each label has some.
            photos = photos[:: max(1, len(photos) // options.limit)]
        for name, value in read_all(photos, options.processes).items():
            content[f"{part}_{name}"] = value
        print(f"{part}: {len(photos)} photos, {content[f'{part}_found'].sum()} garments found")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = options.out.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, **content)
    unfinished.replace(options.out)


if __name__ == "__main__":
    main()
