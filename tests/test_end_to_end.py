"""All four processes on the tiny sample: from the video to the verdict, and to the clip that plays in a browser."""

import hashlib
import re
import signal
import sys
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

from backend_api.contract.cameras import CameraSetupState
from backend_api.contract.events import EventPage, EventType, StoredEvent
from backend_api.contract.sessions import Cleaned, SessionPage
from backend_api.contract.sources import source_of
from backend_api.contract.verdicts import MmStatus, QueueState
from backend_api.web.jpeg import jpeg_size
from tests.browser import open_page, plays
from tests.edge_service.tiny_videos import draw_video
from tests.processes import InTerminal, Running, eventually, free_port, script

pytestmark = pytest.mark.e2e

END = EventType.MACHINE_OCCUPIED_END


def edge_command(video: Path, folder: Path, address: str, *extra: str) -> list[str]:
    return [
        *script("edge_service/main.py"),
        *("--video", str(video), "--camera-id", "cam_01", "--store-id", "gym_demo", "--seed", "42"),
        *("--media-dir", str(folder / "media"), "--outbox-dir", str(folder / "outbox"), "--backend-url", address),
        *("--start-time", "2026-01-31T09:00:00Z", *extra),
    ]


def backend_command(folder: Path, port: int) -> list[str]:
    flags = ["--db", str(folder / "app.db"), "--media-dir", str(folder / "media"), "--port", str(port)]
    return [*script("backend_api/main.py"), *flags]


def worker_command(folder: Path, *extra: str) -> list[str]:
    flags = ["--db", str(folder / "app.db"), "--media-dir", str(folder / "media"), "--seed", "123"]
    return [*script("mm_worker/worker.py"), *flags, *extra]


def ui_command(port: int) -> list[str]:
    return [sys.executable, "-m", "streamlit", "run", "ui/app.py", "--server.port", str(port)]


def all_events(address: str) -> EventPage:
    return EventPage.model_validate_json(requests.get(f"{address}/events?limit=500", timeout=60).content)


def judged(address: str) -> EventPage | None:
    page = all_events(address)
    done = [event.mm and event.mm.status is MmStatus.DONE for event in page.items if event.needs_mm]
    return page if done and all(done) else None


def test_from_the_video_to_the_verdict_with_a_backend_that_comes_up_last(
    tiny_sample: Path, tmp_path: Path, browser: Browser
) -> None:
    port, ui_port = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        Running(worker_command(tmp_path)) as worker,
        Running(ui_command(ui_port), env={"GYM_BACKEND_URL": address}),
        Running(edge_command(tiny_sample, tmp_path, address, "--speed", "4")) as edge,
    ):
        edge.wait_for("cannot be reached")
        edge.send(signal.SIGSTOP)  # else it might come to its end before the backend is up
        with Running(backend_command(tmp_path, port)) as backend:
            backend.wait_for(address)
            edge.send(signal.SIGCONT)
            assert edge.wait(120) == 0
            page = eventually(lambda: judged(address), "every attempt has its verdict")
            assert {event.event_type for event in page.items} == set(EventType)
            assert all(event.clip is not None for event in page.items)
            eyes = {source_of(event.attributes) for event in page.items}
            assert [source.is_mocked for source in eyes if source is not None] == [True]
            attempt = next(event for event in page.items if event.needs_mm)
            assert attempt.mm is not None
            assert attempt.mm.result is not None
            with open_page(browser, f"http://127.0.0.1:{ui_port}/?event={attempt.event_id}") as tab:
                assert plays(tab)
                tab.get_by_text(attempt.mm.result.summary).first.wait_for()
                tab.get_by_text("Mocked detector").first.wait_for()
            assert backend.stop() == 0
        assert worker.stop() == 0


# Ctrl-C is SIGINT, which backend and worker are sent by tests of their own.
@pytest.mark.parametrize(
    ("end", "name"),
    [
        *(("window", name) for name in ("backend", "worker", "ui", "edge")),
        *(("Ctrl-C", name) for name in ("ui", "edge")),
        *(pytest.param("Ctrl-C", name, marks=pytest.mark.thorough) for name in ("backend", "worker")),
    ],
)
def test_each_ends_with_its_own_terminal(name: str, end: str, tiny_sample: Path, tmp_path: Path) -> None:
    port, ui_port = free_port(), free_port()
    command, says = {
        "backend": (backend_command(tmp_path, port), "listening on"),
        "worker": (worker_command(tmp_path), "waiting for the backend"),
        "ui": (ui_command(ui_port), f"http://127.0.0.1:{ui_port}"),
        "edge": (edge_command(tiny_sample, tmp_path, f"http://127.0.0.1:{port}", "--loop", "0"), "cam_01 watches"),
    }[name]
    with InTerminal(command) as terminal:
        terminal.wait_for(says)
        if end == "window":
            terminal.close_window()
            # Streamlit leaves the signal as it is.
            assert terminal.wait() == (-signal.SIGHUP if name == "ui" else 0)
        else:
            terminal.press(b"\x03")
            # Streamlit says where it is before it listens to signals: until then Ctrl-C is an abort.
            assert terminal.wait() in ({0, 1} if name == "ui" else {0})


