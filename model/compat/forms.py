"""Converts a TensorFlow function to `.tflite` in the forms that people publish."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

FORMS = {
    "float32": "numbers of 32 bits",
    "float16": "weights of 16 bits",
    "dynamic": "weights of 8 bits, activations quantised while it runs",
    "int8": "weights and activations of 8 bits; input and output float32",
    "int8_uint8": "weights and activations of 8 bits; input and output uint8",
    "int8_int8": "weights and activations of 8 bits; input and output int8",
    "uint8": "all of uint8, one scale a tensor: from training with quantisation, before int8",
}
"""Names of the forms, as in `NAME.FORM.tflite`, and what they are."""

FLOAT_FORMS = {"float32", "float16"}
"""The forms that compute in float32, so that two engines agree to a few digits."""


def convert(function, form: str, samples: Sequence[np.ndarray]) -> bytes:
    """Converts a concrete function of one input; `samples` are inputs with a batch, to calibrate int8."""
    frozen = convert_variables_to_constants_v2(function)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if form != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form.startswith("int8"):
        converter.representative_dataset = lambda: ([sample] for sample in samples)
    if form == "int8_uint8":
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    if form == "int8_int8":
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def trace(call, shape: Sequence[int | None], dtype=tf.float32):
    """Turns a Python function of a tensor, or a Keras model, into a concrete function."""

    @tf.function(input_signature=[tf.TensorSpec(shape, dtype)])
    def run(photo):
        return call(photo)

    return run.get_concrete_function()


def convert_uint8(call, shape: Sequence[int]) -> bytes:
    """Converts a function with fake quantisation of everything to the old form; its input is -1 to 1."""
    v1 = tf.compat.v1
    with v1.Graph().as_default() as graph:
        photo = v1.placeholder(tf.float32, shape, name="photo")
        outputs = call(photo)
        with v1.Session(graph=graph) as session:
            converter = v1.lite.TFLiteConverter.from_session(session, [photo], [outputs])
            converter.inference_type = tf.uint8
            converter.quantized_input_stats = {"photo": (127.5, 127.5)}
            return converter.convert()
