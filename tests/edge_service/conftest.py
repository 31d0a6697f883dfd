"""Tiny videos, each drawn once a run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.edge_service import tiny_videos


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The path of the tiny video of that name; copy it before you change it."""

    @cache
    def draw(name: str) -> Path:
        return tiny_videos.ALL[name](tmp_path_factory.mktemp(name))

    return draw
