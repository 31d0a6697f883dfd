"""No file that a masked edge writes, and nothing that it sends, shows what is hidden: real runs, killed, watched."""

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from backend_api.base.process import REPOSITORY
from backend_api.contract.events import Event, EventType, has_pictures
from edge_service.privacy.masking import NO_PICTURES
from tests.edge_service.magenta_gym import config, draw_gym, finder, pictures_in
from tests.once import made_once
from tests.processes import Running

pytestmark = pytest.mark.e2e

START = "2026-01-31T09:00:00Z"


@dataclass
class Backend:
    """Takes all that it is sent, and keeps it."""

    url: str = ""
    bodies: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def taking() -> Iterator[Backend]:
    backend = Backend()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            backend.bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(204)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            backend.bodies.append((self.path, body))
            lines = body.count(b"\n")
            self._answer(200, b'{"stored": %d, "duplicates": 0, "rejected": []}' % lines)

        def do_GET(self) -> None:
            self._answer(404)

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        backend.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield backend
        finally:
            server.shutdown()
            thread.join()


class Watch(FileSystemEventHandler):
    """Reads every file below `folder` whenever one has changed, whatever its name, and keeps each state that it saw."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = threading.Event()
        self._read: dict[Path, tuple[int, int, int]] = {}
        self.states: dict[bytes, str] = {}

    def on_any_event(self, event: FileSystemEvent) -> None:
        """A file has changed."""
        self._changed.set()

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """While this is entered, the system tells of changes."""
        observer = Observer()
        # Reading is no change.
        changes = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileClosedEvent]
        observer.schedule(self, str(self._folder), recursive=True, event_filter=changes)
        observer.start()
        try:
            yield
        finally:
            observer.stop()
            observer.join()

    def look_at_changes(self) -> None:
        """Wait for a change, a twentieth of a second at most, and read what has changed."""
        if self._changed.wait(0.05):
            self._changed.clear()
            self.look()

    def look(self, *, at_all: bool = False) -> None:
        """Read what has changed, by its time and size, or everything."""
        for path in self._folder.rglob("*"):
            try:
                found = path.stat()
                stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
                if path.is_file() and (at_all or self._read.get(path) != stamp):
                    self.states[path.read_bytes()] = path.name
                    self._read[path] = stamp
            except OSError:
                continue  # it has just got another name, under which it is read next time


def run(folder: Path, video: Path, backend: Backend, *, kills: int, rng: Random, preview: bool = True) -> Watch:
    """The edge to its end, killed `kills` times before; all that was ever in `folder`."""
    for name in ("media", "outbox", "tmp", "run"):
        (folder / name).mkdir(parents=True)
    command = [
        *(sys.executable, "-m", "tests.edge_service.magenta_gym"),
        *("--video", str(video), "--camera-id", "cam_01", "--store-id", "gym_demo", "--start-time", START),
        *("--config", str(folder.parent / f"{folder.name}.yaml"), "--speed", "max", "--backend-url", backend.url),
        *("--media-dir", str(folder / "media"), "--outbox-dir", str(folder / "outbox"), "--upload-clips"),
        *(["--preview", str(folder / "preview.mp4")] if preview else []),
    ]
    env = {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(REPOSITORY)}
    watch = Watch(folder)
    for left in range(kills, -1, -1):
        with watch.hearing(), Running(command, cwd=folder / "run", env=env) as edge:
            edge.wait_for("watches")
            kill_after = rng.randrange(10, 120) if left else None
            while not edge.has_ended:
                watch.look_at_changes()
                if kill_after is not None and len(watch.states) >= kill_after:
                    os.kill(edge.pid, signal.SIGKILL)
                    break
            edge.wait(60)
        watch.look(at_all=True)
    return watch


def check(watch: Watch, backend: Backend, video: Path) -> tuple[int, list[str]]:
    """How many pictures were written or sent, and what is wrong with them."""
    find = finder(video)
    states = sorted([*watch.states.items(), *((body, path) for path, body in backend.bodies)])
    # A file that has only grown since holds all that it held.
    grown = [state for state, after in pairwise([*states, (b"", "")]) if not after[0].startswith(state[0])]
    wrong = [f"{name}: {found}" for data, name in grown if (found := find(data))]
    return sum(1 for data, _ in grown if next(pictures_in(data), None) is not None), wrong


@pytest.fixture(scope="module")
def head_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "head.mp4", draw_gym)


@pytest.fixture(scope="module")
def area_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "area.mp4", lambda path: draw_gym(path, head=False, area=True))


def try_out(tmp_path: Path, video: Path, fps: float, privacy: str, *, kills: int) -> tuple[int, list[str]]:
    (tmp_path / "watched.yaml").write_text(config(fps, privacy))
    with taking() as backend:
        watch = run(tmp_path / "watched", video, backend, kills=kills, rng=Random(fps))
        return check(watch, backend, video)


# The other three pairs, and more kills, are in tests/chaos/.
@pytest.mark.parametrize(
    ("fps", "mask"),
    [
        (5, "heads"),
        pytest.param(2, "people", marks=pytest.mark.thorough),
        pytest.param(10, "people", marks=pytest.mark.thorough),
    ],
)
def test_no_frame_ever_shows_the_head(tmp_path: Path, head_video: Path, fps: float, mask: str) -> None:
    pictures, wrong = try_out(tmp_path, head_video, fps, f"{{mask: {mask}}}", kills=1)
    assert wrong == []
    assert pictures >= 10


# What is left of a killed run is looked at with heads, which move: areas and zones stay where they are.
_KILLS = [0, pytest.param(1, marks=pytest.mark.thorough)]


@pytest.mark.parametrize("kills", _KILLS)
def test_no_frame_ever_shows_an_area(tmp_path: Path, area_video: Path, kills: int) -> None:
    areas = "[[0.02, 0.05], [0.2, 0.05], [0.2, 0.35], [0.02, 0.35]]"
    pictures, wrong = try_out(tmp_path, area_video, 5, f"{{areas: [{areas}]}}", kills=kills)
    assert wrong == []
    assert pictures >= 10


@pytest.mark.parametrize("kills", _KILLS)
def test_no_frame_ever_shows_what_lies_outside_of_the_zones(tmp_path: Path, area_video: Path, kills: int) -> None:
    pictures, wrong = try_out(tmp_path, area_video, 5, "{only_zones: true}", kills=kills)
    assert wrong == []
    assert pictures >= 10


def test_without_pictures_events_go_without(tmp_path: Path, head_video: Path) -> None:
    (tmp_path / "watched.yaml").write_text(config(5, "{pictures: none}"))
    with taking() as backend:
        watch = run(tmp_path / "watched", head_video, backend, kills=0, rng=Random(0), preview=False)
        assert check(watch, backend, head_video) == (0, [])
    events = [
        Event.model_validate_json(line)
        for path, body in backend.bodies
        if "batch" in path
        for line in body.splitlines()
    ]
    assert {event.event_type for event in events} == set(EventType)
    assert {event.clip_error for event in events} == {NO_PICTURES}
    assert not any(has_pictures(event.attributes) for event in events)
    assert not any("/still" in path or "/media" in path for path, _ in backend.bodies)


def test_without_pictures_there_is_no_preview(tmp_path: Path, head_video: Path) -> None:
    (tmp_path / "watched.yaml").write_text(config(5, "{pictures: none}"))
    with taking() as backend, pytest.raises(AssertionError, match=r"--preview .* turned off"):
        run(tmp_path / "watched", head_video, backend, kills=0, rng=Random(0))


def test_what_is_not_hidden_is_found(tmp_path: Path) -> None:
    """As these tests look, an edge that hides nothing is found out by every kind of file."""
    _, wrong = try_out(tmp_path, draw_gym(tmp_path / "both.mp4", area=True), 5, "{}", kills=0)
    for name in (
        r"[0-9a-f-]+\.mp4: [1-9]\d* packets of the camera's, [1-9]",
        "jpg: .*, 1 of 1",
        "preview.mp4: .*, [1-9]",
    ):
        assert any(re.search(name, line) for line in wrong), (name, wrong)
    assert any(re.search("/still.*1 of 1", line) for line in wrong)
