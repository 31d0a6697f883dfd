"""What several tests share: the sample, drawn once a run, and a browser, started once a run."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import running_browser
from tests.processes import script


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first minute of what `make run` draws."""
    return draw(tmp_path_factory.mktemp("sample") / "sample.mp4", 60)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; pages are opened in it by tests/browser.py."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def whole_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make run` draws."""
    return draw(tmp_path_factory.mktemp("sample") / "whole.mp4", 120)


def draw(path: Path, duration_s: int) -> Path:
    """`duration_s` seconds of the mocked gym, by the script that users call."""
    flags = ["--out", str(path), "--seed", "42", "--duration-s", str(duration_s)]
    subprocess.run([*script("edge_service/sample.py"), *flags], check=True, timeout=300)
    return path
