"""Tells garments from their background with GrabCut (Rother et al., 2004), where that works.

For training on other backgrounds, and for photos of which only the garment is left. The first guess
is that the middle of a photo is the garment and its edge is not.
"""

import cv2
import numpy as np
from PIL import Image, ImageFilter

SIDE = 128
"""Masks are computed with this width or height: more would only be slower."""
USUAL = 0.12, 0.75
"""A mask with a smaller or larger share of the photo is taken for wrong."""


def find_mask(photo: Image.Image) -> np.ndarray | None:
    """Where the garment is: a small map of 0 and 255, or nothing if it was not found."""
    small = photo.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    pixels = np.asarray(small)[:, :, ::-1].copy()
    height, width = pixels.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    away = (2 * rows / height - 1) ** 2 + (2 * columns / width - 1) ** 2
    guess = np.where(away > 0.85, cv2.GC_PR_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    edge = max(2, int(0.05 * min(height, width)))
    inside = np.zeros_like(guess, bool)
    inside[edge:-edge, edge:-edge] = True
    guess[~inside] = cv2.GC_BGD
    try:
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(pixels, guess, None, *models, 4, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return None
    found = np.isin(guess, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3)))
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(found)
    areas = sizes[1:, cv2.CC_STAT_AREA]
    if not len(areas):
        return None
    kept = 1 + np.flatnonzero(areas > 0.15 * areas.max())
    mask = np.isin(parts, kept)
    return mask.astype(np.uint8) * 255 if USUAL[0] < mask.mean() < USUAL[1] else None


def soften(mask: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """A mask in a photo's size, with a soft edge."""
    image = Image.fromarray(mask).resize(size, Image.Resampling.BICUBIC)
    return image.filter(ImageFilter.GaussianBlur(1.5))
