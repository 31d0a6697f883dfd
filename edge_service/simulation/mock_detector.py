"""The mocked detector: it reports the scenario as a real one would, with shaky boxes, misses and false alarms."""

from collections.abc import Sequence

from edge_service.detection.detector import Box, Detection
from edge_service.simulation.scenario import Scenario, uniform
from edge_service.video.frame import Frame

_JITTER = 0.03  # of the box's width, and half of that of its height
_FALSE_BOX_RATE = 0.005


class MockDetector:
    """A pure function of seed and media time: it never looks at the picture, so any video will do.

    `miss_rate` (0..1): the share of people that is missed.
    """

    def __init__(self, scenario: Scenario, seed: int, *, miss_rate: float = 0.05) -> None:
        self._scenario = scenario
        self._seed = seed
        self._miss_rate = miss_rate

    def detect(self, frame: Frame) -> Sequence[Detection]:
        """The scenario's people at the frame's place in the file, more or less."""
        # Whole milliseconds: the same frame has the same chance however its time stamp was computed.
        moment = round(frame.source_time_s * 1000)
        found = [
            Detection(self._shake(person.box, moment, person.key), self._chance(0.6, 0.95, moment, person.key, "score"))
            for person in self._scenario.people_at(frame.source_time_s)
            if self._chance(0, 1, moment, person.key, "missed") >= self._miss_rate
        ]
        if self._chance(0, 1, moment, "false") < _FALSE_BOX_RATE:
            found.append(self._false_box(moment))
        return found

    def _chance(self, low: float, high: float, *key: int | str) -> float:
        return uniform(low, high, self._seed, *key)

    def _shake(self, box: Box, moment: int, key: str) -> Box:
        x, y = _JITTER * (box.right - box.left), _JITTER / 2 * (box.bottom - box.top)
        return Box(
            max(0.0, box.left + self._chance(-x, x, moment, key, "left")),
            max(0.0, box.top + self._chance(-y, y, moment, key, "top")),
            min(1.0, box.right + self._chance(-x, x, moment, key, "right")),
            min(1.0, box.bottom + self._chance(-y, y, moment, key, "bottom")),
        )

    def _false_box(self, moment: int) -> Detection:
        x, y = self._chance(0.1, 0.9, moment, "x"), self._chance(0.4, 1, moment, "y")
        return Detection(Box(x - 0.05, y - 0.35, x + 0.05, y), self._chance(0.3, 0.6, moment, "false score"))
