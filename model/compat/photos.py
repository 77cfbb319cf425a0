"""Draws small photos: coloured shapes of ten kinds on soft backgrounds, with light and grain."""

import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

KINDS = ["discs", "squares", "stripes", "rings", "triangles", "checks", "waves", "clouds", "lines", "dots"]
"""What is on a photo. The networks' ten outputs stand for these, in this order."""

TESTED = ["discs", "rings", "checks", "lines"]
"""The kinds of the four photos that the report looks at."""

NORMALISE = {
    "-1..1": lambda pixels: pixels / 127.5 - 1,
    "0..1": lambda pixels: pixels / 255,
    "0..255": lambda pixels: pixels,
    "imagenet": lambda pixels: (pixels / 255 - IMAGENET_MEAN) / IMAGENET_STD,
}
"""Names that `lookbook classify --normalise` takes, and what each does with pixels of 0 to 255."""

IMAGENET_MEAN, IMAGENET_STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


PALETTE = dict(
    zip(
        KINDS,
        [
            (200, 40, 40),
            (40, 160, 60),
            (40, 70, 200),
            (230, 210, 60),
            (20, 20, 30),
            (240, 240, 235),
            (150, 60, 170),
            (120, 190, 220),
            (230, 130, 40),
            (110, 90, 70),
        ],
    )
)
"""What colour the photos of a kind tend to, for they should differ as a whole and not only in detail."""


def colours(kind: str, rng: np.random.Generator, count: int, spread: float) -> list[tuple[int, ...]]:
    """Colours of a kind, with a share of quite different ones in them."""
    mixed = (1 - spread) * np.array(PALETTE[kind]) + spread * rng.uniform(0, 255, (count, 3))
    return [tuple(int(part) for part in colour) for colour in mixed]


def fields(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Turned positions of -1 to 1."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    turn = rng.uniform(0, np.pi)
    return np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x


def pattern(kind: str, size: int, rng: np.random.Generator) -> np.ndarray | None:
    """A mask of 0 to 1 for the kinds that fill the photo."""
    x, y = fields(size, rng)
    step = rng.uniform(4, 7)
    if kind == "stripes":
        return np.sin(x * step * np.pi) > 0
    if kind == "checks":
        return (np.sin(x * step * np.pi) > 0) ^ (np.sin(y * step * np.pi) > 0)
    if kind == "waves":
        return 0.5 + 0.5 * np.sin(x * step * 2 + np.sin(y * step) * 2)
    if kind == "clouds":
        grid = Image.fromarray(rng.random((5, 5)).astype(np.float32))
        return np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC)).clip(0, 1)
    return None


def shapes(kind: str, size: int, rng: np.random.Generator, picture: Image.Image) -> None:
    """Draws the kinds that are things at places."""
    draw = ImageDraw.Draw(picture)
    count = {"dots": 90, "lines": 14}.get(kind, 6)
    for colour in colours(kind, rng, count, 0.6):
        x, y = rng.uniform(0.1, 0.9, 2) * size
        radius = size * (rng.uniform(0.015, 0.03) if kind == "dots" else rng.uniform(0.1, 0.24))
        box = (x - radius, y - radius, x + radius, y + radius)
        if kind in ("discs", "dots"):
            draw.ellipse(box, fill=colour)
        elif kind == "squares":
            draw.rectangle(box, fill=colour)
        elif kind == "rings":
            draw.ellipse(box, outline=colour, width=max(2, size // 25))
        elif kind == "triangles":
            draw.regular_polygon((x, y, radius), 3, rotation=int(rng.integers(0, 360)), fill=colour)
        elif kind == "lines":
            end = tuple(rng.uniform(0, 1, 2) * size)
            draw.line([(x, y), end], fill=colour, width=max(2, size // 40))


def draw(kind: str, size: int, seed: int) -> Image.Image:
    """One photo, always the same for the same arguments."""
    rng = np.random.default_rng([KINDS.index(kind), size, seed])
    first, second = np.array(colours(kind, rng, 2, 0.2), float)
    third = np.array(colours(kind, rng, 1, 0.6)[0], float)
    x, _ = fields(size, rng)
    light = (x[..., None] + 1.5) / 3
    canvas = first * light + second * (1 - light)
    mask = pattern(kind, size, rng)
    if mask is not None:
        canvas = canvas * (1 - mask[..., None]) + third * mask[..., None]
    picture = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    shapes(kind, size, rng, picture)
    picture = picture.filter(ImageFilter.GaussianBlur(0.7))
    grain = rng.normal(0, 6, (size, size, 1)) + rng.normal(0, 3, (size, size, 3))
    return Image.fromarray((np.asarray(picture, float) + grain).clip(0, 255).astype(np.uint8))


def write_tested(folder: pathlib.Path, size: int) -> list[pathlib.Path]:
    """Writes the tested photos as `photos/SIZE/KIND.png`, where they are not yet; returns the paths."""
    paths = [folder / "photos" / str(size) / f"{kind}.png" for kind in TESTED]
    for kind, path in zip(TESTED, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draw(kind, size, seed=0).save(path)
    return paths


def read(path: pathlib.Path) -> np.ndarray:
    """A photo's pixels of 0 to 255, [1, height, width, 3]."""
    with Image.open(path) as photo:
        return np.asarray(photo.convert("RGB"), np.float64)[None]
