"""Goldens for the kernels of whole numbers: what the official runtime gives for models of one operator.

    python3 -m venv venv && venv/bin/pip install ai-edge-litert numpy flatbuffers
    venv/bin/python model/compat/whole.py crates/tflite/tests/whole

writes a file of cases for each operator, which `cargo test` reads. A second argument is a factor: with 50
there are fifty times the cases, for a folder that the variable LOOKBOOK_WHOLE names when tests run. Further
arguments name the operators, if not all are meant.

The runtime is asked without delegates (BUILTIN_WITHOUT_DEFAULT_DELEGATES) and with one thread, on x86.
Numbers of int8 are moved up by 128 and written as hexadecimal digits.
"""

import json
import pathlib
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TYPES = {"int8": np.int8, "uint8": np.uint8, "float32": np.float32, "int32": np.int32, "bool": np.bool_}
LEAST = {"int8": -128, "uint8": 0}

FAMILIES = {}
"""Name of a file -> what yields its cases, with how often it is called."""


class Tensor:
    """A tensor of a model; an input unless it has data."""

    def __init__(self, kind, shape, scale=None, zero=0, data=None, axis=0):
        self.kind, self.shape = kind, [int(size) for size in shape]
        self.scale, self.zero, self.data, self.axis = scale, zero, data, axis

    def grid(self):
        return [float(np.float32(self.scale)), int(self.zero), self.kind == "int8"]

    def numbers(self, rng):
        """Random numbers, all that there are among them where they fit."""
        count = int(np.prod(self.shape))
        numbers = rng.permutation(np.arange(max(count, 256)) % 256)[:count] + LEAST[self.kind]
        return numbers.reshape(self.shape).astype(TYPES[self.kind])


