"""GET /stats/days: figures of whole days of any number of stores, which are kept, and computed where they are not.

A day of a store is from one midnight to the next by its own clock. Its figures are computed once it is over, and kept
as sums (store_days.py says until when). What has no sum, such as a median, is asked of one store, with GET /stats.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from pydantic_core import from_json, to_json
from sqlalchemy import Connection

from backend_api.base.instants import to_ms
from backend_api.contract.bounds import OutOfBounds
from backend_api.contract.queries import MAX_STATS_INTERVAL, SETTLED, DaysQuery, MachineQuery
from backend_api.contract.stats import DayFigures, DayStats, StoreFigures, SummedFigures, Unit
from backend_api.contract.stores import StoreSettings
from backend_api.contract.values import MachineKey
from backend_api.reports.buckets import Interval
from backend_api.reports.figures import Sums, Totals
from backend_api.reports.machines import machine_keys
from backend_api.reports.opening import open_intervals, overlap
from backend_api.reports.uses import read_uses
from backend_api.store.db.database import Lock
from backend_api.store.db.errors import StoreBusy, StoreFull
from backend_api.store.db.store_days import StoreDay, read_announced, read_kept
from backend_api.store.store import Store
from backend_api.store.stores import read_settings

# To be raised with whatever changes what figures of a day are: kept ones of before are computed again then.
FORMULAS = 2
# So long a request computes, and the backend by itself at a time.
FILL_S = 5.0
FILL_AHEAD_S = 0.5
# How often the backend looks by itself, and for how many of the last days.
LOOK_EVERY_S = 600.0
DAYS_BY_DEFAULT = 7
# A thousand stores by a hundred days take 1.3 s.
MAX_STORE_DAYS = 100_000
# So many are announced at once, and read from one snapshot.
_DAYS_A_STEP = 16
_UTC = ZoneInfo("UTC")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gym:
    """A store, its machines with a session, in order, and what people say of it; `basis` is a hash of all of that."""

    store_id: str
    machines: Sequence[MachineKey]
    settings: StoreSettings | None
    basis: str

    @classmethod
    def of(cls, store_id: str, machines: Sequence[MachineKey], settings: StoreSettings | None) -> "Gym":
        """The store with its basis."""
        said = "" if settings is None else settings.model_dump_json(include={"tz", "hours", "special_days"})
        names = (f"{machine.camera_id}/{machine.machine_id}" for machine in machines)
        digest = blake2b("\n".join([str(FORMULAS), said, *names]).encode(), digest_size=16)
        return cls(store_id, machines, settings, digest.hexdigest())

    @property
    def zone(self) -> ZoneInfo:
        """By which its days begin: UTC where nobody has said another one."""
        return _UTC if self.settings is None else ZoneInfo(self.settings.tz)

    def day(self, day: date, spans: dict[tuple[ZoneInfo, date], Interval]) -> StoreDay:
        """One of its days; `spans` holds those that were looked up before."""
        key = (self.zone, day)
        span = spans.get(key)
        if span is None:
            midnights = (datetime.combine(on, time(), self.zone) for on in (day, day + timedelta(days=1)))
            span = spans[key] = Interval(*map(to_ms, midnights))
        return StoreDay(day, self.store_id, span.begin_ms, span.end_ms, self.basis)


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of the days of `gyms`: the sums that are kept, and what is missing, the newest first."""

    gyms: dict[str, Gym]
    days: Sequence[date]
    kept: dict[StoreDay, Sums]
    missing: list[StoreDay]

    def answer(self) -> DayStats:
        """All of it, if nothing is missing."""
        machines = {store_id: len(gym.machines) for store_id, gym in self.gyms.items()}
        total = Sums()
        by_store: dict[str, Sums] = defaultdict(Sums)
        by_day: dict[date, Sums] = defaultdict(Sums)
        for day, sums in self.kept.items():
            for of in (total, by_store[day.store_id], by_day[day.day]):
                of.add(sums)
        everywhere = sum(machines.values())
        return DayStats(
            first_day=self.days[0],
            last_day=self.days[-1],
            total=SummedFigures(**total.figures(everywhere)),
            stores=[
                StoreFigures(store_id=store_id, **by_store[store_id].figures(number))
                for store_id, number in machines.items()
            ],
            days=[DayFigures(day=day, **by_day[day].figures(everywhere)) for day in self.days],
        )


