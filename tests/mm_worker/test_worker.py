"""The worker as a process: it sets up its model, waits for the backend, works, drains, stops, and names mistakes."""

import random
import signal
import sqlite3
from pathlib import Path

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.process import UsageError
from backend_api.contract.events import Event
from backend_api.contract.media import clip_name
from backend_api.contract.verdicts import MmStatus
from backend_api.store.store import Store
from mm_worker.options import parse_options
from mm_worker.worker import KEY_VARIABLE, Model, main, set_up_chat, set_up_model
from tests.backend_api.events import make_event
from tests.backend_api.fresh_store import fresh_store
from tests.mm_worker.chat_dialects import answers, speaking
from tests.mm_worker.clips import draw_clip
from tests.mm_worker.questions import make_question
from tests.mm_worker.scene import Scene
from tests.processes import Running, help_of, refusal, script

OPENAI = ["--vlm", "openai", "--vlm-url", "http://127.0.0.1:9/v1", "--vlm-model", "m"]


def worker_flags(folder: Path, *extra: str) -> list[str]:
    flags = ["--db", str(folder / "app.db"), "--media-dir", str(folder / "media"), "--seed", "123", "--poll-s", "0.05"]
    return [*flags, *extra]


def worker_command(folder: Path, *extra: str) -> list[str]:
    return [*script("mm_worker/worker.py"), *worker_flags(folder, *extra)]


def fill(folder: Path, store: Store, count: int) -> list[Event]:
    """Attempts with clips, stored as the backend does."""
    (folder / "media").mkdir(exist_ok=True)
    drawn = folder / "drawn.mp4"
    clip = draw_clip(drawn, range(0, 1000, 100))
    events = [make_event(at_s=at_s, clip=clip) for at_s in range(count)]
    for event in events:
        (folder / "media" / clip_name(event.event_id)).write_bytes(drawn.read_bytes())
    store.events.add(events)
    return events


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


def test_workers_drain_one_database_together(tmp_path: Path, db: Path) -> None:
    store = fresh_store(db, SystemClock())
    events = fill(tmp_path, store, 12)
    with Running(worker_command(tmp_path, "--drain")) as one, Running(worker_command(tmp_path, "--drain")) as other:
        assert one.wait() == other.wait() == 0
    judged = [line for line in one.lines + other.lines if "confidence" in line]
    assert len(judged) == len(events)
    assert all(any(str(event.event_id) in line for line in judged) for event in events)
    rows = [store.events.find(event.event_id) for event in events]
    assert all(row and row.mm and row.mm.status is MmStatus.DONE and row.mm.attempts == 1 for row in rows)
    store.close()


def test_it_waits_for_the_backend_and_stops_on_sigterm(tmp_path: Path, db: Path) -> None:
    with Running(worker_command(tmp_path)) as worker:
        assert str(db) in worker.wait_for("waiting for the backend")
        (tmp_path / "media").mkdir()
        store = Store.open(db, SystemClock(), create=True)
        worker.wait_for("judging")
        fill(tmp_path, store, 1)
        worker.wait_for("confidence")
        assert worker.stop(signal.SIGTERM) == 0
        store.close()
    assert "1 done" in worker.lines[-1]
    assert worker.output.count("waiting for the backend") == 1


def test_it_stops_on_ctrl_c_while_it_waits_for_the_backend(tmp_path: Path, db: Path) -> None:
    with Running(worker_command(tmp_path)) as worker:
        worker.wait_for("waiting for the backend")
        assert worker.stop(signal.SIGINT) == 0
    assert not db.exists()


def test_to_drain_a_missing_database_is_a_mistake(tmp_path: Path, db: Path) -> None:
    assert str(db) in refusal(main, *worker_flags(tmp_path, "--drain"))
    assert not db.exists()


def test_the_database_of_another_program_is_refused_at_once(tmp_path: Path, db: Path) -> None:
    connection = sqlite3.connect(db)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    assert "another program" in refusal(main, *worker_flags(tmp_path))


