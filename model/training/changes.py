"""Photos in memory, and changing them at random for training."""

import dataclasses
import io
import pathlib

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from cutout import soften
from data import LABELS, list_photos, open_photo, squash

KEPT = 560
"""Photos are kept in memory with at most this width and height."""


@dataclasses.dataclass(frozen=True)
class Strength:
    """How much photos are changed."""

    least: float
    """Share of a photo's area that a box has at least."""
    degrees: float
    """A photo is turned by at most so much, at times."""
    light: tuple[float, float]
    contrast: tuple[float, float]
    colour: tuple[float, float]
    gain: float
    """Each colour channel is made stronger or weaker by at most this share."""
    rare: float
    """1 for quarter turns, borders, blur, noise, compression and the like; 0 for none of them."""


STRENGTHS = {
    "mild": Strength(0.35, 20, (0.7, 1.3), (0.7, 1.3), (0.6, 1.4), 0.1, 0),
    "strong": Strength(0.3, 25, (0.55, 1.4), (0.6, 1.4), (0.4, 1.5), 0.15, 1),
}


class Photos:
    """The photos of a folder, in memory, with their labels, weights and masks."""

    def __init__(self, folder: pathlib.Path, masks: pathlib.Path | None, limit: int | None, seed: int):
        listed = list_photos(folder)
        if limit:
            order = np.random.default_rng(seed).permutation(len(listed))[:limit]
            listed = [listed[index] for index in order]
        self.pixels = []
        for path, _ in listed:
            photo = open_photo(path)
            photo.thumbnail((KEPT, KEPT), Image.Resampling.BILINEAR)
            self.pixels.append(np.asarray(photo))
        self.masks = [None] * len(listed)
        if masks:
            with np.load(masks) as found:
                names = [str(path.relative_to(folder)) for path, _ in listed]
                self.masks = [found[name] if name in found else None for name in names]
        self.labels = np.array([index for _, index in listed])
        # Rare labels weigh more, but less than in full proportion.
        share = np.bincount(self.labels, minlength=len(LABELS)).clip(1) / len(self.labels)
        weights = (1 / share) ** 0.25
        self.weights = (weights / (weights * share).sum())[self.labels].astype(np.float32)

    def __len__(self) -> int:
        return len(self.pixels)


class Epoch(torch.utils.data.Dataset):
    """The photos of one epoch in random order, each changed at random.

    What happens to a photo depends on the seed, the epoch and the photo only, not on processes.
    """

    def __init__(self, photos: Photos, strength: Strength, size: int, seed: int, epoch: int):
        self.photos, self.strength, self.size = photos, strength, size
        self.seed, self.epoch = seed, epoch
        self.order = np.random.default_rng((seed, epoch)).permutation(len(photos))

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place):
        index = self.order[place]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        photo, mask = Image.fromarray(self.photos.pixels[index]), self.photos.masks[index]
        if mask is not None and rng.random() < 0.25:
            ground = draw_ground(self.photos.pixels[rng.integers(len(self.photos))], photo.size, rng)
            photo = Image.composite(photo, ground, soften(mask, photo.size))
        pixels = change_pixels(draw_box(photo, self.strength, self.size, rng), self.strength, rng)
        return pixels, self.photos.labels[index], self.photos.weights[index]


