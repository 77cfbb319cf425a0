"""Turns the trained network into TensorFlow Lite files, describes and measures them.

Writes `NAME.tflite` (weights in float16) and `NAME-int8.tflite` (whole numbers), each with its TensorFlow Lite
Metadata, its SHA-256 in a `.sha256` (the program holds the built-in model's) and its description in a `.toml`; adds a report for people to the log. All figures are those of the
written files in the official LiteRT runtime. Fails, and writes nothing, if a file has an operator that it should
not have, is too large, or does not answer as the other does.
"""

import argparse
import hashlib
import json
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
MAX_BYTES_A_LABEL = 3_000
"""What a label may add: its filter in the head, and its name."""
MAX_MULTIPLY_ADDS = 420_000_000
SAME = 0.97
"""Share of the validation photos on which the two files must name the same label."""
SHOWN = 300
"""Photos to train that the converter sees to choose the grids of whole numbers."""

DESCRIPTION = """\
# Describes {file}: what goes in, what comes out, and when a person should look.
# Written by model/training/export.py.
name = {name}
source = {source}

# In the order of the model's outputs.
labels = [{labels}]

# The model gives logits: the scores are softmax(logits / temperature). {about_temperature}
output = "logits"
temperature = {temperature:.3f}

# A photo whose confidence is below this goes to review. {about_threshold}
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


def quoted(text: str) -> str:
    """A text as TOML has it, in quotes."""
    # JSON's are the same, but for one character that TOML does not take as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def describe(name: str, trained, logits: np.ndarray, labels: np.ndarray, source: str) -> str:
    """The description of a file, with the temperature and the threshold that its logits choose."""
    temperature, threshold = measure.calibrate(logits, labels)
    confidence, right = measure.answers(logits, labels, temperature)
    above = confidence >= threshold
    about_temperature = (
        "The temperature is fitted on\n# the validation photos, so that a confidence is about the chance to be right."
    )
    about_threshold = "No validation photo is at or above it."
    if len(labels) < measure.FEW:
        found = f"there were {len(labels)} photos to validate, and it takes {measure.FEW}"
        about_temperature = f"The temperature is a\n# guess: {found} to fit it."
        about_threshold = f"This is a guess on the\n# safe side: {found} to choose it."
    elif above.any():
        about_threshold = (
            f"Of the validation photos at or above it,\n# {right[above].mean():.1%} are right;"
            f" {1 - above.mean():.1%} of all validation photos are below it."
        )
    return DESCRIPTION.format(
        file=f"{name}.tflite",
        name=quoted(name),
        source=quoted(source),
        labels=", ".join(quoted(label) for label in trained.labels),
        temperature=temperature,
        about_temperature=about_temperature,
        threshold=threshold,
        about_threshold=about_threshold,
        size=trained.size,
        mean=data.MEAN,
        std=data.STD,
    )


def write(content: bytes, kind: str, trained, shown, pixels, labels, options) -> np.ndarray:
    """Checks, describes, measures and writes one file; gives its logits of the validation photos.

    `shown` are pixels of some photos to train: the file must give the same for them when it is described.
    """
    model = measure.Model(content)
    strange = model.operators() - (WHOLE_OPERATORS if kind == "int8" else OPERATORS)
    if strange:
        raise SystemExit(f"the model has operators that it should not have: {sorted(strange)}")
    logits = model.all_logits(pixels)
    temperature, threshold = measure.calibrate(logits, labels)
    name = options.name if kind == "float16" else f"{options.name}-{kind}"
    texts = {
        **TEXTS,
        "name": name,
        "description": TEXTS["description"].format(count=len(trained.labels)),
        "output": f"Logits: the scores are softmax(logits / {temperature:.3f}).",
    }
    described = metadata.describe(texts, trained.size, data.MEAN, data.STD)
    content = metadata.put(content, described, trained.labels)
    limit = MAX_BYTES[kind] + MAX_BYTES_A_LABEL * len(trained.labels)
    if len(content) > limit:
        raise SystemExit(f"the model has {len(content)} bytes, more than {limit}")
    if not np.array_equal(measure.Model(content).all_logits(shown[:8]), model.all_logits(shown[:8])):
        raise SystemExit("the metadata changed the model")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{name}.tflite").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (options.out / f"{name}.sha256").write_text(f"{digest}  {name}.tflite\n")
    description = describe(name, trained, logits, labels, options.source)
    (options.out / f"{name}.toml").write_text(description, encoding="utf-8")
    lines = [
        f"{name}.tflite: {len(content)} bytes, {trained.model.count_params()} parameters,"
        f" {backbone.multiply_adds(trained.model) / 1e6:.0f} million multiply-adds",
        f"operators: {', '.join(sorted(model.operators()))}",
        *figures(trained.labels, logits, labels, temperature, threshold),
    ]
    note(lines, options.log)
    return logits


def note(lines: list[str], log: pathlib.Path) -> None:
    """Prints lines, and adds them to the log."""
    print("\n".join(lines))
    with log.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def figures(names: list[str], logits, labels, temperature: float, threshold: float) -> list[str]:
    """Lines with the figures of a file: what its logits of the validation photos are worth."""
    if not len(labels):
        return [
            "no photo to validate: nothing is known of how often it is right;"
            f" temperature {temperature} and review below {threshold} are guesses on the safe side"
        ]
    chosen = logits.argmax(axis=1)
    confidence, right = measure.answers(logits, labels, temperature)
    plain, _ = measure.answers(logits, labels, 1.0)
    above = confidence >= threshold

    def share(ends: tuple[float, float]) -> str:
        return f"95 % interval {ends[0]:.3f} to {ends[1]:.3f}"

    lines = [
        f"validation in LiteRT: {right.sum()} of {len(labels)} right, accuracy {right.mean():.4f}"
        f" ({share(measure.interval(np.mean, right))}),"
        f" log loss {measure.log_loss(logits, labels, temperature):.4f} at temperature {temperature}",
        f"expected calibration error {measure.calibration_error(confidence, right):.4f}"
        f" ({share(measure.interval(measure.calibration_error, confidence, right))}),"
        f" without a temperature {measure.calibration_error(plain, right):.4f}",
        f"review below {threshold}: {1 - above.mean():.1%} go to review"
        + (f", {right[above].mean():.1%} of the others are right" if above.any() else ""),
    ]
    if len(labels) < measure.FEW:
        lines.append(
            f"{len(labels)} photos to validate are too few to fit the temperature or to choose where review begins:"
            " both are guesses on the safe side"
        )
    else:
        crossed = measure.cross_validate(logits, labels)
        ends = {key: f"{min(crossed[key]):.2f} to {max(crossed[key]):.2f}" for key in ("temperatures", "thresholds")}
        lines.append(
            f"cross-validation in {measure.FOLDS} parts: temperatures {ends['temperatures']}, thresholds"
            f" {ends['thresholds']}; log loss {crossed['log_loss']:.4f}, expected calibration error"
            f" {crossed['calibration_error']:.4f}, {crossed['review']:.1%} to review, {crossed['right']:.1%} of the"
            " others right"
        )
    for index, label in enumerate(names):
        are, said = labels == index, chosen == index
        both = (are & said).sum()
        lines.append(
            f"  {label:10}  recall {both / max(1, are.sum()):.3f} ({both}/{are.sum()})"
            f"  precision {both / max(1, said.sum()):.3f} ({both}/{said.sum()})"
        )
    return lines


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
    listing = data.list_photos(options.photos)
    train, validation = listing.train, listing.validation
    if listing.labels != trained.labels:
        raise SystemExit(f"the network has other labels than {options.photos}: {trained.labels}")
    if options.limit:
        validation = validation[:: max(1, len(validation) // options.limit)]
    shown, _ = data.load_squashed(train[:: max(1, len(train) // SHOWN)], trained.size)
    pixels, answers = data.load_squashed(validation, trained.size)
    found = {}
    for kind, photos in (("float16", None), ("int8", measure.normalise(shown))):
        content = convert(trained.model, trained.size, photos)
        found[kind] = write(content, kind, trained, shown, pixels, answers, options)
    if not validation:
        return
    same = (found["float16"].argmax(axis=1) == found["int8"].argmax(axis=1)).mean()
    note([f"the two files name the same label for {same:.1%} of the validation photos"], options.log)
    if same < SAME and len(validation) >= 100:
        raise SystemExit("the file of whole numbers answers otherwise too often")


if __name__ == "__main__":
    main()
