"""Times one invoke of each model in the official runtime and in ONNX Runtime, in this process, on one thread.

    taskset -c 0 invoke.py FOLDER [--only NAME] [--seconds N]

Prints a table of medians and of the least, in ms: LiteRT as it comes (XNNPACK), LiteRT without delegates,
ONNX Runtime. The three run in turn, so that a noisy machine is noisy for all of them. Times are those of the
thread on the processor, and do not count when another program had it.
"""

import argparse
import json
import pathlib
import statistics
import time

import numpy as np
import onnxruntime as ort
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def litert(path: pathlib.Path, resolver: OpResolverType, seed: int):
    """A call of one inference on noise."""
    interpreter = Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    rng = np.random.default_rng(seed)
    if np.issubdtype(entry["dtype"], np.integer):
        limits = np.iinfo(entry["dtype"])
        values = rng.integers(limits.min, limits.max + 1, entry["shape"]).astype(entry["dtype"])
    else:
        values = rng.uniform(-1, 1, entry["shape"]).astype(entry["dtype"])
    interpreter.set_tensor(entry["index"], values)
    return interpreter.invoke


def onnx(path: pathlib.Path, seed: int):
    """The same in ONNX Runtime."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else 1 for size in entry.shape]
    values = {entry.name: np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)}
    return lambda: session.run(None, values)


def timed(calls: dict, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each, run in turn."""
    times = {name: [] for name in calls}
    for call in calls.values():
        call()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, call in calls.items():
            started = time.thread_time()
            call()
            times[name].append((time.thread_time() - started) * 1e3)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", help="models whose names begin with this")
    parser.add_argument("--seconds", type=float, default=5, help="for each model")
    parser.add_argument("--json", type=pathlib.Path, help="where the times go too")
    options = parser.parse_args()
    rows = {}
    print(f"{'median (least) ms':28} {'LiteRT':>17} {'no delegate':>17} {'ONNX Runtime':>17}")
    for path in sorted(options.folder.glob(f"{options.only}*.tflite")):
        calls = {
            "litert": litert(path, OpResolverType.AUTO, 1),
            "plain": litert(path, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, 1),
        }
        if path.with_suffix(".onnx").exists():
            calls["onnx"] = onnx(path.with_suffix(".onnx"), 1)
        times = timed(calls, options.seconds)
        rows[path.stem] = {
            name: {"median": statistics.median(t), "least": min(t), "count": len(t)} for name, t in times.items()
        }
        cells = [
            f"{rows[path.stem][name]['median']:8.2f} ({rows[path.stem][name]['least']:6.2f})" if name in times else "-"
            for name in ("litert", "plain", "onnx")
        ]
        print(f"{path.stem:28} " + " ".join(f"{cell:>17}" for cell in cells), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
