"""Draws the sample photos of `events/photos`: one function of `tops` or `others` a photo.

The photos are made of nothing but arithmetic: no part of them comes from a real photo, and no model is
trained on them. The same seed draws the same pixels.
"""

import argparse
import pathlib

from PIL import Image

import others
import tops

PHOTOS = {
    "dress-1": others.dress_1,
    "dress-2": others.dress_2,
    "hat-1": others.hat_1,
    "longsleeve-1": tops.longsleeve_1,
    "outwear-1": tops.outwear_1,
    "pants-1": others.pants_1,
    "pants-2": others.pants_2,
    "shirt-1": tops.shirt_1,
    "shirt-2": tops.shirt_2,
    "shoes-1": others.shoes_1,
    "shorts-1": others.shorts_1,
    "skirt-1": others.skirt_1,
    "t-shirt-1": tops.t_shirt_1,
    "t-shirt-2": tops.t_shirt_2,
}
"""Name of the file, up to the number its label, and what draws it."""

LYING = "pants-2"
"""This photo is stored lying on its side, with an EXIF orientation that sets it upright."""

ORIENTATION = 0x0112


def save(photo: Image.Image, path: pathlib.Path, lying: bool) -> None:
    """Writes a JPEG with all of its colour detail; no other metadata."""
    exif = Image.Exif()
    if lying:
        # 6: turn by 90 degrees clockwise to see it upright.
        exif[ORIENTATION] = 6
        photo = photo.transpose(Image.Transpose.ROTATE_90)
    photo.save(path, quality=92, subsampling=0, exif=exif)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the photos")
    parser.add_argument("names", nargs="*", help="draw these only, as in hat-1")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or PHOTOS:
        save(PHOTOS[name](), options.out / f"{name}.jpg", name == LYING)


if __name__ == "__main__":
    main()
