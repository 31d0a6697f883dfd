"""How well reported events agree with the truth: hits and misses by machine and type, rates, and lateness (pure)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from backend_api.contract.events import EventType
from edge_service.evaluation.pairing import match
from edge_service.evaluation.truth import Moment, Truth

TOLERANCES_S = (1.0, 2.0, 5.0)
_WIDEST_S = TOLERANCES_S[-1]


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """Events that are `found`, `false` ones that nobody saw, and `missed` ones; rates are None where they are 0 / 0."""

    found: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: "MatchCounts") -> "MatchCounts":
        return MatchCounts(self.found + other.found, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float | None:
        """The share (0..1) of what was reported that is true."""
        return _share(self.found, self.found + self.false)

    @property
    def recall(self) -> float | None:
        """The share (0..1) of what is true that was reported."""
        return _share(self.found, self.found + self.missed)

    @property
    def f1(self) -> float | None:
        """The harmonic mean (0..1) of precision and recall."""
        return _share(2 * self.found, 2 * self.found + self.false + self.missed)


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds by which reported times lie behind the true ones, below 0 before them."""

    earliest_s: float
    median_s: float
    p90_s: float
    latest_s: float


@dataclass(frozen=True, slots=True)
class Score:
    """`reported` held against `truth`.

    `match_counts` are by tolerance in seconds, machine_id and type. Of the widest tolerance there are besides: by type,
    how late each event was (ascending, seconds), and the events that are `false` and `missed`.
    """

    truth: Truth
    reported: tuple[Moment, ...]
    match_counts: dict[tuple[float, str, EventType], MatchCounts]
    late_s: dict[EventType, tuple[float, ...]]
    false: tuple[Moment, ...]
    missed: tuple[Moment, ...]

    def counts(
        self, tolerance_s: float, *, machine_id: str | None = None, event_type: EventType | None = None
    ) -> MatchCounts:
        """The counts within `tolerance_s`, of one machine or all, of one type or all."""
        parts = [
            counts
            for (tolerance, machine, kind), counts in self.match_counts.items()
            if tolerance == tolerance_s and machine_id in (None, machine) and event_type in (None, kind)
        ]
        return sum(parts, MatchCounts())

    def false_per_hour(self, tolerance_s: float, machine_id: str | None = None) -> float:
        """False events in an hour of video at `machine_id`, or else at the average machine."""
        machines = 1 if machine_id else len(self.truth.machines)
        return self.counts(tolerance_s, machine_id=machine_id).false / machines / (self.truth.duration_s / 3600)

    def lateness(self, event_type: EventType | None = None) -> Lateness | None:
        """How late events of one type, or of all, were; None when none was found."""
        late_s = sorted(s for kind, values in self.late_s.items() if event_type in (None, kind) for s in values)
        if not late_s:
            return None
        # The nearest rank: the smallest value that nine tenths are not above.
        return Lateness(late_s[0], median(late_s), late_s[math.ceil(0.9 * len(late_s)) - 1], late_s[-1])


def score(truth: Truth, reported: Sequence[Moment]) -> Score:
    """`reported` held against `truth`; all machines in it are known to `truth`."""
    match_counts: dict[tuple[float, str, EventType], MatchCounts] = {}
    late_s: dict[EventType, tuple[float, ...]] = {}
    false: list[Moment] = []
    missed: list[Moment] = []
    expected = truth.moments()
    for event_type in EventType:
        late: list[float] = []
        for machine_id in truth.machines:
            said, true = (_of(moments, machine_id, event_type) for moments in (reported, expected))
            said_s, true_s = ([moment.time_s for moment in moments] for moments in (said, true))
            for tolerance_s in TOLERANCES_S:
                pairs = match(said_s, true_s, tolerance_s)
                found = len(pairs)
                match_counts[tolerance_s, machine_id, event_type] = MatchCounts(
                    found, len(said) - found, len(true) - found
                )
            pairs = match(said_s, true_s, _WIDEST_S)
            late += [said_s[i] - true_s[j] for i, j in pairs]
            false += _without(said, {i for i, _ in pairs})
            missed += _without(true, {j for _, j in pairs})
        late_s[event_type] = tuple(sorted(late))
    return Score(truth, tuple(reported), match_counts, late_s, tuple(_by_time(false)), tuple(_by_time(missed)))


def _of(moments: Iterable[Moment], machine_id: str, event_type: EventType) -> list[Moment]:
    return _by_time(m for m in moments if (m.machine_id, m.event_type) == (machine_id, event_type))


def _by_time(moments: Iterable[Moment]) -> list[Moment]:
    return sorted(moments, key=lambda moment: moment.time_s)


def _without(moments: Sequence[Moment], indices: set[int]) -> list[Moment]:
    return [moment for index, moment in enumerate(moments) if index not in indices]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
