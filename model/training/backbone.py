"""EfficientNet-Lite0 in Keras, with ImageNet weights from a NumPy archive.

The archive holds the layers in graph order: `NN_conv_weight` (output, height, width, input) or
`NN_depthwise_weight` (1, height, width, channels), each with a `NN_..._bias`. Batch norm is folded
into them, so that every layer here is a convolution with a bias and, mostly, a ReLU6.

The network has only operators that small TensorFlow Lite runtimes get right. The last pooling is an
AVERAGE_POOL_2D over the whole map, for some runtimes compute MEAN wrongly.
"""

import keras
import numpy as np

SIZE = 224
"""Width and height of the input in pixels."""

MEAN, STD = 127.0, 128.0
"""The input is (pixel - MEAN) / STD."""

BLOCKS = [
    # expansion, kernel, stride, channels out, repeats
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
]
"""The stages of EfficientNet-Lite0. The first of a stage's repeats has the stride."""


def build(labels: int, dropout: float = 0.0) -> keras.Model:
    """Builds the network with fresh weights; its outputs are logits, one a label."""
    number = 0

    def conv(x, filters, kernel, stride, relu):
        nonlocal number
        layer = keras.layers.Conv2D(
            filters, kernel, stride, "same", name=f"{number:02}_conv"
        )
        number += 1
        x = layer(x)
        return keras.layers.ReLU(6.0)(x) if relu else x

    def depthwise(x, kernel, stride):
        nonlocal number
        layer = keras.layers.DepthwiseConv2D(
            kernel, stride, "same", name=f"{number:02}_depthwise"
        )
        number += 1
        return keras.layers.ReLU(6.0)(layer(x))

    inputs = keras.Input((SIZE, SIZE, 3), name="photo")
    x = conv(inputs, 32, 3, 2, relu=True)
    channels = 32
    for expansion, kernel, stride, filters, repeats in BLOCKS:
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
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    # A 1x1 convolution, for the converter drops the reshape that a dense layer would need.
    x = keras.layers.Conv2D(labels, 1, name="head")(x)
    return keras.Model(inputs, keras.layers.Reshape((labels,), name="logits")(x))


def load_imagenet(model: keras.Model, archive: str) -> None:
    """Fills all convolutions of `model` from the archive; the head stays as it is."""
    with np.load(archive) as arrays:
        unused = set(arrays.files)
        for layer in model.layers:
            if not layer.name.endswith(("_conv", "_depthwise")):
                continue
            names = f"{layer.name}_weight", f"{layer.name}_bias"
            weight, bias = (arrays[name] for name in names)
            if layer.name == "00_conv":
                # The archive's filters are for pixel - MEAN, without the division.
                weight = weight * STD
            layer.set_weights([weight.transpose(1, 2, 3, 0), bias])
            unused -= set(names)
    if unused:
        raise ValueError(f"{archive} has arrays that no layer takes: {sorted(unused)}")


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
