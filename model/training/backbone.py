"""An EfficientNet-Lite in Keras: the form in which it is converted to a TensorFlow Lite file.

It is trained in PyTorch (networks.py). Batch norm is folded into the convolutions here.

The network has only operators that small TensorFlow Lite runtimes get right. The last pooling is an
AVERAGE_POOL_2D over the whole map, for some runtimes compute MEAN wrongly.
"""

import dataclasses
import pathlib

import keras
import numpy as np

from stages import STAGES

EPSILON = 1e-3
"""Of batch norm."""


@dataclasses.dataclass
class Trained:
    """What train.py wrote of a network."""

    model: keras.Model
    name: str
    labels: list[str]
    size: int
    """Width and height of its photos."""


def build(name: str, size: int, labels: int) -> keras.Model:
    """Builds a network with fresh weights; its outputs are logits, one a label."""
    number = 0

    def conv(x, filters, kernel, stride, relu):
        nonlocal number
        layer = keras.layers.Conv2D(filters, kernel, stride, "same", name=f"{number:02}_conv")
        number += 1
        x = layer(x)
        return keras.layers.ReLU(6.0)(x) if relu else x

    def depthwise(x, kernel, stride):
        nonlocal number
        layer = keras.layers.DepthwiseConv2D(kernel, stride, "same", name=f"{number:02}_depthwise")
        number += 1
        return keras.layers.ReLU(6.0)(layer(x))

    photo = keras.Input((size, size, 3), name="photo")
    x = conv(photo, 32, 3, 2, relu=True)
    channels = 32
    for expansion, kernel, stride, filters, repeats in STAGES[name]:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            entry = x
            if expansion > 1:
                x = conv(x, channels * expansion, 1, 1, relu=True)
            x = depthwise(x, kernel, step)
            x = conv(x, filters, 1, 1, relu=False)
            if step == 1 and channels == filters:
                x = keras.layers.Add()([entry, x])
            channels = filters
    x = conv(x, 1280, 1, 1, relu=True)
    x = keras.layers.AveragePooling2D(x.shape[1], name="features")(x)
    # A 1x1 convolution, for the converter drops the reshape that a dense layer would need.
    x = keras.layers.Conv2D(labels, 1, name="head")(x)
    return keras.Model(photo, keras.layers.Reshape((labels,), name="logits")(x))


def fold(arrays: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Filters as PyTorch has them and biases of all convolutions, batch norm folded in, the head last."""
    found = []
    for name in arrays:
        if not name.endswith("conv.weight"):
            continue
        norm = name.removesuffix("conv.weight") + "norm."
        gain, shift, mean, spread = (
            arrays[norm + place].astype(np.float64) for place in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(spread + EPSILON)
        filters = arrays[name] * scale[:, None, None, None]
        found.append((filters.astype(np.float32), (shift - mean * scale).astype(np.float32)))
    head = arrays["head.weight"]
    return [*found, (head[:, :, None, None], arrays["head.bias"])]


def load(file: pathlib.Path) -> Trained:
    """Builds the network of a file that train.py wrote."""
    with np.load(file) as content:
        arrays = {name: content[name] for name in content.files}
    name, size = str(arrays.pop("network")), int(arrays.pop("size"))
    labels = [str(label) for label in arrays.pop("label_names")]
    model = build(name, size, len(labels))
    layers = [layer for layer in model.layers if layer.weights]
    for layer, (filters, bias) in zip(layers, fold(arrays), strict=True):
        wise = isinstance(layer, keras.layers.DepthwiseConv2D)
        layer.set_weights([filters.transpose((2, 3, 0, 1) if wise else (2, 3, 1, 0)), bias])
    return Trained(model, name, labels, size)


def multiply_adds(model: keras.Model) -> int:
    """Counts the multiply-adds of one photo."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            height, width, channels = layer.output.shape[1:]
            total += height * width * channels * int(np.prod(layer.kernel.shape[:2]))
        elif isinstance(layer, keras.layers.Conv2D):
            height, width, _ = layer.output.shape[1:]
            total += height * width * int(np.prod(layer.kernel.shape))
    return total
