"""Views: photos changed at random for training, a batch at a time, on the device that trains.

A view is what a network sees: a box of a photo, mirrored, turned, stretched, in another light, on another ground,
blurred, compressed or partly hidden. Geometry is done in one sampling of the photo: `shapes.py` says where
each pixel of a view comes from. Pixels are 0 to 255.
"""

import dataclasses

import numpy as np
import torch
from torch.nn import functional

from shapes import draw_boxes, mirror_outside, sample_grid


@dataclasses.dataclass
class Photos:
    """A part of what pack.py wrote, on a device."""

    pixels: torch.Tensor
    """(photos, 3, height, width), bytes."""
    labels: torch.Tensor
    aspects: torch.Tensor
    masks: torch.Tensor
    """(photos, 1, height, width), bytes of 0 and 255; all 0 where no garment was found."""
    found: torch.Tensor
    weights: torch.Tensor
    """What each photo counts: rare labels more, but less than in full proportion."""

    def __len__(self) -> int:
        return len(self.labels)


def read_photos(arrays, part: str, device) -> Photos:
    """Takes a part of the archive to a device."""
    pixels = torch.from_numpy(arrays[f"{part}_pixels"]).to(device).permute(0, 3, 1, 2).contiguous()
    masks = np.unpackbits(arrays[f"{part}_masks"], axis=2)[:, None] * np.uint8(255)
    labels = arrays[f"{part}_labels"].astype(np.int64)
    share = np.bincount(labels).clip(1) / len(labels)
    weights = (1 / share) ** 0.25
    weights = (weights / (weights * share).sum())[labels].astype(np.float32)
    others = (labels, arrays[f"{part}_aspects"], masks, arrays[f"{part}_found"], weights)
    labels, aspects, masks, found, weights = (torch.from_numpy(value).to(device) for value in others)
    return Photos(pixels, labels, aspects, masks, found, weights)


