"""The units: what systemd says of them, and what installing and removing leave in a system."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backend_api.base.process import UsageError
from deploy.systemd import install as installing
from deploy.systemd.install import ENVIRONMENTS, HERE, UNITS, install, remove

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
EXPOSED_AT_MOST = 3.0


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose Python is there, as far as systemd sees."""
    python = tmp_path / "checkout" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    monkeypatch.setattr(installing, "REPOSITORY", tmp_path / "checkout")
    monkeypatch.setattr(installing, "HIDDEN", (tmp_path / "home",))
    return tmp_path / "checkout"


@pytest.fixture
def system(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(installing, "_run", lambda *_command: None)
    monkeypatch.setattr(installing, "_systemd_release", lambda: 252)
    install(tmp_path / "system")
    return tmp_path / "system"


def test_units_user_and_settings_are_installed_and_data_stay(system: Path, checkout: Path) -> None:
    units, settings = system / "etc/systemd/system", system / "etc/gym-mvp"
    assert sorted(path.name for path in units.iterdir()) == list(UNITS)
    assert "gym-mvp" in (system / "etc/sysusers.d/gym-mvp.conf").read_text()
    for name in UNITS:
        text = (units / name).read_text()
        assert "@ROOT@" not in text
        assert f"ExecStart={checkout}/.venv/bin/python " in text
    assert {path.name for path in settings.iterdir()} == set(ENVIRONMENTS)
    assert {path.stat().st_mode & 0o777 for path in settings.iterdir()} == {0o600}
    (settings / "backend.env").write_text("GYM_API_KEY=mine\n")
    install(system)
    assert (settings / "backend.env").read_text() == "GYM_API_KEY=mine\n"
    remove(system)
    remove(system)
    assert list(units.iterdir()) == []
    assert {path.name for path in settings.iterdir()} == set(ENVIRONMENTS)


@needs_systemd
def test_systemd_finds_no_fault_and_little_that_is_exposed(system: Path) -> None:
    units = system / "etc/systemd/system"
    camera = units / "gym-edge@cam_01.service"
    (units / "gym-edge@.service").rename(camera)
    paths = [str(path) for path in sorted(units.iterdir())]
    verified = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    for path in paths:
        command = ["systemd-analyze", "security", "--offline=yes", path]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
        assert found is not None, said
        assert float(found[1]) < EXPOSED_AT_MOST, path


def test_the_users_description_is_one_that_passwd_takes() -> None:
    """systemd-sysusers makes no user otherwise, and ends with 0."""
    [line] = [line for line in (HERE / "gym-mvp.sysusers").read_text().splitlines() if line.startswith("u ")]
    assert ":" not in line


def test_every_service_is_watched_and_started_again(system: Path) -> None:
    for name in UNITS:
        text = (HERE / name).read_text()
        assert "Restart=always" in text
        assert "StateDirectory=gym-mvp\n" in text
        assert "Type=notify\n" in text
        assert "WatchdogSec=" in text


def test_the_wait_between_starts_grows_where_systemd_can() -> None:
    for name in UNITS:
        assert installing.FIXED_WAIT in installing.unit_text(name, 253)
        assert "RestartSteps" not in installing.unit_text(name, 253)
        newer = installing.unit_text(name, 254)
        assert installing.GROWING_WAIT in newer
        assert installing.FIXED_WAIT not in newer


@needs_systemd
def test_the_release_of_systemd_is_its_number() -> None:
    assert 200 < installing._systemd_release() < 1000


def test_a_checkout_that_services_cannot_use_is_refused(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".venv/bin/python").unlink()
    with pytest.raises(UsageError, match="run `make install`"):
        install(checkout / "system")
    monkeypatch.setattr(installing, "HIDDEN", (checkout.parent,))
    with pytest.raises(UsageError, match="move it to /opt/gym-mvp-local"):
        install(checkout / "system")
    assert not (checkout / "system").exists()
