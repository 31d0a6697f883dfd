"""Tiny videos and what comes of one of them, each made once a run."""

import os
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from tests.edge_service import tiny_videos
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.restart_scene import VIDEO_S, Scene


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The path of the tiny video of that name; copy it before you change it."""

    @cache
    def draw(name: str) -> Path:
        return tiny_videos.ALL[name](tmp_path_factory.mktemp(name))

    return draw


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a thing: for what writes thousands of files and cares for no real disk."""
    shared = Path("/dev/shm")  # noqa: S108 - the folder in it is our own
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough for the whole world of a Scene."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    return tiny_videos.draw_video(path, rate=Fraction(10), seconds=VIDEO_S, key_every=10)


@pytest.fixture(scope="session")
def short_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough for somebody to have left."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    return tiny_videos.draw_video(path, rate=Fraction(10), seconds=3, key_every=10)


@pytest.fixture(scope="session")
def undisturbed(long_video: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A Scene that was run from begin to end; do not run it again."""
    scene = Scene(long_video, tmp_path_factory.mktemp("undisturbed"))
    scene.run(QuickDisk())
    scene.check_media()
    events = scene.ledger.events()
    types = [event.event_type.rsplit("_", 1)[-1] for event in events]
    assert types == ["START", "END", "OPEN", "ATTEMPT", "START", "END"]
    assert all(event.clip for event in events)
    assert scene.promised == set(scene.ledger.bodies)
    return scene