class Views:
    """Draws views of photos. All chance comes from one seed."""

    def __init__(self, photos: Photos, size: int, seed: int):
        self.photos, self.size = photos, size
        self.device = photos.pixels.device
        self.dice = torch.Generator(self.device).manual_seed(seed)
        # For what is decided of a batch: no waiting for the device.
        self.host = np.random.default_rng(seed)

    def uniform(self, count: int, low: float, high: float) -> torch.Tensor:
        """So many numbers between two."""
        return torch.rand(count, device=self.device, generator=self.dice) * (high - low) + low

    def some(self, count: int, share: float) -> slice:
        """A share of a batch: neighbours, for the batch is in random order."""
        # Rounded by chance, so that small batches have their part too.
        number = int(count * share + self.host.random())
        first = int(self.host.integers(0, count - number + 1))
        return slice(first, first + number)

    @torch.no_grad()
    def draw(self, chosen: torch.Tensor) -> torch.Tensor:
        """Views of photos by their indices: (photos, 3, size, size)."""
        pixels = self.place(chosen)
        pixels = self.light(pixels)
        pixels = self.sharpness(pixels)
        pixels = self.hide(pixels)
        return pixels.clamp_(0, 255)

    def place(self, chosen: torch.Tensor) -> torch.Tensor:
        """A box of each photo, squashed to a square; what is outside of the photo is ground."""
        count = len(chosen)
        photos = self.photos.pixels[chosen].float()
        boxes = draw_boxes(self.photos.aspects[chosen], self.uniform)
        # Four samples a pixel, so that what is made smaller is averaged.
        grid = sample_grid(boxes, 2 * self.size)
        cut = (self.uniform(count, 0, 1) < 0.3) & self.photos.found[chosen]
        # Outside: mirrored where little is missing, else the photo's edge drawn out, or another ground.
        kind = self.uniform(count, 0, 1)
        mirrored = (kind < 0.5) & (boxes.widest < 1.3) & ~cut
        edge = (kind >= 0.5) & (kind < 0.7) & ~cut
        inside = ((grid.abs() <= 1).all(3) | (mirrored | edge)[:, None, None]).float()[:, None]
        where = torch.where(mirrored[:, None, None, None], mirror_outside(grid), grid)
        view = functional.grid_sample(photos, where, "bilinear", "border", align_corners=False)
        masks = functional.grid_sample(
            self.photos.masks[chosen].float() / 255, grid, "bilinear", "zeros", align_corners=False
        )
        seen = torch.where(cut[:, None, None, None], masks, inside)
        view, seen = (functional.avg_pool2d(value, 2) for value in (view, seen))
        return view * seen + self.ground(photos) * (1 - seen)

    def ground(self, photos: torch.Tensor) -> torch.Tensor:
        """Another ground for each photo: white, a colour, the photo's corner, or an edge of another photo."""
        count = len(photos)
        kind = self.uniform(count, 0, 1)[:, None, None, None]
        colours = torch.rand(count, 3, 1, 1, device=self.device, generator=self.dice) * 255
        plain = torch.where(kind < 0.3, torch.full_like(colours, 255), colours)
        plain = torch.where((kind >= 0.3) & (kind < 0.5), photos[:, :, 2:3, 2:3], plain)
        others = photos.roll(1, 0)
        side = photos.shape[-1] // 6
        strips = others[..., :side], others[..., -side:], others[..., :side, :], others[..., -side:, :]
        strip = strips[int(self.host.integers(4))]
        edges = functional.interpolate(strip, (self.size, self.size), mode="bilinear", align_corners=False)
        return torch.where(kind < 0.65, plain, edges)

    def light(self, pixels: torch.Tensor) -> torch.Tensor:
        """Brightness, contrast, colours, warm and cold light, gamma."""
        count = len(pixels)

        def factor(low: float, high: float, share: float) -> torch.Tensor:
            value, with_it = self.uniform(count, low, high), self.uniform(count, 0, 1) < share
            return torch.where(with_it, value, torch.ones_like(value))[:, None, None, None]

        grey_weights = torch.tensor([0.299, 0.587, 0.114], device=self.device).view(1, 3, 1, 1)
        pixels = pixels * factor(0.5, 1.45, 0.85)
        middle = (pixels * grey_weights).sum(1, keepdim=True).mean((2, 3), keepdim=True)
        pixels = middle + (pixels - middle) * factor(0.55, 1.4, 0.8)
        colour = factor(0.3, 1.6, 0.8)
        colour = torch.where(self.uniform(count, 0, 1)[:, None, None, None] < 0.06, 0.0, colour)
        grey = (pixels * grey_weights).sum(1, keepdim=True)
        pixels = grey + (pixels - grey) * colour
        turned = self.some(count, 0.2)
        pixels[turned] = turn_hue(pixels[turned], self.uniform(turned.stop - turned.start, -0.6, 0.6))
        gains = torch.rand(count, 3, 1, 1, device=self.device, generator=self.dice) * 0.3 + 0.85
        pixels = (pixels * gains).clamp(0, 255)
        bent = self.some(count, 0.2)
        power = self.uniform(bent.stop - bent.start, -0.5, 0.5).exp()[:, None, None, None]
        pixels[bent] = 255 * (pixels[bent] / 255) ** power
        return pixels

    def sharpness(self, pixels: torch.Tensor) -> torch.Tensor:
        """Blur, too few pixels, sharpening, noise and compression: each of them of some photos."""
        count = len(pixels)
        blurred = self.some(count, 0.1)
        pixels[blurred] = blur(pixels[blurred], float(self.host.uniform(0.5, 2.2)))
        small = self.some(count, 0.08)
        few = int(self.size * self.host.uniform(0.3, 0.7))
        if small.stop > small.start:
            less = functional.interpolate(pixels[small], (few, few), mode="area")
            pixels[small] = functional.interpolate(less, (self.size, self.size), mode="bilinear")
        sharp = self.some(count, 0.1)
        more = float(self.host.uniform(0.5, 2))
        pixels[sharp] = pixels[sharp] + more * (pixels[sharp] - blur(pixels[sharp], 1.0))
        noisy = self.some(count, 0.12)
        noise = torch.randn(pixels[noisy].shape, device=self.device, generator=self.dice)
        pixels[noisy] = pixels[noisy] + noise * float(self.host.uniform(3, 16))
        pressed = self.some(count, 0.15)
        pixels[pressed] = compress(pixels[pressed].clamp(0, 255), float(self.host.uniform(0.4, 4)))
        return pixels

    def hide(self, pixels: torch.Tensor) -> torch.Tensor:
        """Hides a rectangle of a quarter of the photos, so that no single detail decides."""
        count, size = len(pixels), pixels.shape[-1]
        place = torch.arange(size, device=self.device)
        hidden = torch.ones(count, size, size, dtype=torch.bool, device=self.device)
        for axis in (1, 2):
            length = self.uniform(count, size / 8, size / 2.5)
            first = self.uniform(count, 0, 1) * (size - length)
            along = (place >= first[:, None]) & (place < (first + length)[:, None])
            hidden &= along.unsqueeze(3 - axis)
        hidden &= (self.uniform(count, 0, 1) < 0.25)[:, None, None]
        colours = torch.rand(count, 3, 1, 1, device=self.device, generator=self.dice) * 255
        return torch.where(hidden[:, None], colours, pixels)

    def mix(self, pixels, targets, weights, share: float):
        """Mixes a share of a batch with itself in another order: mixup or CutMix.

        Gives pixels, targets and weights. A mixed photo weighs what its parts do, and its target is shared
        out by their weights, so that a rare label counts as much in a mixed photo as alone. Without
        targets (None), only pixels are mixed.
        """
        count, size = len(pixels), pixels.shape[-1]
        chosen = self.some(count, share)
        number = chosen.stop - chosen.start
        if number == 0:
            return pixels, targets, weights
        mine = pixels[chosen]
        order = torch.randperm(count, device=self.device, generator=self.dice)[:number]
        other = pixels[order]
        if self.host.random() < 0.5:
            part = torch.from_numpy(self.host.beta(0.4, 0.4, number)).float().to(self.device)
            kept = torch.maximum(part, 1 - part)
            plain = kept[:, None, None, None]
            mixed = mine * plain + other * (1 - plain)
        else:
            edge = int(size * np.sqrt(1 - self.host.beta(1, 1)))
            top, left = self.host.integers(0, size - edge + 1, 2)
            mixed = mine.clone()
            mixed[:, :, top : top + edge, left : left + edge] = other[:, :, top : top + edge, left : left + edge]
            kept = torch.full((number,), 1 - edge * edge / (size * size), device=self.device)
        pixels = pixels.clone()
        pixels[chosen] = mixed
        if targets is None:
            return pixels, None, weights
        first, second = weights[chosen] * kept, weights[order] * (1 - kept)
        both = first + second
        blended = (targets[chosen] * first[:, None] + targets[order] * second[:, None]) / both[:, None]
        targets, weights = targets.clone(), weights.clone()
        targets[chosen], weights[chosen] = blended, both
        return pixels, targets, weights


