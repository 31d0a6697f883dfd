"""A PostgreSQL server of the tests' own: one for all processes of a run, which ends with the last of them.

Each process holds a shared lock of the kernel's as long as it lives. The keeper of the server waits for that lock
alone, ends the server then, and removes its folder, also when the tests were killed.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from backend_api.base.clock import SystemClock
from tests.processes import free_port
from tests.requirements import need_postgres

_TEMPLATE = "gym_template"
_CLOCK = SystemClock()
_ATTEMPTS = 600
_SETTINGS = (
    *("fsync=off", "full_page_writes=off", "autovacuum=off", "log_min_messages=fatal"),
    *("max_connections=200", "max_parallel_workers_per_gather=0", "jit=off"),
)
# What is behind the names are its parameters: the lock, the folder, the address, and the server's command.
_KEEPER = """
used=$1 folder=$2 address=$3; shift 3
"$@" >"$folder/log" 2>&1 & server=$!
exec 9>>"$used"; flock -x 9
kill -QUIT $server; wait $server; rm -rf "$folder" "$address"
"""


class Server:
    """The server, from this process's point of view."""

    def __init__(self, shared: Path, make_tables: Callable[[str], None]) -> None:
        """`shared` is a folder that all processes of a run know; `make_tables` makes them in the database at a URL.

        Skips or fails where PostgreSQL is missing.
        """
        self._bin = need_postgres()
        self._numbers = count(1)
        self._clearing: dict[str, tuple[psycopg.Connection[Any], str]] = {}
        # As long as this is open, the server is kept.
        self._used = (shared / "postgres.used").open("a")
        fcntl.flock(self._used, fcntl.LOCK_SH)
        address = shared / "postgres.address"
        with (shared / "postgres.start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            is_first = not address.exists()
            self.base = self._start(shared, address) if is_first else address.read_text()
            self._admin = psycopg.connect(f"{self.base}/postgres", autocommit=True)
            if is_first:
                make_tables(self._create(_TEMPLATE, "template0"))
                address.write_text(self.base)

    def make_database(self, template: str = _TEMPLATE) -> str:
        """A new database with all tables, or with none of "template0"; its URL."""
        return self._create(f"test_{os.getpid()}_{next(self._numbers)}", template)

    def clear(self, url: str) -> None:
        """Remove all rows of a database, and let its numbers begin at 1 again: a tenth of what a new one costs."""
        if url not in self._clearing:
            connection = psycopg.connect(url, autocommit=True)
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            numbers = connection.execute("SELECT sequencename FROM pg_sequences").fetchall()
            steps = [
                f"DELETE FROM {name};"  # noqa: S608 - names of the catalogue
                for (name,) in names
                if name != "alembic_version"
            ]
            steps += [f"PERFORM setval('{name}', 1, false);" for (name,) in numbers]
            # So that references are not followed.
            script = f"DO $$ BEGIN SET LOCAL session_replication_role = replica; {' '.join(steps)} END $$"
            self._clearing[url] = connection, script
        connection, script = self._clearing[url]
        connection.execute(script.encode())

    def drop(self, url: str) -> None:
        """Remove a database; whoever is connected to it is not any more."""
        self._admin.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def close(self) -> None:
        """Let the server go."""
        for connection, _ in self._clearing.values():
            connection.close()
        self._admin.close()
        self._used.close()

    def _create(self, name: str, template: str) -> str:
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"{self.base}/{name}"

    def _start(self, shared: Path, address: Path) -> str:
        folder, port = make_cluster(self._bin), free_port()
        serving = serve_command(self._bin, folder, port, *_SETTINGS)
        keeping = [
            "setsid",
            "--fork",
            "sh",
            "-c",
            _KEEPER,
            "-",
            str(shared / "postgres.used"),
            str(folder),
            str(address),
            *serving,
        ]
        subprocess.run(keeping, check=True, cwd="/", stdin=subprocess.DEVNULL, timeout=60)
        base = f"postgresql://gym@127.0.0.1:{port}"
        for _ in range(_ATTEMPTS):
            try:
                psycopg.connect(f"{base}/postgres").close()
            except psycopg.OperationalError:
                _CLOCK.wait(threading.Event(), 0.05)
            else:
                return base
        raise AssertionError((folder / "log").read_text())


def make_cluster(programs: Path) -> Path:
    """A new folder with an empty cluster in `data`, of the user `gym` without a password, by PostgreSQL's `programs`.

    The user `nobody` has it where root runs the tests: PostgreSQL refuses to be root's.
    """
    folder = Path(tempfile.mkdtemp(prefix="gym-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    making = [*as_nobody(), str(programs / "initdb"), "-D", str(folder / "data"), "-U", "gym", "-E", "UTF8"]
    making += ["-A", "trust", "--no-sync", "--no-instructions", "--locale=C.UTF-8"]
    # It sorts unlike Python: nothing may depend on the server's language.
    making += ["--locale-provider=icu", "--icu-locale=en"]
    subprocess.run(making, check=True, capture_output=True, cwd="/", timeout=120)
    return folder


def serve_command(programs: Path, folder: Path, port: int, *settings: str) -> list[str]:
    """What serves the cluster in `folder` at `port` of this computer; `settings` are such as "fsync=off"."""
    command = [*as_nobody(), str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
    here = ("listen_addresses=127.0.0.1", "unix_socket_directories=")
    return [*command, *(f"--{setting}" for setting in (*here, *settings))]


def as_nobody() -> list[str]:
    """What stands before the command of a server that refuses to be root's; nothing where root does not run this."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
