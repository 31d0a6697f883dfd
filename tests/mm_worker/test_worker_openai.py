"""The worker as a process with a model behind a chat server: concurrent, asked again, silent on its key."""

import signal
import threading
from pathlib import Path

import pytest

from backend_api.base.clock import SystemClock
from backend_api.contract.events import Event
from backend_api.contract.media import clip_name, frame_name
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES, MmResult, MmStatus
from backend_api.store.store import Store
from tests.backend_api.events import make_event
from tests.backend_api.fresh_store import fresh_store
from tests.days import today
from tests.mm_worker.chat_dialects import MODEL, Played, answers, fails, speaking
from tests.mm_worker.clips import draw_clip
from tests.processes import Running, free_port, script

KEY = "sk-very-secret"
ZONE = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.8]]
GUARD_S = 60


@pytest.fixture
def events(tmp_path: Path) -> list[Event]:
    """Four attempts with their machine's zone, their clips in the media folder."""
    drawn = tmp_path / "drawn.mp4"
    clip = draw_clip(drawn, range(0, 1000, 100))
    made = [make_event(at_s=at_s, clip=clip, attributes={"zone": ZONE}) for at_s in range(4)]
    (tmp_path / "media").mkdir()
    for event in made:
        (tmp_path / "media" / clip_name(event.event_id)).write_bytes(drawn.read_bytes())
    store = fresh_store(tmp_path / "app.db", SystemClock())
    store.events.add(made)
    store.close()
    return made


def command(folder: Path, url: str, *extra: str) -> list[str]:
    """A worker that asks the model at `url`."""
    where = ["--db", str(folder / "app.db"), "--media-dir", str(folder / "media"), "--poll-s", "0.05"]
    model = ["--vlm", "openai", "--vlm-url", url, "--vlm-model", MODEL]
    return [*script("mm_worker/worker.py"), *where, *model, *extra]


def drain(folder: Path, url: str, *extra: str, code: int = 0) -> str:
    """What the worker said until nothing was left to do."""
    with Running([*command(folder, url), "--drain", *extra], env={"GYM_VLM_KEY": KEY}) as worker:
        assert worker.wait() == code, worker.output
    assert KEY not in worker.output
    return worker.output


def results(folder: Path, event: Event) -> tuple[MmStatus, list[MmResult]]:
    store = Store.open(folder / "app.db", SystemClock(), create=False)
    try:
        row = store.events.find(event.event_id)
        assert row is not None
        assert row.mm is not None
        return row.mm.status, [stored.result for stored in store.results.history(event.event_id)]
    finally:
        store.close()


def test_events_are_judged_at_the_same_time_with_all_that_was_shown_and_told(
    tmp_path: Path, events: list[Event]
) -> None:
    # Nobody is answered before all four have asked.
    meeting = threading.Barrier(4)
    with speaking(Played(answers().body, after=lambda: meeting.wait(GUARD_S))) as dialect:
        said = drain(tmp_path, dialect.url, "--concurrency", "4", "--price-input", "2", "--price-output", "4")
        assert len(dialect.asked) == 4
        assert {headers["Authorization"] for headers in dialect.headers} == {f"Bearer {KEY}"}
    assert "4 done" in said
    for event in events:
        status, [result] = results(tmp_path, event)
        assert status is MmStatus.DONE
        assert (result.requested_model, result.model, result.server) == (MODEL, f"{MODEL}-q4", dialect.url)
        assert (result.attempt, result.requests, result.input_tokens, result.output_tokens) == (1, 1, 1000, 50)
        assert result.cost == pytest.approx(0.0022)
        assert len(result.frame_times_s) == len(result.frame_sha256s) == MAX_SHOWN_FRAMES
        kept = {path.name for path in (tmp_path / "media").glob(f"{event.event_id}.frame_*")}
        assert kept == {frame_name(event.event_id, number) for number in range(1, MAX_SHOWN_FRAMES + 1)}


