"""The clothing model in Keras: the form in which it is converted to a TensorFlow Lite file.

Two small networks look at a photo side by side, and their logits are added. They are trained in PyTorch
(networks.py), which takes half of Keras's time on a CPU. Batch norm is folded into the convolutions.

The network has only operators that small TensorFlow Lite runtimes get right. The last pooling is an
AVERAGE_POOL_2D over the whole map, for some runtimes compute MEAN wrongly.
"""

import keras
import numpy as np

from stages import LITE0, MOBILENET_V2

SIZE = 224
"""Width and height of the input in pixels, which are normalised as data.py says."""

STAGES = {"efficientnet_lite0": LITE0, "mobilenet_v2": MOBILENET_V2}
"""The networks by the names that train.py has for them."""


def branch(photo, name: str, labels: int):
    """One network, with fresh weights: a map of 1 x 1 x labels."""
    number = 0

    def conv(x, filters, kernel, stride, relu):
        nonlocal number
        layer = keras.layers.Conv2D(filters, kernel, stride, "same", name=f"{name}_{number:02}_conv")
        number += 1
        x = layer(x)
        return keras.layers.ReLU(6.0)(x) if relu else x

    def depthwise(x, kernel, stride):
        nonlocal number
        layer = keras.layers.DepthwiseConv2D(kernel, stride, "same", name=f"{name}_{number:02}_depthwise")
        number += 1
        return keras.layers.ReLU(6.0)(layer(x))

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
    x = keras.layers.AveragePooling2D(x.shape[1], name=f"{name}_features")(x)
    # A 1x1 convolution, for the converter drops the reshape that a dense layer would need.
    return keras.layers.Conv2D(labels, 1, name=f"{name}_head")(x)


def build(names: list[str], labels: int) -> keras.Model:
    """Builds the networks with fresh weights; the outputs are the sums of their logits, one a label."""
    photo = keras.Input((SIZE, SIZE, 3), name="photo")
    branches = [branch(photo, name, labels) for name in names]
    total = keras.layers.Add()(branches) if len(branches) > 1 else branches[0]
    return keras.Model(photo, keras.layers.Reshape((labels,), name="logits")(total))


def load(files: list, labels: int) -> keras.Model:
    """Builds the networks of files that train.py wrote."""
    contents = []
    for file in files:
        with np.load(file) as arrays:
            weights = [arrays[name] for name in arrays.files if name != "network"]
            contents.append((str(arrays["network"]), weights))
    model = build([name for name, _ in contents], labels)
    for name, weights in contents:
        # Keras lists the layers of both networks in turn; each network's own are in order.
        layers = [layer for layer in model.layers if layer.name.startswith(name) and layer.weights]
        for layer, filters, bias in zip(layers, weights[::2], weights[1::2], strict=True):
            if isinstance(layer, keras.layers.DepthwiseConv2D):
                filters = filters.transpose(2, 3, 0, 1)
            else:
                # The head is a matrix there and a 1x1 convolution here.
                filters = filters.reshape(*filters.shape[:2], *(filters.shape[2:] or (1, 1)))
                filters = filters.transpose(2, 3, 1, 0)
            layer.set_weights([filters, bias])
    return model


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
