"""Reading photos.

Photos are read as the software reads them: turned as their EXIF says, converted to RGB, and squashed
to a square with Pillow's bilinear filter, which averages over all the pixels that it shrinks.
"""

import pathlib

import numpy as np
from PIL import Image, ImageOps

LABELS = [
    "dress",
    "hat",
    "longsleeve",
    "outwear",
    "pants",
    "shirt",
    "shoes",
    "shorts",
    "skirt",
    "t-shirt",
]
"""The labels, in the order of the model's outputs."""

MEAN, STD = 127.0, 128.0
"""The networks see (pixel - MEAN) / STD."""


def open_photo(file) -> Image.Image:
    """Decodes a photo, upright and in RGB; what is transparent becomes white."""
    with Image.open(file) as photo:
        photo = ImageOps.exif_transpose(photo)
        if photo.has_transparency_data:
            photo = photo.convert("RGBA")
            photo = Image.alpha_composite(Image.new("RGBA", photo.size, "white"), photo)
        return photo.convert("RGB")


def squash(photo: Image.Image, size: int, box: tuple | None = None) -> Image.Image:
    """Resizes a photo, or a box of it, to a square without keeping its proportions."""
    return photo.resize((size, size), Image.Resampling.BILINEAR, box=box)


def list_photos(folder: pathlib.Path) -> list[tuple[pathlib.Path, int]]:
    """Lists the photos of a folder that has one folder a label: path and label's index."""
    return [
        (path, index)
        for index, label in enumerate(LABELS)
        for path in sorted((folder / label).iterdir())
    ]


def load_squashed(folder: pathlib.Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads all photos of a folder: squashed pixels as bytes, and label indices."""
    photos = list_photos(folder)
    pixels = np.stack([np.asarray(squash(open_photo(path), size)) for path, _ in photos])
    return pixels, np.array([index for _, index in photos])
