"""A `.tflite` file in the official LiteRT runtime, with its plain kernels (no XNNPACK)."""

import pathlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


class Official:
    """One file, for one photo at a time."""

    def __init__(self, path: pathlib.Path):
        self.interpreter = Interpreter(
            model_path=str(path),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]

    def quantise(self, values: np.ndarray) -> np.ndarray:
        """Turns real numbers into the file's own input values."""
        values = values.reshape(self.input["shape"])
        dtype = self.input["dtype"]
        scale, zero_point = self.input["quantization"]
        if np.issubdtype(dtype, np.floating):
            return values.astype(dtype)
        if scale:
            # Halves away from zero, as the runtime's own QUANTIZE rounds them.
            exact = values.astype(np.float32) / np.float32(scale)
            values = np.sign(exact) * np.floor(np.abs(exact) + 0.5) + zero_point
        limits = np.iinfo(dtype)
        return np.clip(values, limits.min, limits.max).astype(dtype)

    def own(self, pixels: np.ndarray, normalise) -> np.ndarray:
        """Turns pixels of 0 to 255 into the file's own input values.

        An input of whole numbers takes pixels as they are, from -128 up if it has a sign.
        """
        dtype = self.input["dtype"]
        if dtype == np.uint8:
            return pixels.astype(dtype)
        if dtype == np.int8:
            return (pixels - 128).astype(dtype)
        return normalise(pixels).astype(dtype)

    def dequantise_input(self, values: np.ndarray) -> np.ndarray:
        """Turns the file's own input values into the real numbers that they stand for."""
        return dequantise(values, self.input)

    def run(self, values: np.ndarray) -> np.ndarray:
        """The outputs, flat, as real numbers, for the file's own input values."""
        self.interpreter.set_tensor(self.input["index"], values.reshape(self.input["shape"]))
        self.interpreter.invoke()
        outputs = self.interpreter.get_tensor(self.output["index"])
        return dequantise(outputs, self.output).flatten()

    def describe(self, which: str) -> dict:
        """Type, shape and quantisation of the "input" or the "output", for JSON."""
        details = self.input if which == "input" else self.output
        scale, zero_point = details["quantization"]
        return {
            "dtype": np.dtype(details["dtype"]).name,
            "shape": [int(size) for size in details["shape"]],
            "scale": float(scale),
            "zero_point": int(zero_point),
        }


def dequantise(values: np.ndarray, details: dict) -> np.ndarray:
    """Applies the scale and zero point of a tensor; without a scale, only turns it into float32."""
    scale, zero_point = details["quantization"]
    real = values.astype(np.float32)
    return (real - zero_point) * np.float32(scale) if scale else real


def plain(values: np.ndarray) -> list:
    """A flat list of short numbers for JSON, exact in float32."""
    if np.issubdtype(values.dtype, np.integer):
        return [int(value) for value in values.flatten()]
    return [float(f"{value:.9g}") for value in values.flatten()]
