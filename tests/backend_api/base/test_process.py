"""The edge of a process: one line an error, the right exit code, stop signals that are heard."""

import signal
import sys
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY
from tests.processes import Running

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from backend_api.base.clock import SystemClock
from backend_api.base.process import FatalError, UsageError, run_process, stop_on_signals

def main() -> int:
    {body}

run_process(main)
"""


def run(folder: Path, body: str, **env: str) -> Running:
    path = folder / "program.py"
    path.write_text(PROGRAM.format(root=str(REPOSITORY), body=body))
    return Running([sys.executable, str(path)], env=env)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("return 0", 0, None),
        ("raise UsageError('no such file: a.mp4;\\n check --video')", 2, "ERROR no such file: a.mp4; check --video"),
        ("raise FatalError('the disk is gone')", 1, "ERROR the disk is gone"),
        ("raise KeyError('x')", 1, "ERROR KeyError: 'x' (unforeseen"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(tmp_path: Path, body: str, code: int, said: str | None) -> None:
    with run(tmp_path, body) as process:
        assert process.wait() == code
    if said is None:
        assert process.lines == []
    else:
        assert len(process.lines) == 1
        assert said in process.lines[0]


def test_the_traceback_of_an_unforeseen_error_is_there_for_who_asks(tmp_path: Path) -> None:
    with run(tmp_path, "raise KeyError('x')", GYM_DEBUG="1") as process:
        assert process.wait() == 1
    assert "Traceback" in process.output


def test_a_process_manager_writes_the_time_itself(tmp_path: Path) -> None:
    with run(tmp_path, "raise UsageError('wrong')", HONCHO_PROCESS_NAME="edge.1") as process:
        process.wait()
    assert process.lines == ["ERROR wrong"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_the_stop_event(tmp_path: Path, signum: signal.Signals) -> None:
    waits = "stop = stop_on_signals(); print('ready'); return 0 if SystemClock().wait(stop, 60) else 1"
    with run(tmp_path, waits) as process:
        process.wait_for("ready")
        assert process.stop(signum) == 0
    assert f"{signum.name}: stopping" in process.output


def test_a_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    deaf = "stop = stop_on_signals(); print('ready'); SystemClock().wait(__import__('threading').Event(), 60); return 0"
    with run(tmp_path, deaf) as process:
        process.wait_for("ready")
        process.send(signal.SIGTERM)
        process.wait_for("stopping")
        assert process.stop(signal.SIGTERM) == 1