def turn_hue(pixels: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Turns colours about the grey axis by angles."""
    # Rodrigues' formula about (1, 1, 1) / sqrt(3).
    cos, sin = angles.cos()[:, None, None], angles.sin()[:, None, None]
    one = torch.eye(3, device=pixels.device)
    third = torch.full((3, 3), 1 / 3, device=pixels.device)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=pixels.device) / 3**0.5
    return torch.einsum("nij,njhw->nihw", cos * one + sin * cross + (1 - cos) * third, pixels)


def blur(pixels: torch.Tensor, sigma: float) -> torch.Tensor:
    """A Gaussian blur."""
    if not len(pixels):
        return pixels
    reach = max(1, int(2.5 * sigma))
    shares = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    shares = (shares / shares.sum()).tolist()
    # Sums of moved photos rather than convolutions: their shapes are new each time, which costs much on a GPU.
    size = pixels.shape[-1]
    padded = functional.pad(pixels, (reach, reach, reach, reach), mode="replicate")
    across = sum(share * padded[..., place : place + size] for place, share in enumerate(shares))
    return sum(share * across[..., place : place + size, :] for place, share in enumerate(shares))


def compress(pixels: torch.Tensor, strength: float) -> torch.Tensor:
    """What JPEG loses: cosine coefficients of blocks of 8 x 8, rounded; higher frequencies more.

    A strength of 1 is about a quality of 50. Colour is kept with half the precision.
    """
    count, _, height, width = pixels.shape
    if not count:
        return pixels
    rows, columns = height // 8 * 8, width // 8 * 8
    place = torch.arange(8, device=pixels.device, dtype=pixels.dtype)
    cosines = torch.cos((2 * place + 1) * place[:, None] * torch.pi / 16) / 2
    cosines[0] /= 2**0.5
    to_luma = torch.tensor(
        [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]], device=pixels.device
    )
    luma = torch.einsum("ij,njhw->nihw", to_luma, pixels[..., :rows, :columns])
    blocks = luma.reshape(count, 3, rows // 8, 8, columns // 8, 8).transpose(3, 4)
    steps = (10 + 6 * (place + place[:, None])) * strength
    steps = steps * torch.tensor([1.0, 2, 2], device=pixels.device).view(3, 1, 1, 1, 1)
    rounded = ((cosines @ blocks @ cosines.T) / steps).round() * steps
    luma = (cosines.T @ rounded @ cosines).transpose(3, 4).reshape(count, 3, rows, columns)
    pixels = pixels.clone()
    pixels[..., :rows, :columns] = torch.einsum("ij,njhw->nihw", to_luma.inverse(), luma)
    return pixels
