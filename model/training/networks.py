"""The networks in PyTorch, with ImageNet weights from NumPy arrays.

They take square photos of any size, pixels of 0 to 255 as float32 (photos, channels, height, width), and
give logits (photos, labels). Batch norm is folded into the convolutions, so that each layer is a
convolution with a bias and, mostly, a ReLU6. Padding is TensorFlow's SAME.
"""

import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from data import MEAN, STD
from stages import LITE0, MOBILENET_V2

MOBILENET_V2_BLOCKS = """
    165/99/73 3/119/115 255/216/157 227/221/193 243/102/215 226/163/229 104/254/143 25/142/202
    225/129/98 169/2/246 162/87/106 52/22/40 114/65/242 203/250/92 133/130/258 60/248/100
"""
"""The numbers of the expanding, the depthwise and the projecting weights of blocks 1 to 16."""


class Conv(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding, a bias, and a ReLU6 unless told otherwise."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, relu=True):
        padding = 0 if stride > 1 else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups)
        self.relu = relu

    def forward(self, x):
        if self.stride[0] > 1:
            # TensorFlow pads the right and the bottom first.
            size, kernel = x.shape[-1], self.kernel_size[0]
            total = max((-(-size // self.stride[0]) - 1) * self.stride[0] + kernel - size, 0)
            first, last = total // 2, total - total // 2
            x = functional.pad(x, (first, last, first, last))
        x = super().forward(x)
        return functional.relu6(x, inplace=True) if self.relu else x


class Block(nn.Module):
    """An inverted residual: expand, depthwise, project."""

    def __init__(self, inputs, expansion, kernel, stride, outputs):
        super().__init__()
        wide = inputs * expansion
        self.expand = Conv(inputs, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = Conv(wide, wide, kernel, stride, groups=wide)
        self.project = Conv(wide, outputs, 1, relu=False)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class Mobile(nn.Module):
    """A network of inverted residuals: EfficientNet-Lite0 or MobileNetV2."""

    def __init__(self, stages, labels, dropout=0.2):
        super().__init__()
        self.stem = Conv(3, 32, 3, 2)
        blocks, channels = [], 32
        for expansion, kernel, stride, outputs, repeats in stages:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                blocks.append(Block(channels, expansion, kernel, step, outputs))
                channels = outputs
        self.blocks = nn.ModuleList(blocks)
        self.last = Conv(channels, 1280, 1)
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

    def convolutions(self) -> list[Conv]:
        """All but the head, in the order in which a photo passes them."""
        return [module for module in self.modules() if isinstance(module, Conv)]

    def depths(self) -> list[tuple[int, nn.Module]]:
        """The parts with trainable weights, each with its distance from the head."""
        parts = [self.stem, *self.blocks, self.last, self.head]
        return [(len(parts) - 1 - place, part) for place, part in enumerate(parts)]

    def load(self, weights: list[tuple[np.ndarray, np.ndarray]]) -> None:
        """Fills the convolutions: filters as TensorFlow Lite has them, and biases."""
        for conv, (filters, bias) in zip(self.convolutions(), weights, strict=True):
            order = (3, 0, 1, 2) if conv.groups > 1 else (0, 3, 1, 2)
            filters = torch.tensor(np.ascontiguousarray(filters.transpose(order)))
            if filters.shape != conv.weight.shape:
                raise ValueError(f"{tuple(filters.shape)} is not {tuple(conv.weight.shape)}")
            conv.weight.data, conv.bias.data = filters.float(), torch.tensor(bias).float()


def efficientnet_lite0(labels: int, backbones: pathlib.Path | None = None) -> Mobile:
    """EfficientNet-Lite0; with ImageNet weights if their folder is named."""
    network = Mobile(LITE0, labels)
    if backbones:
        with np.load(backbones / "efficientnet_lite0.npz") as arrays:
            names = sorted(name for name in arrays.files if name.endswith("_weight"))
            biases = [name.removesuffix("weight") + "bias" for name in names]
            weights = [(arrays[name], arrays[bias]) for name, bias in zip(names, biases)]
        # The archive's first filters are for pixel - 127, without the division.
        weights[0] = weights[0][0] * STD, weights[0][1]
        network.load(weights)
    return network


def mobilenet_v2(labels: int, backbones: pathlib.Path | None = None) -> Mobile:
    """MobileNetV2 1.0; with ImageNet weights if their folder is named."""
    # Its weights are for (pixel - 127.5) / 127.5; that half a step is nothing to it, and so both networks
    # take the same input.
    network = Mobile(MOBILENET_V2, labels)
    if backbones:
        folder = backbones / "mobilenetv2"

        def read(number, bias):
            name = f"MobilenetV2_{bias}_bias.npy"
            return np.load(folder / f"Const_{number}.npy"), np.load(folder / name)

        weights = [
            read(90, "Conv_Conv2D"),
            read(238, "expanded_conv_depthwise_depthwise"),
            read(167, "expanded_conv_project_Conv2D"),
        ]
        kinds = "expand_Conv2D", "depthwise_depthwise", "project_Conv2D"
        for block, numbers in enumerate(MOBILENET_V2_BLOCKS.split(), 1):
            for number, kind in zip(numbers.split("/"), kinds):
                weights.append(read(number, f"expanded_conv_{block}_{kind}"))
        weights.append(read(71, "Conv_1_Conv2D"))
        network.load(weights)
    return network


NETWORKS = {"efficientnet_lite0": efficientnet_lite0, "mobilenet_v2": mobilenet_v2}
"""The networks by name."""
