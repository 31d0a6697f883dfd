"""The scene that most of the worker's tests play in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mm_worker.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """An empty database and media folder; heartbeats stand still."""
    made = Scene(tmp_path)
    yield made
    made.store.close()
