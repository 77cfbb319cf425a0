"""Times lookbook against its peers, in whole processes in turn, and compares every answer.

    compare.py --lookbook BINARY --models FOLDER --photos FOLDER --litert PYTHON --onnx PYTHON --out FOLDER

In each round and for each model: lookbook on one photo and on N, LiteRT on one and on N, ONNX Runtime on one
and on N. A photo's time is (time of N - time of one) / (N - 1): what starts a program is in neither. The
figure is the median of the rounds, and a ratio is the median of the rounds' ratios, for what disturbs a round
mostly disturbs all of it. Writes OUT/results.json, which table.py and plot.py read.
"""

import argparse
import json
import os
import pathlib
import sys
import time

import answers
import machine
import measured

HERE = pathlib.Path(__file__).resolve().parent
BUILT_IN = "clothing"
"""The model in lookbook's binary. It resizes with a filter that averages, as it was trained; its peers are
timed with the cheaper nearest pixel, and asked once more with the same filter to compare answers."""


class Bench:
    """What is compared, and how often."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.models = json.loads((options.models / "models.json").read_text())
        self.same = sorted((options.photos / "same").glob("*.jpg"))[: options.count]
        if len(self.same) < max(2, options.count):
            raise SystemExit(f"compare.py: {len(self.same)} photos in {options.photos}; samples.py makes more")
        self.environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        if options.mask:
            self.environment |= {"LD_PRELOAD": str(options.mask.resolve())}
        self.cores = {options.cpu} if options.cpu is not None else None

    def command(
        self, who: str, model: str, photos: list[pathlib.Path], resize="nearest", kernels="fast", threads=1
    ) -> list:
        """How a contestant classifies photos."""
        fact, file = self.models[model], self.options.models / f"{model}.tflite"
        if who == "lookbook":
            named = [] if model == BUILT_IN else ["--model", file]
            flags = ["--format", "json", "--threads", threads]
            return [self.options.lookbook, "classify", *flags, *named, *photos]
        python = self.options.litert if who == "litert" else self.options.onnx
        file = file if who == "litert" else file.with_suffix(".onnx")
        labels = self.options.models / fact.get("labels", "labels.txt")
        return [python, HERE / f"peer_{who}.py", file, labels, fact["mean"], fact["std"], resize, kernels, *photos]

    def run(self, who: str, model: str, photos: list[pathlib.Path], **more) -> measured.Run:
        """One process, on the one core."""
        return measured.run(self.command(who, model, photos, **more), self.cores, self.environment, len(photos))

    def contestants(self, model: str) -> list[str]:
        """Who can run a model: ONNX Runtime those that were converted."""
        return ["lookbook", "litert"] + ["onnx"] * (self.options.models / f"{model}.onnx").exists()

    def model(self, name: str) -> dict:
        """All rounds of one model."""
        who = self.contestants(name)
        photos = self.same if name == BUILT_IN else self.same[: self.options.others or len(self.same)]
        rounds, last = {one: [] for one in who}, {}
        for one in who:
            # Once for the disk, and to fail early.
            self.run(one, name, photos[:1])
        for number in range(self.options.rounds):
            # The first of a round is another one each time.
            for one in who[number % len(who) :] + who[: number % len(who)]:
                alone, all_of_them = self.run(one, name, photos[:1]), self.run(one, name, photos)
                last[one] = all_of_them.lines
                rounds[one].append(
                    {
                        "ms": (all_of_them.wall - alone.wall) / (len(photos) - 1) * 1e3,
                        "cpu_ms": (all_of_them.cpu - alone.cpu) / (len(photos) - 1) * 1e3,
                        "start_ms": alone.first * 1e3,
                        "start_cpu_ms": alone.cpu * 1e3,
                        "peak_one": alone.peak,
                        "peak_all": all_of_them.peak,
                    }
                )
        if name == BUILT_IN:
            for one in who[1:]:
                last[one] = self.run(one, name, photos, resize="bilinear").lines
        temperature = self.models[name].get("temperature")
        compared = {one: answers.compare(last["lookbook"], last[one], temperature) for one in who[1:]}
        if "int8" in self.models[name]["form"]:
            # XNNPACK rounds otherwise than the rules of whole numbers say; these are lookbook's.
            plain = self.run("litert", name, photos, kernels="plain").lines
            compared["plain"] = answers.compare(last["lookbook"], plain, temperature)
        return {"form": self.models[name]["form"], "photos": len(photos), "rounds": rounds, "answers": compared}

    def sizes(self) -> list[dict]:
        """The built-in model on photos of more and more pixels."""
        rows = []
        for folder in sorted((self.options.photos / "sizes").iterdir(), key=lambda path: float(path.name)):
            photos = sorted(folder.glob("*.jpg"))
            row = {
                "megapixels": float(folder.name),
                "bytes": sum(path.stat().st_size for path in photos) // len(photos),
            }
            times = {one: [] for one in self.contestants(BUILT_IN)}
            for _ in range(self.options.rounds):
                for one, found in times.items():
                    alone, every = self.run(one, BUILT_IN, photos[:1]), self.run(one, BUILT_IN, photos)
                    found.append((every.wall - alone.wall) / (len(photos) - 1) * 1e3)
            rows.append(row | {"ms": times})
            print(f"  {folder.name} megapixels", file=sys.stderr, flush=True)
        return rows

    def two_cores(self) -> dict:
        """A thousand photos on one core and on two."""
        photos = [self.same[number % len(self.same)] for number in range(1000)]
        wide = sorted(os.sched_getaffinity(0) | set(range(os.cpu_count())))[:2]
        if len(wide) < 2:
            return {}
        found = {"one": [], "two": []}
        for _ in range(self.options.rounds):
            for name, cores in (("one", {wide[0]}), ("two", set(wide))):
                command = self.command("lookbook", BUILT_IN, photos, threads=len(cores))
                found[name].append(measured.run(command, cores, self.environment, len(photos)).wall)
        return {"photos": len(photos), **found}

    def sizes_on_disk(self) -> dict[str, int]:
        """Bytes that each needs: the program, or the packages beside Python itself."""

        def packages(python: pathlib.Path) -> int:
            # Not resolved: that would be the Python that the environment was made with.
            folder = python.parent.parent / "lib"
            return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())

        return {
            "lookbook": self.options.lookbook.stat().st_size,
            "litert": packages(self.options.litert),
            "onnx": packages(self.options.onnx),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lookbook", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, required=True, help="what models.py made")
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="what samples.py made")
    parser.add_argument("--litert", type=pathlib.Path, required=True, help="a Python that has LiteRT")
    parser.add_argument("--onnx", type=pathlib.Path, required=True, help="a Python that has ONNX Runtime")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=300, help="photos for the built-in model")
    parser.add_argument("--others", type=int, default=0, help="photos for other models [default: as many]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", help="this model; may be repeated")
    parser.add_argument("--cpu", type=int, default=0, help="the core that all run on; -1: any")
    parser.add_argument("--two-cores", action="store_true", help="also 1,000 photos on one core and on two")
    parser.add_argument("--sizes", action="store_true", help="also photos of 0.2 to 12 megapixels")
    parser.add_argument("--mask", type=pathlib.Path, help="mask.so: hide AVX-512 from all of them")
    parser.add_argument("--peak", type=pathlib.Path, help="a program that prints the core's FMA peak in GFLOP/s")
    options = parser.parse_args()
    options.cpu = None if options.cpu < 0 else options.cpu
    bench = Bench(options)
    started = time.perf_counter()
    results = {
        "machine": machine.describe(options),
        "masked": bool(options.mask),
        "peak": [machine.peak(options.peak, bench.cores, bench.environment)],
        "disk": bench.sizes_on_disk(),
        "models": {},
    }
    for name in options.only or bench.models:
        print(f"{name} ({time.perf_counter() - started:.0f} s)", file=sys.stderr, flush=True)
        try:
            results["models"][name] = bench.model(name)
        except measured.Failed as failed:
            results["models"][name] = {"failed": str(failed)}
            print(failed, file=sys.stderr, flush=True)
    if options.sizes:
        results["sizes"] = bench.sizes()
    if options.two_cores:
        results["two_cores"] = bench.two_cores()
    results["peak"].append(machine.peak(options.peak, bench.cores, bench.environment))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
