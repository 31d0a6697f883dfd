"""One day of a time zone as a line: real hours since its midnight, 23 or 25 of them where clocks are set. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ui.text.local_time import Zone
from ui.widgets.period import Days

_HOUR = timedelta(hours=1)
# Steps that divide an hour or a day, in minutes, and for how many of their labels a phone has room.
_STEPS_MIN = {5: 6, 10: 6, 15: 6, 30: 6, 60: 13, 120: 14}


@dataclass(frozen=True, slots=True)
class HourInterval:
    """Hours since midnight, from `begin_h` to `end_h`."""

    begin_h: float
    end_h: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on the axis."""

    at_h: float
    label: str


@dataclass(frozen=True, slots=True)
class DayLine:
    """The day `day` of `zone`, from the instant `begin` to before the instant `end`."""

    day: date
    zone: Zone
    begin: datetime
    end: datetime

    @classmethod
    def of(cls, day: date, zone: Zone) -> "DayLine":
        """The line of `day`."""
        interval = Days(day, day).interval(zone)
        return cls(day, zone, interval.since, interval.until)

    @property
    def length_h(self) -> float:
        """How long the day is, in hours."""
        return self.hours(self.end)

    def hours(self, instant: datetime) -> float:
        """Real hours from midnight to `instant`; negative before it."""
        return (instant - self.begin) / _HOUR

    def cut(self, begin: datetime, end: datetime) -> HourInterval | None:
        """The part of the time from `begin` to `end` that lies in the day; None without any."""
        first, last = max(begin, self.begin), min(end, self.end)
        return HourInterval(self.hours(first), self.hours(last)) if first < last else None

    def window(self, intervals: Sequence[HourInterval]) -> HourInterval:
        """The full hours of the day around all of `intervals`; the whole day without any."""
        if not intervals:
            return HourInterval(0.0, self.length_h)
        begin_h = math.floor(min(item.begin_h for item in intervals))
        return HourInterval(
            begin_h, min(self.length_h, max(begin_h + 1, math.ceil(max(item.end_h for item in intervals))))
        )

    def ticks(self, shown: HourInterval) -> list[Tick]:
        """Labels of round times on the clock, few enough for a phone: `12:30`, or `12` where all are full hours.

        A time that comes twice has two.
        """
        return next(ticks for step, most in _STEPS_MIN.items() if len(ticks := self._ticks(shown, step)) <= most)

    def _ticks(self, shown: HourInterval, step_min: int) -> list[Tick]:
        # Clocks are set by whole quarters, so that round times lie on real quarters or fractions of them.
        grid_min = min(step_min, 15)
        pattern = "%H:%M" if step_min < 60 else "%H"
        found = []
        at_min = math.ceil(shown.begin_h * 60 / grid_min) * grid_min
        while at_min <= shown.end_h * 60:
            local = (self.begin.astimezone(UTC) + timedelta(minutes=at_min)).astimezone(self.zone.info)
            if (local.hour * 60 + local.minute) % step_min == 0:
                found.append(Tick(at_min / 60, local.strftime(pattern)))
            at_min += grid_min
        return found
