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

import numpy as np

import whole_layers  # noqa: F401, which adds to FAMILIES
import whole_maths  # noqa: F401, so does this
from whole_model import FAMILIES


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