class Days:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._days = store.days
        self._clock = store.clock
        # One request computes at a time: several would compute the same.
        self._filling = threading.Lock()
        self._ahead: list[StoreDay] = []
        self._look_due_s = store.clock.monotonic_s()

    def answer(self, query: DaysQuery) -> DayStats:
        """What `query` asks for. Computes what is missing, for FILL_S at most, and raises StoreBusy if that is too
        short; OutOfBounds when it asks for days that are not over, or for more than anybody waits for.
        """
        now, until_s = self._clock.now(), self._clock.monotonic_s() + FILL_S
        is_ours = True
        while True:
            found = self._read(query, now, MAX_STORE_DAYS)
            if not found.missing:
                return found.answer()
            if not is_ours or self._clock.monotonic_s() >= until_s:
                missing, wanted = len(found.missing), len(found.missing) + len(found.kept)
                raise StoreBusy(
                    f"figures of {missing} of {wanted} days of stores are not computed yet; each request computes some "
                    f"for {FILL_S:g} s, one at a time"
                )
            is_ours = self._fill(found.missing, until_s)

    def fill_ahead(self) -> None:
        """Compute some of what is missing of the last days, for FILL_AHEAD_S; looks every LOOK_EVERY_S."""
        now_s = self._clock.monotonic_s()
        if not self._ahead and now_s < self._look_due_s:
            return
        try:
            if not self._ahead:
                self._look_due_s = now_s + LOOK_EVERY_S
                self._ahead = self._read(DaysQuery(), self._clock.now()).missing
            if self._ahead and not self._fill(self._ahead, now_s + FILL_AHEAD_S):
                self._ahead = []
        except (StoreBusy, StoreFull) as error:
            self._ahead = []
            log.warning("figures of the last days are computed when somebody asks for them: %s", error)

    def _read(self, query: DaysQuery, now: datetime, most: int | None = None) -> _Found:
        with self._database.snapshot() as connection:
            gyms = {gym.store_id: gym for gym in read_gyms(connection, query.store_id)}
            days = _wanted_days(query, gyms.values(), now)
            if most is not None and len(gyms) * len(days) > most:
                message = f"{len(days)} days of {len(gyms)} stores, and an answer holds {most} days of stores at most"
                raise OutOfBounds("first_day", f"{message}: ask for fewer days, or for one store with store_id")
            there = {kept.of: kept.figures for kept in read_kept(connection, days[0], days[-1], query.store_id)}
        spans: dict[tuple[ZoneInfo, date], Interval] = {}
        wanted = [gym.day(day, spans) for day in reversed(days) for gym in gyms.values()]
        kept = {day: Sums(**from_json(there[day])) for day in wanted if day in there}
        return _Found(gyms, days, kept, [day for day in wanted if day not in there])

    def _fill(self, days: list[StoreDay], until_s: float) -> bool:
        """Compute of `days`, from which what is done is taken off, until `until_s`; False when somebody else does."""
        if not self._filling.acquire(blocking=False):
            return False
        try:
            with self._database.alone(Lock.DAYS) as is_alone:
                while is_alone and days:
                    days[:_DAYS_A_STEP] = self._fill_step(days[:_DAYS_A_STEP], until_s)
                    if self._clock.monotonic_s() >= until_s:
                        break
        finally:
            self._filling.release()
        return is_alone

    def _fill_step(self, days: Sequence[StoreDay], until_s: float) -> list[StoreDay]:
        """Compute one of `days` at least, and the others until `until_s`; those that are left."""
        token = self._days.announce(days)
        figures = {}
        with self._database.snapshot() as connection:
            ours = read_announced(connection, token, days)
            gyms = {
                gym.store_id: gym
                for store_id in {day.store_id for day in ours}
                for gym in read_gyms(connection, store_id)
            }
            while ours:
                day = ours.pop(0)
                gym = gyms.get(day.store_id)
                # What it goes by may be another one by now.
                if gym is not None and gym.basis == day.basis:
                    figures[day] = to_json(asdict(compute_day(connection, gym, day))).decode()
                if self._clock.monotonic_s() >= until_s:
                    break
        self._days.fill_in(token, figures)
        return ours


def read_gyms(connection: Connection, store_id: str | None) -> Iterator[Gym]:
    """Every store that has a machine with a session, or the one of that id, in order."""
    settings = read_settings(connection, None if store_id is None else [store_id])
    machines = machine_keys(connection, MachineQuery(store_id=store_id))
    for of_store, found in groupby(machines, key=attrgetter("store_id")):
        yield Gym.of(of_store, list(found), settings.get(of_store))


def compute_day(connection: Connection, gym: Gym, day: StoreDay) -> Sums:
    """The sums of a day that is over, from all that is stored; `connection` sees one state of the database."""
    span = Interval(day.begin_ms, day.end_ms)
    opened = [span] if gym.settings is None else open_intervals(gym.settings, span)
    totals = Totals(gym.machines, span, Unit.DAY, _UTC)
    for camera in read_uses(connection, MachineQuery(store_id=gym.store_id), gym.machines, span, {}):
        observed = overlap(camera.observed, opened)
        for machine, uses in camera.uses.items():
            totals.add_machine(machine, observed, uses, camera.no_uses_ms[machine], opened)
    return Sums.of(totals.by_machine.values(), sum(interval.length_ms for interval in opened))


def differing_day(connection: Connection, day: date, store_id: str) -> tuple[StoreDay, Sums, Sums] | None:
    """What is kept of a store's day, and what it is to be, where these differ; `connection` sees one state."""
    for gym in read_gyms(connection, store_id):
        for kept in read_kept(connection, day, day, store_id):
            expected = gym.day(day, {})
            # One that goes by something else is read by nobody.
            if kept.of == expected:
                sums = compute_day(connection, gym, expected)
                stored = Sums(**from_json(kept.figures))
                return None if stored == sums else (expected, stored, sums)
    return None


def _wanted_days(query: DaysQuery, gyms: Iterable[Gym], now: datetime) -> Sequence[date]:
    """The days that `query` asks for, in order. Raises OutOfBounds: one is not over, or they are none or too many."""
    zones = {gym.zone for gym in gyms} or {_UTC}
    newest = min((now - SETTLED).astimezone(zone).date() for zone in zones) - timedelta(days=1)
    last = query.last_day or newest
    first = query.first_day or last - timedelta(days=DAYS_BY_DEFAULT - 1)
    if last > newest:
        message = f"{last} is not over in every store, or not for an hour yet: ask for days up to {newest}"
        raise OutOfBounds("last_day", message)
    if first > last:
        raise OutOfBounds("first_day", f"{first} lies behind the last day, {last}: give an earlier one")
    if last - first >= MAX_STATS_INTERVAL:
        raise OutOfBounds("first_day", f"it is more than {MAX_STATS_INTERVAL.days} days: ask for them in parts")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
