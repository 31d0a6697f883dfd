"""The mocked world: who is where in the gym at any media time. A pure function of seed, machines and time.

Every machine lives in cycles of 48 s. In each somebody walks in, uses the machine, and leaves; some wipe it before they
leave, and most of the others come back to do so. Late in some cycles a passer-by steps into the zone for a moment. The
times are drawn by seed, machine, cycle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

from edge_service.detection.detector import Box
from edge_service.rules.machine import Machine, Point
from edge_service.simulation.floor_position import FloorPosition, find_floor_position

_CYCLE_S = 48.0
# In widths and heights of the picture a second.
_WALK_PER_S = 0.2
_STEP_PER_S = 0.4
PERSON_WIDTH = 0.11
PERSON_HEIGHT = 0.42
# People walk below the zones where there is room in the picture, else below the picture, and so out of sight.
_AISLE_BELOW_ZONES = 0.06
_LOWEST_AISLE = 0.97
_AISLE_OUT_OF_SIGHT = 1.1
_OUTSIDE = 0.06
_NEAREST_EDGE = 0.01


def uniform(low: float, high: float, *key: int | str) -> float:
    """Chance without state: from `low` up to, not including, `high`, the same for the same key, on any computer."""
    digest = blake2b(repr(key).encode(), digest_size=7).digest()
    return low + (high - low) * int.from_bytes(digest) / 2**56


class Activity(StrEnum):
    """A person's activity."""

    WALKING = "walking"
    USING = "using"
    WIPING = "wiping"


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody in the gym, in the picture or beyond its edges: `foot` is where they stand, in 0..1 of the picture.

    `key` stays the same while they are there.
    """

    key: str
    foot: Point
    activity: Activity


@dataclass(frozen=True, slots=True)
class Person:
    """A figure whose feet are in the picture: the middle of the bottom side of `box` is where they stand."""

    key: str
    box: Box
    activity: Activity


@dataclass(frozen=True, slots=True)
class _Waypoint:
    """Where somebody is at `time_s`, and what they do from then on until the next one."""

    time_s: float
    foot: Point
    activity: Activity = Activity.WALKING


@dataclass(frozen=True, slots=True)
class _Walk:
    key: str
    waypoints: tuple[_Waypoint, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A machine as the scenario needs it: `phase_s` is when its first cycle begins."""

    machine_id: str
    position: FloorPosition
    aisle: float
    phase_s: float
    is_first: bool

    @property
    def inside_s(self) -> float:
        """How long the step from the zone's edge to the floor position takes."""
        return self.position.depth / _STEP_PER_S

    @property
    def step_s(self) -> float:
        """How long the step from the aisle to the floor position takes."""
        return (self.aisle - self.position.foot[1]) / _STEP_PER_S


