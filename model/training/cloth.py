"""A small kit to draw garments that look like photos: shapes, fabrics, folds, shadows, backgrounds.

Positions are in units of a frame that is WIDTH x HEIGHT; the drawing is done SCALE times larger and
shrunk at the end. A colour is three numbers of 0 to 1. Everything random comes from the scene's seed.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT, SCALE = 400, 533, 2
SHAPE = (HEIGHT * SCALE, WIDTH * SCALE)
LIGHT = (0.55, 0.83)
"""Where the light goes: right and down."""

PALE_WOOD, BROWN_WOOD, GREY_WOOD = (0.84, 0.70, 0.53), (0.47, 0.31, 0.20), (0.62, 0.60, 0.58)


def mirror(half: list) -> list:
    """Closes a left half, given from top to bottom, with its mirror image about the middle."""
    right = [(WIDTH - x, y, *more) for x, y, *more in reversed(half) if abs(x - WIDTH / 2) > 0.5]
    return half + right


def smooth(points: list, closed: bool = True) -> list:
    """Draws a soft curve through points; a third element in a point makes it a sharp corner."""
    count, line = len(points), []
    for index in range(count if closed else count - 1):
        before, start, end, after = (
            points[(index + step) % count] if closed else points[min(max(index + step, 0), count - 1)]
            for step in (-1, 0, 1, 2)
        )
        before = start if len(start) > 2 else before
        after = end if len(end) > 2 else after
        for t in np.linspace(0, 1, 12, endpoint=False):
            line.append(
                tuple(
                    0.5
                    * (
                        2 * start[axis]
                        + (end[axis] - before[axis]) * t
                        + (2 * before[axis] - 5 * start[axis] + 4 * end[axis] - after[axis]) * t**2
                        + (3 * start[axis] - before[axis] - 3 * end[axis] + after[axis]) * t**3
                    )
                    for axis in (0, 1)
                )
            )
    return line if closed else line + [tuple(points[-1][:2])]


def blur(values: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur of a grey field of small numbers; the radius is in frame units."""
    picture = Image.fromarray(np.round(values * 255).clip(0, 255).astype(np.uint8))
    for _ in range(2):
        # Twice, in smaller steps: eight bits would show as terraces in the light.
        picture = picture.filter(ImageFilter.GaussianBlur(radius * SCALE * 0.7))
    return np.asarray(picture, dtype=np.float32) / 255


def stretch(grid: np.ndarray) -> np.ndarray:
    """Enlarges a small grid of numbers to the drawing's size, softly."""
    picture = Image.fromarray(grid.astype(np.float32))
    return np.asarray(picture.resize(SHAPE[::-1], Image.Resampling.BICUBIC))


