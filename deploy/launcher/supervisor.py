"""Child processes that are started, listened to, started again when they die, and ended together.

Invariant: no child outlives the supervisor. It ends them in the reverse order of their start, each within a time limit,
on Ctrl-C, SIGTERM, and when its terminal closes (SIGHUP, or an output that takes no more lines). Were it killed itself,
the kernel tells each child (PR_SET_PDEATHSIG, through util-linux's setpriv, where there is one).
"""

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from backend_api.base.clock import Clock
from backend_api.base.process import EXIT_DONE, EXIT_FAILED, EXIT_USAGE, hear_signals

# After each failure in a row the wait doubles; a run of this length ends the row.
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
SOUND_RUN_S = 60.0
# The time that a child has to end by itself, before it is killed: an edge finishes its clips, the backend its requests.
GRACE_S = 15.0
# How long the other children wait for the first one to be ready, before they are started all the same.
READY_WITHIN_S = 20.0
_READY_POLL_S = 0.1
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COLOURS = (36, 33, 32, 35)


@dataclass(frozen=True, slots=True)
class Program:
    """A child to be: `name` stands before its lines, `env` comes on top of the supervisor's own.

    One that `comes_to_an_end` is left alone when it exits by itself, with 0 or 1; all others are started again.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    comes_to_an_end: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a run of `ran_s` seconds with `code`, negative for a signal, after `failures` in a row before it."""

    code: int
    ran_s: float
    failures: int
    is_first_run: bool


@dataclass(frozen=True, slots=True)
class Restart:
    """The child is started again after `delay_s` seconds; so many `failures` in a row there were, this one included."""

    delay_s: float
    failures: int


@dataclass(frozen=True, slots=True)
class Leave:
    """The child has done what it was there for; the others go on."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The child was started in a wrong way, which no repetition changes: all are ended, with this exit code."""

    code: int


def decide(program: Program, end: Ended) -> Restart | Leave | GiveUp:
    """The consequence when a child ended without having been told to."""
    if end.code == EXIT_USAGE and end.is_first_run:
        return GiveUp(EXIT_USAGE)
    if program.comes_to_an_end and end.code in {EXIT_DONE, EXIT_FAILED}:
        return Leave()
    failures = 1 if end.ran_s >= SOUND_RUN_S else end.failures + 1
    return Restart(min(FIRST_DELAY_S * 2 ** min(failures - 1, 30), LONGEST_DELAY_S), failures)


@dataclass(slots=True)
class _Child:
    """A program's state: running when there is a `process`, to be started at `due_s` when there is that."""

    program: Program
    colour: int
    process: subprocess.Popen[str] | None = None
    due_s: float | None = None
    started_s: float = 0.0
    failures: int = 0
    runs: int = 0
    last_line: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    child: _Child
    text: str


@dataclass(frozen=True, slots=True)
class _Exit:
    child: _Child
    code: int


@dataclass(frozen=True, slots=True)
class _Signal:
    name: str


