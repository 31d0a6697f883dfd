"""Entry script of `make run`: `python deploy/launcher/main.py` starts the four processes and ends them together."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import http.client  # noqa: E402
import logging  # noqa: E402
import socket  # noqa: E402

from backend_api.base.clock import SystemClock  # noqa: E402
from backend_api.base.port_holder import holder_and_cure  # noqa: E402
from backend_api.base.process import REPOSITORY, UsageError, run_process  # noqa: E402
from deploy.launcher.commands import Settings, make_programs  # noqa: E402
from deploy.launcher.options import parse_settings  # noqa: E402
from deploy.launcher.supervisor import Supervisor  # noqa: E402

_READY_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


def main() -> int:
    """Run the four processes until told to stop. Raises UsageError, and has started nothing then."""
    settings = parse_settings()
    require_free_ports(settings)
    try:
        (settings.data_dir / "media").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--data-dir {settings.data_dir}: {error.strerror}; give a folder of yours") from error
    clock = SystemClock()
    sys.stdout.write(welcome(settings) + "\n")
    return Supervisor(
        make_programs(settings, clock.now()),
        is_ready=lambda: answers(settings.port),
        folder=REPOSITORY,
        output=sys.stdout,
        clock=clock,
    ).run()


def welcome(settings: Settings) -> str:
    """The first lines: where to look, what is kept where, and how it ends."""
    return (
        f"The dashboard opens at http://127.0.0.1:{settings.ui_port}, the API at {settings.backend_url}/docs.\n"
        f"Events and clips are kept in {settings.data_dir}: up to {settings.keep_gb:g} GB of clips, then the oldest go "
        "and their events stay (KEEP_GB=... says how much).\n"
        "Ctrl-C, or closing this terminal, ends everything."
    )


def require_free_ports(settings: Settings) -> None:
    """Raises UsageError when a port is taken: who has it, what ends that, and a command that works."""
    taken = {name: port for name, port in _ports(settings).items() if not is_free(port)}
    if not taken:
        return
    described = []
    for port in taken.values():
        holder, cure = holder_and_cure(port)
        described.append(f"port {port} is taken by {holder}: {cure}")
    used = set(_ports(settings).values())
    others = []
    for name, port in taken.items():
        free = next((other for other in range(port + 1, 65536) if other not in used and is_free(other)), None)
        used.add(free or port)
        others.append(f"{name}={free or '...'}")
    raise UsageError(f"{'; '.join(described)}; or start on another one: `make run {' '.join(others)}`")


def _ports(settings: Settings) -> dict[str, int]:
    return {"PORT": settings.port, "UI_PORT": settings.ui_port}


def is_free(port: int) -> bool:
    """Whether a server may listen on `port` of this computer."""
    with socket.socket() as candidate:
        # As servers do: what others left in TIME_WAIT is no hindrance.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
            candidate.listen()
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether the backend is up: database made, requests answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_READY_TIMEOUT_S)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    run_process(main)