def test_a_media_folder_that_is_not_there_gives_no_event_up(tmp_path: Path, db: Path) -> None:
    store = fresh_store(db, SystemClock())
    [event] = fill(tmp_path, store, 1)
    said = refusal(main, *worker_flags(tmp_path, "--drain", "--media-dir", str(tmp_path / "elsewhere")))
    assert "elsewhere; give the backend's --media-dir" in said
    row = store.events.find(event.event_id)
    assert row
    assert row.mm
    assert (row.mm.status, row.mm.attempts) == (MmStatus.PENDING, 0)
    store.close()


def test_a_model_that_cannot_be_asked_is_named_before_the_backend_is_waited_for(tmp_path: Path) -> None:
    flags = worker_flags(tmp_path, "--vlm", "openai", "--vlm-url", "x:1/v1", "--vlm-model", "m")
    assert "--vlm-url is 'x:1/v1', which is no address" in refusal(main, *flags)


def test_a_flag_that_is_wrong_is_one_line(tmp_path: Path) -> None:
    with Running(worker_command(tmp_path, "--lease-s", "-3")) as worker:
        assert worker.wait() == 2
    assert len(worker.lines) == 1
    assert "--lease-s" in worker.lines[0]


def test_help_names_every_flag_with_its_default() -> None:
    said = help_of("mm_worker/worker.py")
    for flag in ("--db", "--media-dir", "--seed", "--poll-s", "--drain", "--vlm", "--lease-s", "--max-attempts"):
        assert flag in said
    assert said.count("default") >= 8


def set_up(scene: Scene, *argv: str) -> Model:
    options = parse_options(argv)
    return set_up_model(options, set_up_chat(options, scene.clock), scene.store, scene.clock, random.Random(7))


def test_the_mock_is_the_default(scene: Scene) -> None:
    model = set_up(scene)
    judgement = model.vlm.judge(make_question())
    assert (judgement.model, judgement.prompt_version) == (model.name, model.prompt_version) == ("mock", "mock-1")


def test_the_key_comes_from_the_environment(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.add_attempt()
    monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
    with speaking(answers()) as dialect:
        model = set_up(scene, *OPENAI, "--vlm-url", dialect.url)
        judgement = model.vlm.judge(make_question())
        model.close()
        assert dialect.headers[0]["Authorization"] == "Bearer sk-secret"
    assert (judgement.requested_model, judgement.prompt_version) == (model.name, model.prompt_version)
    assert "sk-secret" not in model.described


@pytest.mark.parametrize(
    ("argv", "culprit"),
    [
        (["--vlm", "openai"], "--vlm-url"),
        (["--vlm", "openai", "--vlm-url", "http://127.0.0.1:9/v1"], "--vlm-model"),
        ([*OPENAI, "--vlm-model", "m" * 201], "--vlm-model"),
        ([*OPENAI, "--vlm-url", "ftp://x"], "is no address"),
        ([*OPENAI, "--vlm-url", "http://me:hidden@127.0.0.1/v1"], KEY_VARIABLE),
        ([*OPENAI, "--prompt", "nowhere-1.md"], "nowhere-1.md"),
        (["--max-cost-per-day", "3"], "--price-input"),
        (["--price-input", "3"], "--price-output"),
        (["--price-input", "-1", "--price-output", "1"], "no amount"),
        (["--max-tokens-per-day", "0"], "no count"),
        (["--concurrency", "x"], "no count"),
        (["--concurrency", "1000000"], "no count"),
        (["--rerun", "x"], "no event's id"),
    ],
)
def test_a_mistake_names_its_flag(scene: Scene, argv: list[str], culprit: str) -> None:
    with pytest.raises(UsageError, match=culprit) as raised:
        set_up(scene, *argv)
    assert "hidden" not in str(raised.value)
