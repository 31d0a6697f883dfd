"""Entry script: `sudo python3 deploy/systemd/install.py` makes services of this checkout; `--remove` takes them out."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import argparse  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import subprocess  # noqa: E402

from backend_api.base.arguments import ArgumentParser, folder  # noqa: E402
from backend_api.base.process import EXIT_DONE, REPOSITORY, FatalError, UsageError, run_process  # noqa: E402

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
UNITS = tuple(sorted(path.name for path in HERE.glob("*.service")))
SERVICES = tuple(name for name in UNITS if "@" not in name)
# What ProtectHome hides from the services.
HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"))
# From this release on systemd's waits between starts can grow; older ones would warn of the words at every start.
RELEASE_OF_GROWING_WAITS = 254
FIXED_WAIT = "RestartSec=5\n"
GROWING_WAIT = "RestartSec=1\nRestartSteps=6\nRestartMaxDelaySec=1min\n"
ENVIRONMENTS = {
    "backend.env": "# GYM_API_KEY=...\nGYM_FLAGS=--keep-gb 50\n",
    "worker.env": "# GYM_VLM_KEY=...\nGYM_FLAGS=\n",
    "dashboard.env": "# GYM_API_KEY=...\n# GYM_TIME_ZONE=Europe/Berlin\nGYM_FLAGS=\n",
    "cam_01.env.example": "GYM_VIDEO=rtsp://user:password@camera/stream\nGYM_FLAGS=--store-id gym_demo\n",
}


def main() -> int:
    """Install or remove. Raises UsageError, and has changed nothing then; FatalError when a command fails."""
    options = _parse_options()
    if options.root is None and os.geteuid() != 0:
        raise UsageError("this changes /etc: run it with sudo, or give --root FOLDER of another system")
    try:
        if options.remove:
            remove(options.root)
        else:
            install(options.root)
    except OSError as error:
        raise FatalError(f"{error.filename}: {error.strerror}; let this user write there, then run it again") from error
    return EXIT_DONE


def install(root: Path | None) -> None:
    """Put user, units and environment files into the system at `root`; started only in the running system (None).

    Environment files that are there stay as they are. Raises UsageError.
    """
    _check_checkout()
    base = root or Path("/")
    _write(base / "etc/sysusers.d/gym-mvp.conf", (HERE / "gym-mvp.sysusers").read_text(encoding="utf-8"))
    _run("systemd-sysusers", *([] if root is None else [f"--root={root}"]))
    release = _systemd_release()
    for name in UNITS:
        _write(base / "etc/systemd/system" / name, unit_text(name, release))
    settings = base / "etc/gym-mvp"
    settings.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in ENVIRONMENTS.items():
        if not (settings / name).exists():
            _write(settings / name, text, mode=0o600)
    if root is None:
        _run("systemctl", "daemon-reload")
        # Without waiting: a start takes as long as the backend's migration.
        _run("systemctl", "enable", "--now", "--no-block", *SERVICES)
    log.info(
        "installed %s; a camera: copy %s/cam_01.env.example to cam_01.env, write its address into it, then "
        "systemctl enable --now gym-edge@cam_01",
        ", ".join(UNITS),
        settings,
    )


def unit_text(name: str, release: int) -> str:
    """The unit `name` of this checkout, as systemd of that release understands it."""
    text = (HERE / name).read_text(encoding="utf-8").replace("@ROOT@", str(REPOSITORY))
    return text.replace(FIXED_WAIT, GROWING_WAIT) if release >= RELEASE_OF_GROWING_WAITS else text


def remove(root: Path | None) -> None:
    """Stop the services and take them out of the system at `root`; settings, data and the user stay."""
    base = root or Path("/")
    if root is None:
        # Of the template that is every camera; stopping takes a pattern for them, which disabling would ignore.
        there = [name for name in UNITS if (base / "etc/systemd/system" / name).exists()]
        if there:
            _run("systemctl", "disable", *there)
        _run("systemctl", "stop", "gym-edge@*.service", *(name for name in there if name in SERVICES))
    for name in UNITS:
        (base / "etc/systemd/system" / name).unlink(missing_ok=True)
    (base / "etc/sysusers.d/gym-mvp.conf").unlink(missing_ok=True)
    if root is None:
        _run("systemctl", "daemon-reload")
    log.info("removed %s; /etc/gym-mvp, /var/lib/gym-mvp and the user gym-mvp stay", ", ".join(UNITS))


def _check_checkout() -> None:
    if any(REPOSITORY.is_relative_to(hidden) for hidden in HIDDEN):
        raise UsageError(f"{REPOSITORY} is hidden from services, as all homes are; move it to /opt/gym-mvp-local")
    if not (REPOSITORY / ".venv/bin/python").exists():
        raise UsageError(f"there is no {REPOSITORY}/.venv; run `make install` there first")
    if any(character in str(REPOSITORY) for character in " %$\"'\\"):
        raise UsageError(
            f"{REPOSITORY}: systemd takes some of these characters for its own; move it to /opt/gym-mvp-local"
        )


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _systemd_release() -> int:
    """The number of systemd's release, such as 252; 0 where it says none. Raises FatalError."""
    found = re.match(r"systemd (\d{1,5})\b", _output("systemctl", "--version").stdout)
    return int(found[1]) if found else 0


def _run(*command: str) -> None:
    said = " ".join(_output(*command).stderr.split())
    if said:
        log.info("%s: %s", command[0], said)


def _output(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise FatalError(f"there is no {command[0]}; is this a system with systemd?") from error
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise FatalError(f"{' '.join(command)} failed: {said}; put that right, then run it again")
    return done


def _parse_options() -> argparse.Namespace:
    parser = ArgumentParser(
        prog="deploy/systemd/install.py",
        description="Install backend, worker and dashboard as services of systemd, and a template for cameras.",
        epilog="Exit codes: 0 done, 1 a command failed, 2 wrong use.",
    )
    parser.add_argument(
        "--remove", action="store_true", help="stop and remove the services; settings, data and the user stay"
    )
    parser.add_argument(
        "--root",
        type=folder,
        metavar="FOLDER",
        help="the system to change, such as one that is made in a folder; nothing is started there (default: this one)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    run_process(main)
