"""Times as a person reads them: in a named time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone and the name under which it is shown."""

    name: str
    info: tzinfo

    @classmethod
    def from_name(cls, name: str | None) -> Self:
        """The zone that a browser names, e.g. `Europe/Berlin`; UTC when it names none, or one unknown here."""
        if name is not None:
            try:
                return cls(name, ZoneInfo(name))
            except (ZoneInfoNotFoundError, ValueError):
                pass
        return cls("UTC", UTC)

    def clock(self, instant: datetime) -> str:
        """The time of day, e.g. `10:30:00`."""
        return instant.astimezone(self.info).strftime("%H:%M:%S")

    def day(self, instant: datetime) -> str:
        """The day, e.g. `Saturday, 31 January 2026`."""
        local = instant.astimezone(self.info)
        return f"{local:%A}, {local.day} {local:%B %Y}"

    def full(self, instant: datetime) -> str:
        """Date, time of day and zone, e.g. `Saturday, 31 January 2026, 10:30:00 (Europe/Berlin)`."""
        return f"{self.day(instant)}, {self.clock(instant)} ({self.name})"


def moment(instant: datetime, now: datetime, zone: Zone) -> str:
    """The time of day to the minute, with the day unless it is today's, e.g. `10:32`, `Fri 10:32`, `2 Jan 10:32`."""
    local, today = instant.astimezone(zone.info), now.astimezone(zone.info).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return clock
    if timedelta() < today - local.date() < timedelta(days=7):
        return f"{local:%a} {clock}"
    return f"{local.day} {local:%b} {clock}"
