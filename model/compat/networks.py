"""The networks of the report: Keras Applications with weights that are random but behave like trained ones.

Fresh weights would hide mistakes: biases are zero, batch norm does nothing, and all photos get the
same outputs. So:

1. every scale, shift and bias gets random numbers, also layer norms and the layer scales of ConvNeXt,
2. drawn photos go through the network once, which sets the moving statistics of all batch norms, so
   that no activation explodes or vanishes,
3. the last layer is fitted (ridge regression) to tell the ten kinds of drawn photos apart, and scaled
   so that its softmax is neither flat nor saturated.
"""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from photos import IMAGENET_MEAN, IMAGENET_STD, KINDS, NORMALISE, draw

apps = keras.applications


@dataclasses.dataclass(frozen=True)
class Network:
    """An application: its builder, its own input size, and how its pixels are normalised."""

    build: Callable
    size: int
    normalise: str


NETWORKS = {
    "Xception": Network(apps.Xception, 299, "-1..1"),
    "MobileNetV2": Network(apps.MobileNetV2, 224, "-1..1"),
    "MobileNetV3Large": Network(apps.MobileNetV3Large, 224, "0..255"),
    "MobileNetV3Small": Network(apps.MobileNetV3Small, 224, "0..255"),
    "EfficientNetB0": Network(apps.EfficientNetB0, 224, "0..255"),
    "EfficientNetV2B0": Network(apps.EfficientNetV2B0, 224, "0..255"),
    "ResNet50": Network(apps.ResNet50, 224, "-1..1"),
    "ResNet50V2": Network(apps.ResNet50V2, 224, "-1..1"),
    "DenseNet121": Network(apps.DenseNet121, 224, "-1..1"),
    "InceptionV3": Network(apps.InceptionV3, 299, "-1..1"),
    "NASNetMobile": Network(apps.NASNetMobile, 224, "-1..1"),
    "ConvNeXtTiny": Network(apps.ConvNeXtTiny, 224, "0..255"),
}
"""Those of 0..255 normalise pixels inside the network."""

SMALL = ["MobileNetV2", "EfficientNetB0", "ConvNeXtTiny"]
"""Enough for a quick look."""

RIDGE = 1.0
"""How strongly the last layer is kept from relying on what differs little: higher is more robust."""

CONFIDENCE = 0.6
"""Mean of the highest score, over the photos that the last layer is fitted to."""


def drawn(network: Network, seeds: range) -> np.ndarray:
    """Normalised photos of each kind, in the order of KINDS for each seed."""
    pixels = [np.asarray(draw(kind, network.size, seed), np.float64) for seed in seeds for kind in KINDS]
    return NORMALISE[network.normalise](np.stack(pixels)).astype(np.float32)


def make(name: str) -> keras.Model:
    """Builds a network, with its weights, that gives ten scores."""
    network = NETWORKS[name]
    keras.utils.set_random_seed(sum(ord(letter) for letter in name))
    base = network.build(weights=None, include_top=False, input_shape=(network.size, network.size, 3))
    features = keras.layers.GlobalAveragePooling2D()(base.output)
    features = keras.Model(base.input, features)
    randomise(features, np.random.default_rng(7))
    settle(features, drawn(network, range(1, 3)))

    head = keras.layers.Dense(len(KINDS), activation="softmax", name="scores")
    model = keras.Model(features.input, head(features.output))
    head.set_weights(fit(outputs(features, drawn(network, range(1, 5)))))
    return model


def randomise(model: keras.Model, rng: np.random.Generator) -> None:
    """Gives every weight numbers of the kind that training gives."""
    for layer in model.layers:
        for variable in layer.weights:
            shape = tuple(variable.shape)
            if isinstance(layer, keras.layers.Normalization):
                continue
            if variable.name == "gamma":
                # That of ConvNeXt's layer scale starts near nothing; trained ones are below one.
                scale = 1.0 if "Normalization" in type(layer).__name__ else 0.3
                variable.assign(scale * rng.uniform(0.5, 1.5, shape))
            elif variable.name in ("beta", "bias"):
                # More above zero than below, so that not every second number is cut off.
                variable.assign(rng.normal(0.5, 0.3, shape))
            elif len(shape) == 4 and shape[0] * shape[1] > 1:
                variable.assign(smooth(variable.numpy(), rng))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            # EfficientNet has one that only its published weights fill.
            layer.adapt_mean.assign(np.reshape(IMAGENET_MEAN, layer.adapt_mean.shape))
            layer.adapt_variance.assign(np.reshape(IMAGENET_STD**2, layer.adapt_variance.shape))
            layer.finalize_state()


def smooth(kernel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A kernel that looks at surfaces more than at grain: with a noisy bump of its middle's number added."""
    height, width = kernel.shape[:2]
    y = np.hanning(height + 2)[1:-1]
    x = np.hanning(width + 2)[1:-1]
    bump = (y[:, None] * x)[..., None, None]
    noise = rng.uniform(0.3, 1.7, kernel.shape)
    return kernel + bump * noise * kernel[height // 2, width // 2]


def settle(model: keras.Model, photos: np.ndarray) -> None:
    """Sets the moving statistics of all batch norms to those of the photos."""
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    tf.function(lambda batch: model(batch, training=True))(photos)
    for layer, momentum in zip(norms, momenta):
        layer.momentum = momentum


def outputs(model: keras.Model, photos: np.ndarray) -> np.ndarray:
    """What a network gives for photos."""
    run = tf.function(lambda batch: model(batch, training=False))
    return np.concatenate([run(photos[at : at + 5]).numpy() for at in range(0, len(photos), 5)])


def fit(features: np.ndarray) -> list[np.ndarray]:
    """Weights and biases of the last layer, for features of photos in the order of `drawn`."""
    mean = features.mean(axis=0)
    centred = (features - mean).astype(np.float64)
    targets = np.tile(np.eye(len(KINDS)), (len(features) // len(KINDS), 1)) - 1 / len(KINDS)
    products = centred @ centred.T
    ridge = RIDGE * np.trace(products) / len(products)
    weights = centred.T @ np.linalg.solve(products + ridge * np.eye(len(products)), targets)
    logits = centred @ weights
    shift = np.random.default_rng(8).normal(0, 0.3, len(KINDS))

    scales = np.geomspace(0.1, 1000, 400)
    reached = [softmax(logits * scale + shift).max(axis=1).mean() for scale in scales]
    scale = scales[np.searchsorted(reached, CONFIDENCE)]
    return [weights * scale, shift - mean @ weights * scale]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Scores of rows of logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
