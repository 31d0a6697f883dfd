"""The days of a page: whole days of a time zone, and the days before them to compare with. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self

from ui.text.local_time import Zone

MAX_DAYS = 366


class Choice(StrEnum):
    """The choices of an operator, in the words that the address holds, too."""

    TODAY = "Today"
    YESTERDAY = "Yesterday"
    LAST_7_DAYS = "Last 7 days"
    LAST_30_DAYS = "Last 30 days"
    DAYS = "Other days"


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """From the instant `since` up to, but not including, `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days from `first` to `last`, both among them; at most MAX_DAYS."""

    first: date
    last: date

    @classmethod
    def chosen(cls, choice: Choice, days: tuple[date, ...], today: date) -> Self:
        """The days of `choice` on the day `today`; `days` are one or two that were picked, for Choice.DAYS alone.

        Of more than MAX_DAYS the last are taken; without any picked it is today.
        """
        match choice:
            case Choice.TODAY:
                return cls(today, today)
            case Choice.YESTERDAY:
                return cls(today - timedelta(days=1), today - timedelta(days=1))
            case Choice.LAST_7_DAYS:
                return cls(today - timedelta(days=6), today)
            case Choice.LAST_30_DAYS:
                return cls(today - timedelta(days=29), today)
        first, last = min(days, default=today), max(days, default=today)
        return cls(max(first, last - timedelta(days=MAX_DAYS - 1)), last)

    @property
    def count(self) -> int:
        """How many days they are."""
        return (self.last - self.first).days + 1

    def interval(self, zone: Zone) -> TimeInterval:
        """From the first day's midnight to the one after the last day."""
        return TimeInterval(midnight(self.first, zone), midnight(self.last + timedelta(days=1), zone))

    def interval_before(self, zone: Zone, now: datetime) -> TimeInterval:
        """As many days right before; of days that are not over, only up to the same minute of the day."""
        interval, days = self.interval(zone), timedelta(days=self.count)
        until = interval.since
        if self._is_going_on(zone, now):
            local = _minute(now).astimezone(zone.info)
            until = datetime.combine(local.date() - days, local.time(), zone.info).astimezone(UTC)
        return TimeInterval(midnight(self.first - days, zone), until)

    def before_in_words(self, zone: Zone, now: datetime) -> str:
        """The words for `interval_before`, e.g. `the 7 days before`, `the day before up to 14:05`."""
        days = "the day before" if self.count == 1 else f"the {self.count} days before"
        return f"{days} up to {now.astimezone(zone.info):%H:%M}" if self._is_going_on(zone, now) else days

    def in_words(self) -> str:
        """Which days they are, e.g. `Saturday, 31 January 2026` or `25 to 31 January 2026`."""
        if self.first == self.last:
            return f"{self.last:%A}, {self.last.day} {self.last:%B %Y}"
        first = str(self.first.day)
        if (self.first.year, self.first.month) != (self.last.year, self.last.month):
            first += f" {self.first:%B}"
        if self.first.year != self.last.year:
            first += f" {self.first.year}"
        return f"{first} to {self.last.day} {self.last:%B %Y}"

    def _is_going_on(self, zone: Zone, now: datetime) -> bool:
        interval = self.interval(zone)
        return interval.since < _minute(now) < interval.until


def midnight(day: date, zone: Zone) -> datetime:
    """When `day` begins in `zone`, in UTC; of a midnight that clocks skip, the instant at which it would have been."""
    return datetime.combine(day, time(), zone.info).astimezone(UTC)


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
