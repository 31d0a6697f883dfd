"""From sessions and observed time to figures: how much machines were used, and whether they were cleaned."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from backend_api.base.instants import from_ms
from backend_api.contract.stats import Unit
from backend_api.contract.values import MachineKey
from backend_api.reports.buckets import Interval, buckets, edges, parts
from backend_api.reports.opening import is_within, overlap


@dataclass(frozen=True, slots=True)
class Use:
    """A session as it counts in figures.

    `occupied` is when the machine was in use; null times of its cleaning window are what has not happened.
    `closed_ms` is when the window closed, by time or by the next session. `stay_ms` is how long a use that is over was,
    None of one that is not, or whose beginning is not known. `window` is what its window counts as once it has closed:
    cleaned, not_cleaned, cannot_tell, unjudged, not_judged or not_attempted;
    `cleaned_before_leaving` whether the former was so.
    `judged` are the numbers of the events that were called cleaned or not cleaned.
    """

    machine: MachineKey
    occupied: Interval
    stay_ms: int | None = None
    opened_ms: int | None = None
    closed_ms: int | None = None
    attempt_ms: int | None = None
    window: str = "not_attempted"
    cleaned_before_leaving: bool = False
    judged: tuple[int, ...] = ()
    # People say that they were two, in turn; the window is that of the second.
    is_of_two: bool = False


@dataclass(slots=True)
class UsageTotals:
    """Sums on their way to being figures; `windows` counts closed ones by what they count as.

    `after_hours` are windows that closed when the store was closed, `not_judged` those of which nobody can judge the
    attempt; both are not among the others.
    """

    occupied_ms: int = 0
    observed_ms: int = 0
    sessions: int = 0
    reported: int = 0
    corrected: int = 0
    stays_ms: list[int] = field(default_factory=list)
    windows: Counter[str] = field(default_factory=Counter)
    cleaned_before_leaving: int = 0
    after_hours: int = 0
    not_judged: int = 0
    to_clean_ms: list[int] = field(default_factory=list)

    def count_session(self, use: Use) -> None:
        """Count `use`, which began. Of two people nobody knows for how long each of them stayed."""
        self.sessions += 2 if use.is_of_two else 1
        self.reported += 1
        self.corrected += use.is_of_two
        if use.stay_ms is not None and not use.is_of_two:
            self.stays_ms.append(use.stay_ms)

    def count_no_use(self) -> None:
        """Count what the edge reported as a use, and people say was none."""
        self.reported += 1
        self.corrected += 1

    def count_window(self, use: Use, *, is_open: bool) -> None:
        """Count the closed window of `use`; `is_open` says whether the store was open when it closed."""
        if not is_open:
            self.after_hours += 1
            return
        if use.window == "not_judged":
            self.not_judged += 1
            return
        self.windows[use.window] += 1
        if use.window != "cleaned":
            return
        if use.cleaned_before_leaving:
            self.cleaned_before_leaving += 1
        elif use.opened_ms is not None and use.attempt_ms is not None:
            self.to_clean_ms.append(use.attempt_ms - use.opened_ms)

    @property
    def utilisation(self) -> float | None:
        """Occupied time / observed time; null when nothing was observed."""
        return _share(self.occupied_ms, self.observed_ms)

    @property
    def compliance(self) -> float | None:
        """As _compliance says."""
        return _compliance(
            self.windows["cleaned"], self.windows.total(), self.windows["not_attempted"], self.not_judged
        )

    @property
    def median_stay_s(self) -> float | None:
        """The median length of the uses that are over; null when none is."""
        return round(median(self.stays_ms) / 1000, 3) if self.stays_ms else None

    @property
    def median_to_clean_s(self) -> float | None:
        """The median time from a window's opening to the attempt that was found good; null when none was."""
        return round(median(self.to_clean_ms) / 1000, 3) if self.to_clean_ms else None


@dataclass(slots=True)
class Sums:
    """What adds up over machines, stores and days; times are in milliseconds."""

    occupied_ms: int = 0
    observed_ms: int = 0
    unobserved_ms: int = 0
    sessions: int = 0
    windows_closed: int = 0
    windows_cleaned: int = 0
    windows_not_attempted: int = 0
    windows_after_hours: int = 0
    windows_not_judged: int = 0

    @classmethod
    def of(cls, machines: Collection[UsageTotals], time_ms: int) -> "Sums":
        """Those of `machines`, of each of which `time_ms` of the time counts."""
        observed_ms = sum(sums.observed_ms for sums in machines)
        return cls(
            occupied_ms=sum(sums.occupied_ms for sums in machines),
            observed_ms=observed_ms,
            unobserved_ms=max(0, time_ms * len(machines) - observed_ms),
            sessions=sum(sums.sessions for sums in machines),
            windows_closed=sum(sums.windows.total() for sums in machines),
            windows_cleaned=sum(sums.windows["cleaned"] for sums in machines),
            windows_not_attempted=sum(sums.windows["not_attempted"] for sums in machines),
            windows_after_hours=sum(sums.after_hours for sums in machines),
            windows_not_judged=sum(sums.not_judged for sums in machines),
        )

    def add(self, other: "Sums") -> None:
        """Add `other` to them."""
        self.occupied_ms += other.occupied_ms
        self.observed_ms += other.observed_ms
        self.unobserved_ms += other.unobserved_ms
        self.sessions += other.sessions
        self.windows_closed += other.windows_closed
        self.windows_cleaned += other.windows_cleaned
        self.windows_not_attempted += other.windows_not_attempted
        self.windows_after_hours += other.windows_after_hours
        self.windows_not_judged += other.windows_not_judged

    def figures(self, machines: int) -> dict[str, Any]:
        """The fields of SummedFigures; they are of so many machines."""
        return {
            "machines": machines,
            "occupied_s": self.occupied_ms / 1000,
            "observed_s": self.observed_ms / 1000,
            "unobserved_s": self.unobserved_ms / 1000,
            "utilisation": _share(self.occupied_ms, self.observed_ms),
            "sessions": self.sessions,
            "windows_closed": self.windows_closed,
            "windows_cleaned": self.windows_cleaned,
            "windows_not_attempted": self.windows_not_attempted,
            "windows_after_hours": self.windows_after_hours,
            "windows_not_judged": self.windows_not_judged,
            "compliance": _compliance(
                self.windows_cleaned, self.windows_closed, self.windows_not_attempted, self.windows_not_judged
            ),
        }


