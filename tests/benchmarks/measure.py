"""What a finished process has cost, by the operating system's own accounting.

    python tests/benchmarks/measure.py COMMAND ...

runs the command and prints `CPU_SECONDS PEAK_BYTES`. It is a program of its own because a process's peak memory counts
from the fork: started by a large parent, it would begin with the parent's.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds (user and system) and peak resident memory of one process and its finished children."""

    cpu_s: float
    peak_bytes: int


def cost_of(command: Sequence[str]) -> Cost:
    """Run `command` to its end and return what it cost. Raises AssertionError with what it said when it fails."""
    measured = subprocess.run([sys.executable, __file__, *command], capture_output=True, text=True, check=False)
    assert measured.returncode == 0, measured.stderr
    cpu_s, peak_bytes = measured.stdout.split()
    return Cost(float(cpu_s), int(peak_bytes))


def main() -> int:
    """Run the command line's command; its exit code."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RSS_UNIT_BYTES)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