def table(options):
    """The fields of a tensor or operator, as the schema wants them."""
    kind, fields = options
    made = getattr(schema, kind + "T")()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def invoke(code, options, tensors, outputs, inputs, version=1):
    """What the runtime makes of `inputs`, the numbers of the tensors without data."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, graph.tensors = 3, [schema.BufferT()], []
    for number, tensor in enumerate(tensors + outputs):
        made = schema.TensorT()
        made.name, made.buffer = b"t%d" % number, 0
        made.shape = np.array(tensor.shape, np.int32)
        made.type = getattr(schema.TensorType, tensor.kind.upper())
        if tensor.data is not None:
            buffer = schema.BufferT()
            data = np.asarray(tensor.data, TYPES[tensor.kind])
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            made.buffer = len(model.buffers)
            model.buffers.append(buffer)
        if tensor.scale is not None:
            grid = made.quantization = schema.QuantizationParametersT()
            grid.scale = np.atleast_1d(np.array(tensor.scale, np.float32))
            grid.zeroPoint = np.full(len(grid.scale), tensor.zero, np.int64)
            grid.quantizedDimension = tensor.axis
        graph.tensors.append(made)
    builtin = schema.OperatorCodeT()
    builtin.builtinCode = getattr(schema.BuiltinOperator, code)
    builtin.deprecatedBuiltinCode, builtin.version = min(builtin.builtinCode, 127), version
    model.operatorCodes = [builtin]
    operator = schema.OperatorT()
    operator.inputs = np.arange(len(tensors), dtype=np.int32)
    operator.outputs = np.arange(len(tensors), len(tensors) + len(outputs), dtype=np.int32)
    if options:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, options[0])
        operator.builtinOptions = table(options)
    graph.operators, model.subgraphs = [operator], [graph]
    inner = [number for number, tensor in enumerate(tensors) if tensor.data is None]
    graph.inputs, graph.outputs = np.array(inner, np.int32), operator.outputs
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    interpreter = Interpreter(
        model_content=bytes(builder.Output()),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    for detail, numbers in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], numbers)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def digits(numbers):
    """Numbers as text: those of int8 moved up by 128."""
    numbers = np.ascontiguousarray(numbers)
    if numbers.dtype == np.int8:
        numbers = (numbers.astype(np.int16) + 128).astype(np.uint8)
    return numbers.tobytes().hex()


def family(name, times):
    def add(call):
        FAMILIES.setdefault(name, []).append((call, times))
        return call

    return add


def scale(rng, least=1e-3, most=0.2):
    """Any scale, or a power of two: there halves occur."""
    if rng.random() < 0.4:
        return np.float32(2.0 ** rng.integers(np.ceil(np.log2(least)), np.log2(most) + 1))
    return np.float32(np.exp(rng.uniform(np.log(least), np.log(most))))


def zero(rng, kind):
    return int(rng.choice([LEAST[kind], LEAST[kind] + 128, rng.integers(0, 256) + LEAST[kind]]))


def either(rng):
    return str(rng.choice(["int8", "uint8"]))


ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


def activation(rng):
    name = str(rng.choice(ACTIVATIONS))
    return name, getattr(schema.ActivationFunctionType, name)


@family("conv", 26)
def conv(rng):
    kind = either(rng)
    what = str(rng.choice(["conv", "conv", "depthwise", "depthwise", "dense", "grouped"]))
    window = [1, 1] if what == "dense" else [int(size) for size in rng.integers(1, 4, 2)]
    stride = [1, 1] if what == "dense" else [int(size) for size in rng.integers(1, 3, 2)]
    dilation = [1, 1]
    if what != "dense" and stride == [1, 1] and rng.random() < 0.3:
        dilation = [int(size) for size in rng.integers(1, 3, 2)]
    groups = int(rng.integers(2, 4)) if what == "grouped" else 1
    depth = int(rng.integers(1, 20)) if groups == 1 else int(rng.integers(1, 5))
    channels = depth * groups
    times = int(rng.integers(1, 4)) if what == "depthwise" else 1
    result = channels * times if what == "depthwise" else int(rng.integers(1, 12)) * groups
    reach = [(size - 1) * step + 1 for size, step in zip(window, dilation)]
    same = bool(rng.random() < 0.5)
    places = [1, 1] if what == "dense" else [int(size) for size in rng.integers(5, 8, 2)]
    output, before = [], []
    for size, wide, step in zip(places, reach, stride):
        count = -(-size // step) if same else (size - wide) // step + 1
        output.append(count)
        before.append(max((count - 1) * step + wide - size, 0) // 2 if same else 0)
    rows = int(rng.integers(1, 5)) if what == "dense" else 1
    if what == "dense":
        places, output = [rows, 1], [rows, 1]
    each = bool(kind == "int8" and rng.random() < 0.6)
    x = Tensor(kind, [rows, channels] if what == "dense" else [1, *places, channels], scale(rng), zero(rng, kind))
    if rng.random() < 0.4:
        weight_scale = np.float32(2.0) ** rng.integers(-9, -5, result).astype(np.float32)
    else:
        weight_scale = np.exp(rng.uniform(np.log(1e-3), np.log(2e-2), result)).astype(np.float32)
    weight_scale = weight_scale if each else weight_scale[:1]
    shape = {
        "conv": [result, *window, channels],
        "grouped": [result, *window, depth],
        "depthwise": [1, *window, result],
        "dense": [result, channels],
    }[what]
    depth_axis = 3 if what == "depthwise" else 0
    weights_zero = 0 if kind == "int8" else int(rng.integers(100, 156))
    few = rng.random() < 0.5
    weights = rng.integers(-4, 5, shape) + weights_zero if few else rng.integers(-127, 128, shape) + (0 if kind == "int8" else 128)
    weights = Tensor(kind, shape, weight_scale, weights_zero, weights, depth_axis)
    terms = int(np.prod(shape)) // result if what != "depthwise" else window[0] * window[1]
    spread = np.abs(weights.data - weights_zero).max() * 60 * terms**0.5
    bias = rng.integers(-int(spread), int(spread) + 1, result)
    bias_scale = np.float32(x.scale) * weight_scale
    tensors = [x, weights]
    with_bias = bool(what != "dense" or rng.random() < 0.7)
    if with_bias:
        tensors.append(Tensor("int32", [result], bias_scale, 0, bias))
    else:
        bias = bias * 0
    # About the whole range of the result is used.
    out_scale = np.float32(x.scale * weight_scale.mean() * spread * rng.uniform(0.5, 3) / 127)
    if rng.random() < 0.5:
        out_scale = np.float32(2.0 ** np.round(np.log2(out_scale)))
    y = Tensor(kind, [rows, result] if what == "dense" else [1, *output, result], out_scale, zero(rng, kind))
    name, code = activation(rng)
    spatial = {
        "padding": schema.Padding.SAME if same else schema.Padding.VALID,
        "strideH": stride[0],
        "strideW": stride[1],
        "dilationHFactor": dilation[0],
        "dilationWFactor": dilation[1],
        "fusedActivationFunction": code,
    }
    operator, options = {
        "conv": ("CONV_2D", ("Conv2DOptions", spatial)),
        "grouped": ("CONV_2D", ("Conv2DOptions", spatial)),
        "depthwise": ("DEPTHWISE_CONV_2D", ("DepthwiseConv2DOptions", spatial | {"depthMultiplier": times})),
        "dense": ("FULLY_CONNECTED", ("FullyConnectedOptions", {"fusedActivationFunction": code})),
    }[what]
    numbers = x.numbers(rng)
    (result_numbers,) = invoke(operator, options, tensors, [y], [numbers], 3 if kind == "int8" else 1)
    moved = 0 if kind == "int8" else 128
    return {
        "operator": what,
        "activation": name,
        "input": [*places, channels],
        "output": [*output, result],
        "size": window,
        "stride": stride,
        "dilation": dilation,
        "before": before,
        "x": digits(numbers),
        "x_grid": x.grid(),
        "weights": digits(weights.data.astype(TYPES[kind])),
        "weights_zero": [weights_zero - moved],
        "scales": [float(one) for one in weight_scale],
        "bias": [int(one) for one in bias],
        "y": digits(result_numbers),
        "y_grid": y.grid(),
    }


def pair(rng, kind):
    """Shapes of two operands: alike, of which one repeats, or all pairs of numbers."""
    shapes = [
        ([1, 3, 5, 7], [1, 3, 5, 7]),
        ([1, 4, 4, 16], [16]),
        ([1, 1, 1, 19], [1, 3, 2, 19]),
        ([1, 3, 4, 5], [1, 3, 4, 1]),
        ([1, 40], [1]),
        ([1], [1, 40]),
        ([1, 3, 1, 5], [1, 1, 4, 1]),
        ([1, 5, 8, 8], [1, 5, 8, 8]),
    ]
    return shapes[rng.integers(len(shapes))]


def binary(rng, operator, options, more=None, grids=None, version=2, every=False, kind=None, nonzero=False):
    kind = kind or either(rng)
    shapes = ([65536], [65536]) if every else pair(rng, kind)
    a, b = (Tensor(kind, shape, scale(rng, 5e-3, 0.1), zero(rng, kind)) for shape in shapes)
    y = Tensor(kind, np.broadcast_shapes(*shapes), 1, zero(rng, kind))
    grids(rng, a, b, y)
    numbers = [a.numbers(rng), b.numbers(rng)]
    if nonzero:
        numbers[1][numbers[1] == b.zero] ^= 1
    if every:
        numbers = [np.repeat(np.arange(256), 256), np.tile(np.arange(256), 256)]
        numbers = [(numbers + LEAST[kind]).astype(TYPES[kind]) for numbers in numbers]
    (out,) = invoke(operator, options, [a, b], [y], numbers, version)
    case = {"a": digits(numbers[0]), "a_grid": a.grid(), "a_shape": a.shape}
    case |= {"b": digits(numbers[1]), "b_grid": b.grid(), "b_shape": b.shape}
    return case | {"y": digits(out), "y_grid": y.grid()} | (more or {})


def sum_grids(rng, a, b, y):
    y.scale = np.float32((a.scale + b.scale) * rng.uniform(0.4, 1.2))
    if rng.random() < 0.5:
        a.scale, b.scale, y.scale = (np.float32(2.0 ** rng.integers(-6, -3)) for _ in range(3))


def product_grids(rng, a, b, y):
    y.scale = np.float32(a.scale * b.scale * 2.0 ** rng.integers(3, 8))
    if rng.random() < 0.5:
        y.scale = np.float32(y.scale * rng.uniform(0.5, 1.5))


def added(rng, every):
    minus = bool(rng.random() < 0.4)
    name, code = activation(rng)
    options = ("SubOptions" if minus else "AddOptions", {"fusedActivationFunction": code})
    more = {"minus": minus, "activation": name}
    return binary(rng, "SUB" if minus else "ADD", options, more, sum_grids, every=every)


@family("add", 24)
def add(rng):
    return added(rng, False)


@family("mul", 24)
def mul(rng):
    name, code = activation(rng)
    options = ("MulOptions", {"fusedActivationFunction": code})
    return binary(rng, "MUL", options, {"activation": name}, product_grids)


@family("div", 12)
def div(rng):
    def grids(rng, a, b, y):
        y.scale = np.float32(a.scale / b.scale * (2.0 ** rng.integers(-7, 1) if rng.random() < 0.5 else rng.uniform(0.01, 0.5)))

    name, code = activation(rng)
    options = ("DivOptions", {"fusedActivationFunction": code})
    return binary(rng, "DIV", options, {"activation": name}, grids, kind="uint8", nonzero=True)


@family("every", 0.05)
def every(rng):
    return added(rng, True)


@family("ends", 8)
def quantise(rng):
    kind = either(rng)
    y = Tensor(kind, [1, int(rng.integers(1, 40))], scale(rng), zero(rng, kind))
    halves = rng.integers(-300, 300, y.shape) / 2 * np.float64(y.scale)
    x = np.where(rng.random(y.shape) < 0.5, halves, rng.normal(0, 60 * y.scale, y.shape)).astype(np.float32)
    (out,) = invoke("QUANTIZE", ("QuantizeOptions", {}), [Tensor("float32", y.shape)], [y], [x])
    return {"operator": "quantise", "x": digits(x), "y": digits(out), "y_grid": y.grid()}


@family("ends", 8)
def dequantise(rng):
    kind = either(rng)
    x = Tensor(kind, [1, int(rng.integers(1, 120))], scale(rng), zero(rng, kind))
    numbers = x.numbers(rng)
    (out,) = invoke("DEQUANTIZE", ("DequantizeOptions", {}), [x], [Tensor("float32", x.shape)], [numbers], 2)
    return {"operator": "dequantise", "x": digits(numbers), "x_grid": x.grid(), "y": digits(out)}


@family("ends", 12)
def requantise(rng):
    shape = [1, int(rng.integers(1, 200))]
    x, y = (Tensor(either(rng), shape, scale(rng, 1e-2, 0.1)) for _ in range(2))
    x.zero, y.zero = zero(rng, x.kind), zero(rng, y.kind)
    numbers = x.numbers(rng)
    if rng.random() < 0.2:
        y.scale = x.scale
    (out,) = invoke("QUANTIZE", ("QuantizeOptions", {}), [x], [y], [numbers], 2)
    case = {"operator": "requantise", "x": digits(numbers), "x_grid": x.grid()}
    return case | {"y": digits(out), "y_grid": y.grid()}


UNARY = {
    "RELU": None,
    "RELU6": None,
    "RELU_N1_TO_1": None,
    "RELU_0_TO_1": None,
    "LEAKY_RELU": "LeakyReluOptions",
    "HARD_SWISH": "HardSwishOptions",
    "LOGISTIC": None,
    "TANH": None,
    "ELU": None,
    "GELU": "GeluOptions",
    "EXP": "ExpOptions",
    "LOG": None,
    "ABS": "AbsOptions",
    "RSQRT": None,
    "SQRT": None,
    "NEG": "NegOptions",
}
OF_INT8 = ("ELU", "EXP", "LOG", "ABS", "RSQRT", "SQRT", "NEG")


def unary(operator):
    @family("unary", 2)
    def call(rng):
        kind = "int8" if operator in OF_INT8 else either(rng)
        # 259 places: all numbers, and some behind the last whole vector.
        x, y = (Tensor(kind, [1, 259], scale(rng, 1e-2, 0.1), zero(rng, kind)) for _ in range(2))
        if operator == "LOGISTIC":
            y.scale, y.zero = np.float32(1 / 256), LEAST[kind]
        if operator in ("RSQRT", "SQRT"):
            x.zero, y.scale = -128, scale(rng, 0.01, 0.1)
        if rng.random() < 0.2 and operator != "LOGISTIC":
            y.scale = x.scale
        fields, more = {}, {}
        if operator == "LEAKY_RELU":
            more["slope"] = fields["alpha"] = float(np.float32(rng.choice([0.1, 0.2, 0.25, rng.uniform(0, 1.5), -0.5])))
        if operator == "GELU":
            more["approximate"] = fields["approximate"] = bool(rng.random() < 0.5)
        options = (UNARY[operator], fields) if UNARY[operator] else None
        numbers = x.numbers(rng)
        version = 1 if operator in ("RELU_N1_TO_1", "RELU_0_TO_1", "ELU", "HARD_SWISH", "NEG") else 2
        (out,) = invoke(operator, options, [x], [y], [numbers], version)
        case = {"operator": operator, "x": digits(numbers), "x_grid": x.grid()}
        return case | {"y": digits(out), "y_grid": y.grid()} | more

    call.__name__ = operator


for operator in UNARY:
    unary(operator)


@family("pool", 24)
def pool(rng):
    kind = either(rng)
    operator = str(rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D", "AVERAGE_POOL_2D"]))
    places, channels = [int(size) for size in rng.integers(4, 8, 2)], int(rng.integers(1, 20))
    window = [int(size) for size in rng.integers(1, 5, 2)] if rng.random() < 0.7 else places
    stride = [int(size) for size in rng.integers(1, 4, 2)]
    same = bool(rng.random() < 0.5)
    output, before = [], []
    for size, wide, step in zip(places, window, stride):
        count = -(-size // step) if same else (size - wide) // step + 1
        output.append(count)
        before.append(max((count - 1) * step + wide - size, 0) // 2 if same else 0)
    name, code = activation(rng)
    x = Tensor(kind, [1, *places, channels], scale(rng, 1e-2, 0.1), zero(rng, kind))
    y = Tensor(kind, [1, *output, channels], x.scale, x.zero)
    fields = {
        "padding": schema.Padding.SAME if same else schema.Padding.VALID,
        "strideH": stride[0],
        "strideW": stride[1],
        "filterHeight": window[0],
        "filterWidth": window[1],
        "fusedActivationFunction": code,
    }
    numbers = x.numbers(rng)
    (out,) = invoke(operator, ("Pool2DOptions", fields), [x], [y], [numbers], 2)
    return {
        "operator": operator,
        "activation": name,
        "input": [*places, channels],
        "output": [*output, channels],
        "size": window,
        "stride": stride,
        "dilation": [1, 1],
        "before": before,
        "x": digits(numbers),
        "x_grid": x.grid(),
        "y": digits(out),
    }


@family("reduce", 36)
def reduce(rng):
    kind = either(rng)
    operator = str(rng.choice(["MEAN", "MEAN", "SUM"]))
    kept = bool(rng.random() < 0.6)
    if rng.random() < 0.5:
        shape, axes = [1, *(int(size) for size in rng.integers(2, 8, 2)), int(rng.integers(1, 40))], [1, 2]
    else:
        shape = [int(size) for size in rng.integers(1, 7, rng.integers(1, 5))]
        axes = sorted(int(axis) for axis in rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)])
    x = Tensor(kind, shape, scale(rng, 1e-2, 0.1), zero(rng, kind))
    count = np.prod([shape[axis] for axis in axes])
    rest = [1 if axis in axes else size for axis, size in enumerate(shape)]
    if not kept:
        rest = [size for axis, size in enumerate(shape) if axis not in axes]
    factor = 2.0 ** rng.integers(-3, 2) if rng.random() < 0.5 else rng.uniform(0.2, 1.5)
    y = Tensor(kind, rest, np.float32(x.scale * factor * (count**0.5 if operator == "SUM" else 1)), zero(rng, kind))
    if rng.random() < 0.3:
        y.scale, y.zero = x.scale, x.zero
    numbers = x.numbers(rng)
    tensors = [x, Tensor("int32", [len(axes)], data=axes)]
    (out,) = invoke(operator, ("ReducerOptions", {"keepDims": kept}), tensors, [y], [numbers], 2)
    case = {"operator": operator, "kept": kept, "shape": shape, "axes": axes, "x": digits(numbers)}
    return case | {"x_grid": x.grid(), "y": digits(out), "y_grid": y.grid()}


@family("softmax", 16)
def softmax(rng):
    kind = either(rng)
    operator = str(rng.choice(["SOFTMAX", "LOG_SOFTMAX"]))
    shape = [int(rng.integers(1, 4)), int(rng.integers(1, 120))]
    x = Tensor(kind, shape, scale(rng, 1e-3, 0.3), zero(rng, kind))
    y = Tensor(kind, shape, np.float32(1 / 256), LEAST[kind])
    if operator == "LOG_SOFTMAX":
        y.scale, y.zero = np.float32(1 / 16), LEAST[kind] + 255
    elif kind == "uint8" and rng.random() < 0.3:
        y.scale, y.zero = scale(rng, 1e-3, 1e-2), zero(rng, kind)
    beta = float(np.float32(rng.choice([1, 1, 0.5, rng.uniform(0, 2)])))
    numbers = x.numbers(rng)
    options = ("SoftmaxOptions", {"beta": beta}) if operator == "SOFTMAX" else ("LogSoftmaxOptions", {})
    (out,) = invoke(operator, options, [x], [y], [numbers], 2)
    case = {"operator": operator, "beta": beta, "shape": shape, "x": digits(numbers)}
    return case | {"x_grid": x.grid(), "y": digits(out), "y_grid": y.grid()}


@family("prelu", 12)
def prelu(rng):
    def grids(rng, a, b, y):
        # The operand has the result's shape.
        a.shape = y.shape
        y.scale = np.float32(a.scale * (2.0 ** rng.integers(-2, 2) if rng.random() < 0.5 else rng.uniform(0.5, 2)))

    return binary(rng, "PRELU", None, None, grids, 1)


@family("difference", 10)
def difference(rng):
    def grids(rng, a, b, y):
        y.scale = np.float32(max(a.scale, b.scale) ** 2 * rng.uniform(20, 90))

    return binary(rng, "SQUARED_DIFFERENCE", ("SquaredDifferenceOptions", {}), None, grids, 2, kind="int8")


@family("resize", 16)
def resize(rng):
    kind = either(rng)
    places, channels = [int(size) for size in rng.integers(1, 7, 2)], int(rng.choice([1, 3, 8]))
    wanted = [int(size) for size in rng.integers(1, 14, 2)]
    if rng.random() < 0.25:
        factor = int(rng.choice([2, 4, 8]))
        wanted = [size * factor for size in places]
    corners, centers = [(False, False), (False, True), (True, False)][rng.integers(3)]
    x = Tensor(kind, [1, *places, channels], scale(rng), zero(rng, kind))
    y = Tensor(kind, [1, *wanted, channels], x.scale, x.zero)
    tensors = [x, Tensor("int32", [2], data=wanted)]
    options = ("ResizeBilinearOptions", {"alignCorners": corners, "halfPixelCenters": centers})
    numbers = x.numbers(rng)
    (out,) = invoke("RESIZE_BILINEAR", options, tensors, [y], [numbers], 3)
    case = {"corners": corners, "centers": centers, "input": [*places, channels], "output": wanted}
    return case | {"x": digits(numbers), "x_grid": x.grid(), "y": digits(out)}


@family("normalise", 8)
def normalise(rng):
    kind = either(rng)
    shape = [int(rng.integers(1, 4)), int(rng.integers(1, 60))]
    x = Tensor(kind, shape, scale(rng), zero(rng, kind))
    y = Tensor(kind, shape, np.float32(1 / 128), LEAST[kind] + 128)
    numbers = x.numbers(rng)
    if rng.random() < 0.2:
        numbers = np.full_like(numbers, x.zero)
    (out,) = invoke("L2_NORMALIZATION", ("L2NormOptions", {}), [x], [y], [numbers], 2)
    return {"shape": shape, "x": digits(numbers), "x_grid": x.grid(), "y": digits(out)}


@family("concat", 8)
def concat(rng):
    kind = either(rng)
    a, b = (Tensor(kind, [1, int(rng.integers(1, 150))], scale(rng, 1e-2, 0.1), zero(rng, kind)) for _ in range(2))
    y = Tensor(kind, [1, a.shape[1] + b.shape[1]], scale(rng, 1e-2, 0.1), zero(rng, kind))
    b.scale = b.scale if rng.random() < 0.7 else y.scale
    if kind == "int8":
        a.scale = b.scale = y.scale
        a.zero = b.zero = y.zero
    numbers = [a.numbers(rng), b.numbers(rng)]
    (out,) = invoke("CONCATENATION", ("ConcatenationOptions", {"axis": 1}), [a, b], [y], numbers, 2)
    case = {"a": digits(numbers[0]), "a_grid": a.grid(), "b": digits(numbers[1]), "b_grid": b.grid()}
    return case | {"y": digits(out), "y_grid": y.grid()}


@family("transposed", 12)
def transposed(rng):
    kind = either(rng)
    window, stride = ([int(size) for size in rng.integers(1, 4, 2)] for _ in range(2))
    places, channels, result = [int(size) for size in rng.integers(2, 5, 2)], int(rng.integers(1, 9)), int(rng.integers(1, 21))
    same = bool(rng.random() < 0.5)
    output, before = [], []
    for size, wide, step in zip(places, window, stride):
        count = size * step if same else (size - 1) * step + max(wide, step)
        output.append(count)
        before.append(max((size - 1) * step + wide - count, 0) // 2)
    each = bool(kind == "int8" and rng.random() < 0.6)
    x = Tensor(kind, [1, *places, channels], scale(rng), zero(rng, kind))
    if rng.random() < 0.6:
        weight_scale = np.float32(2.0) ** rng.integers(-9, -5, result).astype(np.float32)
    else:
        weight_scale = np.exp(rng.uniform(np.log(1e-3), np.log(2e-2), result)).astype(np.float32)
    weight_scale = weight_scale if each else weight_scale[:1]
    weights_zero = 0 if kind == "int8" else int(rng.integers(100, 156))
    weights = rng.integers(-4, 5, [result, *window, channels]) + weights_zero
    weights = Tensor(kind, weights.shape, weight_scale, weights_zero, weights, 0)
    spread = 250 * (channels * window[0] * window[1]) ** 0.5
    bias = rng.integers(-int(spread), int(spread) + 1, result)
    tensors = [Tensor("int32", [4], data=[1, *output, result]), weights, x]
    if rng.random() < 0.7:
        tensors.append(Tensor("int32", [result], np.float32(x.scale) * weight_scale, 0, bias))
    else:
        bias = bias * 0
    out_scale = np.float32(x.scale * weight_scale.mean() * spread * rng.uniform(0.5, 3) / 127)
    if rng.random() < 0.7:
        out_scale = np.float32(2.0 ** np.round(np.log2(out_scale)))
    y = Tensor(kind, [1, *output, result], out_scale, zero(rng, kind))
    fields = {
        "padding": schema.Padding.SAME if same else schema.Padding.VALID,
        "strideH": stride[0],
        "strideW": stride[1],
    }
    numbers = x.numbers(rng)
    (out,) = invoke("TRANSPOSE_CONV", ("TransposeConvOptions", fields), tensors, [y], [numbers], 3)
    return {
        "input": [*places, channels],
        "output": [*output, result],
        "size": window,
        "stride": stride,
        "before": before,
        "x": digits(numbers),
        "x_grid": x.grid(),
        "weights": digits(weights.data.astype(TYPES[kind])),
        "weights_zero": [weights_zero - (0 if kind == "int8" else 128)],
        "scales": [float(one) for one in weight_scale],
        "bias": [int(one) for one in bias],
        "y": digits(out),
        "y_grid": y.grid(),
    }


@family("matmul", 8)
def matmul(rng):
    rows, depth, columns = (int(size) for size in rng.integers(1, 14, 3))
    a = Tensor("int8", [1, rows, depth], scale(rng), zero(rng, "int8"))
    b = Tensor("int8", [1, columns, depth], scale(rng), zero(rng, "int8"))
    out_scale = np.float32(a.scale * b.scale * 100 * depth**0.5 * rng.uniform(0.3, 2))
    if rng.random() < 0.5:
        out_scale = np.float32(2.0 ** np.round(np.log2(out_scale)))
    y = Tensor("int8", [1, rows, columns], out_scale, zero(rng, "int8"))
    numbers = [a.numbers(rng), b.numbers(rng)]
    (out,) = invoke("BATCH_MATMUL", ("BatchMatMulOptions", {"adjY": True}), [a, b], [y], numbers, 2)
    case = {"depth": [depth], "a": digits(numbers[0]), "a_grid": a.grid(), "b": digits(numbers[1])}
    return case | {"b_grid": b.grid(), "y": digits(out), "y_grid": y.grid()}


COMPARISONS = {
    "EQUAL": "EqualOptions",
    "NOT_EQUAL": "NotEqualOptions",
    "GREATER": "GreaterOptions",
    "GREATER_EQUAL": "GreaterEqualOptions",
    "LESS": "LessOptions",
    "LESS_EQUAL": "LessEqualOptions",
}


@family("compare", 12)
def compare(rng):
    operator = str(rng.choice(list(COMPARISONS)))
    kind = either(rng)
    shapes = pair(rng, kind)
    a, b = (Tensor(kind, shape, scale(rng, 5e-3, 0.1), zero(rng, kind)) for shape in shapes)
    if rng.random() < 0.4:
        b.scale = a.scale
    y = Tensor("bool", np.broadcast_shapes(*shapes))
    numbers = [a.numbers(rng), b.numbers(rng)]
    (out,) = invoke(operator, (COMPARISONS[operator], {}), [a, b], [y], numbers, 2)
    case = {"operator": operator, "a": digits(numbers[0]), "a_grid": a.grid(), "a_shape": a.shape}
    case |= {"b": digits(numbers[1]), "b_grid": b.grid(), "b_shape": b.shape}
    return case | {"y": digits(out.astype(np.uint8))}


@family("product", 8)
def product(rng):
    shape = [int(size) for size in rng.integers(1, 6, rng.integers(1, 5))]
    axes = sorted(int(axis) for axis in rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)])
    x = Tensor("int8", shape, scale(rng, 5e-3, 0.02), zero(rng, "int8"))
    rest = [size for axis, size in enumerate(shape) if axis not in axes]
    y = Tensor("int8", rest, scale(rng, 1e-2, 0.1), zero(rng, "int8"))
    numbers = x.numbers(rng)
    tensors = [x, Tensor("int32", [len(axes)], data=axes)]
    (out,) = invoke("REDUCE_PROD", ("ReducerOptions", {}), tensors, [y], [numbers], 2)
    case = {"shape": shape, "axes": axes, "x": digits(numbers), "x_grid": x.grid()}
    return case | {"y": digits(out), "y_grid": y.grid()}


def main():
    folder = pathlib.Path(sys.argv[1])
    factor = float(sys.argv[2]) if len(sys.argv) > 2 else 1
    folder.mkdir(parents=True, exist_ok=True)
    for name, calls in FAMILIES.items():
        if sys.argv[3:] and name not in sys.argv[3:]:
            continue
        cases = []
        for call, times in calls:
            for number in range(round(times * factor)):
                rng = np.random.default_rng([number, *call.__name__.encode()])
                try:
                    cases.append(call(rng))
                except (RuntimeError, ValueError) as refused:
                    print(name, call.__name__, number, "refused:", refused)
        if cases:
            text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
            (folder / f"{name}.json").write_text(f"[\n{text}\n]\n")
            print(name, len(cases), "cases")


if __name__ == "__main__":
    main()