def test_a_repeated_run_repeats_its_events_and_doubles_nothing(tiny_sample: Path, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    bodies = []
    with Running(backend_command(tmp_path, port)) as backend:
        backend.wait_for(address)
        for _ in range(2):
            with Running(edge_command(tiny_sample, tmp_path, address, "--speed", "max")) as edge:
                assert edge.wait(120) == 0
            captured, processed, skipped = frame_counts(edge.output)
            assert captured == processed + skipped > processed > 0
            bodies.append([event.model_dump_json() for event in all_events(address).items])
        check_what_is_watched(address)
        with Running(worker_command(tmp_path, "--drain")) as worker:
            assert worker.wait(60) == 0
        assert judged(address) is not None
        check_what_was_cleaned(address)
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("folder", ["media", pytest.param("the edge's own", marks=pytest.mark.thorough)])
def test_what_the_backend_did_not_take_is_kept_and_sent_by_the_next_run(
    tiny_sample: Path, tmp_path: Path, folder: str
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    media = ["--media-dir", str(tmp_path / folder)]
    with Running(edge_command(tiny_sample, tmp_path, address, "--speed", "max", *media)) as edge:
        assert edge.wait(120) == 0
    assert str(tmp_path / "outbox" / "cam_01.jsonl") in edge.lines[-1]
    waiting = int(re.findall(r"(\d+) events wait in", edge.lines[-1])[0])
    assert waiting > 0
    with Running(backend_command(tmp_path, port)) as backend:
        backend.wait_for(address)
        one_second = draw_video(tmp_path / "one_second.mp4", seconds=1)
        next_day = ["--speed", "max", "--start-time", "2026-02-01T09:00:00Z", *media]
        with Running(edge_command(one_second, tmp_path, address, *next_day)) as edge:
            assert edge.wait(120) == 0
        first_day = requests.get(f"{address}/events?until=2026-02-01T00:00:00Z&limit=500", timeout=60)
        events = EventPage.model_validate_json(first_day.content).items
        assert len(events) == waiting
        assert all(whole_clip(address, event) for event in events)
    assert folder == "media" or list((tmp_path / folder).iterdir()) == []


def whole_clip(address: str, event: StoredEvent) -> bool:
    """Whether the backend serves the clip that `event` promises."""
    assert event.clip is not None
    clip = requests.get(f"{address}{event.media_url}", timeout=60).content
    return hashlib.sha256(clip).hexdigest() == event.clip.sha256


def check_what_was_cleaned(address: str) -> None:
    """The ends of uses that mattered were judged with the attempts, and nothing is left to be asked."""
    sessions = SessionPage.model_validate_json(requests.get(f"{address}/sessions", timeout=60).content).items
    ends = {event.session_id: event for event in all_events(address).items if event.event_type is END}
    assert len(sessions) >= 3
    for session in sessions:
        asked = ends[session.session_id].mm
        matters = session.window_opened_at is not None and session.cleaned is not Cleaned.IN_WINDOW
        assert (asked is not None) == matters
        assert asked is None or asked.status is MmStatus.DONE
        assert session.is_final
    queue = QueueState.model_validate_json(requests.get(f"{address}/queue", timeout=60).content)
    assert (queue.pending, queue.processing, queue.dead) == (0, 0, 0)


def check_what_is_watched(address: str) -> None:
    """The edge has told its machines and its configuration, and has sent a picture."""
    camera, store = f"{address}/cameras/cam_01", {"store_id": "gym_demo"}
    setup = CameraSetupState.model_validate_json(requests.get(f"{camera}/setup", store, timeout=60).content)
    assert [machine.name for machine in setup.machines] == ["Treadmill 1", "Bike 1", "Rower 1"]
    assert setup.config is not None
    assert jpeg_size(requests.get(f"{camera}/still", store, timeout=60).content) == (320, 180)


def frame_counts(output: str) -> tuple[int, int, int]:
    """The last `N frames = N processed + N skipped` that the edge said."""
    captured, processed, skipped = re.findall(r"(\d+) frames = (\d+) processed \+ (\d+) skipped", output)[-1]
    return int(captured), int(processed), int(skipped)
