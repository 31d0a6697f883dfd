"""Every script starts from any working directory, and says what it takes."""

import os
import re
import shutil
import sys
import venv
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from backend_api.base.process import EXIT_USAGE, REPOSITORY
from tests.browser import open_page
from tests.processes import Running, free_port

pytestmark = pytest.mark.e2e

FOLDERS = {"root": REPOSITORY, "parent": REPOSITORY.parent, "its own folder": None, "elsewhere": Path("/")}
SCRIPTS = [
    "backend_api/main.py",
    "backend_api/doctor.py",
    "backend_api/backup.py",
    "backend_api/restore.py",
    "backend_api/move.py",
    "backend_api/keys.py",
    "mm_worker/evaluate.py",
    "mm_worker/worker.py",
    "edge_service/main.py",
    "edge_service/sample.py",
    "edge_service/evaluate.py",
    "edge_service/fetch_model.py",
    "edge_service/mask_stored.py",
    "deploy/launcher/main.py",
    "deploy/launcher/reset_demo.py",
]


def working_directory(name: str, script: str) -> Path:
    return FOLDERS[name] or (REPOSITORY / script).parent


# All scripts find the project by the same lines: each is started from one of the folders, and one from all.
STARTS = [
    *((script, tuple(FOLDERS)[number % len(FOLDERS)]) for number, script in enumerate(SCRIPTS)),
    *(("mm_worker/worker.py", folder) for folder in FOLDERS if folder != "its own folder"),
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_project_is_found_by_the_script_and_not_by_the_working_directory(script: str) -> None:
    lines = (
        f"ROOT = str(Path(__file__).resolve(){'.parent' * (script.count('/') + 1)})\n"
        "if ROOT not in sys.path:\n"
        "    sys.path.insert(0, ROOT)\n\n"
        "from backend_api.base.environment import require_environment  # noqa: E402\n\n"
        "require_environment()\n"
    )
    before, found, _ = (REPOSITORY / script).read_text(encoding="utf-8").partition(lines)
    assert found
    # Nothing before these lines is of the project, or of a package.
    imported = set(re.findall(r"^(?:from|import) (\w+)", before, re.M))
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize(("script", "folder"), STARTS)
def test_help(script: str, folder: str) -> None:
    cwd = working_directory(folder, script)
    with Running([sys.executable, os.path.relpath(REPOSITORY / script, cwd), "--help"], cwd=cwd) as process:
        assert process.wait() == 0
    assert process.lines[0].startswith("usage: ")
    assert "default" in process.output
    # Each option's default is named once at most.
    options = re.split(r"\n +(?=-)", process.output)
    assert len(options) > 1
    assert [option for option in options if option.count("default:") > 1] == []


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python of this version that has nothing but its standard library, as a fresh computer's."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True, with_pip=False)
    return str(folder / "bin" / "python")


@pytest.mark.parametrize("script", [*SCRIPTS, "ui/app.py"])
def test_outside_of_the_environment_one_line_says_what_to_do(script: str, bare_python: str) -> None:
    with Running([bare_python, "-I", str(REPOSITORY / script), "--help"], cwd=Path("/")) as process:
        assert process.wait() == EXIT_USAGE
    [line] = process.lines
    assert line.startswith(f"ERROR {bare_python} lacks alembic, altair, apprise and ")
    assert f"`{bare_python} -m pip install -r {REPOSITORY}/requirements.txt`" in line


def test_the_cure_outside_of_any_environment_is_that_of_the_checkout(tmp_path: Path) -> None:
    """Debian's own Python is tried, where there is one; a copy of the script has no `.venv` beside it, or has one."""
    python = Path("/usr/bin/python3")
    if not python.exists():
        pytest.skip("there is no /usr/bin/python3")
    for name in ("backend_api/__init__.py", "backend_api/base/__init__.py", "backend_api/base/environment.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "requirements.txt").write_text("no-such-package~=1.0\n")
    asks = "from backend_api.base.environment import require_environment; require_environment()"
    for cure in ("python3 -m venv .venv && . .venv/bin/activate && pip install", ".venv/bin/activate` and start"):
        with Running([str(python), "-c", asks], cwd=tmp_path) as process:
            assert process.wait() == EXIT_USAGE
        [line] = process.lines
        assert "lacks no-such-package of requirements.txt" in line
        assert cure in line
        activate = tmp_path / ".venv" / "bin" / "activate"
        activate.parent.mkdir(parents=True, exist_ok=True)
        activate.touch()


def test_the_dashboard_as_a_script_says_how_it_is_started() -> None:
    with Running([sys.executable, "ui/app.py"]) as process:
        assert process.wait() == EXIT_USAGE
    assert process.lines[-1] == "ERROR the dashboard needs its server: start it with `streamlit run ui/app.py`"


# The launcher starts it from the project's folder, and all other tests of the dashboard from elsewhere.
@pytest.mark.parametrize("folder", ["parent", "its own folder"])
def test_dashboard(folder: str, browser: Browser) -> None:
    cwd, port = working_directory(folder, "ui/app.py"), free_port()
    path = os.path.relpath(REPOSITORY / "ui" / "app.py", cwd)
    nowhere = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "streamlit", "run", path, "--server.port", str(port)]
    with Running(command, cwd=cwd, env={"GYM_BACKEND_URL": nowhere}) as process:
        process.wait_for(str(port))
        with open_page(browser, f"http://127.0.0.1:{port}") as page:
            page.get_by_text(nowhere).first.wait_for()
    assert "Traceback" not in process.output
