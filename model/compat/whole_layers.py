"""Cases of whole.py that have weights or windows, or work along axes; and the ends."""

import numpy as np

from whole_model import (
    LEAST,
    TYPES,
    Tensor,
    activation,
    digits,
    either,
    family,
    invoke,
    scale,
    schema,
    zero,
)


@family("conv", 17)
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
    x = Tensor(
        kind, [rows, channels] if what == "dense" else [1, *places, channels], scale(rng), zero(rng, kind)
    )
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
    weights = (
        rng.integers(-4, 5, shape) + weights_zero
        if few
        else rng.integers(-127, 128, shape) + (0 if kind == "int8" else 128)
    )
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


def halves(rng, what):
    """Small sums times powers of two: many results lie halfway between two numbers."""
    kind = either(rng)
    channels, result, groups = 4, int(rng.integers(9, 22)), 1
    if what == "depthwise":
        channels = result
    if what == "grouped":
        result, groups = 10, 2
    places = [3, 5]
    x = Tensor(kind, [1, *places, channels], np.float32(0.5), 0 if kind == "int8" else 128)
    each = bool(kind == "int8" and rng.random() < 0.6)
    weight_scale = np.float32(2.0) ** -rng.integers(3, 7, result if each else 1).astype(np.float32)
    weights_zero = 0 if kind == "int8" else 128
    shape = [1, 1, 1, result] if what == "depthwise" else [result, 1, 1, channels // groups]
    weights = rng.integers(-3, 4, shape) + weights_zero
    weights = Tensor(kind, shape, weight_scale, weights_zero, weights, 3 if what == "depthwise" else 0)
    bias = rng.integers(-400, 400, result)
    tensors = [x, weights, Tensor("int32", [result], x.scale * weight_scale, 0, bias)]
    y = Tensor(kind, [1, *places, result], np.float32(1), x.zero)
    numbers = x.numbers(rng)
    fields = {"strideH": 1, "strideW": 1}
    if what == "transposed":
        tensors = [Tensor("int32", [4], data=y.shape), weights, x, tensors[2]]
        operator, options = "TRANSPOSE_CONV", ("TransposeConvOptions", fields)
    elif what == "depthwise":
        fields |= {"depthMultiplier": 1, "dilationHFactor": 1, "dilationWFactor": 1}
        operator, options = "DEPTHWISE_CONV_2D", ("DepthwiseConv2DOptions", fields)
    else:
        fields |= {"dilationHFactor": 1, "dilationWFactor": 1}
        operator, options = "CONV_2D", ("Conv2DOptions", fields)
    (out,) = invoke(
        operator, options, tensors, [y], [numbers], 3 if kind == "int8" or what == "transposed" else 1
    )
    return {
        "operator": what,
        "activation": "NONE",
        "input": [*places, channels],
        "output": [*places, result],
        "size": [1, 1],
        "stride": [1, 1],
        "dilation": [1, 1],
        "before": [0, 0],
        "x": digits(numbers),
        "x_grid": x.grid(),
        "weights": digits(weights.data.astype(TYPES[kind])),
        "weights_zero": [0],
        "scales": [float(one) for one in weight_scale],
        "bias": [int(one) for one in bias],
        "y": digits(out),
        "y_grid": y.grid(),
    }


@family("conv", 9)
def conv_halves(rng):
    return halves(rng, str(rng.choice(["conv", "depthwise", "grouped"])))


@family("transposed", 4)
def transposed_halves(rng):
    return halves(rng, "transposed")


@family("pool", 18)
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


@family("reduce", 30)
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
    y = Tensor(
        kind, rest, np.float32(x.scale * factor * (count**0.5 if operator == "SUM" else 1)), zero(rng, kind)
    )
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
    elif kind == "uint8" and rng.random() < 0.7:
        y.scale, y.zero = scale(rng, 1e-3, 1e-2), zero(rng, kind)
    beta = float(np.float32(rng.choice([1, 1, 0.5, rng.uniform(0, 2)])))
    numbers = x.numbers(rng)
    options = ("SoftmaxOptions", {"beta": beta}) if operator == "SOFTMAX" else ("LogSoftmaxOptions", {})
    (out,) = invoke(operator, options, [x], [y], [numbers], 2)
    case = {"operator": operator, "beta": beta, "shape": shape, "x": digits(numbers)}
    return case | {"x_grid": x.grid(), "y": digits(out), "y_grid": y.grid()}


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
    a, b = (
        Tensor(kind, [1, int(rng.integers(1, 150))], scale(rng, 1e-2, 0.1), zero(rng, kind)) for _ in range(2)
    )
    y = Tensor(kind, [1, a.shape[1] + b.shape[1]], scale(rng, 1e-2, 0.1), zero(rng, kind))
    b.scale = b.scale if rng.random() < 0.7 else y.scale
    if kind == "int8":
        a.scale = b.scale = y.scale
        a.zero = b.zero = y.zero
    numbers = [a.numbers(rng), b.numbers(rng)]
    (out,) = invoke("CONCATENATION", ("ConcatenationOptions", {"axis": 1}), [a, b], [y], numbers, 2)
    case = {"a": digits(numbers[0]), "a_grid": a.grid(), "b": digits(numbers[1]), "b_grid": b.grid()}
    return case | {"y": digits(out), "y_grid": y.grid()}


@family("transposed", 8)
def transposed(rng):
    kind = either(rng)
    window, stride = ([int(size) for size in rng.integers(1, 4, 2)] for _ in range(2))
    places, channels, result = (
        [int(size) for size in rng.integers(2, 5, 2)],
        int(rng.integers(1, 9)),
        int(rng.integers(1, 21)),
    )
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
