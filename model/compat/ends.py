"""Compares lookbook with the official runtime on models whose input or output is of an unusual form.

    ends.py FOLDER --lookbook BINARY

Makes small networks of random weights: for images of any size, with colours first, without a batch, grey
without an axis for it, blue before red, whole numbers that stand for normalised values, one output, and
several. Each gets drawn photos, in the official runtime as its maker means it and in lookbook with the
flags that say so. Also damages a file's alignment, as some tools do. The exit code is 1 if outputs differ.
"""

import argparse
import pathlib

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from cases import Weights
from forms import convert, trace
from photos import NORMALISE, read, write_tested
from report import RAW_FLOAT, Refused, classified

SIDE = 32


def layers(name: str, channels: int = 3, outputs: int = 5):
    """Two convolutions and a dense layer on images of any size."""
    w = Weights(name)
    first, second, dense = w(3, 3, channels, 8), w(3, 3, 8, 16), w(16, outputs)

    def call(x):
        x = tf.nn.relu6(tf.nn.conv2d(x, first, 2, "SAME"))
        x = tf.nn.relu6(tf.nn.conv2d(x, second, 2, "SAME"))
        return tf.matmul(tf.reduce_mean(x, [1, 2]), dense) * 3.0

    return call


def grey(pixels: np.ndarray) -> np.ndarray:
    """As Pillow's convert("L")."""
    return np.floor((pixels @ np.array([19595, 38470, 7471]) + 0x8000) / 65536)


def two(x):
    """Scores, and features of which there are more."""
    scores = layers("two")(x)
    return {"a": tf.concat([scores, scores], -1), "b": tf.nn.softmax(scores)}


def caffe(pixels: np.ndarray) -> np.ndarray:
    """As keras.applications.imagenet_utils.preprocess_input(mode="caffe")."""
    return pixels[..., ::-1] - [103.939, 116.779, 123.68]


SIZE = (SIDE, SIDE)
UNIT = NORMALISE["0..1"]
CASES = {
    # Name: shape, network, form, what the maker does with pixels, flags, the official output.
    "any_size": ((1, None, None, 3), layers("any"), "float32", UNIT, ["--normalise=0..1", f"--size={SIDE}x{SIDE}"], 0),
    "colours_first": (
        (1, 3, *SIZE), lambda x: layers("first")(tf.transpose(x, [0, 2, 3, 1])), "float32",
        lambda pixels: UNIT(pixels).transpose(2, 0, 1), ["--normalise=0..1"], 0,
    ),
    "no_batch": ((*SIZE, 3), lambda x: layers("none")(x[None]), "float32", UNIT, ["--normalise=0..1"], 0),
    "grey": (
        (1, *SIZE), lambda x: layers("grey", 1)(x[..., None]), "float32",
        lambda pixels: grey(pixels) / 255, ["--normalise=0..1"], 0,
    ),
    "bgr": ((1, *SIZE, 3), lambda x: layers("bgr")(x / 100), "float32", caffe, ["--normalise=caffe"], 0),
    "sigmoid": (
        (1, *SIZE, 3), lambda x: tf.sigmoid(layers("one", 3, 1)(x)), "float32", UNIT, ["--normalise=0..1"], 0,
    ),
    "two_outputs": ((1, *SIZE, 3), two, "float32", UNIT, ["--normalise=0..1", "--output=1"], 1),
    "whole_imagenet": (
        (1, *SIZE, 3), layers("whole"), "int8_uint8", NORMALISE["imagenet"], ["--normalise=imagenet"], 0,
    ),
}


def official(file: pathlib.Path, values: np.ndarray, output: int) -> np.ndarray:
    """What the official runtime answers for real values, de-quantised."""
    runtime = Interpreter(
        str(file), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    details = runtime.get_input_details()[0]
    wanted = values if len(details["shape"]) == values.ndim else values[None]
    runtime.resize_tensor_input(details["index"], wanted.shape)
    runtime.allocate_tensors()
    scale, zero = details["quantization"]
    if scale:
        limits = np.iinfo(details["dtype"])
        wanted = np.clip(np.round(wanted / np.float32(scale)) + zero, limits.min, limits.max)
    runtime.set_tensor(details["index"], wanted.astype(details["dtype"]))
    runtime.invoke()
    end = runtime.get_output_details()[output]
    answer = runtime.get_tensor(end["index"]).astype(np.float32)
    scale, zero = end["quantization"]
    return ((answer - zero) * np.float32(scale) if scale else answer).flatten()


def loosened(file: bytes) -> bytes:
    """The same model with each list of zero points at a multiple of 4 bytes that is none of 8."""
    model = schema.Model.GetRootAs(file)
    data = bytearray(file)
    for graph in range(model.SubgraphsLength()):
        tensors = model.Subgraphs(graph)
        for place in range(tensors.TensorsLength()):
            own = tensors.Tensors(place).Quantization()
            offset = own._tab.Offset(10) if own else 0
            if not offset:
                continue
            field = own._tab.Pos + offset
            old = field + int.from_bytes(file[field : field + 4], "little")
            count = own.ZeroPointLength()
            data += bytes(-len(data) % 8)
            data[field : field + 4] = (len(data) - field).to_bytes(4, "little")
            data += file[old : old + 4 + 8 * count]
    return bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--lookbook", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    photos = write_tested(options.folder, SIDE)
    pixels = [read(photo).reshape(SIDE, SIDE, 3).astype(np.float64) for photo in photos]
    failed = 0
    for name, (shape, network, form, normalise, flags, output) in CASES.items():
        samples = [normalise(photo).astype(np.float32).reshape([side or SIDE for side in shape]) for photo in pixels]
        file = options.folder / f"ends_{name}.{form}.tflite"
        file.write_bytes(convert(trace(network, shape), form, samples))
        files = [file]
        if form != "float32":
            files.append(file.with_suffix(".loose.tflite"))
            files[1].write_bytes(loosened(file.read_bytes()))
        for where in files:
            expected = np.array([official(where, normalise(photo).astype(np.float32), output) for photo in pixels])
            try:
                printed = classified(options.lookbook, where, None, photos, flags)
                away, change = np.abs(printed - expected).max(), np.ptp(expected, axis=0).max()
                wrong = away > RAW_FLOAT or change < 10 * RAW_FLOAT
                print(f"{where.name}: {away:.2e} away, of answers that change by {change:.3f}", flush=True)
            except Refused as refused:
                wrong = True
                print(f"{where.name}: {refused}", flush=True)
            failed += wrong
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
