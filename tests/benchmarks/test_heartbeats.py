"""The heartbeats of a thousand cameras: what a day of them takes of a processor, and writes to the disk."""

import subprocess
import sys
from pathlib import Path

MINUTES = 10
DAY_MIN = 24 * 60
MOST_CORES, MOST_BYTES_A_DAY = 0.05, 5_000_000_000


def test_a_thousand_cameras_take_little(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.heartbeats", str(tmp_path / "app.db"), str(MINUTES)]
    measured = subprocess.run(command, capture_output=True, text=True, check=False)
    assert measured.returncode == 0, measured.stderr
    cpu_s, written_bytes = map(float, measured.stdout.split())
    cores, a_day = cpu_s / (60 * MINUTES), written_bytes / MINUTES * DAY_MIN
    print(f"\n1,000 cameras: {cores:.4f} cores, {a_day / 1e9:.2f} GB written a day")
    assert cores <= MOST_CORES
    assert a_day <= MOST_BYTES_A_DAY
