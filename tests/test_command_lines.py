"""Every command line: a path that is not there, or a wrong flag, ends it in one line that names culprit and cure."""

import logging
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import backend_api.backup
import backend_api.doctor
import backend_api.keys
import backend_api.main
import backend_api.move
import backend_api.restore
import deploy.launcher.main
import deploy.launcher.reset_demo
import edge_service.evaluate
import edge_service.main
import edge_service.sample
import mm_worker.evaluate
import mm_worker.worker
from backend_api.base.clock import SystemClock
from backend_api.base.process import UsageError
from tests.backend_api.fresh_store import fresh_store
from tests.processes import free_port

BACKEND, DOCTOR = backend_api.main.main, backend_api.doctor.main
BACKUP, RESTORE, MOVE = backend_api.backup.main, backend_api.restore.main, backend_api.move.main
KEYS = backend_api.keys.main
EDGE, SAMPLE, SCORE = edge_service.main.main, edge_service.sample.main, edge_service.evaluate.main
WORKER, AGREEMENT = mm_worker.worker.main, mm_worker.evaluate.main
LAUNCHER, RESET = deploy.launcher.main.main, deploy.launcher.reset_demo.main


@dataclass(frozen=True, slots=True)
class Wrong:
    """A command line with one mistake: a part of the line that names it, and one that says what to do.

    In all texts `HERE` stands for a folder with a database `app.db` and its `media`, `clip.mp4`, which is no video,
    and `text`, a file of other text.
    """

    main: Callable[[], int]
    argv: str
    culprit: str
    cure: str


# What each command line needs besides its mistake.
E = "--camera-id c --store-id s --media-dir HERE/m --outbox-dir HERE/o"
SEES = f"{E} --video HERE/clip.mp4"

NO_DATABASE = ("there is no database HERE/none.db", "start the backend first, or give its --db")
NO_SQLITE_FILE = ("HERE/text", "give another --db")
OTHER_DATABASE = ("--db mysql://a:***@b/c", "give a path such as ./data/app.db")
NO_FOLDER = ("s3://clips is no folder", "give one of this computer")

