"""The image, built by buildah in a chroot and run by podman through compose.yaml: all four, and one that hangs.

The tests of this file build upon each other, in their order.
"""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_api.base.clock import SystemClock
from deploy.container.watched import WORKS
from tests.processes import eventually, free_port
from tests.system.conftest import need
from tests.system.containers import IMAGE, Containers

KEY = "0123456789abcdef0123456789abcdef"
OWN = ("backend", "worker", "dashboard", "edge")


class Gym:
    """compose.yaml with an environment file of the tests'."""

    def __init__(self, containers: Containers, folder: Path) -> None:
        self.containers = containers
        self.port, self.ui_port = free_port(), free_port()
        self.settings = folder / "gym.env"
        self.settings.write_text(
            f"GYM_API_KEY={KEY}\nGYM_VIDEO=/data/sample.mp4\nEDGE_FLAGS=--loop 0\n"
            f"PORT={self.port}\nUI_PORT={self.ui_port}\n"
        )

    def compose(self, *command: str) -> str:
        return self.containers.compose(self.settings, *command)

    def get(self, path: str) -> str | None:
        return get(f"http://127.0.0.1:{self.port}{path}")

    def events(self) -> int:
        said = self.get("/events?limit=200")
        return len(json.loads(said)["items"]) if said else 0

    def are_well(self, *names: str) -> bool:
        return all(self.is_well(name) for name in names)

    def is_well(self, name: str) -> bool:
        """Whether the image's own health check says so."""
        container = f"gym-mvp_{name}_1"
        status = self.containers.podman("inspect", "--format", "{{.State.Status}}", container, check=False)
        if status != "running":
            return False
        said = self.containers.podman("healthcheck", "run", container, check=False)
        return said == ""


def get(url: str) -> str | None:
    """The body at `url`; None as long as nothing answers well."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


@pytest.fixture(scope="module")
def containers(debian: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    need("root", "debootstrap", "buildah", "podman", "runc", "podman-compose")
    containers = Containers(tmp_path_factory.mktemp("containers"))
    try:
        containers.import_base(debian)
        began_s = SystemClock().monotonic_s()
        containers.build(wheels)
        print(f"built in {SystemClock().monotonic_s() - began_s:.0f} s, {containers.driver}")
        yield containers
    finally:
        containers.remove()


@pytest.fixture(scope="module")
def gym(containers: Containers, tmp_path_factory: pytest.TempPathFactory) -> Gym:
    return Gym(containers, tmp_path_factory.mktemp("gym"))


def test_the_image_runs_as_nobody_in_particular_and_has_nothing_of_the_build(containers: Containers) -> None:
    [image] = json.loads(containers.podman("inspect", IMAGE))
    [base] = json.loads(containers.podman("inspect", "localhost/gym-test-base"))
    print(f"image {image['Size'] / 1e6:.0f} MB, of which {base['Size'] / 1e6:.0f} MB are the base")
    assert image["Config"]["User"] == "10001:10001"
    assert image["Healthcheck"]["Test"] == ["CMD", "test", "-e", str(WORKS)]
    assert "/wheels" not in json.dumps(image)
    look = "import importlib.util as u; print([n for n in ('pip', 'psycopg', 'obstore', 'av') if u.find_spec(n)])"
    said = containers.podman("run", "--rm", "--entrypoint", "python", "--network", "none", IMAGE, "-c", look)
    assert said == "['psycopg', 'obstore', 'av']"
    # It may write into its data, and nowhere into its code.
    write = "import os; print([p for p in ('/app', '/opt/gym', '/data', '/etc') if os.access(p, os.W_OK)])"
    assert (
        containers.podman("run", "--rm", "--entrypoint", "python", "--network", "none", IMAGE, "-c", write)
        == "['/data']"
    )


def test_compose_starts_all_four_and_events_come(gym: Gym) -> None:
    draw = ["python", "/app/edge_service/sample.py", "--out", "/data/sample.mp4", "--duration-s", "60"]
    gym.compose("run", "--rm", "--no-deps", "-T", "edge", *draw)
    gym.compose("up", "--detach", "--no-build")
    eventually(lambda: gym.are_well(*OWN), "all healthy", timeout_s=240)
    eventually(lambda: gym.events() or None, "the first events", timeout_s=180)
    eventually(lambda: get(f"http://127.0.0.1:{gym.ui_port}/_stcore/health"), "the dashboard's pages")
    assert gym.get("/ready") is not None
    for name in OWN:
        assert gym.containers.podman("exec", f"gym-mvp_{name}_1", "id", "-u") == "10001"


def test_a_process_that_hangs_ends_its_container_and_is_started_again(containers: Containers) -> None:
    command = ["--patience-s", "5", "python", "/app/backend_api/main.py", "--db", "/data/app.db"]
    name = "gym-test-hangs"
    containers.podman("run", "--detach", "--name", name, "--restart", "always", "--network", "none", IMAGE, *command)
    well = ["healthcheck", "run", name]
    eventually(lambda: containers.podman(*well, check=False) == "" and is_running(containers, name), "healthy", 180)
    pid = int(containers.podman("inspect", "--format", "{{.State.Pid}}", name))
    [process] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(process), signal.SIGSTOP)
    eventually(lambda: int(containers.podman("inspect", "--format", "{{.RestartCount}}", name)) > 0, "a restart", 120)
    assert "has not said for 5 s that it works" in containers.complaints("logs", name)
    containers.podman("rm", "--force", "--volumes", "--time", "10", name)


def is_running(containers: Containers, name: str) -> bool:
    return containers.podman("inspect", "--format", "{{.State.Status}}", name) == "running"


def test_data_outlive_the_containers(gym: Gym) -> None:
    had = gym.events()
    gym.compose("down")
    assert gym.get("/health") is None
    gym.compose("up", "--detach", "--no-build")
    eventually(lambda: gym.events() >= had > 0, "the events from before", timeout_s=180)
    gym.compose("down", "--volumes")