def _compliance(cleaned: int, closed: int, not_attempted: int, not_judged: int) -> float | None:
    """Windows that were cleaned / windows that closed; null when none closed.

    Where attempts are not judged, the windows without one alone would say that nobody cleans.
    """
    return None if not_judged and not_attempted == closed else _share(cleaned, closed)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


class Totals:
    """The sums of `span`: of all of it, by machine, by bucket, and occupied time by hour of the day (0 to 23).

    `machines` are those that count; every use that is added is of one of them.
    """

    def __init__(self, machines: Iterable[MachineKey], span: Interval, unit: Unit, zone: ZoneInfo) -> None:
        self.span = span
        self.buckets = buckets(span, unit, zone)
        self.total = UsageTotals()
        self.by_machine = {machine: UsageTotals() for machine in machines}
        self.by_bucket = [UsageTotals() for _ in self.buckets]
        self.occupied_ms_by_hour = [0] * 24
        hours = buckets(span, Unit.HOUR, zone)
        self._edges_ms, self._hour_edges_ms = edges(self.buckets), edges(hours)
        self._hour_of_day = [from_ms(hour.begin_ms).astimezone(zone).hour for hour in hours]

    def add_machine(
        self,
        machine: MachineKey,
        observed: Iterable[Interval],
        uses: Iterable[Use],
        no_uses_ms: Iterable[int],
        opened: Sequence[Interval],
    ) -> None:
        """Count all that there is of a machine, as the methods below do."""
        self.add_observed(machine, observed)
        for use in uses:
            self.add_use(use, opened)
        for begin_ms in no_uses_ms:
            self.add_no_use(machine, begin_ms, opened)

    def add_observed(self, machine: MachineKey, intervals: Iterable[Interval]) -> None:
        """Count time, without overlaps, in which the machine was watched."""
        for interval in intervals:
            for index, length_ms in parts(interval.within(self.span), self._edges_ms):
                for sums in self._all_of(machine, index):
                    sums.observed_ms += length_ms

    def add_use(self, use: Use, opened: Sequence[Interval]) -> None:
        """Count a session: its beginning, its occupied time, and its window, each in the bucket where it lies.

        `opened` is when the store was open, in order and without overlaps: what lies outside does not count.
        """
        if is_within(opened, use.occupied.begin_ms):
            for sums in self._at(use.machine, use.occupied.begin_ms):
                sums.count_session(use)
        for sums in self._at(use.machine, use.closed_ms):
            sums.count_window(use, is_open=use.closed_ms is not None and is_within(opened, use.closed_ms))
        for occupied in overlap([use.occupied.within(self.span)], opened):
            self._add_occupied(use.machine, occupied)

    def add_no_use(self, machine: MachineKey, begin_ms: int, opened: Sequence[Interval]) -> None:
        """Count a session that was none, as people say; `opened` as in add_use."""
        if is_within(opened, begin_ms):
            for sums in self._at(machine, begin_ms):
                sums.count_no_use()

    def _add_occupied(self, machine: MachineKey, occupied: Interval) -> None:
        for index, length_ms in parts(occupied, self._edges_ms):
            for sums in self._all_of(machine, index):
                sums.occupied_ms += length_ms
        for index, length_ms in parts(occupied, self._hour_edges_ms):
            self.occupied_ms_by_hour[self._hour_of_day[index]] += length_ms

    def _all_of(self, machine: MachineKey, bucket: int) -> tuple[UsageTotals, UsageTotals, UsageTotals]:
        return self.total, self.by_machine[machine], self.by_bucket[bucket]

    def _at(self, machine: MachineKey, instant_ms: int | None) -> Sequence[UsageTotals]:
        if instant_ms is None or not self.span.begin_ms <= instant_ms < self.span.end_ms:
            return ()
        return self._all_of(machine, bisect_right(self._edges_ms, instant_ms) - 1)
