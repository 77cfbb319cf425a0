"""Cases of whole.py that compute number by number."""

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
    zero,
)


def pair(rng):
    """Shapes of two operands: alike, or of which one repeats."""
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


def binary(rng, operator, options, more=None, grids=None, version=2, kind=None, nonzero=False):
    kind = kind or either(rng)
    shapes = pair(rng)
    a, b = (Tensor(kind, shape, scale(rng, 5e-3, 0.1), zero(rng, kind)) for shape in shapes)
    y = Tensor(kind, np.broadcast_shapes(*shapes), 1, zero(rng, kind))
    grids(rng, a, b, y)
    numbers = [a.numbers(rng), b.numbers(rng)]
    if nonzero:
        numbers[1][numbers[1] == b.zero] ^= 1
    (out,) = invoke(operator, options, [a, b], [y], numbers, version)
    return paired(a, b, y, numbers, out) | (more or {})


def paired(a, b, y, numbers, out):
    """What all cases of two operands have."""
    case = {"a": digits(numbers[0]), "a_grid": a.grid(), "a_shape": a.shape}
    case |= {"b": digits(numbers[1]), "b_grid": b.grid(), "b_shape": b.shape}
    return case | {"y": digits(out), "y_grid": y.grid()}


def sum_grids(rng, a, b, y):
    y.scale = np.float32((a.scale + b.scale) * rng.uniform(0.4, 1.2))
    if rng.random() < 0.5:
        a.scale, b.scale, y.scale = (np.float32(2.0 ** rng.integers(-6, -3)) for _ in range(3))


def product_grids(rng, a, b, y):
    y.scale = np.float32(a.scale * b.scale * 2.0 ** rng.integers(3, 8))
    if rng.random() < 0.5:
        y.scale = np.float32(y.scale * rng.uniform(0.5, 1.5))


@family("add", 24)
def added(rng):
    minus = bool(rng.random() < 0.4)
    name, code = activation(rng)
    options = ("SubOptions" if minus else "AddOptions", {"fusedActivationFunction": code})
    more = {"minus": minus, "activation": name}
    return binary(rng, "SUB" if minus else "ADD", options, more, sum_grids)


@family("mul", 24)
def mul(rng):
    name, code = activation(rng)
    options = ("MulOptions", {"fusedActivationFunction": code})
    return binary(rng, "MUL", options, {"activation": name}, product_grids)


@family("div", 12)
def div(rng):
    def grids(rng, a, b, y):
        y.scale = np.float32(
            a.scale / b.scale * (2.0 ** rng.integers(-7, 1) if rng.random() < 0.5 else rng.uniform(0.01, 0.5))
        )

    name, code = activation(rng)
    options = ("DivOptions", {"fusedActivationFunction": code})
    return binary(rng, "DIV", options, {"activation": name}, grids, kind="uint8", nonzero=True)


@family("add", 8)
def cancelled(rng):
    """Sums near 0 on a fine grid, where it shows how operands are brought to one grid."""
    kind, minus = either(rng), bool(rng.random() < 0.25)
    shapes = [([1, 45], [1, 45]), ([1, 45], [1]), ([3, 21], [21]), ([2, 3, 2, 5], [2, 1, 2, 1])][
        rng.integers(4)
    ]
    a, b = (Tensor(kind, shape, 1, zero(rng, kind)) for shape in shapes)
    a.scale = np.float32(2.0 ** -rng.integers(0, 4) * rng.uniform(0.5, 1))
    b.scale = np.float32(a.scale * 2.0 ** rng.integers(-2, 3) * (1 + rng.uniform(-3, 3) * 1e-5))
    most = max(a.scale, b.scale)
    y = Tensor(kind, a.shape, most * 2.4e-6 * 2.0 ** rng.uniform(0, 8), zero(rng, kind))
    steps = rng.integers(-60, 60, b.shape)
    opposite = np.round(steps * np.float64(b.scale) / np.float64(a.scale)) * (1 if minus else -1)
    numbers = [np.broadcast_to(opposite, a.shape) + a.zero, steps + b.zero]
    numbers = [np.clip(each, LEAST[kind], LEAST[kind] + 255).astype(TYPES[kind]) for each in numbers]
    options = ("SubOptions" if minus else "AddOptions", {})
    (out,) = invoke("SUB" if minus else "ADD", options, [a, b], [y], numbers, 2)
    return paired(a, b, y, numbers, out) | {"minus": minus, "activation": "NONE"}


@family("mul", 8)
def overflown(rng):
    """Products of more than 16 bits."""

    def grids(rng, a, b, y):
        y.scale = np.float32(a.scale * b.scale / rng.uniform(0.5, 4))

    name, code = activation(rng)
    options = ("MulOptions", {"fusedActivationFunction": code})
    return binary(rng, "MUL", options, {"activation": name}, grids)


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
            more["slope"] = fields["alpha"] = float(
                np.float32(rng.choice([0.1, 0.2, 0.25, rng.uniform(0, 1.5), -0.5]))
            )
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


@family("prelu", 12)
def prelu(rng):
    def grids(rng, a, b, y):
        # The operand has the result's shape.
        a.shape = y.shape
        y.scale = np.float32(
            a.scale * (2.0 ** rng.integers(-2, 2) if rng.random() < 0.5 else rng.uniform(0.5, 2))
        )

    return binary(rng, "PRELU", None, None, grids, 1)


@family("difference", 10)
def difference(rng):
    def grids(rng, a, b, y):
        y.scale = np.float32(max(a.scale, b.scale) ** 2 * rng.uniform(20, 90))

    return binary(rng, "SQUARED_DIFFERENCE", ("SquaredDifferenceOptions", {}), None, grids, 2, kind="int8")


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
    shapes = pair(rng)
    a, b = (Tensor(kind, shape, scale(rng, 5e-3, 0.1), zero(rng, kind)) for shape in shapes)
    if rng.random() < 0.4:
        b.scale = a.scale
    y = Tensor("bool", np.broadcast_shapes(*shapes))
    numbers = [a.numbers(rng), b.numbers(rng)]
    (out,) = invoke(operator, (COMPARISONS[operator], {}), [a, b], [y], numbers, 2)
    case = {"operator": operator, "a": digits(numbers[0]), "a_grid": a.grid(), "a_shape": a.shape}
    case |= {"b": digits(numbers[1]), "b_grid": b.grid(), "b_shape": b.shape}
    return case | {"y": digits(out.astype(np.uint8))}
