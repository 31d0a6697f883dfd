"""A machine and the times its rules go by, as the configuration names them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from backend_api.contract.zones import Point

__all__ = ["FEET", "Anchor", "AnchorKind", "Machine", "Point", "RuleTimes"]


MAX_DURATION_S = 86_400.0
Duration = Annotated[float, Field(strict=True, gt=0, le=MAX_DURATION_S, allow_inf_nan=False)]
"""Seconds, above 0 and at most a day."""


@dataclass(frozen=True, slots=True)
class RuleTimes:
    """Durations in seconds: how long somebody must stay, be gone, wipe, and may take to come back to wipe."""

    enter_s: Duration = 10.0
    exit_s: Duration = 5.0
    attempt_s: Duration = 3.0
    window_s: Duration = 120.0


class AnchorKind(StrEnum):
    """The part of a person's box that counts: the middle of its bottom side, its middle, or a share of its area."""

    BOTTOM_CENTER = "bottom_center"
    CENTER = "center"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Anchor:
    """When somebody counts as being in a zone; `share` (above 0, at most 1) is the least that OVERLAP asks for."""

    kind: AnchorKind = AnchorKind.BOTTOM_CENTER
    share: float = 0.5


FEET = Anchor()


@dataclass(frozen=True, slots=True)
class Machine:
    """A piece of equipment: `zone` is a simple polygon of at least three points, x and y in 0..1 of the picture.

    `kind` says what it is, e.g. treadmill; machines of one kind stand in for each other.
    """

    machine_id: str
    name: str
    zone: tuple[Point, ...]
    rules: RuleTimes
    anchor: Anchor = FEET
    kind: str | None = None
