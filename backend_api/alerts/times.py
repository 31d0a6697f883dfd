"""Hours of a day, such as 22:00-07:00, on the wall clock of a time zone. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"


@dataclass(frozen=True, slots=True)
class Hours:
    """From `begins` to `ends`, each day; over midnight where `ends` is not later. Both differ."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Of text such as 22:00-07:00. Raises ValueError with the cure."""
        found = re.fullmatch(rf"({_CLOCK})-({_CLOCK})", text)
        if found is None or found[1] == found[3]:
            raise ValueError(f"{text!r} are no hours; write them like 22:00-07:00")
        return cls(time.fromisoformat(found[1]), time.fromisoformat(found[3]))

    def hold(self, instant: datetime, zone: ZoneInfo) -> bool:
        """Whether the wall clock of `zone` shows one of these hours at `instant` (aware)."""
        shown = instant.astimezone(zone).time()
        if self.begins < self.ends:
            return self.begins <= shown < self.ends
        return shown >= self.begins or shown < self.ends

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


def parse_clock(text: str) -> time:
    """The time of day of text such as 07:30. Raises ValueError with the cure."""
    if not re.fullmatch(_CLOCK, text):
        raise ValueError(f"{text!r} is no time of day; write it like '07:30', in quotes")
    return time.fromisoformat(text)
