"""A process in a container is ended when it is silent, and told to end when the container is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.process import UsageError
from deploy.container.watched import run_watched
from tests.processes import Running, script

# What a child says: `say()` is a word to its watchdog. Then it does what stands behind.
CHILD = """
import os, signal, socket, sys
def say(word=b"WATCHDOG=1"):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.sendto(word, os.environ["NOTIFY_SOCKET"])
"""
LONG_S = 30.0


def child(does: str) -> list[str]:
    return [sys.executable, "-S", "-E", "-c", CHILD + does]


def run(does: str, patience_s: float, works: Path) -> int:
    return run_watched(child(does), patience_s, works, SystemClock())


@pytest.fixture
def works(tmp_path: Path) -> Path:
    """The file that the health check asks for, left behind by a run that was killed."""
    (tmp_path / "works").touch()
    return tmp_path / "works"


def test_a_process_that_ends_by_itself_gives_its_code(works: Path) -> None:
    assert run("sys.exit(7)", LONG_S, works) == 7
    assert run("os.kill(os.getpid(), signal.SIGKILL)", LONG_S, works) == 128 + 9
    assert not works.exists()


def test_it_counts_as_working_from_its_word_on(works: Path, tmp_path: Path) -> None:
    """The child looks itself: nothing before its word or after another one, the file after the right one."""
    seen = tmp_path / "seen"
    does = f"""
before = os.path.exists({str(works)!r})
say(b"STATUS=hello")
say(b"READY=1\\nWATCHDOG=1")
while not os.path.exists({str(works)!r}): pass
open({str(seen)!r}, "w").write(str(before))
"""
    assert run(does, LONG_S, works) == 0
    assert seen.read_text() == "False"
    assert not works.exists()


@pytest.mark.parametrize("hangs", ["signal.pause()", "os.kill(os.getpid(), signal.SIGSTOP)"])
def test_a_process_that_falls_silent_is_ended(
    works: Path, hangs: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.container.watched._ABORT_S", 0.1)
    assert run(f"say(); {hangs}", 0.2, works) == 1
    assert "has not said for 0.2 s that it works" in caplog.text
    assert not works.exists()


def test_what_it_is_told_to_do_is_passed_on() -> None:
    does = (
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); print('here', flush=True); "
        "signal.sigwait([signal.SIGTERM]); sys.exit(5)"
    )
    with Running([*script("deploy/container/watched.py"), *child(does)]) as process:
        process.wait_for("here")
        assert process.stop() == 5


def test_what_it_is_told_before_there_is_a_process_is_passed_on(works: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def told_meanwhile(command: list[str], *, env: dict[str, str]) -> subprocess.Popen[bytes]:
        signal.raise_signal(signal.SIGTERM)
        return start(command, env=env)

    monkeypatch.setattr("deploy.container.watched.subprocess.Popen", told_meanwhile)
    assert run("signal.pause()", LONG_S, works) == 128 + signal.SIGTERM


def test_flags_come_from_the_environment_where_the_command_asks_for_them() -> None:
    command = [*script("deploy/container/watched.py"), "--patience-s", "9", *child("print(sys.argv[1:])"), "--one"]
    flags = {**os.environ, "GYM_FLAGS": "--two 2"}

    def says(*words: str) -> str:
        return subprocess.run(
            [*command, *words], env=flags, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    assert says("$GYM_FLAGS") == "['--one', '--two', '2']\n"
    assert says() == "['--one']\n"


def test_a_command_that_is_not_there_is_named(works: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no/such cannot be started: No such file"):
        run_watched([str(tmp_path / "no/such")], LONG_S, works, SystemClock())
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
