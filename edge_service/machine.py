"""A machine and the times its rules go by, as the configuration names them."""

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RuleTimes:
    """Durations in seconds: how long somebody must stay, be gone, wipe, and may take to come back to wipe."""

    enter_s: float = 10.0
    exit_s: float = 5.0
    attempt_s: float = 3.0
    window_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Machine:
    """A piece of equipment: `zone` is a simple polygon of at least three points, x and y in 0..1 of the picture."""

    machine_id: str
    name: str
    zone: tuple[Point, ...]
    rules: RuleTimes
