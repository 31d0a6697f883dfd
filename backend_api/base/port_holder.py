"""The process that listens on a TCP port of this computer, and how to end it, in words for whoever wanted the port."""

import itertools
import textwrap
from pathlib import Path

import psutil

# The launcher starts its processes again when they are killed: to end one of them is to end the launcher.
_LAUNCHER = "deploy/launcher/main.py"
_LONGEST_COMMAND = 160


def holder_and_cure(port: int) -> tuple[str, str]:
    """The process that listens on `port`, such as `process 123 (python app.py)`, and what ends it: ``end it with `kill
    123` ``; as far as one may see it.

    Only the words of its command before the first flag are shown: the rest may hold a password.
    """
    process = _listening_process(port)
    if process is None:
        return "a process that this user may not see", "have it ended"
    launcher = next((parent for parent in _parents(process) if any(_LAUNCHER in word for word in _words(parent))), None)
    if launcher is None:
        return f"process {process.pid} ({_command(process)})", f"end it with `kill {process.pid}`"
    text = f"process {process.pid} ({_command(process)}) of the `make run` with process {launcher.pid}"
    return text, f"end that with `kill {launcher.pid}`"


def _listening_process(port: int) -> psutil.Process | None:
    """None when nobody listens, or when whoever does belongs to another user."""
    try:
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port and connection.pid:
                return psutil.Process(connection.pid)
    except psutil.Error:
        pass
    return None


def _parents(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.parents()
    except psutil.Error:
        return []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() or [process.name()]
    except psutil.Error:
        return []


def _command(process: psutil.Process) -> str:
    program, *arguments = _words(process) or ["of no name any more"]
    words = [Path(program).name, *itertools.takewhile(lambda word: not word.startswith("--"), arguments)]
    # A command is what another process says of itself: it stays one line of bounded length.
    return textwrap.shorten(" ".join(words), _LONGEST_COMMAND, placeholder=" ...")
