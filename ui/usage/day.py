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
class Range:
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
        span = Days(day, day).span(zone)
        return cls(day, zone, span.since, span.until)

    @property
    def length_h(self) -> float:
        """How long the day is, in hours."""
        return self.hours(self.end)

    def hours(self, instant: datetime) -> float:
        """Real hours from midnight to `instant`; negative before it."""
        return (instant - self.begin) / _HOUR

    def cut(self, begin: datetime, end: datetime) -> Range | None:
        """What of the time from `begin` to `end` lies in the day; None when nothing does."""
        first, last = max(begin, self.begin), min(end, self.end)
        return Range(self.hours(first), self.hours(last)) if first < last else None

    def window(self, ranges: Sequence[Range]) -> Range:
        """The full hours of the day around all of `ranges`; the whole day without any."""
        if not ranges:
            return Range(0.0, self.length_h)
        begin_h = math.floor(min(item.begin_h for item in ranges))
        return Range(begin_h, min(self.length_h, max(begin_h + 1, math.ceil(max(item.end_h for item in ranges)))))

    def ticks(self, shown: Range) -> list[Tick]:
        """Labels of round times on the clock, few enough for a phone: `12:30`, or `12` where all are full hours.

        A time that comes twice has two.
        """
        return next(ticks for step, most in _STEPS_MIN.items() if len(ticks := self._ticks(shown, step)) <= most)

    def _ticks(self, shown: Range, step_min: int) -> list[Tick]:
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
