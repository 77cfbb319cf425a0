"""Turns the trained network into TensorFlow Lite files, describes and measures them.

Writes `NAME.tflite` (weights in float16) and `NAME-int8.tflite` (whole numbers), each with its TensorFlow Lite
Metadata, its SHA-256 in a `.sha256` (the program holds the built-in model's) and its description in a `.toml`; adds a report for people to the log. All figures are those of the
written files in the official LiteRT runtime. Fails, and writes nothing, if a file has an operator that it should
not have, is too large, or does not answer as the other does.
"""

import argparse
import hashlib
import pathlib

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

import backbone
import data
import measure
import metadata

OPERATORS = {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "AVERAGE_POOL_2D", "RESHAPE", "DEQUANTIZE"}
"""The only operators that a file may have. MEAN is left out on purpose; the weights are float16."""
WHOLE_OPERATORS = OPERATORS | {"QUANTIZE"}
"""Those of a file of whole numbers: it takes and gives float32."""

MAX_BYTES = {"float16": 7_000_000, "int8": 5_000_000}
MAX_MULTIPLY_ADDS = 420_000_000
SAME = 0.97
"""Share of the validation photos on which the two files must name the same label."""
SHOWN = 300
"""Photos to train that the converter sees to choose the grids of whole numbers."""

