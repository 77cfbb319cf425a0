"""Makes the networks that lookbook is timed on, as `.tflite` files, and as `.onnx` those of float32.

    models.py FOLDER [--photos FOLDER] [--only NAME]

Writes, for each of MODELS, `NAME.tflite`, `NAME.toml` (labels, pixels: what lookbook reads), and
`models.json`: how the peers make the input. `labels.txt` has a thousand names; `clothing.*` is
lookbook's own model. Files that are there stay.

Weights are random, for published ones would be a download of some hundred MB and time does not depend on
them. But every batch norm has the statistics of real activations, and the last layer tells photos apart:
else a comparison of answers, and the scales of whole numbers, would mean nothing.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import tomllib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "model/compat"), str(ROOT / "model/training")]

import forms
import metadata
import networks
import photos as drawing
from stages import LITE0

LABELS = 1000
LABEL_NAMES = [f"label {number:03}" for number in range(LABELS)]
CONFIDENCE = 0.4
"""About the mean of the highest score, over the photos that the last layer is made with."""

LITE = (127.0, 128.0)
UNIT = (127.5, 127.5)
EVEN = (128.0, 128.0)
RAW = (0.0, 1.0)
"""Mean and deviation that make a network's input of pixels of 0 to 255. Those of UNIT become halves when they
are quantised to 8 bits, which each program rounds as it likes; with EVEN they become whole."""

apps = keras.applications


def efficientnet_lite0(weights=None, include_top=False, input_shape=None) -> keras.Model:
    """EfficientNet-Lite0: no squeeze and excitation, ReLU6 for swish. With batch norms, as when trained."""
    layers = keras.layers

    def after(x, relu):
        x = layers.BatchNormalization(epsilon=1e-3)(x)
        return layers.ReLU(6.0)(x) if relu else x

    def conv(x, filters, kernel, stride, relu):
        return after(layers.Conv2D(filters, kernel, stride, "same", use_bias=False)(x), relu)

    photo = keras.Input(input_shape)
    x = conv(photo, 32, 3, 2, relu=True)
    channels = 32
    for expansion, kernel, stride, filters, repeats in LITE0:
        for repeat in range(repeats):
            step, entry = (stride if repeat == 0 else 1), x
            if expansion > 1:
                x = conv(x, channels * expansion, 1, 1, relu=True)
            x = after(layers.DepthwiseConv2D(kernel, step, "same", use_bias=False)(x), relu=True)
            x = conv(x, filters, 1, 1, relu=False)
            if step == 1 and channels == filters:
                x = layers.Add()([entry, x])
            channels = filters
    return keras.Model(photo, conv(x, 1280, 1, 1, relu=True))


NETWORKS = {
    "mobilenet_v2": (apps.MobileNetV2, 224, UNIT),
    "mobilenet_v2_even": (apps.MobileNetV2, 224, EVEN),
    "mobilenet_v3_large": (apps.MobileNetV3Large, 224, RAW),
    "efficientnet_b0": (apps.EfficientNetB0, 224, RAW),
    "resnet50": (apps.ResNet50, 224, UNIT),
    "xception": (apps.Xception, 299, UNIT),
    "efficientnet_lite0": (efficientnet_lite0, 224, LITE),
    "efficientnet_b1": (apps.EfficientNetB1, 240, RAW),
}
"""Builder, side of the input, and what pixels become. Those of RAW normalise inside."""

MODELS = {
    "mobilenet_v2": ("mobilenet_v2", "float32"),
    "mobilenet_v3_large": ("mobilenet_v3_large", "float32"),
    "efficientnet_b0": ("efficientnet_b0", "float32"),
    "resnet50": ("resnet50", "float32"),
    "xception": ("xception", "float32"),
    "mobilenet_v2.int8": ("mobilenet_v2_even", "int8_int8"),
    "mobilenet_v2.dynamic": ("mobilenet_v2", "dynamic"),
    "efficientnet_lite0.int8": ("efficientnet_lite0", "int8_uint8"),
    "efficientnet_b1.int8": ("efficientnet_b1", "int8_uint8"),
    "model_maker": ("efficientnet_lite0", "int8_uint8"),
}
"""File names, and the network and form of each. `model_maker` is what TensorFlow's Model Maker exports:
EfficientNet-Lite0, uint8 in and out, with metadata that has the normalisation and the labels."""


def squashed(folder: pathlib.Path, side: int, most: int) -> np.ndarray:
    """Pixels of up to `most` photos, as the peers see them."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    pixels = []
    for path in files[:: max(1, len(files) // most)][:most]:
        with Image.open(path) as photo:
            photo = ImageOps.exif_transpose(photo).convert("RGB").resize((side, side), Image.NEAREST)
            pixels.append(np.asarray(photo, np.float32))
    if not pixels:
        raise SystemExit(f"models.py: no photo in {folder}")
    return np.stack(pixels)


def build(name: str, photos: pathlib.Path) -> tuple[keras.Model, np.ndarray]:
    """A network with its weights, and inputs to calibrate it with."""
    builder, side, (mean, std) = NETWORKS[name]
    keras.utils.set_random_seed(sum(name.encode()))
    base = builder(weights=None, include_top=False, input_shape=(side, side, 3))
    features = keras.layers.GlobalAveragePooling2D()(base.output)
    features = keras.Model(base.input, features)
    networks.randomise(features, np.random.default_rng(7))
    drawn = np.stack([np.asarray(drawing.draw(kind, side, 1), np.float32) for kind in drawing.KINDS])
    inputs = (np.concatenate([squashed(photos, side, 14), drawn]) - mean) / std
    inputs = inputs.astype(np.float32)
    networks.settle(features, inputs)
    head = keras.layers.Dense(LABELS, activation="softmax", name="scores")
    model = keras.Model(features.input, head(features.output))
    head.set_weights(last_layer(networks.outputs(features, inputs)))
    return model, inputs


def last_layer(features: np.ndarray) -> list[np.ndarray]:
    """Weights and biases of random directions along which the photos differ, of a softmax that is not flat."""
    rng = np.random.default_rng(9)
    mean = features.mean(axis=0)
    centred = (features - mean) / (features.std(axis=0) + 1e-3)
    weights = rng.normal(size=(len(features), LABELS))
    weights = centred.T @ weights / np.sqrt(centred.size) / (features.std(axis=0) + 1e-3)[:, None]
    logits = (features - mean) @ weights
    scales = np.geomspace(0.01, 1000, 400)
    reached = [networks.softmax(logits * scale).max(axis=1).mean() for scale in scales]
    scale = scales[min(np.searchsorted(reached, CONFIDENCE), len(scales) - 1)]
    return [weights * scale, -mean @ weights * scale]


def described(content: bytes, name: str) -> bytes:
    """A model with the metadata that Model Maker writes."""
    _, side, (mean, std) = NETWORKS[MODELS[name][0]]
    texts = {"name": "ImageClassifier", "description": "Which of a thousand labels a photo has.", "version": "v1"}
    texts |= {"author": "lookbook", "license": "MIT OR Apache-2.0", "output": "Probabilities of the labels."}
    return metadata.put(content, metadata.describe(texts, side, mean, std), LABEL_NAMES)


def toml(name: str) -> str:
    """What lookbook is told about a model: the same pixels as the peers have."""
    _, _, (mean, std) = NETWORKS[MODELS[name][0]]
    labels = ", ".join(f'"{label}"' for label in LABEL_NAMES)
    text = f'[input]\nfilter = "nearest"\nmean = [{mean}, {mean}, {mean}]\nstd = [{std}, {std}, {std}]\n'
    # That of Model Maker has labels in the file.
    return text if name == "model_maker" else f"labels = [{labels}]\n{text}"


def to_onnx(tflite: pathlib.Path) -> None:
    """The same file for ONNX Runtime."""
    out = tflite.with_suffix(".onnx")
    partial = tflite.with_suffix(".onnx.partial")
    command = [sys.executable, "-m", "tf2onnx.convert", "--tflite", tflite, "--output", partial, "--opset", "17"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not partial.exists():
        raise SystemExit(f"models.py: tf2onnx cannot convert {tflite}:\n{done.stderr[-3000:]}")
    partial.rename(out)


def built_in(folder: pathlib.Path) -> dict:
    """Puts lookbook's own model there, for the peers, and says what they must know of it."""
    model, description = ROOT / "model/clothing.tflite", (ROOT / "model/clothing.toml").read_text()
    known, file = tomllib.loads(description), folder / "clothing.tflite"
    if not file.exists() or file.read_bytes() != model.read_bytes():
        write(file, model.read_bytes())
        to_onnx(file)
    write(folder / "clothing.toml", description.encode())
    write(folder / "clothing.txt", "".join(f"{label}\n" for label in known["labels"]).encode())
    mean, std = known["input"]["mean"][0], known["input"]["std"][0]
    return {"form": "float16", "mean": mean, "std": std, "labels": "clothing.txt", "temperature": known["temperature"]}


def write(path: pathlib.Path, content: bytes) -> None:
    """Writes a file that is whole under its own name."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--photos", type=pathlib.Path, default=ROOT / "events/photos", help="to calibrate with")
    parser.add_argument("--only", choices=MODELS, help="one of them")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABEL_NAMES))
    names = [options.only] if options.only else list(MODELS)
    built = {}
    for name in names:
        network, form = MODELS[name]
        file = options.folder / f"{name}.tflite"
        started = time.perf_counter()
        if not file.exists():
            if network not in built:
                built[network] = build(network, options.photos)
            model, inputs = built[network]
            side = NETWORKS[network][1]
            function = forms.trace(lambda photo: model(photo, training=False), (1, side, side, 3))
            # The converter talks a lot.
            with contextlib.redirect_stdout(sys.stderr):
                content = forms.convert(function, form, list(inputs[:, None]))
            write(file, described(content, name) if name == "model_maker" else content)
        write(options.folder / f"{name}.toml", toml(name).encode())
        if form == "float32" and not file.with_suffix(".onnx").exists():
            to_onnx(file)
        seconds = time.perf_counter() - started
        print(f"{name}: {file.stat().st_size:,} bytes, {seconds:.0f} s", flush=True)
    facts = {"clothing": built_in(options.folder)}
    facts |= {
        name: {"form": MODELS[name][1], "mean": NETWORKS[MODELS[name][0]][2][0], "std": NETWORKS[MODELS[name][0]][2][1]}
        for name in MODELS
    }
    write(options.folder / "models.json", (json.dumps(facts, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
