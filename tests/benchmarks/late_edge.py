"""An edge that notes how late each frame comes to be looked at; its last argument is the file for the worst.

    python -m tests.benchmarks.late_edge --video ... --speed 1 (as edge_service/main.py) LATENESS

A frame's lateness counts from the one that came earliest by its own time.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import edge_service.camera_run
import edge_service.main
from backend_api.base.clock import SystemClock
from backend_api.base.process import run_process
from edge_service.detection.detector import Detection, Detector
from edge_service.video.frame import Frame


class Noting:
    """The detector that it stands before, and how far behind its own time each frame came, in seconds."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._clock = SystemClock()
        self.behind_s: list[float] = []

    def detect(self, frame: Frame) -> Sequence[Detection]:
        self.behind_s.append(self._clock.monotonic_s() - frame.time_s)
        return self._detector.detect(frame)


def main(lateness: Path) -> int:
    """Run the edge, and write the lateness down."""
    noting: list[Noting] = []
    open_detector = edge_service.camera_run.open_detector

    def open_noting(*args: Any, **more: Any) -> Noting:  # noqa: ANN401 - whatever the function takes
        noting.append(Noting(open_detector(*args, **more)))
        return noting[-1]

    vars(edge_service.camera_run)["open_detector"] = open_noting
    code = edge_service.main.main()
    [one] = noting
    lateness.write_text(f"{max(one.behind_s) - min(one.behind_s)}\n")
    return code


if __name__ == "__main__":
    written = Path(sys.argv.pop())
    run_process(lambda: main(written))
