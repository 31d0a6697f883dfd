"""The edge of a process: one line an error, the right exit code, stop signals that are heard."""

import logging
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.process import REPOSITORY, OneLineFormatter, escape_controls, in_same_name, speaking_as
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


def write(folder: Path, body: str) -> str:
    path = folder / "program.py"
    path.write_text(PROGRAM.format(root=str(REPOSITORY), body=body))
    return str(path)


def run(folder: Path, body: str, *, prefix: Sequence[str] = (), **env: str) -> Running:
    return Running([*prefix, sys.executable, write(folder, body)], env=env)


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
    with run(tmp_path, "raise UsageError('wrong')", GYM_LOG_TIME="0") as process:
        process.wait()
    assert process.lines == ["ERROR wrong"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_sets_the_stop_event(tmp_path: Path, signum: signal.Signals) -> None:
    waits = "stop = stop_on_signals(); print('ready'); return 0 if SystemClock().wait(stop, 60) else 1"
    with run(tmp_path, waits) as process:
        process.wait_for("ready")
        assert process.stop(signum) == 0
    assert f"{signum.name}: stopping" in process.output


def test_what_is_said_of_the_end_comes_after_what_it_ends_for(tmp_path: Path) -> None:
    """However long it takes to say the first."""
    body = (
        "import logging, threading; from backend_api.base import process; tell = process._tell; "
        "process._tell = lambda line: threading.Event().wait(0.2) or tell(line); "
        "stop = stop_on_signals(); print('ready'); stop.wait(60); logging.info('the end'); return 0"
    )
    with run(tmp_path, body) as process:
        process.wait_for("ready")
        assert process.stop(signal.SIGTERM) == 0
    assert [line.split()[-1] for line in process.lines] == ["ready", "once", "end"]


DEAF = (
    "from threading import Event; stop = stop_on_signals(); print('ready', flush=True); "
    "SystemClock().wait(Event(), 60); return 0"
)


def test_a_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    with run(tmp_path, DEAF) as process:
        process.wait_for("ready")
        process.send(signal.SIGTERM)
        process.wait_for("stopping")
        assert process.stop(signal.SIGTERM) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_two_signals_at_once_are_both_heard(tmp_path: Path, attempt: int) -> None:
    with run(tmp_path, DEAF) as process:
        process.wait_for("ready")
        process.send(signal.SIGTERM)
        assert process.stop(signal.SIGINT) == 1


def test_a_second_signal_is_heard_while_the_terminal_is_held(tmp_path: Path) -> None:
    """Standard error is a pipe that is full, as a terminal is after Ctrl-S."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, b"." * 4096):
            continue
    os.set_blocking(writer, True)
    process = subprocess.Popen([sys.executable, write(tmp_path, DEAF)], stdout=subprocess.PIPE, stderr=writer)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == 1
        finally:
            process.kill()
    os.close(reader)
    os.close(writer)


def test_a_terminal_that_says_twice_that_it_closes_leaves_time_to_stop(tmp_path: Path) -> None:
    body = (
        "stop = stop_on_signals(); print('ready'); stop.wait(60); "
        "import signal; signal.raise_signal(signal.SIGHUP); return 3"
    )
    with run(tmp_path, body) as process:
        process.wait_for("ready")
        process.send(signal.SIGHUP)
        assert process.wait() == 3
    assert process.output.count("SIGHUP: stopping") == 1


@pytest.mark.parametrize("attempt", range(5))
def test_a_signal_is_heard_while_the_main_thread_holds_the_lock_of_its_event(tmp_path: Path, attempt: int) -> None:
    """Most of the time, a loop like this does: were the event set in the signal's handler, it would wait for itself."""
    spins = "stop = stop_on_signals(); print('ready')\n    while not stop.wait(0): continue\n    return 0"
    with run(tmp_path, spins) as process:
        process.wait_for("ready")
        assert process.stop(signal.SIGTERM) == 0


def test_nohup_keeps_a_process_when_its_terminal_closes(tmp_path: Path) -> None:
    body = "stop = stop_on_signals(); print('ready'); return 0 if stop.wait(60) else 1"
    with run(tmp_path, body, prefix=["nohup"]) as process:
        process.wait_for("ready")
        process.send(signal.SIGHUP)
        assert process.stop(signal.SIGTERM) == 0
    assert "SIGHUP" not in process.output


def test_a_process_whose_readers_are_gone_still_stops(tmp_path: Path) -> None:
    """Standard error is a pipe that nobody reads any more, as after the end of whoever started it."""
    path = write(tmp_path, "stop = stop_on_signals(); print('ready', flush=True); return 0 if stop.wait(60) else 1")
    process = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    process.stderr.close()
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0


WRITES = (
    "import os; from pathlib import Path; from backend_api.base.durable_files import Disk; "
    "Path('folder').mkdir(); Disk().put_new(Path('folder/new'), b'1'); Disk().append(Path('folder/log'), b'1'); "
    "Disk().replace_all({Path('folder/many'): b'1'}); return 0"
)


@pytest.mark.parametrize(("umask", "folder_mode", "file_mode"), [("", 0o700, 0o600), ("007", 0o770, 0o660)])
def test_files_are_the_users_alone_unless_the_group_is_let_in(
    tmp_path: Path, umask: str, folder_mode: int, file_mode: int
) -> None:
    path = write(tmp_path, WRITES)
    with Running([sys.executable, str(path)], cwd=tmp_path, env={"GYM_UMASK": umask}) as process:
        assert process.wait() == 0
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == folder_mode
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "folder").iterdir()}
    assert modes == dict.fromkeys(("new", "log", "many"), file_mode)


@pytest.mark.parametrize("umask", ["x", "7", "0o77", "888", "700", "777", "-07", "00077"])
def test_what_is_no_umask_is_refused(tmp_path: Path, umask: str) -> None:
    with run(tmp_path, "return 0", GYM_UMASK=umask) as process:
        assert process.wait() == 2
    assert "GYM_UMASK" in process.lines[0]


def test_nothing_in_a_message_makes_a_line_or_a_command_of_a_terminal(tmp_path: Path) -> None:
    text = "a\\nERROR forged\\r\\x1b[2J\\x9b\\x00\\u202e\\u2028 ä 東"
    with run(tmp_path, f"import logging; logging.getLogger('x').warning('said: %s', '{text}'); return 0") as process:
        assert process.wait() == 0
    (line,) = process.lines
    assert line.endswith(r"said: a\nERROR forged\r\x1b[2J\x9b\x00\u202e\u2028 ä 東")


@given(st.text())
def test_what_is_escaped_is_visible_and_can_be_told(text: str) -> None:
    escaped = escape_controls(text)
    assert escaped.isprintable()
    assert escaped == text or not text.isprintable()


def test_the_lines_of_one_of_several_bear_its_name_also_from_threads_that_it_starts() -> None:
    def line() -> str:
        return OneLineFormatter("%(levelname)s %(message)s").format(
            logging.LogRecord("log", logging.INFO, "", 1, "it is %s", ("open\n",), None)
        )

    with ThreadPoolExecutor(1) as executor:
        with speaking_as("cam_01"):
            named = executor.submit(in_same_name(line))
            assert line() == "INFO cam_01: it is open\\n"
        assert named.result() == "INFO cam_01: it is open\\n"
        assert executor.submit(line).result() == line() == "INFO it is open\\n"
