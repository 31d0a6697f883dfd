"""Every script starts from any working directory, and says what it takes."""

import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from backend_api.base.process import REPOSITORY
from tests.browser import open_page
from tests.processes import Running, free_port

pytestmark = pytest.mark.e2e

FOLDERS = {"root": REPOSITORY, "parent": REPOSITORY.parent, "its own folder": None, "elsewhere": Path("/")}
SCRIPTS = [
    "backend_api/main.py",
    "backend_api/doctor.py",
    "mm_worker/evaluate.py",
    "mm_worker/worker.py",
    "edge_service/main.py",
    "edge_service/sample.py",
    "edge_service/evaluate.py",
]


def working_directory(name: str, script: str) -> Path:
    return FOLDERS[name] or (REPOSITORY / script).parent


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_help(script: str, folder: str) -> None:
    cwd = working_directory(folder, script)
    with Running([sys.executable, os.path.relpath(REPOSITORY / script, cwd), "--help"], cwd=cwd) as process:
        assert process.wait() == 0
    assert process.lines[0].startswith("usage: ")
    assert "default" in process.output


@pytest.mark.parametrize("folder", FOLDERS)
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
