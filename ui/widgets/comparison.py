"""How a figure differs from what it was before, in words, and whether that is good news. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ui.text.words import duration, percent


class Wanted(StrEnum):
    """Which way a figure should go."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Change:
    """A difference in words, e.g. `up 5 points from 70 %`."""

    words: str
    direction: Literal["up", "down", "none"]
    wanted: Wanted

    @property
    def is_good(self) -> bool | None:
        """Whether it went where it should; None when there is nothing to say."""
        if self.direction == "none" or self.wanted is Wanted.EITHER:
            return None
        return self.direction == self.wanted.value


def share_change(now: float | None, before: float | None, wanted: Wanted) -> Change | None:
    """Between two shares of 0 to 1, in points of whole per cent; None without one of them."""
    if now is None or before is None:
        return None
    points = round(100 * now) - round(100 * before)
    word = "point" if abs(points) == 1 else "points"
    return _change(points, f"{abs(points)} {word} from {percent(before)}", wanted)


def count_change(now: int, before: int, wanted: Wanted) -> Change:
    """Between two counts."""
    return _change(now - before, f"{abs(now - before)} from {before}", wanted)


def duration_change(now_s: float | None, before_s: float | None, wanted: Wanted) -> Change | None:
    """Between two lengths of time in seconds; None without one of them."""
    if now_s is None or before_s is None:
        return None
    if duration(now_s) == duration(before_s):
        return _change(0, "", wanted)
    return _change(now_s - before_s, f"{duration(abs(now_s - before_s))} from {duration(before_s)}", wanted)


def _change(difference: float, words: str, wanted: Wanted) -> Change:
    if difference == 0:
        return Change("as before", "none", wanted)
    direction: Literal["up", "down"] = "up" if difference > 0 else "down"
    return Change(f"{direction} {words}", direction, wanted)