WRONG = [
    *(
        Wrong(main, f"{flag} {path}", culprit, cure)
        for main, flag in ((DOCTOR, "--db"), (AGREEMENT, "--db"), (WORKER, "--drain --db"))
        for path, (culprit, cure) in {
            "HERE/none.db": NO_DATABASE,
            "HERE/none/app.db": ("there is no database HERE/none/app.db", NO_DATABASE[1]),
            "HERE": ("there is no database HERE", NO_DATABASE[1]),
            "HERE/text": NO_SQLITE_FILE,
            "mysql://a:b@b/c": OTHER_DATABASE,
            "sqlite://": ("--db sqlite://", OTHER_DATABASE[1]),
        }.items()
    ),
    # The backend, which makes its database.
    Wrong(BACKEND, "--port 0 --db HERE/text --media-dir HERE/m", *NO_SQLITE_FILE),
    Wrong(BACKEND, "--port 0 --db HERE --media-dir HERE/m", "HERE", "give another --db"),
    Wrong(BACKEND, "--port 0 --db HERE/text/app.db --media-dir HERE/m", "HERE/text/app.db", "give another --db"),
    Wrong(BACKEND, "--port 0 --db mysql://a:b@b/c", *OTHER_DATABASE),
    Wrong(BACKEND, "--port 0 --db HERE/app.db --media-dir HERE/text", "HERE/text", "with --media-dir"),
    Wrong(
        BACKEND, "--db HERE/app.db --media-dir http://clips", "http://clips is no folder", "give one of this computer"
    ),
    Wrong(BACKEND, "--db HERE/app.db --media-dir s3://", "'s3://' is no address of a bucket", "give one such as s3://"),
    Wrong(BACKEND, "--port 65536", "--port: '65536' is no port", "give a number from 0 to 65535"),
    Wrong(BACKEND, "--port 0 --db HERE/app.db --host no.such.host.invalid", "no.such.host.invalid", "--host"),
    Wrong(BACKEND, "--port 0 --db HERE/app.db --host 0.0.0.0", "0.0.0.0", "GYM_API_KEY"),  # noqa: S104
    Wrong(BACKEND, "--port 0 --db HERE/app.db --api-key short", "--api-key", "characters"),
    Wrong(BACKEND, "--cors-origin gym.example", "gym.example is no origin", "such as https://gym.example"),
    Wrong(BACKEND, "--allowed-host gym.example:80", "gym.example:80 is no host name", "without a port"),
    Wrong(BACKEND, "--keep-days 0", "--keep-days", "give a number above 0"),
    Wrong(BACKEND, "--keep-event-days 9", "--keep-event-days", "--help"),
    # The doctor.
    Wrong(DOCTOR, "--db HERE/app.db --media-dir HERE/none", "the media folder HERE/none", "the backend's --media-dir"),
    Wrong(DOCTOR, "--db HERE/app.db --media-dir HERE/text", "the media folder HERE/text", "the backend's --media-dir"),
    Wrong(DOCTOR, "--db HERE/none.db --allow-removal", *NO_DATABASE),
    Wrong(DOCTOR, "--db HERE/app.db --allow-removal", "nothing is held back", "GET /ready"),
    Wrong(DOCTOR, "--db HERE/app.db --hide 7", "'7' is no event_id", "GET /events"),
    Wrong(DOCTOR, f"--db HERE/app.db --hide {'0' * 32}", "--hide", "--reason TEXT"),
    Wrong(DOCTOR, f"--db HERE/app.db --hide {'0' * 32} --reason odd", "no event 0000", "GET /events lists"),
    Wrong(DOCTOR, "--orphan-age-s -1", "--orphan-age-s", "give seconds from 0"),
    # Backup and restoring.
    Wrong(BACKUP, "--db HERE/app.db", "--to", "--help"),
    Wrong(BACKUP, "--db HERE/none.db --media-dir HERE/media --to HERE/b", "there is no database HERE/none.db", "--db"),
    Wrong(BACKUP, "--db HERE/text --media-dir HERE/media --to HERE/b", *NO_SQLITE_FILE),
    Wrong(BACKUP, "--db HERE/app.db --media-dir HERE/none --to HERE/b", "no media folder HERE/none", "--media-dir"),
    Wrong(BACKUP, "--db HERE/app.db --to HERE/media/b", "HERE/media/b lies in the media folder", "elsewhere with --to"),
    Wrong(BACKUP, "--db HERE/app.db --to HERE", "HERE holds something else than backups", "an empty folder with --to"),
    Wrong(BACKUP, "--db HERE/app.db --to HERE/text", "HERE/text", "another folder with --to"),
    Wrong(BACKUP, "--db HERE/app.db --to s3://clips", "s3://clips needs keys", "set AWS_ACCESS_KEY_ID"),
    Wrong(RESTORE, "--db HERE/new.db --from s3://clips", "s3://clips needs keys", "set AWS_ACCESS_KEY_ID"),
    Wrong(BACKUP, "--db HERE/app.db --to HERE/b --keep 0", "--keep: '0' is no count", "give 1, 2"),
    Wrong(BACKUP, "--verify --to HERE/none", "there are no backups in HERE/none", "give the folder"),
    Wrong(BACKUP, "--db mysql://a:b@b/c --to HERE/b", *OTHER_DATABASE),
    Wrong(RESTORE, "--db HERE/new.db", "--from", "--help"),
    Wrong(RESTORE, "--from HERE/none --db HERE/new.db", "there are no backups in HERE/none", "give the folder"),
    Wrong(BACKUP, "--db postgresql://a:b@b/c --to HERE/b", "postgresql://a:***@b/c is no SQLite file", "pg_dump"),
    Wrong(MOVE, "--from HERE/none.db --to postgresql://a:b@b/c", "no database HERE/none.db", "with --from"),
    Wrong(MOVE, "--from HERE/none.db --to HERE/app.db", "--to", "must be postgresql://"),
    Wrong(MOVE, "--to HERE/app.db", "nothing to move", "give --from, or --media-from"),
    Wrong(MOVE, "--to HERE/app.db --media-from HERE/media", "--media-to", "belong together"),
    Wrong(MOVE, "--to HERE/app.db --media-from HERE/media --media-to HERE/other", "a folder and the other", "rsync"),
    Wrong(MOVE, "--to HERE/app.db --media-from HERE/none --media-to s3://gym-a/b", "folder HERE/none", "--media-dir"),
    # Keys.
    Wrong(KEYS, "--keys HERE/none.yaml --list", "HERE/none.yaml: No such file", "--keys"),
    Wrong(KEYS, "--keys HERE/text --add desk", "HERE/text", "section"),
    Wrong(KEYS, "--keys HERE/none.yaml --add desk --role boss", "--role", "--help"),
    # The worker.
    Wrong(WORKER, "--drain --db HERE/app.db --media-dir HERE/none", "media folder HERE/none", "--media-dir"),
    Wrong(WORKER, "--drain --db HERE/app.db --media-dir HERE/text", "media folder HERE/text", "--media-dir"),
    Wrong(WORKER, "--drain --db HERE/app.db --rerun 7", "'7' is no event's id", "'all'"),
    Wrong(WORKER, f"--drain --db HERE/app.db --rerun {'0' * 32}", "--rerun 0000", "GET /events lists"),
    Wrong(WORKER, "--vlm openai", "--vlm openai needs --vlm-url", "such as http://"),
    Wrong(WORKER, "--vlm openai --vlm-url ftp://a/v1 --vlm-model m", "ftp://a/v1", "http://"),
    Wrong(WORKER, "--vlm openai --vlm-url http://a/v1 --vlm-model m --prompt HERE/none-1.md", "none-1.md", "--prompt"),
    Wrong(
        WORKER, "--vlm openai --vlm-url http://a/v1 --vlm-model m --prompt HERE/text", "HERE/text", "such as wiped-2.md"
    ),
    Wrong(WORKER, "--concurrency 0", "--concurrency: '0' is no count", "give 1, 2"),
    Wrong(WORKER, "--price-input 1", "--price-input and --price-output", "give both"),
    # The edge.
    Wrong(EDGE, f"{E} --video HERE/none.mp4", "HERE/none.mp4", "--video"),
    Wrong(EDGE, f"{E} --video HERE/media", "HERE/media", "--video"),
    Wrong(EDGE, SEES, "HERE/clip.mp4", "name a file that a video player plays"),
    Wrong(EDGE, f"{E} --video rtsp://a:b/c@d/e", "--video", "%2F"),
    Wrong(EDGE, f"{SEES} --config HERE/none.yaml", "HERE/none.yaml", "--config"),
    Wrong(EDGE, f"{SEES} --config HERE/media", "HERE/media", "--config"),
    Wrong(EDGE, f"{SEES} --config HERE/clip.mp4", "HERE/clip.mp4", "UTF-8"),
    Wrong(EDGE, f"{SEES} --config HERE/text", "HERE/text:1", "machines"),
    Wrong(EDGE, f"{SEES} --model HERE/none.onnx", "HERE/none.onnx", "--model"),
    Wrong(EDGE, f"{SEES} --model HERE/text", "HERE/text", "ONNX"),
    Wrong(EDGE, f"{SEES} --backend-url backend:8000", "backend:8000", "http://"),
    Wrong(EDGE, f"{SEES} --preview HERE/none/p.mp4", "HERE/none/p.mp4", "--preview"),
    Wrong(EDGE, f"{SEES} --speed 0", "--speed: '0' is no speed", "give a number above 0"),
    Wrong(EDGE, f"{SEES} --start-time noon", "--start-time: 'noon' is no time", "2026-01-31T09:00:00Z"),
    Wrong(EDGE, f"{SEES} --camera-id cam/1", "--camera-id: 'cam/1' is no id", "letters, digits"),
    Wrong(EDGE, f"{SEES} --media-dir HERE/text", "HERE/text", "with --media-dir"),
    Wrong(EDGE, f"{SEES} --outbox-dir HERE/text", "HERE/text", "with --outbox-dir"),
    Wrong(EDGE, f"{SEES} --outbox-dir s3://clips", *NO_FOLDER),
    Wrong(EDGE, "--video HERE/clip.mp4", "--camera-id", "--help"),
    # The sample, and the scores.
    Wrong(SAMPLE, "--duration-s 1 --out HERE/none/s.mp4", "HERE/none/s.mp4", "with --out"),
    Wrong(SAMPLE, "--duration-s 1 --out HERE", "HERE", "with --out"),
    Wrong(SAMPLE, "--duration-s 1 --truth HERE/none/t.yaml", "HERE/none/t.yaml", "with --truth"),
    Wrong(SAMPLE, "--config HERE/none.yaml", "HERE/none.yaml", "--config"),
    Wrong(SAMPLE, "--seed many", "--seed: 'many' is no whole number", "--help"),
    Wrong(SCORE, "--events HERE/text --truth HERE/none.yaml", "HERE/none.yaml", "--truth"),
    Wrong(SCORE, "--events HERE/none.jsonl --truth HERE/truth.yaml", "HERE/none.jsonl", "--events"),
    Wrong(SCORE, "--events HERE/media --truth HERE/truth.yaml", "HERE/media", "--events"),
    Wrong(SCORE, "--events HERE/text --truth HERE/truth.yaml", "HERE/text:1", "every line is one event"),
    Wrong(SCORE, "--truth HERE/truth.yaml", "--events", "--help"),
    # The launcher.
    Wrong(LAUNCHER, "--video 0 --data-dir HERE/text --port PORT --ui-port OTHER", "HERE/text", "give a folder"),
    Wrong(LAUNCHER, "--video 0 --port 8000 --ui-port 8000", "--ui-port 8000", "two different ones"),
    Wrong(LAUNCHER, "--keep-gb -1", "--keep-gb", "give a number above 0"),
    Wrong(LAUNCHER, "--edge-flags '", "--edge-flags: '", "quotation"),
    Wrong(RESET, "--no", "--no", "--help"),
    Wrong(RESET, "--data-dir HERE --yes", "HERE is no demo's folder", "give the demo's with --data-dir"),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Wrong."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "media").mkdir()
    (folder / "text").write_text("it is none of these\n")
    (folder / "clip.mp4").write_bytes(bytes(range(256)))
    (folder / "truth.yaml").write_text("duration_s: 9\nmachines:\n  - machine_id: bike\n    sessions: []\n")
    fresh_store(folder / "app.db", SystemClock()).close()
    return folder


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.main.__module__} {wrong.argv}")
def test_a_mistake_is_named_with_its_cure_before_anything_is_warned_of(
    wrong: Wrong, here: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fill(text: str) -> str:
        return text.replace("HERE", str(here))

    argv = fill(wrong.argv).replace("PORT", str(free_port())).replace("OTHER", str(free_port()))
    monkeypatch.setattr(sys, "argv", ["script", *re.findall(r"\S+", argv)])
    for name in ("GYM_API_KEY", "GYM_VIDEO", "GYM_VLM_KEY"):
        monkeypatch.delenv(name, raising=False)
    module, stop = sys.modules[wrong.main.__module__], threading.Event()
    if module is not mm_worker.worker:  # which looks for its database until it is told to stop, and ends by --drain
        stop.set()
    if hasattr(module, "stop_on_signals"):
        monkeypatch.setattr(module, "stop_on_signals", lambda: stop)
    with pytest.raises(UsageError) as raised:
        wrong.main()
    said = str(raised.value)
    assert "\n" not in said
    assert fill(wrong.culprit) in said
    assert wrong.cure in said
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