class Scene:
    """A photo in the making: a background, onto which panels and lines are laid."""

    def __init__(self, seed: int, turn: float = 0.0, zoom: float = 1.0, shift: tuple = (0, 0)):
        self.rng = np.random.default_rng(seed)
        self.turn, self.zoom, self.shift = math.radians(turn), zoom, shift
        y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(np.float32) / SCALE
        self.frame_x, self.frame_y = x, y
        # The same positions as the garment sees them: turned back and unshifted.
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        x, y = (x - WIDTH / 2 - shift[0]) / zoom, (y - HEIGHT / 2 - shift[1]) / zoom
        self.x, self.y = cos * x + sin * y + WIDTH / 2, cos * y - sin * x + HEIGHT / 2
        self.picture = np.ones((*SHAPE, 3), np.float32)

    def place(self, points: list) -> list:
        """From garment positions to pixels of the drawing."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        placed = []
        for x, y, *_ in points:
            x, y = (x - WIDTH / 2) * self.zoom, (y - HEIGHT / 2) * self.zoom
            placed.append(
                (
                    (cos * x - sin * y + WIDTH / 2 + self.shift[0]) * SCALE,
                    (cos * y + sin * x + HEIGHT / 2 + self.shift[1]) * SCALE,
                )
            )
        return placed

    def noise(self, across: int, down: int) -> np.ndarray:
        """A soft random field around 0 with so many bumps across and down the frame."""
        return stretch(self.rng.normal(0, 1, (down + 1, across + 1)))

    def mask(self, points: list) -> np.ndarray:
        """1 inside a shape, 0 outside."""
        picture = Image.new("L", SHAPE[::-1])
        ImageDraw.Draw(picture).polygon(self.place(points), fill=255)
        picture = picture.filter(ImageFilter.GaussianBlur(0.8))
        return np.asarray(picture, dtype=np.float32) / 255

    def stroke(self, points: list, width: float) -> np.ndarray:
        """1 on a line of some width, 0 elsewhere."""
        picture = Image.new("L", SHAPE[::-1])
        pixels = max(1, round(width * SCALE * self.zoom))
        ImageDraw.Draw(picture).line(self.place(points), fill=255, width=pixels, joint="curve")
        return np.asarray(picture.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float32) / 255

    def shadow(self, mask: np.ndarray, depth: float, size: float) -> None:
        """Darkens what lies around and under a shape."""
        steps = [round(size * SCALE * part) for part in LIGHT]
        moved = np.roll(mask, (steps[1], steps[0]), (0, 1))
        for strength, radius in ((0.6, size), (0.4, size * 3)):
            self.picture *= (1 - depth * strength * blur(moved, radius))[..., None]

    def panel(
        self,
        points: list,
        fabric: np.ndarray,
        thick: float = 5,
        wrinkles: float = 1.0,
        folds: list = (),
        shadow: float = 0.55,
        size: float = 5,
        shine: float = 0.0,
        direction: tuple = (9, 5),
    ) -> np.ndarray:
        """Lays a piece of cloth and returns its mask.

        `thick` rounds its rim, `wrinkles` bends it at random with `direction` bumps across and down,
        `folds` are lines with a width and a height (below 0: a valley).
        """
        mask = self.mask(points)
        height = thick * (blur(mask, 2.5) + blur(mask, 7))
        height = height + wrinkles * self.noise(*direction) * 1.6
        height = height + wrinkles * 0.5 * self.noise(direction[0] * 3, direction[1] * 3)
        for line, width, rise in folds:
            height = height + rise * blur(self.stroke(smooth(line, False), width), width)
        down, right = np.gradient(height * SCALE)
        light = right * LIGHT[0] + down * LIGHT[1]
        bright = np.clip(1 + 0.32 * light, 0.45, 1.5)[..., None]
        bright = bright * (0.88 + 0.12 * blur(mask, 4))[..., None]
        glint = (shine * np.clip(light, 0, 2) ** 2)[..., None]
        self.shadow(mask, shadow, size)
        part = mask[..., None]
        self.picture = self.picture * (1 - part) + (fabric * bright + glint) * part
        return mask

    def seam(self, points: list, colour=None, width: float = 1.2, strength=0.45, dashes=0.0, within=None):
        """Draws a seam; `dashes` is the length of its stitches, `within` a mask that bounds it."""
        line = smooth(points, False)
        if dashes:
            line = resample(line, dashes)
            drawn = sum(self.stroke(line[i : i + 2], width) for i in range(0, len(line) - 1, 2))
            drawn = np.minimum(drawn, 1)
        else:
            drawn = self.stroke(line, width)
        drawn = (drawn * strength if within is None else drawn * strength * within)[..., None]
        ink = self.picture * 0.35 if colour is None else np.asarray(colour, np.float32)
        self.picture = self.picture * (1 - drawn) + ink * drawn

    def disc(self, x: float, y: float, radius: float, colour, rim: float = 0.3) -> None:
        """Draws a button, an eyelet or a rivet."""
        ring = [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in np.linspace(0, 6.283, 24)]
        mask = self.mask(ring)
        self.shadow(mask, rim, 1.2)
        part = mask[..., None]
        self.picture = self.picture * (1 - part) + np.asarray(colour, np.float32) * part

    def finish(self) -> Image.Image:
        """Adds what a camera adds: uneven light, slight blur and noise. Returns the photo."""
        fall = ((self.frame_x / WIDTH - 0.45) ** 2 + (self.frame_y / HEIGHT - 0.4) ** 2)[..., None]
        picture = self.picture * (1.04 - 0.28 * fall) * (1 + 0.03 * self.noise(2, 2))[..., None]
        photo = Image.fromarray((picture.clip(0, 1) ** 0.95 * 255).astype(np.uint8))
        photo = photo.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        photo = photo.filter(ImageFilter.GaussianBlur(0.5))
        grain = self.rng.normal(0, 1.1, (HEIGHT, WIDTH, 1)) + self.rng.normal(0, 0.3, (HEIGHT, WIDTH, 3))
        return Image.fromarray((np.asarray(photo) + grain).clip(0, 255).astype(np.uint8))


def resample(line: list, step: float) -> list:
    """Points at even distances along a line."""
    places = np.asarray(line, dtype=np.float64)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
    even = np.arange(0, along[-1], step)
    return list(zip(np.interp(even, along, places[:, 0]), np.interp(even, along, places[:, 1])))


def plain(scene: Scene, colour, weave: float = 0.05, worn: float = 0.03) -> np.ndarray:
    """Cloth of one colour: threads, and a little unevenness."""
    threads = scene.rng.normal(0, weave, SHAPE) + weave * 0.5 * np.sin(scene.x * 4) * np.sin(scene.y * 4)
    uneven = 1 + threads + worn * scene.noise(10, 14)
    return np.asarray(colour, np.float32) * uneven[..., None].astype(np.float32)


def bands(cloth: np.ndarray, where: np.ndarray, colour, strength: float = 0.9) -> np.ndarray:
    """Prints a colour onto cloth where a field is above 0."""
    part = (np.clip(where * 3, 0, 1) * strength)[..., None]
    grey = cloth.mean(axis=2, keepdims=True)
    return cloth * (1 - part) + np.asarray(colour, np.float32) * (grey / grey.mean()) * part


def denim(scene: Scene, colour, faded: list = ()) -> np.ndarray:
    """Twill with slanting threads; `faded` are (x, y, radius) where it is worn pale."""
    slant = np.sin((scene.x + scene.y * 1.6) * 2.6) * 0.05
    cloth = plain(scene, colour, 0.07, 0.05) * (1 + slant)[..., None]
    for x, y, radius in faded:
        far = ((scene.x - x) / radius) ** 2 + ((scene.y - y) / radius / 2.2) ** 2
        pale = (0.5 * np.exp(-far) * (1 + 0.2 * scene.noise(30, 8)))[..., None]
        cloth = cloth * (1 - pale) + np.array([0.72, 0.8, 0.88], np.float32) * pale
    return cloth.astype(np.float32)


def wood(scene: Scene, colour, plank: float = 70, upright: bool = True) -> None:
    """A floor of planks with grain and joints."""
    across, along = (scene.frame_x, scene.frame_y) if upright else (scene.frame_y, scene.frame_x)
    across = across + 23
    number = (across // plank).astype(int)
    tone = scene.rng.normal(0, 0.07, 40)[number]
    fine, coarse = (90, 6), (34, 3)
    grain = scene.noise(*(fine if upright else fine[::-1])) * 0.035
    wave = scene.noise(*(coarse if upright else coarse[::-1]))
    grain = grain + 0.04 * np.sin(across * 0.55 + wave * 2.2)
    joint = np.exp(-(((across % plank) / 1.1) ** 2))
    ends = scene.rng.uniform(0, 260, 40)[number]
    joint = np.maximum(joint, np.exp(-((((along + ends) % 260) / 1.1) ** 2)))
    scene.picture = np.asarray(colour, np.float32) * ((1 + tone + grain) * (1 - 0.45 * joint))[..., None]


def sheet(scene: Scene, colour, folds: float = 1.0) -> None:
    """A bed sheet or blanket with soft folds."""
    height = folds * (5 * scene.noise(3, 4) + 2.5 * scene.noise(7, 5) + 0.6 * scene.noise(16, 14))
    down, right = np.gradient(height * SCALE)
    bright = np.clip(1 + 0.35 * (right * LIGHT[0] + down * LIGHT[1]), 0.6, 1.25)
    scene.picture = plain(scene, colour, 0.03, 0.02) * bright[..., None]


def wall(scene: Scene, colour) -> None:
    """A painted wall in uneven light."""
    bright = 1 + 0.04 * scene.noise(2, 2) + 0.008 * scene.noise(120, 160)
    scene.picture = np.asarray(colour, np.float32) * bright[..., None]


def tiles(scene: Scene, colour, size: float = 150) -> None:
    """A floor of pale tiles, slightly turned."""
    x, y = scene.frame_x + 0.18 * scene.frame_y, scene.frame_y - 0.18 * scene.frame_x
    gap = np.minimum(np.abs((x + 40) % size - 3), np.abs((y + 90) % size - 3))
    joint = np.exp(-((gap / 2.2) ** 2))
    marble = 0.02 * scene.noise(9, 12) + 0.015 * scene.noise(40, 50)
    scene.picture = np.asarray(colour, np.float32) * ((1 + marble) * (1 - 0.22 * joint))[..., None]
