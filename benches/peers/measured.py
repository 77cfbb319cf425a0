"""One whole process, measured from outside: time to the first answer and to the end, processor time, memory."""

import dataclasses
import os
import subprocess
import tempfile
import time


class Failed(Exception):
    """A process that did not do its work, and what it said."""


@dataclasses.dataclass(frozen=True)
class Run:
    """Seconds are since the process was started; `peak` is its largest resident memory in bytes."""

    first: float
    wall: float
    cpu: float
    peak: int
    lines: list[bytes]


def run(command: list, cores: set[int] | None, environment: dict[str, str], expected: int) -> Run:
    """Runs a command that must print `expected` lines, on the cores named."""
    if cores and hasattr(os, "sched_setaffinity"):
        # The child inherits it; this process only waits meanwhile.
        os.sched_setaffinity(0, cores)
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=said, env=environment, bufsize=0
        )
        first, pieces = 0.0, []
        while piece := os.read(child.stdout.fileno(), 1 << 20):
            pieces.append(piece)
            if not first and b"\n" in piece:
                first = time.perf_counter() - started
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        said.seek(0)
        words = said.read().decode(errors="replace")
    lines = b"".join(pieces).splitlines()
    if child.returncode or len(lines) != expected:
        name = " ".join(str(part) for part in command[:4])
        raise Failed(f"{name} ...: exit code {child.returncode}, {len(lines)} lines of {expected}\n{words[-2000:]}")
    # Linux counts it in KiB. It holds at least what this small process had when it forked.
    return Run(first, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, lines)
