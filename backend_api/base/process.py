"""The edge of every process: log lines, stop signals, and errors in one line with an exit code."""

import atexit
import contextlib
import logging
import os
import re
import select
import signal
import sys
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2

# How long a process that ends at once still waits until the line is written that it stops.
_TOLD_WITHIN_S = 5.0
# How long a log line that is being written is waited for, which a terminal that is held does not take.
_LOG_HELD_WITHIN_S = 1.0

REPOSITORY = Path(__file__).resolve().parent.parent.parent

_P = ParamSpec("_P")
_T = TypeVar("_T")
_speaker: ContextVar[str] = ContextVar("speaker", default="")

log = logging.getLogger(__name__)


class UsageError(Exception):
    """Wrong use or configuration: the text is one line that names the culprit and the cure. Exit code 2."""


class FatalError(Exception):
    """The process cannot go on, through no fault in its use: one line with the culprit and the cure. Exit code 1."""


def project_version() -> str:
    """The release, as pyproject.toml says it."""
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


class OneLineFormatter(logging.Formatter):
    """A message is one line of visible characters, whatever somebody in the network has put into it.

    Control characters, of which terminals make commands and log readers make lines, are written as Python would write
    them in a text: `\\x1b`, `\\n`, `\\u202e`. A traceback below the message keeps its lines.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The line of `record`; its message begins with the name that `speaking_as` gave."""
        if speaker := _speaker.get():
            record.message = f"{speaker}: {record.message}"
        return escape_controls(super().formatMessage(record))


@contextlib.contextmanager
def speaking_as(name: str) -> Iterator[None]:
    """Let log lines of this thread begin with `name`, where several of a kind work in one process; "" for none."""
    token = _speaker.set(name)
    try:
        yield
    finally:
        _speaker.reset(token)


def in_same_name(work: Callable[_P, _T]) -> Callable[_P, _T]:
    """`work`, to be done once in a thread of a pool, whose log lines then begin with this thread's name."""
    context = copy_context()

    def named(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        return context.run(work, *args, **kwargs)

    return named


def escape_controls(text: str) -> str:
    """`text` with all in it escaped that is not shown, such as line breaks, ESC, and marks that turn its direction."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def set_up_logging() -> None:
    """One line a message on standard error; GYM_LOG_TIME=0 leaves the time to the process manager that writes it."""
    time_prefix = "" if os.environ.get("GYM_LOG_TIME") == "0" else "%(asctime)s "
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter(time_prefix + "%(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def set_umask(environment: Mapping[str, str]) -> None:
    """See to it that this process makes files and folders that are its user's alone: 0600 and 0700.

    GYM_UMASK is another umask, in octal: 007 shares them with the group of the folder that they lie in. Raises
    UsageError when it is none, or would keep this user from reading, writing or entering what it makes.
    """
    text = environment.get("GYM_UMASK") or "077"
    if not re.fullmatch(r"0?[0-7]{3}", text) or int(text, 8) & 0o700:
        raise UsageError(f"GYM_UMASK is {text!r}, which is no umask of three octal digits; set it to 077, or to 007")
    os.umask(int(text, 8))


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C (SIGINT), SIGTERM and a terminal that closes (SIGHUP, unless nohup ignores it) set.

    A second one ends the process at once, with code 1; a terminal may say several times that it closes.
    """
    stop, nothing_to_tell = threading.Event(), threading.Event()
    nothing_to_tell.set()
    is_kept = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    hears = hear_signals((signal.SIGINT, signal.SIGTERM) if is_kept else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

    def listen() -> None:
        signum = signal.Signals(os.read(hears, 1)[0])
        nothing_to_tell.clear()
        # Whoever reads the line may rely on it: nothing new is begun. What is said of the end comes after it.
        with _log_held():
            stop.set()
            _tell(f"{signum.name}: stopping; once more to stop at once\n")
        nothing_to_tell.set()
        while os.read(hears, 1)[0] == signal.SIGHUP:
            pass
        os._exit(EXIT_FAILED)

    atexit.register(nothing_to_tell.wait, _TOLD_WITHIN_S)
    threading.Thread(target=listen, name="signals", daemon=True).start()
    return stop


def hear_signals(signums: Iterable[signal.Signals]) -> int:
    """The end of a pipe from which each of these signals is read when it comes: a byte, its number. In the main thread.

    Python's own handlers interrupt the main thread: it may hold the very lock that a handler needs and would wait for
    itself for ever, and one that begins to wait, for a lock or in `select`, may sleep through a signal. So the system's
    handler writes the number into a pipe, whatever the main thread does.
    """
    hears, heard = os.pipe()
    os.set_blocking(heard, False)
    signal.set_wakeup_fd(heard, warn_on_full_buffer=False)
    for signum in signums:
        # Not handed down to children, as SIG_IGN would be.
        signal.signal(signum, lambda _signum, _frame: None)
    return hears


@contextlib.contextmanager
def _log_held() -> Iterator[None]:
    """Let other threads write no log line meanwhile; not where one of them cannot bring its line to its end."""
    with contextlib.ExitStack() as held:
        for handler in logging.getLogger().handlers:
            if handler.lock is not None and handler.lock.acquire(timeout=_LOG_HELD_WITHIN_S):
                held.callback(handler.lock.release)
        yield


def _tell(line: str) -> None:
    # A terminal that is gone, or held (Ctrl-S), takes no line; a second signal must be heard all the same.
    with contextlib.suppress(OSError):
        stderr = sys.stderr.fileno()
        if select.select([], [stderr], [], 0)[1]:
            os.write(stderr, line.encode())


def run_process(main: Callable[[], int]) -> NoReturn:
    """Run a process's `main` and exit with its code; whatever escapes it becomes one line and never a traceback.

    Set GYM_DEBUG=1 to see the traceback of an unforeseen error.
    """
    set_up_logging()
    try:
        set_umask(os.environ)
        code = main()
    except UsageError as error:
        code = _report(error, EXIT_USAGE)
    except FatalError as error:
        code = _report(error, EXIT_FAILED)
    except KeyboardInterrupt:
        code = EXIT_DONE
    except Exception as error:  # noqa: BLE001 - the process's edge: a user never sees a traceback
        code = _report(error, EXIT_FAILED, unforeseen=True)
    logging.shutdown()
    sys.exit(code)


def _report(error: Exception, code: int, *, unforeseen: bool = False) -> int:
    text = " ".join(str(error).split())
    if unforeseen:
        text = f"{type(error).__name__}: {text} (unforeseen; set GYM_DEBUG=1 and run again to see where)"
    log.error("%s", text, exc_info=error if unforeseen and os.environ.get("GYM_DEBUG") else None)
    return code
