"""Who has a port: a real process that listens, its command without what may be secret, and what ends it."""

import os
import socket
import sys
from contextlib import closing
from pathlib import Path

from backend_api.base.port_holder import holder_and_cure
from tests.processes import Running, free_port

LISTENS = """
import socket, sys, subprocess
port = int(sys.argv[-1])
if "launcher" in sys.argv[0]:
    subprocess.run([sys.executable, "-c", open(sys.argv[0]).read(), str(port)])
else:
    server = socket.create_server(("127.0.0.1", port))
    print(__import__("os").getpid(), flush=True)
    server.accept()
"""


def test_this_process_itself() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        text, cure = holder_and_cure(server.getsockname()[1])
    assert text.startswith(f"process {os.getpid()} (")
    assert cure == f"end it with `kill {os.getpid()}`"


def test_what_comes_after_the_first_flag_is_not_told(tmp_path: Path) -> None:
    port, script = free_port(), tmp_path / "app.py"
    script.write_text(LISTENS)
    with Running([sys.executable, str(script), "serve", "--api-key", "secret", str(port)]) as process:
        process.wait_for(str(process.pid))
        text, _ = holder_and_cure(port)
    assert text == f"process {process.pid} ({Path(sys.executable).name} {script} serve)"


def test_one_that_would_be_started_again_is_ended_by_its_launcher(tmp_path: Path) -> None:
    port, script = free_port(), tmp_path / "deploy" / "launcher" / "main.py"
    script.parent.mkdir(parents=True)
    script.write_text(LISTENS)
    with Running([sys.executable, str(script), str(port)]) as process:
        process.wait_for("")
        text, cure = holder_and_cure(port)
    assert text.startswith(f"process {process.lines[0]} (")
    assert text.endswith(f" of the `make run` with process {process.pid}")
    assert cure == f"end that with `kill {process.pid}`"


def test_a_port_that_nobody_has() -> None:
    assert holder_and_cure(free_port())[0] == "a process that this user may not see"
