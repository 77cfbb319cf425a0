"""Turns the trained network into `clothing.tflite`, describes and measures it.

Writes the model, its description `clothing.toml`, and a report for people. All figures are those of
the written file in the official LiteRT runtime. Fails if the file has an operator that it should not
have, or is too large.
"""

import argparse
import pathlib
import tomllib

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

import backbone
import data
from train import softmax

OPERATORS = {
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "ADD",
    "AVERAGE_POOL_2D",
    "RESHAPE",
}
"""The only operators that the file may have. MEAN is left out on purpose."""

MAX_BYTES = 15_000_000
RIGHT_ABOVE = 0.95
"""Of the validation photos at or above the review threshold, this share is right."""

DESCRIPTION = """\
# Describes clothing.tflite: what goes in, what comes out, and when a person should look.
# Written by model/training/export.py.
name = "clothing"
source = "EfficientNet-Lite0 (Apache-2.0) fine-tuned on clothing-dataset-small (CC0 1.0)"

# In the order of the model's outputs.
labels = [{labels}]

# The model gives logits: the scores are softmax(logits / temperature). The temperature is fitted on
# the validation photos, so that a confidence is about the chance to be right.
output = "logits"
temperature = {temperature:.3f}

# A photo whose confidence is below this goes to review. Of the validation photos at or above it,
# {right:.1%} are right; {review:.1%} of all validation photos are below it.
review_below = {threshold:.2f}

[input]
width = {size}
height = {size}
# "squash": resized to width x height without keeping the photo's proportions.
resize = "squash"
# "bilinear": with averaging over all pixels that are shrunk, as in Pillow.
filter = "bilinear"
# Each channel's value of 0 to 255 becomes (value - mean) / std.
mean = [{mean}, {mean}, {mean}]
std = [{std}, {std}, {std}]
"""


class Model:
    """A .tflite file in the official runtime."""

    def __init__(self, path: pathlib.Path):
        self.interpreter = Interpreter(model_path=str(path))
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def operators(self) -> set[str]:
        """Names of the operators in the file."""
        # Interpreters may add a DELEGATE that stands for others; the file has none.
        names = {entry["op_name"] for entry in self.interpreter._get_ops_details()}
        return names - {"DELEGATE"}

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """Logits of one photo of squashed pixels."""
        self.interpreter.set_tensor(self.input, data.normalise(pixels)[None])
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)[0].copy()


def convert(network: keras.Model) -> bytes:
    """Converts to a float32 TensorFlow Lite file for one photo at a time."""

    @tf.function(input_signature=[tf.TensorSpec((1, backbone.SIZE, backbone.SIZE, 3))])
    def classify(photo):
        return network(photo, training=False)

    concrete = classify.get_concrete_function()
    frozen = convert_variables_to_constants_v2(concrete)
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert()


def log_loss(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Mean negative logarithm of the right label's score."""
    scores = softmax(logits.astype(np.float64) / temperature)
    return float(-np.log(scores[np.arange(len(labels)), labels] + 1e-12).mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of the least log loss, to three digits."""
    choices = np.arange(0.2, 3.0, 0.005)
    return float(min(choices, key=lambda value: log_loss(logits, labels, value)).round(3))


def read_temperature(description: pathlib.Path) -> float:
    """The temperature that a description names."""
    return float(tomllib.loads(description.read_text())["temperature"])


def choose_threshold(confidence: np.ndarray, right: np.ndarray) -> float:
    """The least whole percentage at and above which enough photos are right."""
    for percent in range(0, 100):
        above = confidence >= percent / 100
        if above.any() and right[above].mean() >= RIGHT_ABOVE:
            return percent / 100
    return 0.99


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with clothing/")
    parser.add_argument("--network", type=pathlib.Path, required=True, help="what train.py wrote")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for clothing.tflite and .toml")
    parser.add_argument("--log", type=pathlib.Path, required=True, help="file to add the final figures to")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "clothing.tflite"

    network = keras.models.load_model(options.network)
    content = convert(network)
    if len(content) > MAX_BYTES:
        raise SystemExit(f"the model has {len(content)} bytes, more than {MAX_BYTES}")
    file.write_bytes(content)
    model = Model(file)
    strange = model.operators() - OPERATORS
    if strange:
        raise SystemExit(f"the model has operators that it should not have: {sorted(strange)}")

    pixels, labels = data.load_squashed(options.data / "clothing" / "validation")
    logits = np.stack([model.logits(photo) for photo in pixels])
    temperature = fit_temperature(logits, labels)
    scores = softmax(logits.astype(np.float64) / temperature)
    chosen, confidence = scores.argmax(axis=1), scores.max(axis=1)
    right = chosen == labels
    threshold = choose_threshold(confidence, right)
    above = confidence >= threshold
    (options.out / "clothing.toml").write_text(
        DESCRIPTION.format(
            labels=", ".join(f'"{label}"' for label in data.LABELS),
            temperature=temperature,
            right=right[above].mean(),
            review=1 - above.mean(),
            threshold=threshold,
            size=backbone.SIZE,
            mean=backbone.MEAN,
            std=backbone.STD,
        )
    )

    lines = [
        f"clothing.tflite: {len(content)} bytes, {network.count_params()} parameters,"
        f" {backbone.multiply_adds(network) / 1e6:.0f} million multiply-adds",
        f"operators: {', '.join(sorted(model.operators()))}",
        f"validation in LiteRT: {right.sum()} of {len(labels)} right, accuracy {right.mean():.4f},"
        f" log loss {log_loss(logits, labels, temperature):.4f} at temperature {temperature}",
        f"review below {threshold}: {1 - above.mean():.1%} go to review,"
        f" {right[above].mean():.1%} of the others are right",
    ]
    for index, label in enumerate(data.LABELS):
        are, said = labels == index, chosen == index
        both = (are & said).sum()
        lines.append(
            f"  {label:10}  recall {both / are.sum():.3f} ({both}/{are.sum()})"
            f"  precision {both / max(1, said.sum()):.3f} ({both}/{said.sum()})"
        )
    print("\n".join(lines))
    with options.log.open("a") as log:
        log.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
