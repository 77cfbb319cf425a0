"""Turns the trained network into `clothing.tflite`, describes and measures it.

Writes the model with its TensorFlow Lite Metadata, its SHA-256 `clothing.sha256`, which the program holds
beside it, and its description `clothing.toml`; adds a report for people to the log. All figures are those of the written file in the official LiteRT runtime. Fails,
and writes nothing, if the file has an operator that it should not have or is too large.
"""

import argparse
import hashlib
import pathlib
import tomllib

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

import backbone
import data
import metadata

OPERATORS = {
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "ADD",
    "AVERAGE_POOL_2D",
    "RESHAPE",
    "DEQUANTIZE",
}
"""The only operators that the file may have. MEAN is left out on purpose; the weights are float16."""

MAX_BYTES = 15_000_000
MAX_MULTIPLY_ADDS = 800_000_000
RIGHT_ABOVE = 0.95
"""Of the validation photos at or above the review threshold, this share is right."""

DESCRIPTION = """\
# Describes clothing.tflite: what goes in, what comes out, and when a person should look.
# Written by model/training/export.py.
name = "clothing"
source = "EfficientNet-Lite0 and MobileNetV2 (Apache-2.0) fine-tuned on clothing-dataset-small (CC0 1.0)"

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

TEXTS = {
    "name": "clothing",
    "description": "Which of ten kinds of clothing a photo shows.",
    "version": "2",
    "author": "lookbook",
    "license": "MIT OR Apache-2.0; weights from EfficientNet-Lite0 and MobileNetV2, Apache-2.0",
}


def normalise(pixels: np.ndarray) -> np.ndarray:
    """Turns pixels of 0 to 255 into the model's input."""
    return (pixels.astype(np.float32) - data.MEAN) / data.STD


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of each row of logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Model:
    """A .tflite file in the official runtime."""

    def __init__(self, content: bytes):
        self.interpreter = Interpreter(model_content=content)
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
        self.interpreter.set_tensor(self.input, normalise(pixels)[None])
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)[0].copy()

    def all_logits(self, pixels) -> np.ndarray:
        """Logits of many photos."""
        return np.stack([self.logits(photo) for photo in pixels])


def convert(network: keras.Model) -> bytes:
    """Converts to a TensorFlow Lite file for one photo at a time: float16 weights, float32 else."""

    @tf.function(input_signature=[tf.TensorSpec((1, backbone.SIZE, backbone.SIZE, 3))])
    def classify(photo):
        return network(photo, training=False)

    concrete = classify.get_concrete_function()
    frozen = convert_variables_to_constants_v2(concrete)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def log_loss(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Mean negative logarithm of the right label's score."""
    scores = softmax(logits.astype(np.float64) / temperature)
    return float(-np.log(scores[np.arange(len(labels)), labels] + 1e-12).mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of the least log loss, to three digits."""
    choices = np.arange(0.2, 3.0, 0.005)
    return float(min(choices, key=lambda value: log_loss(logits, labels, value)).round(3))


def bins_of(confidence: np.ndarray) -> np.ndarray:
    """The bin of each confidence: ten of equal width, as `lookbook evaluate` has them."""
    return (np.ceil(confidence * 10) - 1).clip(0, 9).astype(int)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error."""
    gaps = np.bincount(bins_of(confidence), right - confidence, 10)
    return float(np.abs(gaps).sum() / len(right))


def interval(call, *values: np.ndarray, draws: int = 2000) -> tuple[float, float]:
    """The middle 95 % of what `call` gives for photos drawn again and again (bootstrap)."""
    rng = np.random.default_rng(7)
    count = len(values[0])
    found = []
    for _ in range(draws):
        chosen = rng.integers(0, count, count)
        found.append(call(*(value[chosen] for value in values)))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


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
    parser.add_argument("--networks", type=pathlib.Path, nargs="+", required=True, help="what train.py wrote")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for clothing.tflite, .sha256 and .toml")
    parser.add_argument("--log", type=pathlib.Path, required=True, help="file to add the final figures to")
    options = parser.parse_args()
    network = backbone.load(options.networks, len(data.LABELS))
    work = backbone.multiply_adds(network)
    if work > MAX_MULTIPLY_ADDS:
        raise SystemExit(f"a photo takes {work} multiply-adds, more than {MAX_MULTIPLY_ADDS}")
    content = convert(network)
    model = Model(content)
    strange = model.operators() - OPERATORS
    if strange:
        raise SystemExit(f"the model has operators that it should not have: {sorted(strange)}")
    pixels, labels = data.load_squashed(options.data / "clothing" / "validation", backbone.SIZE)
    logits = model.all_logits(pixels)
    temperature = fit_temperature(logits, labels)
    texts = TEXTS | {"output": f"Logits: the scores are softmax(logits / {temperature:.3f})."}
    described = metadata.describe(texts, backbone.SIZE, data.MEAN, data.STD)
    content = metadata.put(content, described, data.LABELS)
    if len(content) > MAX_BYTES:
        raise SystemExit(f"the model has {len(content)} bytes, more than {MAX_BYTES}")
    model = Model(content)
    if not np.array_equal(model.all_logits(pixels[:8]), logits[:8]):
        raise SystemExit("the metadata changed the model")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "clothing.tflite").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (options.out / "clothing.sha256").write_text(f"{digest}  clothing.tflite\n")
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
            mean=data.MEAN,
            std=data.STD,
        )
    )

    def share(ends: tuple[float, float]) -> str:
        return f"95 % interval {ends[0]:.3f} to {ends[1]:.3f}"

    lines = [
        f"clothing.tflite: {len(content)} bytes, {network.count_params()} parameters,"
        f" {work / 1e6:.0f} million multiply-adds",
        f"operators: {', '.join(sorted(model.operators()))}",
        f"validation in LiteRT: {right.sum()} of {len(labels)} right, accuracy {right.mean():.4f}"
        f" ({share(interval(np.mean, right))}),"
        f" log loss {log_loss(logits, labels, temperature):.4f} at temperature {temperature}",
        f"expected calibration error {calibration_error(confidence, right):.4f}"
        f" ({share(interval(calibration_error, confidence, right))})",
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
