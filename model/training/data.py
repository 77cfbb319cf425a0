"""Reading photos and their labels.

Photos are read as the software reads them: turned as their EXIF says, converted to RGB, and squashed
to a square with Pillow's bilinear filter, which averages over all the pixels that it shrinks. The labels
are the names of the folders, in alphabetical order.
"""

import hashlib
import pathlib

import numpy as np
from PIL import Image, ImageOps

MEAN, STD = 127.0, 128.0
"""The networks see (pixel - MEAN) / STD."""

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
"""Other files in the folders are passed over."""

HELD_BACK = 0.1
"""Share of the photos that are kept for validation where the folder has no such part."""

Photo = tuple[pathlib.Path, int]
"""A photo's file and the index of its label."""


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


def label_folders(folder: pathlib.Path) -> list[str]:
    """The names of the folders that have photos in them."""
    inside = (entry for entry in sorted(folder.iterdir()) if entry.is_dir())
    return [entry.name for entry in inside if not entry.name.startswith(".") and files_of(entry)]


def files_of(folder: pathlib.Path) -> list[pathlib.Path]:
    """The photos of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def place_of(file: pathlib.Path) -> float:
    """A number from 0 to 1 by a photo's content, so that a copy gets the same."""
    digest = hashlib.sha256(file.read_bytes()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split(files: list[pathlib.Path]) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    """The photos of a label to train and to validate: by their content, and at least one to validate."""
    places = {file: place_of(file) for file in files}
    least = min(places.values())
    back = [file for file in files if places[file] < HELD_BACK or places[file] == least]
    return [file for file in files if file not in back], back


def list_photos(folder: pathlib.Path) -> tuple[list[str], list[Photo], list[Photo]]:
    """The labels of a folder of photos, its photos to train and its photos to validate.

    The folder has `train` and `validation`, each with one folder a label, or one folder a label itself.
    Fails if there are fewer than two labels, or if a part lacks a label.
    """
    parts = folder / "train", folder / "validation"
    if all(part.is_dir() for part in parts):
        labels = label_folders(parts[0])
        if labels != label_folders(parts[1]):
            raise SystemExit(f"{parts[0]} and {parts[1]} have different labels")
        train, validation = (
            [(path, index) for index, label in enumerate(labels) for path in files_of(part / label)]
            for part in parts
        )
    else:
        labels = label_folders(folder)
        train, validation = [], []
        for index, label in enumerate(labels):
            for part, files in zip((train, validation), split(files_of(folder / label)), strict=True):
                part.extend((path, index) for path in files)
    if len(labels) < 2:
        raise SystemExit(f"{folder} has fewer than two folders with photos: one folder a label is needed")
    for name, photos in (("train", train), ("validate", validation)):
        missing = set(range(len(labels))) - {index for _, index in photos}
        if missing:
            names = ", ".join(labels[index] for index in sorted(missing))
            raise SystemExit(f"{folder} has no photo to {name} of {names}: add more photos")
    return labels, train, validation


def load_squashed(photos: list[Photo], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads photos: squashed pixels as bytes, and label indices."""
    pixels = np.stack([np.asarray(squash(open_photo(path), size)) for path, _ in photos])
    return pixels, np.array([index for _, index in photos])
