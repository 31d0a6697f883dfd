"""`make run` as a user meets it: all four processes, their terminal, their ports, and the demo's data."""

import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from backend_api.base.process import EXIT_USAGE
from tests.processes import InTerminal, Running, chosen_port, eventually, free_port, script

pytestmark = pytest.mark.e2e


def command(video: Path, folder: Path, port: int, ui_port: int) -> list[str]:
    return [
        *script("deploy/launcher/main.py"),
        *("--video", str(video), "--data-dir", str(folder), "--edge-flags=--loop 0"),
        *("--port", str(port), "--ui-port", str(ui_port)),
    ]


def children(pid: int) -> dict[str, psutil.Process]:
    """The four processes by what they run."""
    names = ("backend_api/main.py", "mm_worker/worker.py", "ui/app.py", "edge_service/main.py")
    with suppress(psutil.NoSuchProcess):  # one may end while it is looked at
        found = {name: child for child in psutil.Process(pid).children() for name in names if name in child.cmdline()}
        return found if len(found) == len(names) else {}
    return {}


def is_up(port: int, ui_port: int) -> bool:
    try:
        return all(
            requests.get(f"http://127.0.0.1:{url}", timeout=60).ok
            for url in (f"{port}/cameras", f"{ui_port}/_stcore/health")
        )
    except requests.ConnectionError:
        return False


def test_one_that_is_killed_comes_back_and_a_second_start_names_who_has_the_ports(
    tiny_sample: Path, tmp_path: Path
) -> None:
    # Those that are proposed instead stay free, as others of the tests are given none there.
    port, ui_port = chosen_port(), chosen_port()
    with Running(command(tiny_sample, tmp_path, port, ui_port)) as process:
        eventually(lambda: is_up(port, ui_port), f"all is up: {process.output}")
        before = eventually(lambda: children(process.pid), "four processes")
        with Running(command(tiny_sample, tmp_path, port, ui_port)) as second:
            assert second.wait() == EXIT_USAGE
        [line] = second.lines
        for taken in (port, ui_port):
            assert f"port {taken} is taken by process " in line
        assert f"of the `make run` with process {process.pid}: end that with `kill {process.pid}`" in line
        other, other_ui = (int(word.split("=")[1].strip("`")) for word in line.split()[-2:])
        assert line.endswith(f"`make run PORT={other} UI_PORT={other_ui}`")
        for number in (other, other_ui):
            socket.create_server(("127.0.0.1", number)).close()
        for victim in before.values():
            victim.kill()
        eventually(lambda: is_up(port, ui_port), f"all is up again: {process.output}")
        after = eventually(lambda: children(process.pid), "four processes again")
        assert not {child.pid for child in before.values()} & {child.pid for child in after.values()}
        assert process.stop(signal.SIGINT) == 0
        assert not any(child.is_running() for child in after.values())
    # No line that looks like a fault: the others began when the backend was there.
    begin = process.output[: process.output.index("was ended by SIGKILL")]
    assert "refused" not in begin
    assert "waiting for the backend" not in begin
    assert "Traceback" not in process.output
    assert "INFO stopped; everything that was acknowledged is stored" in process.lines[-1]


def test_all_end_when_the_terminal_closes(tiny_sample: Path, tmp_path: Path) -> None:
    port, ui_port = free_port(), free_port()
    with InTerminal(command(tiny_sample, tmp_path, port, ui_port)) as terminal:
        terminal.wait_for("listening on")
        four = eventually(lambda: children(terminal.pid), "four processes")
        terminal.close_window()
        assert terminal.wait() == 0
    assert not any(child.is_running() for child in four.values())
    for number in (port, ui_port):
        socket.create_server(("127.0.0.1", number)).close()


def test_the_demo_is_reset_after_saying_what_is_removed(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    reset = [*script("deploy/launcher/reset_demo.py"), "--data-dir", str(data)]
    with Running(reset) as process:
        assert process.wait() == 0
    assert process.lines == [f"There is no demo data: no folder {data}."]
    (data / "media").mkdir(parents=True)
    (data / "media" / "one.mp4").write_bytes(bytes(2_000_000))
    (data / "app.db").touch()
    with (data / "app.db").open("rb"), Running(reset) as process:
        assert process.wait() == EXIT_USAGE
        assert f"{data} is in use by process {os.getpid()}" in process.lines[-1]
    # Nobody answers: standard input is empty.
    with Running(reset) as process:
        assert process.wait() == 0
    assert f"{data}: the demo's database" in process.lines[0]
    assert "1 clips, 2 files, 2 MB" in process.lines[0]
    assert process.lines[-1].endswith("Nothing was removed.")
    assert (data / "media" / "one.mp4").exists()
    with Running([*reset, "--yes"]) as process:
        assert process.wait() == 0
    assert not data.exists()


def test_a_yes_removes_it(tmp_path: Path) -> None:
    for answer, is_kept in (("n\n", True), ("y\n", False)):
        (tmp_path / "demo").mkdir(exist_ok=True)
        command = [*script("deploy/launcher/reset_demo.py"), "--data-dir", str(tmp_path / "demo")]
        subprocess.run(command, input=answer, text=True, check=True, capture_output=True, timeout=60)
        assert (tmp_path / "demo").exists() is is_kept
