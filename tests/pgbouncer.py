"""PgBouncer in transaction mode, as tests need it: who is connected to it has another server connection each time."""

import shutil
from pathlib import Path

from tests.postgres import as_nobody
from tests.requirements import need_program

# Fewer connections to the server than clients have, so that these have to change hands.
_POOL_SIZE = 3


def serve_command(folder: Path, port: int, server_port: int) -> list[str]:
    """What serves every database of the PostgreSQL at `server_port`, at `port`; `folder` is for its configuration.

    Skips or fails where it is missing.
    """
    program = need_program("pgbouncer")
    folder.mkdir(parents=True, exist_ok=True)
    config, users = folder / "pgbouncer.ini", folder / "users.txt"
    users.write_text('"gym" ""\n')
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": users,
        "pool_mode": "transaction",
        "default_pool_size": _POOL_SIZE,
        "max_client_conn": 200,
        # How soon it looks again for a server that went.
        "server_login_retry": 1,
    }
    lines = ["[databases]", f"* = host=127.0.0.1 port={server_port}", "[pgbouncer]"]
    config.write_text("\n".join([*lines, *(f"{name} = {value}" for name, value in settings.items()), ""]))
    if command := as_nobody():
        for path in (folder, config, users):
            shutil.chown(path, "nobody", "nogroup")
    return [*command, program, str(config)]
