"""All that may be written and that figures of days follow from, and what is kept of these days."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from backend_api.contract.cameras import CameraReport
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.events import Event, EventType
from backend_api.contract.queries import DaysQuery
from backend_api.contract.stores import StoreSettings
from backend_api.contract.verdicts import Agree, Verdict
from backend_api.reports.days import differing_day
from backend_api.reports.reports import Reports
from backend_api.store.cameras import Cameras
from backend_api.store.db.store_days import read_keys
from backend_api.store.enrichments import Claim
from backend_api.store.store import Store
from tests.backend_api.contract.test_bounds import REPORT
from tests.backend_api.events import START, make_event, make_result
from tests.fake_clock import FakeClock

DAY_S = 86_400.0
FIRST, LAST = date(2026, 1, 31), date(2026, 2, 2)
DAYS = DaysQuery(first_day=FIRST, last_day=LAST)
KINDS = list(EventType)
# Minutes behind START, which is at 09:00 in UTC: around the midnights of UTC and of Berlin, by day, and today.
AT_MIN = (0, 30, 835, 845, 890, 899.75, 905, 1500, 2275, 2285, 2330, 2345, 2900, 7200)
START_OF_USE, END_OF_USE, WINDOW, ATTEMPT = KINDS
LATE = AT_MIN.index(2345)
# Two stores with a use a day, of which the first goes over midnight; the attempt is judged.
USES: list[tuple[int, EventType, int, int]] = [
    *((0, START_OF_USE, 4, 0), (0, END_OF_USE, 6, 0), (0, WINDOW, 6, 0), (0, ATTEMPT, 6, 0)),
    *((1, START_OF_USE, 0, 0), (1, END_OF_USE, 1, 0), (3, START_OF_USE, 7, 0), (2, START_OF_USE, 7, 0)),
]
EACH = [(day, store_id) for day in (FIRST, date(2026, 2, 1), LAST) for store_id in ("gym_0", "gym_1")]
HOURS = {day: [{"opens": "08:00", "closes": "22:00"}] for day in ("saturday", "sunday", "monday")}
SETTINGS: tuple[dict[str, Any], ...] = (
    {"name": "A gym", "tz": "UTC"},
    {"name": "A gym", "tz": "Europe/Berlin"},
    {"name": "A gym", "tz": "UTC", "hours": HOURS},
    {"name": "A gym", "tz": "Europe/Berlin", "hours": HOURS},
    {"name": "A gym", "tz": "Europe/Berlin", "hours": HOURS, "special_days": [{"on": "2026-02-01"}]},
)
EVENT = st.tuples(
    st.integers(0, 4), st.sampled_from(KINDS), st.integers(0, len(AT_MIN) - 1), st.sampled_from([0, 0, 0, 1])
)
STORE = st.integers(0, 1)
CHANGE = st.one_of(
    st.tuples(st.just("add"), st.lists(EVENT, min_size=1, max_size=8)),
    st.tuples(st.just("judge"), st.sampled_from([*Verdict, None])),
    st.tuples(st.just("add"), st.lists(EVENT, min_size=1, max_size=8)),
    st.tuples(st.just("rerun"), st.integers(0, 9)),
    st.tuples(st.just("review"), st.tuples(st.integers(0, 9), st.sampled_from(Agree))),
    st.tuples(st.just("correct"), st.tuples(st.integers(0, 4), st.sampled_from(UseTruth))),
    st.tuples(st.just("hide"), st.tuples(st.integers(0, 9), st.booleans())),
    st.tuples(st.just("watch"), st.tuples(STORE, st.integers(0, len(AT_MIN) - 1))),
    st.tuples(st.just("describe"), st.tuples(STORE, st.sampled_from(SETTINGS))),
    st.tuples(st.just("remove"), st.none()),
)


def make(number: int, kind: EventType, at: int, moved: int) -> Event:
    """An event of a use; with `moved` its camera calls the machine, and the store, by other names than the others."""
    closes_at = START + timedelta(minutes=AT_MIN[at] + 10)
    return make_event(
        event_type=kind,
        at_s=60 * AT_MIN[at] + number,
        media_time_s=0,
        session_id=UUID(int=number + 1),
        store_id=f"gym_{(number + moved) % 2}",
        machine_id=f"bike_{(number + moved) % 3}",
        attributes={"closes_at": closes_at.isoformat()} if kind is EventType.CLEANING_WINDOW_OPEN else {},
    )


class Writer:
    """Writes to a store all that may be written, five days after START."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.reports = store, clock, Reports(store)
        self.events: list[Event] = []
        store.enrichments.judge_ends(is_on=False)
        clock.advance(5 * DAY_S)

    def write(self, name: str, value: object) -> None:
        getattr(self, name)(value)

    def add(self, events: list[tuple[int, EventType, int, int]]) -> None:
        made = [make(*event) for event in events]
        self.store.events.add(made)
        self.events += made

    def judge(self, verdict: Verdict | None) -> None:
        claim: Claim | None = self.store.enrichments.claim(60)
        if claim is not None and verdict is None:
            self.store.enrichments.fail(claim, "no answer", None)
        elif claim is not None and verdict is not None:
            self.store.enrichments.finish(claim, make_result(verdict=verdict))

    def event(self, number: int) -> UUID:
        return self.events[number % len(self.events)].event_id if self.events else UUID(int=99)

    def rerun(self, number: int) -> None:
        self.store.enrichments.rerun(self.event(number))

    def review(self, value: tuple[int, Agree]) -> None:
        self.store.reviews.add(self.event(value[0]), value[1], "", "ann")

    def correct(self, value: tuple[int, UseTruth]) -> None:
        self.store.corrections.add(UUID(int=value[0] + 1), UseCorrection(truth=value[1]))

    def hide(self, value: tuple[int, bool]) -> None:
        number, is_hidden = value
        if is_hidden:
            self.store.hidden_events.hide(self.event(number), "absurd", "ann")
        else:
            self.store.hidden_events.show(self.event(number))

    def watch(self, value: tuple[int, int]) -> None:
        self.watch_at(value[0], AT_MIN[value[1]])

    def watch_at(self, number: int, at_min: float, cameras: Cameras | None = None) -> None:
        """Have a camera's edge report for half a minute, at another time than now, to this backend or another one."""
        cameras = cameras or self.store.cameras
        back_s = (self.clock.now() - START).total_seconds() - 60 * at_min
        self.clock.jump_wall_clock(-back_s)
        report = CameraReport.model_validate(REPORT | {"store_id": f"gym_{number}", "started_at": START})
        for _ in range(2):
            cameras.report("cam_01", report)
            self.clock.jump_wall_clock(30)
        self.clock.jump_wall_clock(back_s - 60)
        cameras.keep()

    def describe(self, value: tuple[int, dict[str, Any]]) -> None:
        self.store.stores.keep(f"gym_{value[0]}", StoreSettings.model_validate(value[1]))

    def remove(self, _: None) -> None:
        now = self.clock.now()
        self.store.old_events.remove(now + timedelta(days=1), now)

    def fill(self, _: None) -> None:
        self.reports.days(DAYS)


def differing(store: Store) -> list[object]:
    """The days that are kept and wrong."""
    with store.database.snapshot() as connection:
        found = [differing_day(connection, *key) for key in read_keys(connection)]
    return [one for one in found if one is not None]


def kept(store: Store) -> list[tuple[date, str]]:
    with store.database.read() as connection:
        return read_keys(connection)


def keep_uses(store: Store, clock: FakeClock) -> Writer:
    """Two stores, of which the days are kept."""
    writer = Writer(store, clock)
    writer.add(USES)
    writer.judge(Verdict.CLEANED)
    writer.fill(None)
    return writer
