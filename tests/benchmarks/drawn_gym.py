"""Four gyms for the edge's cost: who is at which machine when, and an edge whose detector knows it.

As a script it is an edge that finds the drawn people, after it has run the network of GYM_BENCH_MODEL, if that is set,
on each picture: a network does not take drawn figures for people, but costs the same.

    GYM_BENCH_SCENE=normal python -m tests.benchmarks.drawn_gym --video ... (as edge_service/main.py)
"""

import os
from collections.abc import Sequence
from pathlib import Path

import edge_service.camera_run
from backend_api.base.process import run_process
from edge_service.camera_run import Surroundings
from edge_service.detection.detector import Box, Detection, Detector
from edge_service.detection.detector_config import DetectorConfig
from edge_service.detection.onnx_detector import open_onnx_detector
from edge_service.main import main
from edge_service.rules.machine import Machine
from edge_service.simulation.scenario import uniform
from edge_service.video.frame import Frame

LENGTH_S = 180
# From when to when somebody is at the machine of that number, in seconds; all come from and go out of the picture's
# lower edge. In a normal gym one machine is used for half a minute and wiped; one person passes by. In a steady one all
# three are in use from the first minute to the last, as treadmills are in the evening.
SCENES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "closed": (),
    "normal": ((0, 20, 50), (0, 62, 70)),
    "busy": ((0, 4, 60), (1, 30, 100), (2, 85, 150), (0, 120, 176)),
    "steady": ((0, 4, 176), (1, 6, 174), (2, 8, 176)),
}
_PASSERS_BY_S = {"closed": (), "normal": (120,), "busy": (20, 70, 110), "steady": ()}
_WALKS_PER_S = 0.25
_AISLE = 0.99


class DrawnPeople:
    """Finds the people of a scene, a little shaken, one in twenty missed, after `network` has looked at the picture."""

    def __init__(self, scene: str, machines: Sequence[Machine], network: Detector | None) -> None:
        self._scene = scene
        self._machines = machines
        self._network = network

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The people of the scene at the frame's time."""
        if self._network is None:
            frame.scaled((544, 306))  # what a network would be given
        else:
            self._network.detect(frame)
        time_s, moment = frame.source_time_s, round(frame.source_time_s * 1000)
        feet = []
        for number, begin_s, end_s in SCENES[self._scene]:
            x, y = _centre(self._machines[number])
            feet.append((x, y + _WALKS_PER_S * max(0.0, begin_s - time_s, time_s - end_s)))
        feet += [(_WALKS_PER_S * (time_s - begin_s), _AISLE) for begin_s in _PASSERS_BY_S[self._scene]]
        return [
            Detection(Box(x - 0.05 + shake, y - 0.4, x + 0.05 + shake, min(1.0, y)), 0.8)
            for number, (x, y) in enumerate(feet)
            if 0 <= x <= 1 and y < 1.2 and uniform(0, 1, moment, number, "missed") >= 0.05
            for shake in [uniform(-0.003, 0.003, moment, number)]
        ]


def _centre(machine: Machine) -> tuple[float, float]:
    xs, ys = zip(*machine.zone, strict=True)
    return sum(xs) / len(xs), sum(ys) / len(ys)


def open_drawn(
    _config: DetectorConfig, machines: Sequence[Machine], _seed: int, around: Surroundings, *_: object
) -> Detector:
    """The detector of the scene that GYM_BENCH_SCENE names."""
    model = os.environ.get("GYM_BENCH_MODEL")
    config = DetectorConfig("onnx", Path(model)) if model else DetectorConfig("mock")
    network = open_onnx_detector(Path(model), config, around.networks.open) if model else None
    return DrawnPeople(os.environ["GYM_BENCH_SCENE"], machines, network)


if __name__ == "__main__":
    edge_service.camera_run.open_detector = open_drawn  # type: ignore[assignment]
    run_process(main)
