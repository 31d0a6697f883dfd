"""The ways to wipe, and not to, through edge, backend and model: what each counts as."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest

from backend_api.base.durable_files import Disk
from backend_api.contract.events import Event, EventType
from backend_api.contract.queries import SessionQuery, StatsQuery
from backend_api.contract.sessions import Cleaned, Session, SessionOutcome
from backend_api.contract.stats import Figures
from backend_api.contract.verdicts import Verdict
from backend_api.media.folder import MediaFolder
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from edge_service.clips.timing import ClipConfig
from edge_service.rules.machine import RuleTimes
from mm_worker.jobs.admission import Admission
from mm_worker.jobs.worker_loop import Pace, RetryPolicy, Worker
from mm_worker.vlm.mock_vlm import MockVlm
from mm_worker.vlm.vlm import Judgement, Question, Vlm
from tests.backend_api.fresh_store import fresh_store
from tests.edge_service.restart_scene import START_TIME, Scene
from tests.edge_service.scripted import Interval, machine
from tests.edge_service.tiny_videos import draw_video
from tests.fake_clock import FakeClock

RULES = RuleTimes(enter_s=6, exit_s=2, attempt_s=2, window_s=20)
VIDEO_S = 60
ATTEMPT, END = EventType.CLEANING_ATTEMPT, EventType.MACHINE_OCCUPIED_END


@dataclass(frozen=True)
class Way:
    """Who is in the zone when, and when somebody wipes, in seconds; what the first use of it counts as.

    `asked` is what the model was asked about of it, in this order.
    """

    there: tuple[Interval, ...]
    wipes: tuple[Interval, ...]
    asked: tuple[EventType, ...]
    outcome: SessionOutcome
    cleaned: Cleaned | None = None
    uses: int = 1


BEFORE, IN_WINDOW = Cleaned.BEFORE_LEAVING, Cleaned.IN_WINDOW
WAYS = {
    "before leaving": Way(((3, 18),), ((12, 17),), (END,), SessionOutcome.CLEANED, BEFORE),
    "a towel at hand, a step away": Way(((3, 15), (16.4, 20)), ((17, 19.6),), (END,), SessionOutcome.CLEANED, BEFORE),
    "a towel is fetched": Way(((3, 15), (20, 24)), ((20.6, 23.6),), (ATTEMPT,), SessionOutcome.CLEANED, IN_WINDOW),
    "comes back and does not wipe": Way(((3, 15), (20, 24)), (), (ATTEMPT, END), SessionOutcome.NOT_CLEANED),
    "next user at once": Way(((3, 15), (18, 40)), (), (ATTEMPT, END), SessionOutcome.NOT_CLEANED, uses=2),
    "before leaving, next user at once": Way(
        ((3, 15), (18, 40)), ((10, 14),), (ATTEMPT, END), SessionOutcome.CLEANED, BEFORE, uses=2
    ),
    "passer-by": Way(((3, 15), (20, 21)), (), (END,), SessionOutcome.NOT_ATTEMPTED),
    "nobody": Way(((3, 15),), (), (END,), SessionOutcome.NOT_ATTEMPTED),
}


@dataclass
class Witness:
    """A model that knows when somebody wiped, and was shown the seconds that it is asked about."""

    wipes: Sequence[Interval]
    asked: list[EventType] = field(default_factory=list)

    def judge(self, question: Question) -> Judgement:
        """Whether somebody wipes in one of the pictures."""
        event = question.event
        assert event.clip is not None
        self.asked.append(event.event_type)
        begin_s = (event.clip.start_ts - START_TIME).total_seconds()
        shown_s = [begin_s + picture.time_s for picture in question.pictures]
        assert len(question.pictures) >= 6
        is_wiped = any(began <= time_s <= ended for began, ended in self.wipes for time_s in shown_s)
        verdict = Verdict.CLEANED if is_wiped else Verdict.NOT_CLEANED
        return Judgement(verdict=verdict, confidence=1.0, summary="seen", model="m", prompt_version="1", raw=None)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_video(tmp_path_factory.mktemp("ways") / "minute.mp4", rate=Fraction(10), seconds=VIDEO_S, key_every=10)


def watch(video: Path, folder: Path, way: Way) -> list[Event]:
    """The events of an edge that sees `way`, its clips in `folder`."""
    scene = Scene(video, folder, world=way.there, machines=(machine(RULES),), clip=ClipConfig())
    scene.run(Disk())
    scene.check_media()
    return scene.ledger.events()


def judge(store: Store, folder: Path, vlm: Vlm, clock: FakeClock) -> None:
    """Drain the queue, as `--drain` does."""
    rng = random.Random(1)
    Worker(
        store,
        MediaFolder(folder),
        vlm,
        Admission(clock, rng),
        clock=clock,
        stop=threading.Event(),
        pace=Pace(),
        retry=RetryPolicy(),
        rng=rng,
    ).run(drain=True)


def count(store: Store) -> tuple[Session, Figures]:
    """The first use, and the figures of all."""
    reports = Reports(store)
    first = reports.sessions(SessionQuery()).items[-1]
    return first, reports.stats(StatsQuery(since=START_TIME)).total


@pytest.mark.parametrize("name", WAYS)
def test_what_each_way_counts_as(video: Path, tmp_path: Path, name: str) -> None:
    way, folder, clock = WAYS[name], tmp_path / "edge", FakeClock(START_TIME)
    events = watch(video, folder, way)
    clock.advance(VIDEO_S + RULES.window_s)
    with closing(fresh_store(tmp_path / "app.db", clock)) as store:
        store.events.add(events)
        witness = Witness(way.wipes)
        judge(store, folder, witness, clock)
        session, total = count(store)
    of_first = [event for event in events if event.session_id == session.session_id]
    assert [event.needs_mm for event in of_first] == [event.event_type is ATTEMPT for event in of_first]
    assert tuple(witness.asked[: len(way.asked)]) == way.asked
    # A second use without an attempt is asked about once, too.
    assert len(witness.asked) == len(way.asked) + way.uses - 1
    assert (session.outcome, session.cleaned, session.is_final) == (way.outcome, way.cleaned, True)
    assert total.windows_closed == way.uses
    assert total.windows_cleaned == (way.outcome is SessionOutcome.CLEANED)
    assert total.windows_cleaned_before_leaving == (way.cleaned is BEFORE)
    others = Counter(not_cleaned=total.windows_not_cleaned, not_attempted=total.windows_not_attempted)
    expected = Counter() if way.cleaned else Counter({way.outcome.value: 1})
    assert others == expected + Counter(not_attempted=way.uses - 1)
    assert (total.median_to_clean_s is not None) == (way.cleaned is IN_WINDOW)


@pytest.mark.parametrize("name", WAYS)
def test_the_mock_answers_both_questions_by_its_seed(video: Path, tmp_path: Path, name: str) -> None:
    way, folder, clock = WAYS[name], tmp_path / "edge", FakeClock(START_TIME)
    events = watch(video, folder, way)
    clock.advance(VIDEO_S + RULES.window_s)
    for seed in (1, 2, 3):
        with closing(fresh_store(tmp_path / f"{seed}.db", clock)) as store:
            store.events.add(events)
            judge(store, folder, MockVlm(seed), clock)
            session, _ = count(store)
            rows = [store.events.find(event.event_id) for event in events if event.session_id == session.session_id]
        verdicts = {}
        for row in rows:
            assert row is not None
            if row.mm is not None and row.mm.result is not None:
                answer = MockVlm(seed).judge(Question(row.event, ()))
                assert (row.mm.result.verdict, row.mm.result.prompt_version) == (answer.verdict, answer.prompt_version)
                verdicts[row.event.event_type] = answer.verdict
        of_attempt, of_end = verdicts.get(ATTEMPT), verdicts.get(END)
        assert (of_attempt is not None) == (ATTEMPT in way.asked or session.attempt_event_id is not None)
        assert (of_end is None) == (of_attempt is Verdict.CLEANED)
        expected = IN_WINDOW if of_attempt is Verdict.CLEANED else BEFORE if of_end is Verdict.CLEANED else None
        assert session.cleaned is expected


@pytest.mark.parametrize("name", ["before leaving", "comes back and does not wipe", "nobody"])
def test_without_judging_ends_nobody_is_asked_and_all_is_as_before(video: Path, tmp_path: Path, name: str) -> None:
    way, folder, clock = WAYS[name], tmp_path / "edge", FakeClock(START_TIME)
    events = watch(video, folder, way)
    with closing(fresh_store(tmp_path / "app.db", clock)) as store:
        store.events.add(events)
        clock.advance(VIDEO_S + RULES.window_s + 60)
        # The backend has asked in passing before the worker came.
        assert store.enrichments.make_due_questions() == (0 if ATTEMPT in way.asked else 1)
        store.enrichments.judge_ends(is_on=False)
        witness = Witness(way.wipes)
        judge(store, folder, witness, clock)
        session, _ = count(store)
        queue = store.enrichments.queue()
        assert store.enrichments.make_due_questions() == 0
    has_attempt = ATTEMPT in way.asked
    assert witness.asked == [ATTEMPT] * has_attempt
    assert (queue.pending, queue.processing, queue.done, queue.dead) == (0, 0, int(has_attempt), 0)
    assert session.outcome is (SessionOutcome.NOT_CLEANED if has_attempt else SessionOutcome.NOT_ATTEMPTED)
    assert session.is_final