def test_a_server_that_limits_and_stumbles_gets_its_time_and_every_event_its_verdict(
    tmp_path: Path, events: list[Event]
) -> None:
    with speaking(fails(429, "slow down", Retry_After="1"), answers(mood=1), answers(mood=1), answers()) as dialect:
        said = drain(tmp_path, dialect.url)
    assert "left alone" in said
    assert all(results(tmp_path, event)[0] is MmStatus.DONE for event in events)
    assert all(len(results(tmp_path, event)[1]) == 1 for event in events)


def test_asked_again_with_another_prompt_both_verdicts_are_kept(tmp_path: Path, events: list[Event]) -> None:
    prompt = tmp_path / "wiped-7.md"
    prompt.write_text("# system\n\nLook.\n\n# question\n\nWas it wiped?\n\n# repair\n\n{problem}\n")
    with speaking(answers(verdict="cannot_tell")) as dialect:
        drain(tmp_path, dialect.url)
        drain(tmp_path, dialect.url, "--rerun", str(events[0].event_id), "--prompt", str(prompt))
        assert len(dialect.asked) == 5
        drain(tmp_path, dialect.url, "--rerun", "all", "--prompt", str(prompt))
        assert len(dialect.asked) == 8
    for event in events:
        old, new = results(tmp_path, event)[1]
        assert old.prompt_version.startswith("cleaning_attempt-2-")
        assert new.prompt_version.startswith("wiped-7-")


def test_a_server_that_is_not_there_leaves_the_events_waiting_with_the_reason(
    tmp_path: Path, events: list[Event]
) -> None:
    with Running(command(tmp_path, f"http://127.0.0.1:{free_port()}/v1")) as worker:
        worker.wait_for("events that wait: ")
        assert worker.stop() == 0
    status, given = results(tmp_path, events[0])
    assert (status, given) == (MmStatus.PENDING, [])


def test_a_worker_that_is_stopped_waits_for_the_answer_that_is_paid_for(tmp_path: Path, events: list[Event]) -> None:
    asked, stopped = threading.Event(), threading.Event()

    def think() -> None:
        asked.set()
        assert stopped.wait(GUARD_S)

    with speaking(Played(answers().body, after=think)) as dialect, Running(command(tmp_path, dialect.url)) as worker:
        assert asked.wait(GUARD_S)
        worker.send(signal.SIGTERM)
        worker.wait_for("SIGTERM: stopping")
        stopped.set()
        assert worker.wait() == 0, worker.output
        assert len(dialect.asked) == 1
    assert "1 done" in worker.lines[-1]
    assert sum(results(tmp_path, event)[0] is MmStatus.DONE for event in events) == 1


def test_a_question_of_a_killed_worker_counts_for_the_next_one(tmp_path: Path, events: list[Event]) -> None:
    asked, killed = threading.Event(), threading.Event()

    def think() -> None:
        asked.set()
        assert killed.wait(GUARD_S)

    today()  # a cap is a day's
    thinks, flags = Played(answers().body, after=think), ("--max-calls-per-day", "2", "--lease-s", "0.5")
    with speaking(thinks, answers()) as dialect:
        with Running(command(tmp_path, dialect.url, *flags)) as worker:
            assert asked.wait(GUARD_S)
            worker.send(signal.SIGKILL)
            assert worker.wait() == -signal.SIGKILL
        killed.set()
        said = drain(tmp_path, dialect.url, *flags)
        assert len(dialect.asked) == 2
    assert "the daily cap of 2 calls is reached" in said
    assert sum(results(tmp_path, event)[0] is MmStatus.DONE for event in events) == 1


def test_to_ask_again_about_what_is_not_there_is_a_mistake(tmp_path: Path, events: list[Event]) -> None:
    said = drain(tmp_path, "http://127.0.0.1:9/v1", "--rerun", str(events[0].event_id), code=2)
    assert "still waits for its first verdict" in said