class Supervisor:
    """Runs `programs`, the first of which the others need: they are started when `is_ready` says that it is there.

    They run in `folder`. Their lines go to `output`, which may be a terminal, a file, or a pipe. One that is told to
    end is killed after `grace_s` seconds.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        is_ready: Callable[[], bool],
        folder: Path,
        output: TextIO,
        clock: Clock,
        grace_s: float = GRACE_S,
    ) -> None:
        self._children = [_Child(program, _COLOURS[k % len(_COLOURS)]) for k, program in enumerate(programs)]
        self._is_ready = is_ready
        self._folder = folder
        self._output = output
        self._clock = clock
        self._grace_s = grace_s
        self._width = max(len(program.name) for program in (*programs, Program("run", ())))
        self._has_colours = output.isatty() and "NO_COLOR" not in os.environ
        self._news: queue.SimpleQueue[_Line | _Exit | _Signal] = queue.SimpleQueue()
        self._told_of_our_end = _told_of_our_end()
        self._code: int | None = None
        self._last_word = ""
        self._is_impatient = False

    def run(self) -> int:
        """Start everything and return the exit code when all has ended: 0 when told to, 2 when one was misused."""
        # With nohup the end of the terminal is no reason to stop; the children, however, must hear of ours.
        heeded = [signum for signum in _ENDING if signal.getsignal(signum) != signal.SIG_IGN]
        threading.Thread(target=self._hear, args=(hear_signals(_ENDING), heeded), daemon=True).start()
        first, *others = self._children
        ready_by_s = self._clock.monotonic_s() + READY_WITHIN_S
        first.due_s = self._clock.monotonic_s()
        try:
            while self._code is None:
                if others and (self._is_ready() or self._clock.monotonic_s() >= ready_by_s):
                    for child in others:
                        child.due_s = self._clock.monotonic_s()
                    others = []
                self._start_what_is_due()
                self._handle(self._next(_READY_POLL_S if others else self._until_next_start_s()))
        finally:
            self._end_all()
        return self._code

    def _hear(self, signals: int, heeded: Sequence[signal.Signals]) -> None:
        while True:
            signum = signal.Signals(os.read(signals, 1)[0])
            if signum in heeded:
                self._news.put(_Signal(signum.name))

    def _until_next_start_s(self) -> float | None:
        due = [child.due_s for child in self._children if child.due_s is not None]
        return max(0.0, min(due) - self._clock.monotonic_s()) if due else None

    def _next(self, timeout_s: float | None) -> _Line | _Exit | _Signal | None:
        try:
            return self._news.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _start_what_is_due(self) -> None:
        now_s = self._clock.monotonic_s()
        for child in self._children:
            if child.due_s is not None and child.due_s <= now_s:
                self._start(child)

    def _start(self, child: _Child) -> None:
        child.due_s, child.started_s, child.runs = None, self._clock.monotonic_s(), child.runs + 1
        child.process = subprocess.Popen(
            [*self._told_of_our_end, *child.program.argv],
            cwd=self._folder,
            env={**os.environ, **child.program.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # The terminal's Ctrl-C is for the supervisor, which ends the children in their order.
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(child, child.process), daemon=True).start()

    def _listen(self, child: _Child, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._news.put(_Line(child, line.rstrip("\n")))
        self._news.put(_Exit(child, process.wait()))

    def _handle(self, news: _Line | _Exit | _Signal | None) -> None:
        match news:
            case _Line(child, text):
                child.last_line = text.strip() or child.last_line
                self._say(text, child)
            case _Signal(name):
                self._is_impatient |= self._code is not None and name != "SIGHUP"
                if self._code is None:
                    self._code = EXIT_DONE
                    self._say(f"{name}: everything is being stopped; once more to stop at once")
            case _Exit(child, code):
                child.process = None
                if self._code is None:
                    self._follow_up(child, code)

    def _follow_up(self, child: _Child, code: int) -> None:
        name, ran_s = child.program.name, self._clock.monotonic_s() - child.started_s
        match decide(child.program, Ended(code, ran_s, child.failures, is_first_run=child.runs == 1)):
            case GiveUp(exit_code):
                self._code = exit_code
                self._last_word = f"{name} could not be started: {child.last_line}"
                self._say(f"{name} cannot work like this; everything is being stopped")
            case Leave():
                self._say(
                    f"{name} came to its end{'' if code == EXIT_DONE else ', see its last lines'}; the rest goes on"
                )
            case Restart(delay_s, failures):
                child.failures, child.due_s = failures, self._clock.monotonic_s() + delay_s
                self._say(f"{name} {_told(code)} after {ran_s:.0f} s; it is started again in {delay_s:.0f} s")

    def _end_all(self) -> None:
        """End the children, the last one started first: the backend still takes an edge's last events."""
        for child in reversed(self._children):
            child.due_s = None
            if child.process is not None:
                self._end(child, child.process)
        while not self._news.empty():
            self._handle(self._news.get())
        if self._last_word:
            self._say(self._last_word)

    def _end(self, child: _Child, process: subprocess.Popen[str]) -> None:
        deadline_s = self._clock.monotonic_s() + self._grace_s
        process.terminate()
        while child.process is not None:
            left_s = deadline_s - self._clock.monotonic_s()
            if left_s <= 0 or self._is_impatient:
                # Its own session, so its own group: it and its children, and nobody else.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                left_s = self._grace_s
            self._handle(self._next(left_s))

    def _say(self, text: str, child: _Child | None = None) -> None:
        name = (child.program.name if child else "run").ljust(self._width)
        prefix = f"{self._clock.now().astimezone():%H:%M:%S} {name} |"
        if self._has_colours and child is not None:
            prefix = f"\033[{child.colour}m{prefix}\033[0m"
        try:
            self._output.write(f"{prefix} {text}\n")
            self._output.flush()
        except OSError:
            # The terminal is gone, or the pipe's reader: what is buffered, and still to be said, goes nowhere.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._output.fileno())
            os.close(nowhere)
            self._code = EXIT_DONE if self._code is None else self._code


def _told_of_our_end() -> tuple[str, ...]:
    """The words before a child's command so that it gets SIGHUP when the supervisor dies; on Linux alone."""
    prefix = ("setpriv", "--pdeathsig", "HUP")
    try:
        works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return ()
    return prefix if works else ()


def _told(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
