"""The Makefile on computers that are not ready for it, and what it hands on; in a small copy of the project."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from backend_api.base.process import REPOSITORY
from edge_service.weights.catalogue import CATALOGUE
from tests.processes import Running, eventually, is_gone
from tests.requirements import need_program

SHOWS_WHAT_IT_WAS_GIVEN = "import json, sys; print(json.dumps(sys.argv[1:]))"


@pytest.fixture(autouse=True)
def no_make_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make test` runs these tests: without this, the make under test takes itself for a part of that one."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile, with nothing to install, a drawn sample, and a launcher that shows what it was given."""
    folder = tmp_path / "it's here"
    (folder / "deploy" / "launcher").mkdir(parents=True)
    shutil.copy(REPOSITORY / "Makefile", folder)
    (folder / "requirements.lock").touch()
    (folder / "sample.mp4").touch()
    (folder / "deploy" / "launcher" / "main.py").write_text(SHOWS_WHAT_IT_WAS_GIVEN)
    return folder


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need_program("make"), *words], cwd=folder, text=True, capture_output=True, timeout=120, check=False
    )


def fake_python(folder: Path, body: str) -> str:
    path = folder / "fake_python"
    path.write_text(f'#!/bin/sh\n{body}\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return "./fake_python"


def installed(folder: Path) -> None:
    """An environment as `make install` leaves it, in no time."""
    bin_folder = folder / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to(sys.executable)
    (bin_folder / "activate").write_text(f"VIRTUAL_ENV={folder / '.venv'}\n")
    (folder / ".venv" / ".installed").touch()


def given(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The flags that the launcher got, and their values."""
    words = json.loads(answer.stdout.splitlines()[-1])
    flat = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def test_without_python_or_with_an_old_one_a_line_says_what_to_install(project: Path) -> None:
    answer = make(project, "run", "PYTHON=python9")
    assert answer.returncode == 2
    assert (
        answer.stdout
        == "There is no python9: apt-get install python9 python9-venv, or make PYTHON=... of another one\n"
    )
    old = fake_python(project, 'case "$2" in *"version_info < "*) exit 1;; esac')
    answer = make(project, "run", f"PYTHON={old}")
    assert answer.returncode == 2
    assert answer.stdout == (
        f"{old} is older than Python 3.11: apt-get install python3.11 python3.11-venv, then make PYTHON=python3.11\n"
    )


def test_the_package_that_is_missing_is_the_one_of_this_python(project: Path) -> None:
    bare = fake_python(project, 'case "$2" in *ensurepip*) exit 1;; esac')
    answer = make(project, "run", f"PYTHON={bare}")
    assert answer.returncode == 2
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert answer.stdout == f"{bare} cannot make a virtual environment: apt-get install {package}\n"
    assert not (project / ".venv").exists()


def python_without_pip(folder: Path) -> str:
    """A Python whose environments come at once: with a pip that installs nothing, as there is nothing to install."""
    return fake_python(
        folder,
        f"""if [ "$1 $2" = "-m venv" ]; then
  {sys.executable} -m venv --without-pip "$3" || exit
  for packages in "$3"/lib/python*/site-packages; do touch "$packages/pip.py"; done
  exit
fi""",
    )


def test_a_folder_that_was_moved_gets_its_environment_anew(project: Path) -> None:
    python = python_without_pip(project)
    first = make(project, "install", f"PYTHON={python}")
    assert first.returncode == 0, first.stderr
    assert "anew" not in first.stdout
    assert make(project, "run", "PORT=1").stdout.startswith("[")  # nothing is installed twice
    moved = project.rename(project.with_name("that's moved"))
    again = make(moved, "run", f"PYTHON={python}")
    assert again.returncode == 0, again.stderr
    assert ".venv was made in another folder, or for a Python that is gone: it is made anew ..." in again.stdout
    assert str(moved) in (moved / ".venv" / "bin" / "activate").read_text()
    assert make(moved, "run", "PORT=1").stdout.startswith("[")
    # A Python that an upgrade of the system took away leaves a link to nothing.
    for name in ("python", "python3"):
        (moved / ".venv" / "bin" / name).unlink()
        (moved / ".venv" / "bin" / name).symlink_to("/nowhere/python3")
    assert "it is made anew" in make(moved, "--dry-run", "install", f"PYTHON={sys.executable}").stdout


def test_a_model_that_is_named_is_fetched_first(project: Path) -> None:
    installed(project)
    (project / "edge_service").mkdir()
    (project / "edge_service" / "fetch_model.py").write_text(SHOWS_WHAT_IT_WAS_GIVEN)
    for name in CATALOGUE:
        answer = make(project, "run", f"MODEL={name}")
        assert json.loads(answer.stdout.splitlines()[0]) == [name]
        assert given(answer)["--model"] == f"data/models/{name}.onnx"
    answer = make(project, "run", "MODEL=own.onnx")
    assert given(answer)["--model"] == "own.onnx"
    assert len(answer.stdout.splitlines()) == 1


def test_what_make_was_given_reaches_the_launcher_as_it_is(project: Path) -> None:
    installed(project)
    video = 'rtsp://admin:it\'s-$5"$HOME"@camera/a b?c=1&d=2#e'
    flags = given(
        make(project, "run", f"VIDEO={video}", "MODEL=a b.onnx", "PORT=8001", "EDGE_FLAGS=--loop 2 --speed max")
    )
    assert flags["--video"] == video
    assert flags["--model"] == "a b.onnx"
    assert (flags["--port"], flags["--ui-port"]) == ("8001", "8501")
    assert flags["--edge-flags"] == "--loop 2 --speed max"
    assert flags["--config"] == flags["--data-dir"] == flags["--camera-id"] == flags["--worker-flags"] == ""


def test_what_the_environment_holds_for_others_is_not_meant(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(project)
    for name, value in {"PORT": "9999", "MODEL": "gpt", "DATA": "/", "YES": "1"}.items():
        monkeypatch.setenv(name, value)
    flags = given(make(project, "run"))
    assert (flags["--port"], flags["--model"], flags["--data-dir"]) == ("8000", "", "")


def test_the_launcher_hears_that_make_was_killed(project: Path) -> None:
    installed(project)
    (project / "deploy" / "launcher" / "main.py").write_text("import time; print('is up'); time.sleep(600)")
    with Running([need_program("make"), "run"], cwd=project) as process:
        process.wait_for("is up")
        [launcher] = psutil.Process(process.pid).children()
        process.send(signal.SIGKILL)
        eventually(lambda: is_gone(launcher.pid), "the launcher is gone")


def test_help_names_every_target(project: Path) -> None:
    lines = make(project).stdout.splitlines()
    assert {line.split()[1] for line in lines if line.startswith("  make ")} >= {
        "run",
        "test",
        "install",
        "reset-demo",
        "clean",
        "bench",
        "chaos",
    }


def test_make_test_passes_when_tests_and_lint_do(project: Path) -> None:
    """Neither hides that the other failed, and what failed is said last."""
    installed(project)
    for name in ("requirements-dev.lock", ".venv/.installed-dev"):
        (project / name).touch()
    for lint, tests in ((0, 0), (1, 0), (0, 1), (1, 1)):
        programs = {"ruff": "exit 0", "mypy": f"echo linted; exit {lint}", "python": f'[ "$1" = -c ] || exit {tests}'}
        for name, body in programs.items():
            program = project / ".venv" / "bin" / name
            program.unlink(missing_ok=True)
            program.write_text(f"#!/bin/sh\n{body}\n")
            program.chmod(0o755)
        answer = make(project, "test")
        assert (answer.returncode == 0) == (lint == tests == 0), answer.stderr
        assert answer.stdout.startswith("linted\n")
        assert ("`make lint` shows it again" in answer.stdout) == bool(lint)
