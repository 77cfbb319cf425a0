"""Where a view's pixels come from: boxes of photos, turned, mirrored, stretched, and with room around.

Places are as in torch's grid_sample: -1 to 1 from a photo's left or top edge to its right or bottom edge.
"""

import dataclasses
from collections.abc import Callable

import torch


@dataclasses.dataclass
class Boxes:
    """What part of its photo each view shows: its places times `matrices` plus `shifts`."""

    matrices: torch.Tensor
    """(photos, 2, 2)."""
    shifts: torch.Tensor
    """(photos, 2)."""
    widest: torch.Tensor
    """A box's larger side; more than 1 is more than the photo."""


def draw_boxes(aspects: torch.Tensor, uniform: Callable[[int, float, float], torch.Tensor]) -> Boxes:
    """Draws boxes for photos of these proportions; `uniform` draws so many numbers between two."""
    count = len(aspects)

    def chance(share: float) -> torch.Tensor:
        return uniform(count, 0, 1) < share

    # A box of a share of the area; its proportions are near the photo's own.
    area, ratio = uniform(count, 0.3, 1), uniform(count, -0.3, 0.3).exp()
    width = (area * ratio).sqrt().clamp(max=1)
    height = (area / ratio).sqrt().clamp(max=1)
    # Some see all of the photo, as the software does.
    whole = chance(0.15)
    width, height = (torch.where(whole, 1, value) for value in (width, height))
    # The garment far away.
    away = torch.where(chance(0.2), uniform(count, 1.1, 2.2), 1.0)
    width, height = (torch.where(away > 1, away * value.clamp(min=0.85), value) for value in (width, height))
    # Short and wide, as children's clothes are; sometimes long and narrow.
    short = torch.where(chance(0.3), uniform(count, 0, 0.6).exp(), 1.0)
    narrow = torch.where(chance(0.1), uniform(count, 0, 0.35).exp(), 1.0)
    height, width = height * short, width * narrow
    # No part of the garment that the box had is lost by where it lies.
    x = (1 - width) * uniform(count, -1, 1)
    y = (1 - height) * uniform(count, -1, 1)
    flip = torch.where(chance(0.5), -1.0, 1.0)
    degrees = torch.where(chance(0.35), uniform(count, -25, 25), 0.0)
    cos, sin = torch.deg2rad(degrees).cos(), torch.deg2rad(degrees).sin()
    # Turned about the photo's middle, in its own proportions.
    turned = torch.stack([cos, -sin / aspects, sin * aspects, cos], 1).view(count, 2, 2)
    quarter = torch.tensor([[0.0, -1], [1, 0]], device=aspects.device)
    half = -torch.eye(2, device=aspects.device)
    which = uniform(count, 0, 1)[:, None, None]
    turned = torch.where(which < 0.015, half, torch.where(which < 0.03, quarter, turned))
    turned = torch.where((which >= 0.03) & (which < 0.045), -quarter, turned)
    sides = torch.stack([width * flip, height], 1)
    matrices = turned * sides[:, None]
    shifts = (turned @ torch.stack([x, y], 1)[:, :, None])[:, :, 0]
    return Boxes(matrices, shifts, torch.maximum(width, height))


def sample_grid(boxes: Boxes, size: int) -> torch.Tensor:
    """Places in the photos for each pixel of square views: (photos, size, size, 2)."""
    middle = (torch.arange(size, device=boxes.shifts.device) + 0.5) * (2 / size) - 1
    down, across = torch.meshgrid(middle, middle, indexing="ij")
    points = torch.stack([across, down], 2).view(1, -1, 2)
    places = points @ boxes.matrices.transpose(1, 2) + boxes.shifts[:, None]
    return places.view(-1, size, size, 2)


def mirror_outside(places: torch.Tensor) -> torch.Tensor:
    """Places outside of a photo become those that a mirror at its edge shows."""
    return 1 - ((places + 1).remainder(4) - 2).abs()
