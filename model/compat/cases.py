"""What a case of operators.py is, and the list that the files cases_*.py add to."""

import dataclasses
from collections.abc import Callable

import numpy as np

HEIGHT, WIDTH = 12, 10

FLOAT = ("float32",)
WEIGHTS = ("float32", "float16", "dynamic", "int8", "int8_uint8", "int8_int8")
"""For operators with weights."""
PLAIN = ("float32", "int8", "int8_uint8")
"""For operators without."""


@dataclasses.dataclass
class Case:
    """One small model: `call(x, w)` computes on tensor `x` with random weights from `w`."""

    name: str
    call: Callable
    forms: tuple[str, ...] = PLAIN
    channels: int = 3
    span: tuple[float, float] = (-2.0, 2.0)
    dtype: str = "float32"
    batch: int | None = 1
    keras: bool = False
    """Whether `call(w)` makes Keras layers instead, a list of them."""


class Weights:
    """Random float32 arrays, always the same for the same name."""

    def __init__(self, name: str):
        self.rng = np.random.default_rng([ord(letter) for letter in name])

    def __call__(self, *shape: int) -> np.ndarray:
        """Weights of a layer, scaled by how many inputs each output has."""
        inputs = max(1, int(np.prod(shape[:-1])))
        return (self.rng.normal(size=shape) / np.sqrt(inputs)).astype(np.float32)

    def bias(self, *shape: int) -> np.ndarray:
        """Numbers of -0.5 to 0.5."""
        return self.rng.uniform(-0.5, 0.5, shape).astype(np.float32)

    def positive(self, *shape: int) -> np.ndarray:
        """Numbers of 0.5 to 1.5."""
        return self.rng.uniform(0.5, 1.5, shape).astype(np.float32)


CASES: list[Case] = []


def case(name: str, call: Callable, forms: tuple[str, ...] = PLAIN, **options) -> None:
    """Adds a case."""
    CASES.append(Case(name, call, forms, **options))