def draw_ground(other: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Another background: white, one colour, or the edge of another photo."""
    kind = rng.random()
    if kind < 0.4:
        return Image.new("RGB", size, "white")
    if kind < 0.55:
        return Image.new("RGB", size, tuple(int(value) for value in rng.integers(0, 256, 3)))
    height, width = other.shape[:2]
    edges = (
        other[:, : width // 6],
        other[:, -(width // 6) :],
        other[: height // 6],
        other[-(height // 6) :],
    )
    return Image.fromarray(edges[rng.integers(4)]).resize(size, Image.Resampling.BILINEAR)


def draw_box(photo: Image.Image, strength: Strength, size: int, rng: np.random.Generator) -> Image.Image:
    """Squashes a random box of a photo, sometimes turned or with room around it."""
    if rng.random() < 0.3:
        corner = photo.getpixel((2, 2))
        degrees = rng.uniform(-strength.degrees, strength.degrees)
        photo = photo.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=corner)
    elif rng.random() < 0.06 * strength.rare:
        turns = Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270
        photo = photo.transpose(turns[rng.integers(3)])
    if rng.random() < 0.5:
        photo = ImageOps.mirror(photo)
    if rng.random() < 0.15 * strength.rare:
        # The garment far away: room on all sides, of the corner's colour, white or grey.
        colours = photo.getpixel((2, 2)), (255, 255, 255), (128, 128, 128)
        border = int(max(photo.size) * rng.uniform(0.05, 0.35))
        photo = ImageOps.expand(photo, border, colours[rng.integers(3)])
        least = 0.7
    else:
        least = strength.least
    # A box of a share of the area; its proportions are near the photo's own.
    area, ratio = rng.uniform(least, 1), np.exp(rng.uniform(-0.3, 0.3))
    width = min(1, np.sqrt(area * ratio)) * photo.width
    height = min(1, np.sqrt(area / ratio)) * photo.height
    left, top = rng.uniform(0, photo.width - width), rng.uniform(0, photo.height - height)
    box = left, top, left + width, top + height
    if rng.random() < 0.08 * strength.rare:
        # A small photo that was made larger.
        return squash(squash(photo, int(size * rng.uniform(0.3, 0.7)), box), size)
    return squash(photo, size, box)


def change_pixels(photo: Image.Image, strength: Strength, rng: np.random.Generator) -> np.ndarray:
    """Changes light, colours, sharpness and compression; hides a rectangle at times."""
    for enhance, ends in (
        (ImageEnhance.Brightness, strength.light),
        (ImageEnhance.Contrast, strength.contrast),
        (ImageEnhance.Color, strength.colour),
    ):
        if rng.random() < 0.85:
            photo = enhance(photo).enhance(rng.uniform(*ends))
    if rng.random() < 0.06 * strength.rare:
        photo = ImageOps.grayscale(photo).convert("RGB")
    if rng.random() < 0.12 * strength.rare:
        photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 2.2)))
    if rng.random() < 0.15 * strength.rare:
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=int(rng.integers(20, 80)))
        photo = Image.open(file)
    pixels = np.asarray(photo).astype(np.float32)
    size = len(pixels)
    if rng.random() < 0.8:
        # Warm and cold light.
        pixels *= rng.uniform(1 - strength.gain, 1 + strength.gain, 3).astype(np.float32)
    if rng.random() < 0.2 * strength.rare:
        power = np.float32(np.exp(rng.uniform(-0.5, 0.5)))
        pixels = 255 * (pixels.clip(0, 255) / 255) ** power
    if rng.random() < 0.1 * strength.rare:
        pixels += rng.normal(0, rng.uniform(3, 14), pixels.shape).astype(np.float32)
    if rng.random() < 0.25:
        # So that no single detail decides.
        height, width = rng.integers(size // 8, size // 3, 2)
        top, left = rng.integers(0, size - height), rng.integers(0, size - width)
        pixels[top : top + height, left : left + width] = rng.uniform(0, 255, 3)
    return pixels.clip(0, 255).astype(np.uint8)


def mix(pixels, targets, weights, rng: np.random.Generator, share: float):
    """Mixes a share of the batches with themselves in another order: mixup or CutMix.

    Gives pixels, targets and weights. A mixed photo weighs what its parts do, and its target is shared
    out by their weights, so that a rare label counts as much in a mixed photo as alone.
    """
    if rng.random() >= share:
        return pixels, targets, weights
    order = torch.from_numpy(rng.permutation(len(pixels))).to(pixels.device)
    if rng.random() < 0.5:
        kept = float(rng.beta(0.3, 0.3))
        pixels = pixels * kept + pixels[order] * (1 - kept)
    else:
        size = pixels.shape[-1]
        edge = int(size * np.sqrt(1 - rng.beta(1, 1)))
        top, left = rng.integers(0, size - edge + 1, 2)
        bottom, right = top + edge, left + edge
        pixels = pixels.clone(memory_format=torch.preserve_format)
        pixels[:, :, top:bottom, left:right] = pixels[order, :, top:bottom, left:right]
        kept = 1 - edge * edge / (size * size)
    mine, other = weights * kept, weights[order] * (1 - kept)
    mixed = mine + other
    targets = (targets * mine[:, None] + targets[order] * other[:, None]) / mixed[:, None]
    return pixels, targets, mixed
