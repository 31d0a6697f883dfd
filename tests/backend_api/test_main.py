"""The backend as a process: how it starts, stops, and refuses, and what a full disk or a lock does to it."""

import base64
import hashlib
import resource
import signal
import socket
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import requests

from backend_api.base.durable_files import temporary_path
from backend_api.base.process import EXIT_DONE, EXIT_USAGE, UsageError
from backend_api.contract.media import clip_name
from backend_api.main import main
from backend_api.media.folder import MediaFolder
from tests.backend_api.events import make_event
from tests.processes import Running, eventually, free_port, script

pytestmark = pytest.mark.e2e

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Lasting:
    """A backend that several tests ask, its folder, and its port."""

    running: Running
    folder: Path
    port: int


def command(folder: Path, port: int, *flags: str) -> list[str]:
    paths = ["--db", str(folder / "data" / "app.db"), "--media-dir", str(folder / "media")]
    return [*script("backend_api/main.py"), *paths, "--port", str(port), *flags]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def backend(tmp_path: Path, port: int) -> Iterator[Running]:
    with Running(command(tmp_path, port)) as running:
        running.wait_for(f"listening on http://127.0.0.1:{port}")
        yield running
    assert "Traceback" not in running.output


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lasting]:
    """One for what a backend outlives: with few descriptors at first, and a line a request."""
    folder, port = tmp_path_factory.mktemp("lasting"), free_port()
    limited = ["bash", "-c", 'ulimit -Sn 128 && exec "$@"', "bash", *command(folder, port, "--access-log")]
    with Running(limited, env={"GYM_UMASK": ""}) as running:
        running.wait_for("listening")
        yield Lasting(running, folder, port)
        assert running.stop() == EXIT_DONE
    assert "Traceback" not in running.output


def post(port: int, at_s: float) -> requests.Response:
    body = make_event(at_s=at_s).model_dump_json()
    return requests.post(f"http://127.0.0.1:{port}/events", data=body, headers=JSON, timeout=60)


def count(port: int) -> int:
    return len(requests.get(f"http://127.0.0.1:{port}/events?limit=500", timeout=60).json()["items"])