class Scenario:
    """The people of one seed around `machines`, from media time 0 on, without end."""

    def __init__(self, seed: int, machines: Sequence[Machine]) -> None:
        self._seed = seed
        below_zones = max(y for machine in machines for _, y in machine.zone) + _AISLE_BELOW_ZONES
        aisle = below_zones if below_zones <= _LOWEST_AISLE else _AISLE_OUT_OF_SIGHT
        self._places = tuple(
            _Place(
                machine.machine_id,
                find_floor_position(machine.zone),
                aisle,
                # The first machine's cycle begins at once, so that the shortest video has something to show.
                phase_s=uniform(4, 44, seed, machine.machine_id, "phase") if index else 0.0,
                is_first=index == 0,
            )
            for index, machine in enumerate(machines)
        )

    def people_at(self, time_s: float) -> tuple[Person, ...]:
        """Everybody whose feet are in the picture at `time_s` seconds of media time, in a deterministic order."""
        people = (_person(figure) for figure in self.figures_at(time_s))
        return tuple(person for person in people if person is not None)

    def figures_at(self, time_s: float) -> tuple[Figure, ...]:
        """Everybody who is on their way at `time_s` seconds of media time, in a deterministic order."""
        figures = (_figure_at(walk, time_s) for place in self._places for walk in self._walks_near(place, time_s))
        return tuple(figure for figure in figures if figure is not None)

    def _walks_near(self, place: _Place, time_s: float) -> Iterator[_Walk]:
        """All walks at `place` that may go on at `time_s`: they begin and end within a cycle's length of their own."""
        cycle = int((time_s - place.phase_s) // _CYCLE_S)
        for index in range(max(0, cycle - 1), cycle + 2):
            yield from _walks(self._seed, place, index)


@lru_cache(maxsize=256)
def _walks(seed: int, place: _Place, cycle: int) -> tuple[_Walk, ...]:
    """The people who walk in because of the machine at `place` in its cycle number `cycle`, from 0."""
    visitor = f"{place.machine_id}/{cycle}"
    begin_s = place.phase_s + cycle * _CYCLE_S
    walks = [_Walk(visitor, tuple(_visit(seed, place, visitor, begin_s, opens=place.is_first and cycle == 0)))]
    if uniform(0, 1, seed, visitor, "passes") < 0.5:
        walks.append(_Walk(f"{visitor}/passer-by", tuple(_pass(seed, place, visitor, begin_s))))
    return tuple(walks)


def _visit(seed: int, place: _Place, key: str, begin_s: float, *, opens: bool) -> Iterator[_Waypoint]:
    """Walk in, use the machine for 14 to 22 s, and leave: a quarter wipe it in the last 5 to 6 s of these, and of the
    others most come back 5.5 to 8 s later to do so.

    The gap is longer, and that wipe (4 to 5 s in the zone) shorter, than the demo's rules and the default ones ask for.
    The one who `opens` the gym always comes back, so that the first 48 s show every type of event.
    """

    def between(low: float, high: float, what: str) -> float:
        return uniform(low, high, seed, key, what)

    enter_s = begin_s + between(1.2, 3.8, "enter")
    leave_s = enter_s + between(14, 22, "use")
    yield from _come(place, enter_s, _edge(between(-1, 1, "from")))
    wipes_first = not opens and between(0, 1, "wipes at once") < 0.25
    yield from _stay(
        place, enter_s, leave_s, Activity.USING, wipes_s=between(5, 6, "wipes at once for") if wipes_first else None
    )
    if opens or (not wipes_first and between(0, 1, "wiping") < 0.7):
        return_s = leave_s + between(5.5, 8, "away")
        away = between(-1, 1, "cloth")
        yield _fetch(place, leave_s, return_s, 1 if away > 0 else -1)
        wiped_s = return_s + between(4.05, 4.5, "wipe") + 2 * place.inside_s
        yield from _stay(place, return_s, wiped_s, Activity.WIPING)
        leave_s = wiped_s
    yield _go(place, leave_s, _edge(between(-1, 1, "to")))


def _pass(seed: int, place: _Place, key: str, begin_s: float) -> Iterator[_Waypoint]:
    """Walk along, step into the zone for less than 2 s, and walk on, while nobody else is at the machine."""
    enter_s = begin_s + uniform(42.3, 43, seed, key, "passes at")
    leave_s = enter_s + uniform(0.3, 1.2, seed, key, "passes for") + 2 * place.inside_s
    edge = _edge(uniform(-1, 1, seed, key, "passes from"))
    yield from _come(place, enter_s, edge)
    yield from _stay(place, enter_s, leave_s, Activity.WALKING)
    yield _go(place, leave_s, 1 - edge)


def _edge(side: float) -> float:
    """The x beyond the picture's left edge for a negative `side`, else beyond its right edge."""
    return -_OUTSIDE if side < 0 else 1 + _OUTSIDE


def _come(place: _Place, enter_s: float, edge: float) -> Iterator[_Waypoint]:
    """From beyond the picture along the aisle, so as to cross the zone's edge at `enter_s`."""
    x = place.position.foot[0]
    step_begin_s = enter_s + place.inside_s - place.step_s
    yield _Waypoint(step_begin_s - abs(x - edge) / _WALK_PER_S, (edge, place.aisle))


def _stay(
    place: _Place, enter_s: float, leave_s: float, activity: Activity, *, wipes_s: float | None = None
) -> Iterator[_Waypoint]:
    """From the aisle to the machine and back, in its zone from `enter_s` to `leave_s`; `wipes_s` at last wiping it."""
    at_aisle = (place.position.foot[0], place.aisle)
    begin_s, end_s = enter_s + place.inside_s, leave_s - place.inside_s
    yield _Waypoint(begin_s - place.step_s, at_aisle)
    yield _Waypoint(begin_s, place.position.foot, activity)
    if wipes_s is not None:
        yield _Waypoint(end_s - wipes_s, place.position.foot, Activity.WIPING)
    yield _Waypoint(end_s, place.position.foot)
    yield _Waypoint(end_s + place.step_s, at_aisle)


def _fetch(place: _Place, leave_s: float, return_s: float, direction: int) -> _Waypoint:
    """The point at which somebody turns back, on the way along the aisle to fetch a cloth."""
    walking_s = max(0.0, return_s - leave_s + 2 * (place.inside_s - place.step_s))
    x = place.position.foot[0] + direction * _WALK_PER_S * walking_s / 2
    return _Waypoint((leave_s + return_s) / 2, (x, place.aisle))


def _go(place: _Place, leave_s: float, edge: float) -> _Waypoint:
    """Along the aisle to beyond the picture, after the zone was left at `leave_s`."""
    at_aisle_s = leave_s - place.inside_s + place.step_s
    return _Waypoint(at_aisle_s + abs(place.position.foot[0] - edge) / _WALK_PER_S, (edge, place.aisle))


def _figure_at(walk: _Walk, time_s: float) -> Figure | None:
    """The one who walks, or None before and after that."""
    if not walk.waypoints[0].time_s <= time_s < walk.waypoints[-1].time_s:
        return None
    for begin, end in pairwise(walk.waypoints):
        if begin.time_s <= time_s < end.time_s:
            done = (time_s - begin.time_s) / (end.time_s - begin.time_s)
            x = begin.foot[0] + done * (end.foot[0] - begin.foot[0])
            y = begin.foot[1] + done * (end.foot[1] - begin.foot[1])
            return Figure(walk.key, (x, y), begin.activity)
    return None


def _person(figure: Figure) -> Person | None:
    """The visible box of `figure`; None while its feet are out of the picture."""
    x, y = figure.foot
    if not (_NEAREST_EDGE <= x <= 1 - _NEAREST_EDGE and y <= 1):
        return None
    # An edge of the picture cuts both sides alike, so that the box still stands where the feet are.
    half = min(PERSON_WIDTH / 2, x, 1 - x)
    return Person(figure.key, Box(x - half, max(0.0, y - PERSON_HEIGHT), x + half, y), figure.activity)
