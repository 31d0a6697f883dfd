"""What the tests of whole systems share; what root or a program is missing for is skipped, as one line says."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.bare_debian import CHECKOUT, Booted, copy_checkout, fetch_wheels, install_packages, make_debian

_PACKAGES = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "systemd-sysusers": "systemd",
    "buildah": "buildah",
    # The plugin tells containers each other's names.
    "podman": "podman golang-github-containernetworking-plugin-dnsname",
    "runc": "runc",
    "podman-compose": "",
}


def missing() -> list[str]:
    """What of the programs, and of root's rights, is not there."""
    return [*(["root"] if os.geteuid() else []), *(name for name in _PACKAGES if shutil.which(name) is None)]


def pytest_report_header() -> str:
    """The one line."""
    lacks = missing()
    if not lacks:
        return "system: everything is there"
    packages = " ".join(sorted(_PACKAGES[name] for name in lacks if _PACKAGES.get(name)))
    cure = f"; apt-get install {packages}" if packages else ""
    return f"system: what needs {', '.join(lacks)} is skipped{cure}{'; run it as root' if 'root' in lacks else ''}"


def need(*names: str) -> None:
    """Skip where one of `names` (programs, or root) is missing."""
    lacks = [name for name in missing() if name in names]
    if lacks:
        pytest.skip(f"there is no {', '.join(lacks)}")


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Debian 12 as debootstrap makes it; nobody changes it."""
    need("root", "debootstrap")
    folder = tmp_path_factory.mktemp("debian")
    yield make_debian(folder / "root")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the product, as files."""
    return fetch_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def booted(debian: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A Debian that runs, with a checkout whose packages are installed; no service of it yet."""
    need("root", "debootstrap", "systemd-nspawn")
    folder = tmp_path_factory.mktemp("booted")
    root = folder / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", str(debian), str(root)], check=True)
    copy_checkout(root / CHECKOUT.lstrip("/"))
    install_packages(root, wheels)
    with Booted(root) as booted:
        yield booted
    shutil.rmtree(folder, ignore_errors=True)
