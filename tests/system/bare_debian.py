"""A Debian that debootstrap makes in a folder, and a running one: systemd boots it in namespaces of its own.

Nothing of this computer's own settings goes into it: packages of Python come from a folder of files that pip fetched
here, as this computer is set up to fetch them.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from backend_api.base.process import REPOSITORY
from tests.processes import Running, eventually

MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
PACKAGES = "python3,python3-venv,make,systemd,systemd-sysv,dbus,procps"
CHECKOUT = "/opt/gym-mvp-local"
_PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


def make_debian(folder: Path) -> Path:
    """Debian 12 in `folder`, with Python and systemd and little else."""
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(folder), MIRROR]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=1200)
    return folder


def fetch_wheels(folder: Path) -> Path:
    """The files that the locks of the product name, in `folder`."""
    locks = [word for name in ("requirements.lock", "requirements-chain.lock") for word in ("-r", name)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", *locks]
    subprocess.run([*command, "-d", str(folder)], cwd=REPOSITORY, check=True, timeout=1200)
    return folder


def copy_checkout(target: Path) -> None:
    """What git knows, and what is about to be, as a clone has it."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True).stdout
    target.mkdir(parents=True)
    packed = subprocess.run(["tar", "--null", "-T", "-", "-cf", "-"], cwd=REPOSITORY, input=files, check=True, capture_output=True)  # fmt: skip # noqa: E501
    subprocess.run(["tar", "--no-same-owner", "-xf", "-"], cwd=target, input=packed.stdout, check=True)


def install_packages(root: Path, wheels: Path) -> None:
    """`make install` in the checkout of the Debian in `root`, by its own Python."""
    settings = {**_PATH, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
    inside = ["systemd-nspawn", "--quiet", f"--directory={root}", "--register=no", "--keep-unit", "--private-network"]
    inside += [f"--bind-ro={wheels}:/wheels", "--pipe", *(f"--setenv={name}={value}" for name, value in settings.items())]  # fmt: skip # noqa: E501
    subprocess.run([*inside, "make", "-C", CHECKOUT, "install"], check=True, timeout=1200)


class Booted:
    """The Debian in `root`, running under its own systemd, with a network of its own; ends with the context."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._nspawn: Running | None = None

    def __enter__(self) -> Self:
        self.boot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut_down()

    def boot(self) -> None:
        """Start it, and wait until everything that starts with it has."""
        command = ["systemd-nspawn", "--boot", f"--directory={self.root}", "--register=no", "--keep-unit"]
        self._nspawn = Running([*command, "--private-network", "--console=pipe"]).__enter__()
        up = ("running", "degraded")
        eventually(lambda: self.run("systemctl", "is-system-running", check=False) in up, "boot", timeout_s=180)

    def shut_down(self) -> None:
        """End it as a computer is shut down."""
        if self._nspawn is not None:
            self._nspawn.stop(timeout_s=120)
            self._nspawn.__exit__(None, None, None)
            self._nspawn = None

    def run(self, *command: str, check: bool = True) -> str:
        """What `command` says in there; fails with what it says when it fails, unless it may."""
        done = subprocess.run(self._inside(command), capture_output=True, text=True, check=False, timeout=180)
        assert not check or done.returncode == 0, f"{command} gave {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def show(self, unit: str, *properties: str) -> list[str]:
        """The values of `properties` of the unit, by systemctl."""
        return [self.run("systemctl", "show", "--value", "-p", name, unit) for name in properties]

    def get(self, url: str) -> str | None:
        """The body at `url` in there, None as long as nothing well answers."""
        asked = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=10).read().decode())"
        return self.run("python3", "-c", asked, url, check=False) or None

    def _inside(self, command: Sequence[str]) -> list[str]:
        settings = [f"{name}={value}" for name, value in _PATH.items()]
        enter = [
            "nsenter",
            f"--target={self._first_process()}",
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--net",
            "--cgroup",
        ]
        return [*enter, "env", "-i", *settings, *command]

    def _first_process(self) -> int:
        """systemd's id out here, 0 before there is one. nspawn's first child is another, which lives for a moment."""
        assert self._nspawn is not None
        assert not self._nspawn.has_ended, self._nspawn.output
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return int(children[-1]) if children else 0
