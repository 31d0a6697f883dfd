"""The services in a Debian that debootstrap made and systemd booted: started, hung, shut down, removed.

The tests of this file build upon each other, in their order: one computer lives through them.
"""

import json
import re
import shutil
from pathlib import Path

from tests.processes import eventually
from tests.system.bare_debian import CHECKOUT, Booted

SERVICES = ("gym-backend", "gym-worker", "gym-dashboard")
EDGE = "gym-edge@cam_01"
INSTALL = ("python3", f"{CHECKOUT}/deploy/systemd/install.py")
# Two minutes and more are systemd's patience with a gym; the tests have less.
PATIENCE = "[Service]\nWatchdogSec=15s\n"


def events(booted: Booted) -> int:
    """How many events the backend has, of up to 200."""
    said = booted.get("http://127.0.0.1:8000/events?limit=200")
    return len(json.loads(said)["items"]) if said else 0


def set_patience(booted: Booted, unit: str) -> None:
    folder = booted.root / f"etc/systemd/system/{unit}.service.d"
    folder.mkdir()
    (folder / "patience.conf").write_text(PATIENCE)


def is_active(booted: Booted, *units: str) -> bool:
    return all(booted.show(unit, "ActiveState") == ["active"] for unit in units)


def test_one_command_starts_the_services(booted: Booted) -> None:
    booted.run(*INSTALL)
    eventually(lambda: is_active(booted, *SERVICES), "all services active", timeout_s=180)
    for unit in SERVICES:
        [pid] = booted.show(unit, "MainPID")
        assert booted.run("ps", "-o", "user=", "-p", pid) == "gym-mvp"
    eventually(lambda: booted.get("http://127.0.0.1:8000/ready"), "the backend ready")
    eventually(lambda: booted.get("http://127.0.0.1:8501/_stcore/health"), "the dashboard's pages")
    assert booted.run("stat", "-c", "%U %a", "/var/lib/gym-mvp/app.db") == "gym-mvp 600"


def test_a_camera_is_a_file_and_a_command(booted: Booted, sample: Path) -> None:
    shutil.copy(sample, booted.root / "var/lib/gym-mvp/sample.mp4")
    (booted.root / "var/lib/gym-mvp/sample.mp4").chmod(0o644)
    settings = booted.root / "etc/gym-mvp/cam_01.env"
    shutil.copy(settings.with_suffix(".env.example"), settings)
    settings.write_text("GYM_VIDEO=/var/lib/gym-mvp/sample.mp4\nGYM_FLAGS=--store-id gym_demo --loop 0\n")
    booted.run("systemctl", "enable", "--now", EDGE)
    eventually(lambda: events(booted) or None, "the first events", timeout_s=180)


def test_systemd_finds_no_fault_in_them(booted: Booted) -> None:
    units = [*SERVICES, EDGE]
    assert booted.run("systemd-analyze", "verify", *(f"{unit}.service" for unit in units)) == ""
    for unit in units:
        said = booted.run("systemd-analyze", "security", "--no-pager", unit)
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
        assert found is not None, said
        print(f"{unit}: exposure {found[1]}")
        assert float(found[1]) < 3.0


def test_a_service_that_hangs_is_started_again(booted: Booted) -> None:
    units = [*SERVICES, EDGE]
    for unit in units:
        set_patience(booted, unit)
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "restart", *units)
    eventually(lambda: is_active(booted, *units), "all active", timeout_s=180)
    before = {unit: booted.show(unit, "MainPID", "NRestarts") for unit in units}
    for unit in units:
        booted.run("systemctl", "kill", "--kill-who=main", "--signal=STOP", unit)

    def all_anew() -> bool:
        return all(booted.show(unit, "MainPID")[0] not in (before[unit][0], "0") for unit in units)

    eventually(lambda: all_anew() and is_active(booted, *units), "all started again", timeout_s=240)
    for unit in units:
        assert int(booted.show(unit, "NRestarts")[0]) > int(before[unit][1])
        assert "Watchdog timeout" in booted.run("journalctl", "--no-pager", "-u", unit)


def test_they_start_with_the_computer(booted: Booted) -> None:
    had = events(booted)
    booted.shut_down()
    booted.boot()
    eventually(lambda: is_active(booted, *SERVICES, EDGE), "all services active", timeout_s=180)
    eventually(lambda: events(booted) >= had > 0, "the events from before", timeout_s=120)


def test_one_command_removes_them_and_data_stay(booted: Booted) -> None:
    database = booted.root / "var/lib/gym-mvp/app.db"
    booted.run(*INSTALL, "--remove")
    assert booted.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "gym-*") == ""
    assert booted.run("pgrep", "-u", "gym-mvp", check=False) == ""
    assert [path.name for path in (booted.root / "etc/systemd/system").rglob("gym-*.service")] == []
    size = database.stat().st_size
    assert size > 0
    assert (booted.root / "etc/gym-mvp/cam_01.env").exists()
    booted.run(*INSTALL)
    eventually(lambda: is_active(booted, "gym-backend"), "the backend again", timeout_s=180)
    eventually(lambda: events(booted), "the events from before")
