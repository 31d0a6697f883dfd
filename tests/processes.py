"""Real processes under test: started, listened to, and ended by their id whatever happens."""

import importlib
import io
import os
import pty
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, redirect_stdout, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from unittest.mock import patch

import psutil

from backend_api.base.clock import SystemClock
from backend_api.base.process import REPOSITORY, UsageError

_CLOCK = SystemClock()
T = TypeVar("T")
_KEPT: list[socket.socket] = []


def free_port() -> int:
    """A TCP port that nobody listens on, and that nobody else is given as long as the tests run.

    A socket keeps it that allows others to listen on it who ask for this very port; who asks for any port, or connects
    from any, gets another one.
    """
    return _keep(0)


def _keep(port: int) -> int:
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("", port))
    _KEPT.append(keeper)
    kept: int = keeper.getsockname()[1]
    return kept


def chosen_port() -> int:
    """A free port as a user chooses one: the system gives none near it to those who ask for any."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in range(max(1024, lowest // 2) + 16 * os.getpid() % max(1, lowest // 4), 65_536):
        with suppress(OSError), closing(socket.socket()) as alone:
            alone.bind(("", port))
            alone.close()
            return _keep(port)
    raise AssertionError("no port is free")


def script(path: str) -> list[str]:
    """The command that runs the script at `path` in the repository with the Python of the tests."""
    return [sys.executable, str(REPOSITORY / path)]


def help_of(path: str) -> str:
    """What the script at `path` in the repository answers to --help, without a process of its own."""
    main = importlib.import_module(path.removesuffix(".py").replace("/", ".")).main
    said = io.StringIO()
    with patch.object(sys, "argv", [path, "--help"]), redirect_stdout(said), suppress(SystemExit):
        main()
    return said.getvalue()


def refusal(main: Callable[[], int], *argv: str, kind: type[Exception] = UsageError) -> str:
    """The line in which the script with this `main` says why it does not do what `argv` wants, run in this process.

    `kind` says with which exit code it ends.
    """
    handlers = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with patch.object(sys, "argv", ["script", *argv]):
            code = main()
    except kind as error:
        return str(error)
    finally:
        for signum, handler in handlers.items():
            signal.signal(signum, handler)
    raise AssertionError(f"it was not refused: exit code {code}")


class Running:
    """A child process; as a context manager it is killed at the end unless it has ended by itself.

    Its output (both streams, in the order of their coming) is collected in `lines`.
    """

    def __init__(self, command: Sequence[str], *, cwd: Path = REPOSITORY, env: dict[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self._unread: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is over."""
        return self._process.poll() is not None

    @property
    def output(self) -> str:
        """Everything said so far."""
        return "\n".join(self.lines)

    def wait_for(self, text: str, timeout_s: float = 60.0) -> str:
        """The next line that contains `text`; fails with the whole output when it does not come in time."""
        deadline_s = _CLOCK.monotonic_s() + timeout_s
        while True:
            try:
                line = self._unread.get(timeout=max(0.0, deadline_s - _CLOCK.monotonic_s()))
            except queue.Empty:
                raise AssertionError(f"no line with {text!r} within {timeout_s} s in:\n{self.output}") from None
            if line is None:
                raise AssertionError(f"ended without a line with {text!r}:\n{self.output}")
            if text in line:
                return line

    def send(self, signum: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self._process.send_signal(signum)

    def wait(self, timeout_s: float = 60.0) -> int:
        """The exit code; fails with the whole output when the process does not end in time."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s:\n{self.output}") from None
        self._reader.join(timeout_s)
        return code

    def stop(self, signum: signal.Signals = signal.SIGTERM, timeout_s: float = 60.0) -> int:
        """Send `signum`, wait, and return the exit code."""
        self.send(signum)
        return self.wait(timeout_s)

    def kill(self) -> None:
        """End the process and its children as a power cut would, and wait until they are gone."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session: its children and nobody else
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._unread.put(line)
        self._unread.put(None)


class InTerminal:
    """A command in a terminal window of its own; as a context manager its window is closed at the end.

    `said` is what stood in the window when it was last looked at.
    """

    def __init__(self, command: Sequence[str], *, cwd: Path = REPOSITORY, env: dict[str, str] | None = None) -> None:
        self.said = ""
        self._window, inside = pty.openpty()
        # setsid makes standard input the terminal of a session of its own, as a window's shell has it.
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=inside,
            stdout=inside,
            stderr=inside,
        )
        os.close(inside)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def wait_for(self, text: str) -> None:
        """Return when `text` stands in the window; fails with what does when the process has ended without."""
        while text not in self.said:
            try:
                self.said += os.read(self._window, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"ended without {text!r} in:\n{self.said}") from None

    def press(self, keys: bytes) -> None:
        """Type into the window: b"\\x03" is Ctrl-C."""
        os.write(self._window, keys)

    def close_window(self) -> None:
        """Take the terminal away from the process."""
        if self._window >= 0:
            os.close(self._window)
            self._window = -1

    def wait(self, timeout_s: float = 60.0) -> int:
        """The exit code, negative for a signal; fails when the process does not end in time."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s:\n{self.said}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_window()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session: its children and nobody else
        self._process.wait()


def is_gone(pid: int) -> bool:
    """Whether the process is over, be it that nobody has asked for its exit code yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def was_killed(command: list[str], after_s: float, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the command was killed after `after_s`, and had not come to its end by then, which is a good one."""
    process = subprocess.Popen(
        command, env=os.environ | dict(environment or {}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, errors = process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    assert process.returncode == 0, errors.decode()
    return False


def eventually(condition: Callable[[], T | None], what: str, timeout_s: float = 60.0) -> T:
    """What `condition` gives as soon as it is true; asked again and again, fails with `what` when time is over."""
    deadline_s = _CLOCK.monotonic_s() + timeout_s
    while not (answer := condition()):
        assert _CLOCK.monotonic_s() < deadline_s, f"not within {timeout_s} s: {what}"
        _CLOCK.wait(threading.Event(), 0.1)
    return answer