DESCRIPTION = """\
# Describes {file}: what goes in, what comes out, and when a person should look.
# Written by model/training/export.py.
name = "{name}"
source = "{source}"

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
    "description": "Which of {count} labels a photo has.",
    "version": "3",
    "author": "lookbook",
    "license": "MIT OR Apache-2.0; weights from EfficientNet-Lite, Apache-2.0",
}


def convert(network: keras.Model, size: int, shown: np.ndarray | None) -> bytes:
    """Converts to a TensorFlow Lite file for one photo at a time.

    With photos (normalised) that are `shown` to it, all between input and output is int8, each filter on a grid of
    its own; without, weights are float16 and all else float32.
    """

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 3))])
    def classify(photo):
        return network(photo, training=False)

    frozen = convert_variables_to_constants_v2(classify.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if shown is None:
        converter.target_spec.supported_types = [tf.float16]
    else:
        converter.representative_dataset = lambda: ([photo[None]] for photo in shown)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return converter.convert()


def write(content: bytes, kind: str, trained, pixels, labels, options) -> np.ndarray:
    """Checks, describes, measures and writes one file; gives its logits of the validation photos."""
    model = measure.Model(content)
    strange = model.operators() - (WHOLE_OPERATORS if kind == "int8" else OPERATORS)
    if strange:
        raise SystemExit(f"the model has operators that it should not have: {sorted(strange)}")
    logits = model.all_logits(pixels)
    temperature = measure.fit_temperature(logits, labels)
    name = options.name if kind == "float16" else f"{options.name}-{kind}"
    texts = {
        **TEXTS,
        "name": name,
        "description": TEXTS["description"].format(count=len(trained.labels)),
        "output": f"Logits: the scores are softmax(logits / {temperature:.3f}).",
    }
    described = metadata.describe(texts, trained.size, data.MEAN, data.STD)
    content = metadata.put(content, described, trained.labels)
    if len(content) > MAX_BYTES[kind]:
        raise SystemExit(f"the model has {len(content)} bytes, more than {MAX_BYTES[kind]}")
    if not np.array_equal(measure.Model(content).all_logits(pixels[:8]), logits[:8]):
        raise SystemExit("the metadata changed the model")
    confidence, right = measure.answers(logits, labels, temperature)
    threshold = measure.choose_threshold(confidence, right)
    above = confidence >= threshold
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{name}.tflite").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (options.out / f"{name}.sha256").write_text(f"{digest}  {name}.tflite\n")
    (options.out / f"{name}.toml").write_text(
        DESCRIPTION.format(
            file=f"{name}.tflite",
            name=name,
            source=options.source,
            labels=", ".join(f'"{label}"' for label in trained.labels),
            temperature=temperature,
            right=right[above].mean(),
            review=1 - above.mean(),
            threshold=threshold,
            size=trained.size,
            mean=data.MEAN,
            std=data.STD,
        )
    )
    report(name, content, model, trained, logits, labels, temperature, threshold, options.log)
    return logits


def report(name, content, model, trained, logits, labels, temperature, threshold, log: pathlib.Path) -> None:
    """Prints the figures of a file and adds them to the log."""
    chosen = logits.argmax(axis=1)
    confidence, right = measure.answers(logits, labels, temperature)
    plain, _ = measure.answers(logits, labels, 1.0)
    above = confidence >= threshold

    def share(ends: tuple[float, float]) -> str:
        return f"95 % interval {ends[0]:.3f} to {ends[1]:.3f}"

    crossed = measure.cross_validate(logits, labels)
    ends = {key: f"{min(crossed[key]):.2f} to {max(crossed[key]):.2f}" for key in ("temperatures", "thresholds")}
    lines = [
        f"{name}.tflite: {len(content)} bytes, {trained.model.count_params()} parameters,"
        f" {backbone.multiply_adds(trained.model) / 1e6:.0f} million multiply-adds",
        f"operators: {', '.join(sorted(model.operators()))}",
        f"validation in LiteRT: {right.sum()} of {len(labels)} right, accuracy {right.mean():.4f}"
        f" ({share(measure.interval(np.mean, right))}),"
        f" log loss {measure.log_loss(logits, labels, temperature):.4f} at temperature {temperature}",
        f"expected calibration error {measure.calibration_error(confidence, right):.4f}"
        f" ({share(measure.interval(measure.calibration_error, confidence, right))}),"
        f" without a temperature {measure.calibration_error(plain, right):.4f}",
        f"review below {threshold}: {1 - above.mean():.1%} go to review,"
        f" {right[above].mean():.1%} of the others are right",
        f"cross-validation in {measure.FOLDS} parts: temperatures {ends['temperatures']}, thresholds"
        f" {ends['thresholds']}; log loss {crossed['log_loss']:.4f}, expected calibration error"
        f" {crossed['calibration_error']:.4f}, {crossed['review']:.1%} to review, {crossed['right']:.1%} of the"
        " others right",
    ]
    for index, label in enumerate(trained.labels):
        are, said = labels == index, chosen == index
        both = (are & said).sum()
        lines.append(
            f"  {label:10}  recall {both / are.sum():.3f} ({both}/{are.sum()})"
            f"  precision {both / max(1, said.sum()):.3f} ({both}/{said.sum()})"
        )
    print("\n".join(lines))
    with log.open("a") as file:
        file.write("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="folder with one folder a label")
    parser.add_argument("--network", type=pathlib.Path, required=True, help="what train.py wrote")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the files")
    parser.add_argument("--name", default="clothing", help="of the model and of its files")
    parser.add_argument("--source", default="EfficientNet-Lite0 (Apache-2.0) fine-tuned on photos", help="of its weights")
    parser.add_argument("--log", type=pathlib.Path, required=True, help="file to add the final figures to")
    parser.add_argument("--limit", type=int, help="so many photos only, for a quick check")
    options = parser.parse_args()
    trained = backbone.load(options.network)
    work = backbone.multiply_adds(trained.model)
    if work > MAX_MULTIPLY_ADDS:
        raise SystemExit(f"a photo takes {work} multiply-adds, more than {MAX_MULTIPLY_ADDS}")
    labels, train, validation = data.list_photos(options.photos)
    if labels != trained.labels:
        raise SystemExit(f"the network has other labels than {options.photos}: {trained.labels}")
    if options.limit:
        validation = validation[:: max(1, len(validation) // options.limit)]
    shown, _ = data.load_squashed(train[:: max(1, len(train) // SHOWN)], trained.size)
    pixels, answers = data.load_squashed(validation, trained.size)
    found = {}
    for kind, photos in (("float16", None), ("int8", measure.normalise(shown))):
        content = convert(trained.model, trained.size, photos)
        found[kind] = write(content, kind, trained, pixels, answers, options)
    same = (found["float16"].argmax(axis=1) == found["int8"].argmax(axis=1)).mean()
    line = f"the two files name the same label for {same:.1%} of the validation photos"
    print(line)
    with options.log.open("a") as file:
        file.write(line + "\n")
    if same < SAME and len(validation) >= 100:
        raise SystemExit("the file of whole numbers answers otherwise too often")


if __name__ == "__main__":
    main()
