"""Entry script of the image: runs one process, and ends it when it no longer says that it works, as systemd does.

The process feeds the watchdog that it has under systemd, whose socket is this one's here. Invariant: the file of WORKS
is there exactly while the process has said so and has not been silent for longer than the patience; the image's health
check asks for that file. A process that hangs is aborted, which ends the container, and its restart policy begins anew.
"""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import argparse  # noqa: E402
import contextlib  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Iterator, Mapping  # noqa: E402

from backend_api.base.arguments import ArgumentParser, seconds  # noqa: E402
from backend_api.base.clock import Clock, SystemClock  # noqa: E402
from backend_api.base.process import EXIT_FAILED, UsageError, hear_signals, run_process  # noqa: E402
from backend_api.base.watchdog import ALIVE  # noqa: E402

log = logging.getLogger(__name__)

# The image's health check names this file, too.
WORKS = Path("/tmp/gym-works")  # noqa: S108 - the container's own
# The time that an aborted process has to end: what it has to save it cannot, since it hangs.
_ABORT_S = 10.0
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> int:
    """Run the command until it ends: its exit code, 128 and its signal, or 1 when it hung. Raises UsageError."""
    options = _parse_options()
    return run_watched(with_flags(options.command, os.environ), options.patience_s, WORKS, SystemClock())


def with_flags(command: list[str], environ: Mapping[str, str]) -> list[str]:
    """`command`, whose word `$GYM_FLAGS` stands for that variable, split at spaces, as in the units of systemd."""
    flags = environ.get("GYM_FLAGS", "").split()
    return [part for word in command for part in (flags if word == "$GYM_FLAGS" else [word])]


def run_watched(command: list[str], patience_s: float, works: Path, clock: Clock) -> int:
    """Run `command`; its exit code, 128 and the signal that ended it, or 1 when it hung. Raises UsageError.

    After its first word it may be silent for `patience_s` seconds; its start may take as long as it takes.
    """
    works.unlink(missing_ok=True)
    try:
        with _asked() as asked, _told() as (address, told), _started(command, address, patience_s) as process:
            return _watch(process, told, asked, patience_s, works, clock)
    finally:
        works.unlink(missing_ok=True)


def _watch(
    process: subprocess.Popen[bytes], told: socket.socket, asked: int, patience_s: float, works: Path, clock: Clock
) -> int:
    ended = os.pidfd_open(process.pid)
    heard_s: float | None = None
    try:
        while True:
            left_s = None if heard_s is None else heard_s + patience_s - clock.monotonic_s()
            wanted = [told.fileno(), ended, asked]
            ready, _, _ = select.select(wanted, [], [], None if left_s is None else max(0.0, left_s))
            if ended in ready:
                return _exit_code(process.wait())
            if asked in ready:
                # The first process of a container must pass on what it is asked.
                process.send_signal(os.read(asked, 1)[0])
            if not ready:
                works.unlink(missing_ok=True)
                log.error("%s has not said for %g s that it works; it is ended", process.args, patience_s)
                _abort(process)
                return EXIT_FAILED
            if told.fileno() in ready and ALIVE in told.recv(4096).split(b"\n"):
                heard_s = clock.monotonic_s()
                works.touch()
    finally:
        os.close(ended)


def _abort(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGABRT)
    try:
        process.wait(_ABORT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _exit_code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned


@contextlib.contextmanager
def _told() -> Iterator[tuple[str, socket.socket]]:
    """A socket for the process's word, and its address."""
    with (
        tempfile.TemporaryDirectory(prefix="gym-watchdog-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told,
    ):
        address = f"{folder}/notify"
        told.bind(address)
        yield address, told


@contextlib.contextmanager
def _asked() -> Iterator[int]:
    """The end of a pipe from which each signal is read that this process gets, also before there is a process."""
    before = {signum: signal.getsignal(signum) for signum in _FORWARDED}
    asked = hear_signals(_FORWARDED)
    try:
        yield asked
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        os.close(signal.set_wakeup_fd(-1))
        os.close(asked)


@contextlib.contextmanager
def _started(command: list[str], address: str, patience_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """The running process; it is gone when the block ends."""
    environment = {**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(round(patience_s * 1e6))}
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be started: {error.strerror}; give a command of the image") from error
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="deploy/container/watched.py",
        description="Run a process in a container: end it when it hangs, and pass on what is asked of it.",
        epilog="Exit codes: that of the process, 128 and its signal, 1 when it hung, 2 wrong use.",
    )
    parser.add_argument(
        "--patience-s",
        type=seconds(above=0, most=86400),
        default=120.0,
        metavar="SECONDS",
        help="how long the process may be silent before it counts as hanging, above 0 (default: %(default)g)",
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the process and its flags")
    options = parser.parse_args()
    if not options.command:
        raise UsageError("there is nothing to run; give the command behind all flags, such as python /app/ui/app.py")
    return options


if __name__ == "__main__":
    run_process(main)
