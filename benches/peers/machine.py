"""The machine, the programs' versions, and the peak of a core."""

import argparse
import os
import pathlib
import platform
import re
import subprocess

import measured

FLAGS = ["avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm"]


def field(text: str, *names: str) -> str | None:
    """The first value of a line of /proc/cpuinfo with one of these names."""
    for name in names:
        if found := re.search(rf"^{name}\s*: (.*)$", text, re.M):
            return found[1].strip()
    return None


def describe(options: argparse.Namespace) -> dict:
    """What a reader needs to judge the figures."""
    info = pathlib.Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    flags = (field(text, "flags", "Features") or "").split()
    versions = {"lookbook": said(options.lookbook, "--version")}
    name = "import importlib.metadata as m; print(m.version('{}'))"
    versions["litert"] = said(options.litert, "-c", name.format("ai-edge-litert"))
    versions["onnx"] = said(options.onnx, "-c", name.format("onnxruntime"))
    versions["pillow"] = said(options.litert, "-c", name.format("pillow"))
    versions["python"] = said(options.litert, "-c", "import platform; print(platform.python_version())")
    return {
        "processor": field(text, "model name", "CPU part") or platform.processor(),
        "family": [field(text, "cpu family"), field(text, "model")],
        "flags": [flag for flag in FLAGS if flag in flags],
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": os.getloadavg()[0],
        "versions": versions,
    }


def said(*command: object) -> str:
    """What a command prints, or what went wrong."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()


def peak(program: pathlib.Path | None, cores: set[int] | None, environment: dict[str, str]) -> float | None:
    """GFLOP/s of multiply-adds in registers, as the program says: the last number with that unit."""
    if not program:
        return None
    run = measured.run([program, "--peak"], cores, environment, 1)
    return float(re.search(rb"([\d.]+) GFLOP/s", run.lines[0])[1])
