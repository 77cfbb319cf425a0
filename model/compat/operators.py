"""Makes small models of one or a few operators, and writes what the official runtime says of them.

    operators.py FOLDER [--only NAME]

Writes `NAME.FORM.tflite` files, and `expected.json`: for each file what goes in and out, two inputs as
flat lists of the file's own input values, and the official outputs as flat lists of real numbers. A
case that cannot be converted to a form is left out, with a line that says why.
"""

import argparse
import json
import pathlib

import keras
import numpy as np
import tensorflow as tf

import cases_layers  # noqa: F401
import cases_maths  # noqa: F401
import cases_shapes  # noqa: F401
import cases_uint8  # noqa: F401
from cases import CASES, HEIGHT, WIDTH, Case, Weights
from forms import convert, convert_uint8, trace
from official import Official, plain


def keras_model(case: Case, weights: Weights) -> keras.Model:
    """A Keras model of the case's layers, with random weights everywhere."""
    layers = [keras.Input((HEIGHT, WIDTH, case.channels)), *case.call(weights)]
    model = keras.Sequential(layers)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(weights.positive(*shape))
        elif len(shape) == 1:
            variable.assign(weights.bias(*shape))
        else:
            variable.assign(weights(*shape))
    return model


def flattened(call, batch: int | None):
    """The same function with outputs of shape [batch, count]."""

    def run(x):
        y = call(x)
        if batch is None:
            return tf.reshape(y, [-1, int(np.prod(y.shape[1:]))])
        return tf.reshape(y, [1, -1])

    return run


def inputs_of(case: Case, count: int) -> list[np.ndarray]:
    """Random inputs; those of float32 are multiples of 1/64, so that halves and short numbers occur."""
    rng = np.random.default_rng(len(case.name))
    low, high = case.span
    shape = (count, HEIGHT, WIDTH, case.channels)
    if case.dtype == "float32":
        values = np.round(rng.uniform(low, high, shape) * 64) / 64
    else:
        values = rng.integers(low, high + 1, shape)
    return list(values.astype(case.dtype)[:, None])


def make(case: Case, form: str, folder: pathlib.Path) -> dict:
    """Writes one file; returns what to expect of it."""
    weights = Weights(case.name)
    shape = (case.batch, HEIGHT, WIDTH, case.channels)
    model = keras_model(case, weights) if case.keras else None
    call = model if case.keras else lambda x: case.call(x, weights)
    samples = inputs_of(case, 16)
    if form == "uint8":
        content = convert_uint8(call, shape)
    else:
        function = trace(flattened(call, case.batch), shape, tf.as_dtype(case.dtype))
        content = convert(function, form, samples)
    path = folder / f"{case.name}.{form}.tflite"
    path.write_bytes(content)

    official = Official(path)
    inputs = samples[:2]
    if official.input["quantization"][0]:
        inputs = [official.quantise(sample) for sample in inputs]
    outputs = [official.run(sample) for sample in inputs]
    if not all(np.isfinite(values).all() for values in outputs):
        raise ValueError("outputs are not finite")
    if min(values.size for values in outputs) < 2:
        raise ValueError("less than two outputs")
    return {
        "input": official.describe("input"),
        "output": official.describe("output"),
        "inputs": [plain(values) for values in inputs],
        "outputs": [plain(values) for values in outputs],
        "operators": [entry["op_name"] for entry in official.interpreter._get_ops_details()],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", help="one case's name")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [case for case in CASES if options.only in (None, case.name)]
    if not chosen:
        raise SystemExit(f"no case is named '{options.only}'")

    record = options.folder / "expected.json"
    expected = json.loads(record.read_text()) if options.only and record.exists() else {}
    for case in chosen:
        for form in case.forms:
            name = f"{case.name}.{form}.tflite"
            try:
                expected[name] = make(case, form, options.folder)
            except Exception as error:  # The converter raises many kinds.
                expected.pop(name, None)
                (options.folder / name).unlink(missing_ok=True)
                reason = str(error).strip().splitlines() or [type(error).__name__]
                print(f"left out {name}: {reason[0]}", flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(expected.items())]
    record.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"wrote {len(expected)} files and expected.json to {options.folder}")


if __name__ == "__main__":
    main()
