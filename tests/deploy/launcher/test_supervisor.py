"""The supervisor with real processes: none outlives it, what dies is started again, and everything is said."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.process import REPOSITORY
from deploy.launcher.supervisor import LONGEST_DELAY_S, SOUND_RUN_S, Ended, GiveUp, Leave, Program, Restart, decide
from tests.processes import Running, eventually, is_gone

ENDLESS = Program("camera", ("edge",))
FILE = Program("file", ("edge",), comes_to_an_end=True)

# Children say their id, and what they are told. A handler of Python's might wait for a lock that it interrupts.
CHILD = """
import os, signal, sys, threading
stop = threading.Event()
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
def listen():
    while True:
        signum = signal.sigwait(SIGNALS)
        try:
            print("told", signal.Signals(signum).name, flush=True)
        finally:
            stop.set()
threading.Thread(target=listen, daemon=True).start()
print("pid", os.getpid(), flush=True)
{body}
"""
WAITS = "stop.wait()"
SUPERVISOR = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from backend_api.base.clock import SystemClock
from backend_api.base.process import run_process
from deploy.launcher.supervisor import Program, Supervisor
class Clock(SystemClock):
    def monotonic_s(self):
        return super().monotonic_s() + 3600.0 * (folder / "an hour later").exists()
programs = [Program(name, (sys.executable, "-c", body), comes_to_an_end=ends) for name, body, ends in {children!r}]
folder = Path({folder!r})
run_process(Supervisor(
    programs,
    is_ready=lambda: {is_ready},
    folder=folder,
    output=sys.stdout,
    clock=Clock(),
    grace_s={grace_s},
).run)
"""


def command(
    folder: Path, *children: tuple[str, str], is_ready: str = "True", grace_s: float = 30.0, ends: str = ""
) -> list[str]:
    """A program that supervises `children` of a name and a body, in `folder`; the one named `ends` comes to its end.

    Its clock goes ahead by an hour as soon as there is a file named so in `folder`.
    """
    bodies = [(name, CHILD.format(body=body), name == ends) for name, body in children]
    source = SUPERVISOR.format(
        root=str(REPOSITORY), children=bodies, folder=str(folder), is_ready=is_ready, grace_s=grace_s
    )
    return [sys.executable, "-c", source]


def pid_of(process: Running, name: str, run: int = 1) -> int:
    """What the child called `name` says of itself when it is started for the `run`th time."""

    def said() -> list[str]:
        return [line.split()[-1] for line in process.lines if line.split()[1] == name and "| pid " in line][run - 1 :]

    return int(eventually(said, f"run {run} of {name}: {process.output}")[0])


@pytest.mark.parametrize(
    ("program", "end", "decision"),
    [
        (ENDLESS, Ended(-9, 5.0, 0, is_first_run=True), Restart(1.0, 1)),
        (ENDLESS, Ended(1, 5.0, 1, is_first_run=False), Restart(2.0, 2)),
        (ENDLESS, Ended(1, 5.0, 2, is_first_run=False), Restart(4.0, 3)),
        (ENDLESS, Ended(0, 5.0, 20, is_first_run=False), Restart(30.0, 21)),
        (ENDLESS, Ended(-9, 3600.0, 20, is_first_run=False), Restart(1.0, 1)),
        (ENDLESS, Ended(2, 0.5, 0, is_first_run=True), GiveUp(2)),
        (ENDLESS, Ended(2, 0.5, 0, is_first_run=False), Restart(1.0, 1)),
        (FILE, Ended(0, 0.5, 0, is_first_run=True), Leave()),
        (FILE, Ended(1, 99.0, 0, is_first_run=False), Leave()),
        (FILE, Ended(-9, 5.0, 0, is_first_run=True), Restart(1.0, 1)),
        (FILE, Ended(2, 0.5, 0, is_first_run=True), GiveUp(2)),
    ],
)
def test_what_follows_an_end(program: Program, end: Ended, decision: object) -> None:
    assert decide(program, end) == decision


@given(
    code=st.integers(-64, 255),
    runs_s=st.lists(st.floats(0, 2 * SOUND_RUN_S), min_size=1, max_size=2000),
)
def test_waits_grow_within_bounds_and_only_after_short_runs(code: int, runs_s: list[float]) -> None:
    failures, last_s = 0, 0.0
    for ran_s in runs_s:
        decision = decide(ENDLESS, Ended(code, ran_s, failures, is_first_run=False))
        assert isinstance(decision, Restart)
        assert 1.0 <= decision.delay_s <= LONGEST_DELAY_S
        assert decision.delay_s == 1.0 if ran_s >= SOUND_RUN_S else decision.delay_s >= last_s
        failures, last_s = decision.failures, decision.delay_s


