"""Reading photos and their labels.

Photos are read as the software reads them: turned as their EXIF says, converted to RGB, and squashed
to a square with Pillow's bilinear filter, which averages over all the pixels that it shrinks. The labels
are the names of the folders, in alphabetical order, just as they are written.
"""

import dataclasses
import hashlib
import pathlib
import unicodedata

import numpy as np
from PIL import Image, ImageOps

MEAN, STD = 127.0, 128.0
"""The networks see (pixel - MEAN) / STD."""

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
"""Other files in the folders are passed over."""

HELD_BACK = 0.1
"""Share of the photos that are kept for validation where the folder has no such part."""

RESERVED = "review", "rejected"
"""No label has these names: they are shelves of photos that have none. Such folders are left out."""

MAX_BYTES = 200
"""The longest label, in UTF-8."""

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


@dataclasses.dataclass
class Listing:
    """What a folder of photos has."""

    labels: list[str]
    train: list[Photo]
    validation: list[Photo]
    left_out: list[str]
    """Folders beside the labels, each with the reason why it is none."""

    def counts(self) -> list[tuple[str, int, int]]:
        """Each label with its number of photos to train and to validate."""
        parts = [[index for _, index in photos] for photos in (self.train, self.validation)]
        return [(label, *(part.count(index) for part in parts)) for index, label in enumerate(self.labels)]


def fault_of(label: str) -> str | None:
    """What is wrong with a folder's name as a label, by the rules of the software."""
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in label):
        return "has a control character, or is not UTF-8"
    if label != label.strip():
        return "begins or ends with white space"
    if len(label.encode()) > MAX_BYTES:
        return f"has more than {MAX_BYTES} bytes"
    return None


def label_folders(folder: pathlib.Path) -> tuple[list[str], list[str]]:
    """The names of the folders that are labels, and those of the others with what they lack."""
    labels, left_out = [], []
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir() or entry.name.startswith("."):
            continue
        if entry.name in RESERVED:
            left_out.append(f"{entry.name}: the name of a shelf, which no label may have")
        elif not files_of(entry):
            left_out.append(f"{entry.name}: no photo lies in it")
        elif fault := fault_of(entry.name):
            raise SystemExit(f"the folder {str(entry)!a} {fault}: give it a name that can be a label")
        else:
            labels.append(entry.name)
    return labels, left_out


def files_of(folder: pathlib.Path) -> list[pathlib.Path]:
    """The photos of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def place_of(file: pathlib.Path) -> float:
    """A number from 0 to 1 by a photo's content, so that a copy gets the same."""
    digest = hashlib.sha256(file.read_bytes()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split(files: list[pathlib.Path]) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    """The photos of a label to train and to validate: by their content, so that copies stay together.

    At least one photo is to train. Of several that differ, at least one is to validate.
    """
    places = {file: place_of(file) for file in files}
    others = sorted(set(places.values()))[:-1]
    back = {place for place in others if place < HELD_BACK or place == others[0]}
    train = [file for file in files if places[file] not in back]
    return train, [file for file in files if places[file] in back]


def list_photos(folder: pathlib.Path) -> Listing:
    """The labels of a folder of photos, its photos to train and its photos to validate.

    The folder has `train` and `validation`, each with one folder a label, or one folder a label itself.
    Fails if there are fewer than two labels, or if one has photos to validate but none to train.
    """
    parts = folder / "train", folder / "validation"
    if all(part.is_dir() for part in parts):
        (labels, left_out), (others, more) = (label_folders(part) for part in parts)
        unknown = ", ".join(label for label in others if label not in labels)
        if unknown:
            raise SystemExit(f"{parts[1]} has labels that {parts[0]} lacks: {unknown}")
        left_out += [line for line in more if line not in left_out]
        train, validation = (
            [(path, labels.index(label)) for label in here for path in files_of(part / label)]
            for part, here in zip(parts, (labels, others), strict=True)
        )
    else:
        labels, left_out = label_folders(folder)
        train, validation = [], []
        for index, label in enumerate(labels):
            for part, files in zip((train, validation), split(files_of(folder / label)), strict=True):
                part.extend((path, index) for path in files)
    if len(labels) < 2:
        reasons = "".join(f"\nleft out: {line}" for line in left_out)
        raise SystemExit(f"{folder} has fewer than two labels: one folder of photos a label is needed{reasons}")
    return Listing(labels, train, validation, left_out)


def load_squashed(photos: list[Photo], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads photos: squashed pixels as bytes, and label indices."""
    pixels = [np.asarray(squash(open_photo(path), size)) for path, _ in photos]
    # With shapes and kinds of their own, for there may be no photo.
    return np.array(pixels, np.uint8).reshape(-1, size, size, 3), np.array([index for _, index in photos], int)
