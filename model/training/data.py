"""Reading photos, and changing them at random for training.

Photos are read as the software reads them: turned as their EXIF says, converted to RGB, and squashed
to a square with Pillow's bilinear filter, which averages over all the pixels that it shrinks.
"""

import pathlib

import keras
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from backbone import MEAN, SIZE, STD

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


def open_photo(path: pathlib.Path) -> Image.Image:
    """Decodes a photo, upright and in RGB."""
    with Image.open(path) as photo:
        return ImageOps.exif_transpose(photo).convert("RGB")


def squash(photo: Image.Image, box: tuple | None = None) -> Image.Image:
    """Resizes a photo, or a box of it, to the model's input without keeping its proportions."""
    return photo.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box)


def normalise(pixels: np.ndarray) -> np.ndarray:
    """Turns pixels of 0 to 255 into the model's input."""
    return (pixels.astype(np.float32) - MEAN) / STD


def list_photos(folder: pathlib.Path) -> list[tuple[pathlib.Path, int]]:
    """Lists the photos of a folder that has one folder a label: path and label's index."""
    return [
        (path, index)
        for index, label in enumerate(LABELS)
        for path in sorted((folder / label).iterdir())
    ]


def load_squashed(folder: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads all photos of a folder: squashed pixels as bytes, and label indices."""
    photos = list_photos(folder)
    pixels = np.stack([np.asarray(squash(open_photo(path))) for path, _ in photos])
    return pixels, np.array([index for _, index in photos])


class Augmented(keras.utils.PyDataset):
    """Batches of photos that are cropped, flipped, turned and recoloured at random.

    What happens to a photo depends only on the seed, the epoch and the photo, not on threads.
    """

    def __init__(self, folder, batch, seed, smoothing, limit=None, **kwargs):
        super().__init__(**kwargs)
        listed = list_photos(folder)
        if limit:
            order = np.random.default_rng(seed).permutation(len(listed))[:limit]
            listed = [listed[index] for index in order]
        self.photos = [open_photo(path) for path, _ in listed]
        for photo in self.photos:
            photo.thumbnail((640, 640), Image.Resampling.BILINEAR)
        labels = np.array([index for _, index in listed])
        self.targets = np.eye(len(LABELS), dtype=np.float32)[labels]
        self.targets = self.targets * (1 - smoothing) + smoothing / len(LABELS)
        # Rare labels weigh more, but less than in full proportion.
        share = np.bincount(labels, minlength=len(LABELS)).clip(1) / len(labels)
        weights = (1 / share) ** 0.25
        self.weights = (weights / (weights * share).sum())[labels].astype(np.float32)
        self.batch, self.seed, self.epoch = batch, seed, 0
        self.shuffle()

    def shuffle(self) -> None:
        """Puts the photos into the epoch's order."""
        rng = np.random.default_rng((self.seed, self.epoch))
        self.order = rng.permutation(len(self.photos))

    def on_epoch_end(self) -> None:
        """Goes on to the next epoch."""
        self.epoch += 1
        self.shuffle()

    def __len__(self) -> int:
        return len(self.photos) // self.batch

    def __getitem__(self, number):
        chosen = self.order[number * self.batch : (number + 1) * self.batch]
        pixels = [self.draw(index) for index in chosen]
        return np.stack(pixels), self.targets[chosen], self.weights[chosen]

    def draw(self, index: int) -> np.ndarray:
        """Makes one random variant of a photo, as the model's input."""
        rng = np.random.default_rng((self.seed, self.epoch, index))
        photo = self.photos[index]
        if rng.random() < 0.3:
            corner = photo.getpixel((2, 2))
            photo = photo.rotate(
                rng.uniform(-20, 20), Image.Resampling.BILINEAR, fillcolor=corner
            )
        # A box of 35 to 100 % of the area; its proportions are near the photo's own.
        area, ratio = rng.uniform(0.35, 1), np.exp(rng.uniform(-0.3, 0.3))
        width = min(1, np.sqrt(area * ratio)) * photo.width
        height = min(1, np.sqrt(area / ratio)) * photo.height
        left, top = rng.uniform(0, photo.width - width), rng.uniform(0, photo.height - height)
        photo = squash(photo, (left, top, left + width, top + height))
        if rng.random() < 0.5:
            photo = ImageOps.mirror(photo)
        for enhance, spread in (
            (ImageEnhance.Brightness, 0.3),
            (ImageEnhance.Contrast, 0.3),
            (ImageEnhance.Color, 0.4),
        ):
            photo = enhance(photo).enhance(rng.uniform(1 - spread, 1 + spread))
        pixels = np.asarray(photo).astype(np.float32)
        # A different strength of each colour channel: warm and cold light.
        pixels *= rng.uniform(0.9, 1.1, 3).astype(np.float32)
        if rng.random() < 0.25:
            # Hide a rectangle, so that no single detail decides.
            height, width = rng.integers(SIZE // 8, SIZE // 3, 2)
            top, left = rng.integers(0, SIZE - height), rng.integers(0, SIZE - width)
            pixels[top : top + height, left : left + width] = rng.uniform(0, 255, 3)
        return normalise(pixels.clip(0, 255))