@pytest.fixture
def refused(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Calls `main` with more flags; gives the line with which it refuses to start."""
    handlers = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}

    def refuse(*flags: str) -> str:
        monkeypatch.setattr(sys, "argv", [*command(tmp_path, port)[1:], *flags])
        with pytest.raises(UsageError) as raised:
            main()
        return str(raised.value)

    yield refuse
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_its_connections_open(backend: Running, port: int, signum: signal.Signals) -> None:
    with requests.Session() as session:
        assert session.get(f"http://127.0.0.1:{port}/ready", timeout=60).status_code == 200
        assert backend.stop(signum) == EXIT_DONE
    assert "stopped" in backend.lines[-1]


def test_a_request_that_has_begun_is_finished_before_it_stops(backend: Running, port: int, tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "data" / "app.db", isolation_level=None)) as other,
        closing(HTTPConnection("127.0.0.1", port, timeout=60)) as client,
    ):
        other.execute("BEGIN IMMEDIATE")
        client.request("POST", "/events", make_event().model_dump_json(), JSON)
        # An answer to a later request shows that the first was read; the lock holds it up.
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=60).ok
        backend.send(signal.SIGTERM)
        backend.wait_for("stopping")
        other.execute("COMMIT")
        assert client.getresponse().status == 201
    assert backend.wait() == EXIT_DONE
    with Running(command(tmp_path, port)) as again:
        again.wait_for("listening")
        assert count(port) == 1


def test_what_was_acknowledged_outlives_a_kill(backend: Running, port: int, tmp_path: Path) -> None:
    for at_s in range(3):
        assert post(port, at_s).status_code == 201
    backend.kill()
    unfinished = temporary_path(tmp_path / "media" / clip_name(make_event().event_id))
    unfinished.write_bytes(b"half a clip")
    with Running(command(tmp_path, port)) as again:
        again.wait_for("listening")
        assert count(port) == 3
        assert post(port, 0).status_code == 200
        assert not unfinished.exists()
        assert again.stop() == EXIT_DONE


def test_too_many_connections_are_said_once_and_pass(lasting: Lasting) -> None:
    backend, port = lasting.running, lasting.port
    limits = resource.prlimit(backend.pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{backend.pid}/fd").iterdir()))
    resource.prlimit(backend.pid, resource.RLIMIT_NOFILE, (used + 2, limits[1]))
    with ExitStack() as connections:
        for _ in range(5):
            connections.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        backend.wait_for("out of system resource: OSError: [Errno 24] Too many open files")
    resource.prlimit(backend.pid, resource.RLIMIT_NOFILE, limits)
    assert post(port, 10).status_code == 201
    assert backend.output.count("Too many open files") == 1


def test_more_strangers_than_the_usual_limit_keep_nobody_out(lasting: Lasting) -> None:
    running, said_before = lasting.running, len(lasting.running.lines)
    soft, hard = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 65536) if hard != resource.RLIM_INFINITY else soft == 65536
    with ExitStack() as connections:
        for _ in range(200):
            connections.enter_context(socket.create_connection(("127.0.0.1", lasting.port), timeout=60))
        assert requests.get(f"http://127.0.0.1:{lasting.port}/health", timeout=60).ok
    assert "Too many open files" not in "\n".join(running.lines[said_before:])


def test_nothing_of_a_request_breaks_a_log_line(lasting: Lasting) -> None:
    running, port = lasting.running, lasting.port
    evil = "/events/%0aERROR%20all%20is%20lost%1b%5b31m%c2%9b%e2%80%ae%0d"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        # Cut off in its body, so that its path is in a line of its own, too.
        client.sendall(f"POST {evil}/review HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n".encode())
    running.wait_for("/review")
    requests.get(f"http://127.0.0.1:{port}{evil}", headers={"User-Agent": "x"}, timeout=60)
    running.wait_for('"GET", "path": "/events/\\n')
    assert all(sign.isprintable() for line in running.lines for sign in line)
    assert not any(line.startswith("ERROR") or "] ERROR" in line for line in running.lines)


def test_what_it_makes_is_its_users_alone(lasting: Lasting) -> None:
    check_modes(lasting.folder, lasting.port, 0o600, 0o700)


def test_what_it_makes_is_shared_with_a_group_that_is_to_have_it(tmp_path: Path, port: int) -> None:
    with Running(command(tmp_path, port), env={"GYM_UMASK": "007"}) as running:
        running.wait_for("listening")
        check_modes(tmp_path, port, 0o660, 0o770)


def check_modes(folder: Path, port: int, file_mode: int, folder_mode: int) -> None:
    """All that the backend at `port` makes in `folder` is for those alone whom the modes name."""
    assert post(port, 0).status_code == 201
    digest = base64.b64encode(hashlib.sha256(b"\xff\xd8\xff").digest()).decode()
    headers = {"Content-Type": "image/jpeg", "Content-Digest": f"sha-256=:{digest}:"}
    url = f"http://127.0.0.1:{port}/media/{make_event().event_id}/thumbnail"
    assert requests.put(url, data=b"\xff\xd8\xff", headers=headers, timeout=60).status_code == 201
    made = [path for name in ("data", "media") for path in (folder / name, *(folder / name).iterdir())]
    assert len(made) >= 6
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == (folder_mode if path.is_dir() else file_mode), path


def test_a_full_disk_is_507_a_lock_no_error_and_a_taken_port_one_line(
    backend: Running, port: int, tmp_path: Path
) -> None:
    """One after the other to the same backend, which goes on."""
    check_a_full_disk(backend, port, tmp_path)
    check_a_lock(port, tmp_path)
    check_a_taken_port(backend, port, tmp_path)


def check_a_full_disk(backend: Running, port: int, tmp_path: Path) -> None:
    assert post(port, 0).status_code == 201
    # No file of the process may grow any more, as on a full disk.
    _, hard = resource.prlimit(backend.pid, resource.RLIMIT_FSIZE)
    size_bytes = (tmp_path / "data" / "app.db-wal").stat().st_size
    resource.prlimit(backend.pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    answer = post(port, 1)
    assert answer.status_code == 507
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert count(port) == 1
    resource.prlimit(backend.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert post(port, 1).status_code == 201
    assert count(port) == 2
    with closing(sqlite3.connect(tmp_path / "data" / "app.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def check_a_lock(port: int, tmp_path: Path) -> None:
    before = count(port)
    with (
        closing(sqlite3.connect(tmp_path / "data" / "app.db", isolation_level=None)) as other,
        ThreadPoolExecutor() as threads,
    ):
        other.execute("BEGIN IMMEDIATE")
        answers = [threads.submit(post, port, at_s) for at_s in range(2, 6)]
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=60).status_code == 200
        assert count(port) == before
        ready = requests.get(f"http://127.0.0.1:{port}/ready", timeout=60)
        assert (ready.status_code, "lock" in ready.json()["detail"]) == (503, True)
        assert not any(answer.done() for answer in answers)
        other.execute("COMMIT")
        assert [answer.result().status_code for answer in answers] == [201] * 4
    eventually(lambda: requests.get(f"http://127.0.0.1:{port}/ready", timeout=60).ok, "ready again")


def check_a_taken_port(backend: Running, port: int, tmp_path: Path) -> None:
    with Running(command(tmp_path / "second", port)) as second:
        assert second.wait() == EXIT_USAGE
    [line] = second.lines
    assert f"127.0.0.1:{port} is already in use by process {backend.pid} (" in line
    assert line.endswith(f"): end it with `kill {backend.pid}`, or choose another --port")
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_it_opens_itself_to_nobody_else(refused: Callable[..., str], host: str) -> None:
    assert f"--host {host} would open" in refused("--host", host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_other_names_of_this_computer_and_any_free_port(tmp_path: Path, host: str) -> None:
    with Running(command(tmp_path, 0, "--host", host)) as running:
        url = running.wait_for("listening on").split("listening on ")[1].split(",")[0]
        assert requests.get(f"{url}/health", timeout=60).ok
        assert requests.get(f"http://{host}:{urlsplit(url).port}/health", timeout=60).ok


@pytest.mark.parametrize(
    ("flags", "culprit"),
    [
        (["--port", "70000"], "70000"),
        (["--port", "http"], "http"),
        (["--host", "no such host"], "no such host"),
        (["--media-dir", "/dev/null/media"], "/dev/null/media"),
        (["--db", "/dev/null/app.db"], "/dev/null/app.db"),
        (["--db", "mysql://ann:s3cret@host/events"], "mysql://ann:***@host/events"),
        (["--colour"], "--colour"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_culprit(
    refused: Callable[..., str], flags: list[str], culprit: str
) -> None:
    assert culprit in refused(*flags)


def test_with_a_key_it_opens_to_others_and_keeps_the_key_to_itself(tmp_path: Path, port: int) -> None:
    flags = ["--host", "0.0.0.0", "--read-key", "a-reader-0123456789", "--access-log", "--keep-days", "30"]  # noqa: S104
    with Running(command(tmp_path, port, *flags), env={"GYM_API_KEY": "a-writer-0123456789"}) as running:
        running.wait_for("listening")
        url = f"http://127.0.0.1:{port}"
        assert requests.get(f"{url}/health", timeout=60).status_code == 200
        statuses = [
            requests.put(f"{url}/cameras/cam_01", data="{}", headers={**JSON, **headers}, timeout=60).status_code
            for headers in (
                {},
                {"Authorization": "Bearer a-reader-0123456789"},
                {"Authorization": "Bearer a-writer-0123456789"},
            )
        ]
        assert statuses == [401, 403, 422]
        running.wait_for('"status": 422')
        assert running.stop() == EXIT_DONE
    assert "a-writer-0123456789" not in running.output
    assert "a-reader-0123456789" not in running.output


@pytest.mark.parametrize(
    ("flags", "culprit"),
    [
        (["--read-key", "alone-0123456789-0123456789"], "--read-key"),
        (["--api-key", ""], "--api-key"),
        (["--cors-origin", "*"], "--cors-origin"),
        (["--cors-origin", "https://gym.example/page"], "--cors-origin"),
        (["--allowed-host", "https://gym.example"], "--allowed-host"),
        (["--allowed-host", "gym.example:8000"], "--allowed-host"),
        (["--keep-days", "0"], "--keep-days"),
        (["--keep-gb", "much"], "--keep-gb"),
    ],
)
def test_flags_that_make_no_sense_are_named(refused: Callable[..., str], flags: list[str], culprit: str) -> None:
    assert culprit in refused(*flags)


def test_who_is_refused_leaves_the_folder_of_another_backend_alone(refused: Callable[..., str], tmp_path: Path) -> None:
    media = MediaFolder.open(tmp_path / "media")
    media.mark(UUID(int=1))
    upload = temporary_path(media.clip_path(make_event().event_id))
    upload.write_bytes(b"half a clip")
    (tmp_path / "notes.txt").write_text("no database")
    assert "notes.txt" in refused("--db", str(tmp_path / "notes.txt"))
    assert (media.find_id(), upload.exists()) == (UUID(int=1), True)