def test_one_that_is_killed_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    with Running(command(tmp_path, ("first", WAITS), ("second", WAITS))) as process:
        first, second = pid_of(process, "first"), pid_of(process, "second")
        os.kill(second, signal.SIGKILL)
        assert "second was ended by SIGKILL after " in process.wait_for(" run ")
        os.kill(pid_of(process, "second", 2), signal.SIGKILL)
        assert process.wait_for(" run ").rstrip().endswith("it is started again in 2 s")
        last = pid_of(process, "second", 3)
        assert not is_gone(first)
        assert process.stop() == 0
        assert is_gone(first)
        assert is_gone(last)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_all_end_one_after_the_other_the_last_one_first(tmp_path: Path, signum: signal.Signals) -> None:
    children = [(name, "stop.wait(); print('done', flush=True)") for name in ("backend", "worker", "edge")]
    with Running(command(tmp_path, *children)) as process:
        pids = [pid_of(process, name) for name, _ in children]
        assert process.stop(signum) == 0
    after = process.output[process.output.index(f"{signum.name}: everything is being stopped") :]
    told = [line.split()[1] for line in after.splitlines() if line.endswith(("told SIGTERM", "done"))]
    assert told == ["edge", "edge", "worker", "worker", "backend", "backend"]
    assert all(is_gone(pid) for pid in pids)


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with Running(command(tmp_path, ("first", WAITS), ("second", WAITS))) as process:
        pids = [pid_of(process, "first"), pid_of(process, "second")]
        process.send(signal.SIGKILL)
        eventually(lambda: all(is_gone(pid) for pid in pids), "no child is left")


def test_also_children_of_one_that_nohup_started(tmp_path: Path) -> None:
    with Running(["nohup", *command(tmp_path, ("only", WAITS))]) as process:
        pid = pid_of(process, "only")
        process.send(signal.SIGHUP)
        os.kill(pid, signal.SIGKILL)
        pid = pid_of(process, "only", 2)  # so SIGHUP did not end it
        process.send(signal.SIGKILL)
        eventually(lambda: is_gone(pid), "no child is left")


def test_an_output_that_nobody_reads_any_more_ends_all(tmp_path: Path) -> None:
    talks = "while not stop.wait(0.05): print('on and on', flush=True)"
    process = subprocess.Popen(
        command(tmp_path, ("only", talks)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline().split()[-1])
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(60) == 0
    assert is_gone(pid)


def test_one_that_does_not_end_is_killed_after_its_time_with_its_own_children(tmp_path: Path) -> None:
    deaf = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "print('child', p.pid, flush=True); stop.wait(); open('an hour later', 'w').close()\n"
        "print('deaf', flush=True); threading.Event().wait()"
    )
    with Running(command(tmp_path, ("deaf", deaf), grace_s=3600.0)) as process:
        pid = pid_of(process, "deaf")
        child = int(process.wait_for("| child ").split()[-1])
        assert process.stop() == 0
        eventually(lambda: is_gone(child), "the grandchild is gone")
    assert is_gone(pid)
    assert "told SIGTERM" in process.output


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with Running(command(tmp_path, ("deaf", "threading.Event().wait()"), grace_s=3600.0)) as process:
        pid = pid_of(process, "deaf")
        process.send(signal.SIGINT)
        process.wait_for("told SIGTERM")
        assert process.stop(signal.SIGINT) == 0
    assert is_gone(pid)


def test_one_that_was_started_in_a_wrong_way_ends_all_with_its_code(tmp_path: Path) -> None:
    children = [
        ("good", "open('ready', 'w').close(); stop.wait()"),
        ("wrong", "print('ERROR no such file', flush=True); sys.exit(2)"),
    ]
    with Running(command(tmp_path, *children, is_ready="(folder / 'ready').exists()")) as process:
        assert process.wait() == 2
        assert is_gone(pid_of(process, "good"))
    assert process.lines[-1].endswith("run   | wrong could not be started: ERROR no such file")


def test_one_that_came_to_its_end_leaves_the_others_alone(tmp_path: Path) -> None:
    with Running(command(tmp_path, ("stays", WAITS), ("file", "sys.exit(0)"), ends="file")) as process:
        pid = pid_of(process, "stays")
        process.wait_for("file came to its end; the rest goes on")
        assert not is_gone(pid)
        assert process.stop() == 0


def test_the_others_wait_for_the_first_to_be_ready(tmp_path: Path) -> None:
    makes = "stop.wait(0.5); open('ready', 'w').close(); stop.wait()"
    looks = "print('sees', os.path.exists('ready'), flush=True); stop.wait()"
    children = [("first", makes), ("second", looks)]
    with Running(command(tmp_path, *children, is_ready="(folder / 'ready').exists()")) as process:
        assert process.wait_for("sees").rstrip().endswith("second | sees True")
        assert process.stop() == 0


def test_lines_bear_their_time_and_name_and_any_bytes_are_taken(tmp_path: Path) -> None:
    says = r"sys.stdout.buffer.write(b'a\xffb\n\nno end of line'); sys.stdout.flush(); stop.wait()"
    with Running(command(tmp_path, ("only", says))) as process:
        process.wait_for("pid")
        process.wait_for("a")
        assert process.stop() == 0
    assert process.lines[1][9:] == "only | a\ufffdb"
    assert any(line.endswith("only | no end of line") or "no end of linetold" in line for line in process.lines)
    assert all(line[2] == line[5] == ":" for line in process.lines)
