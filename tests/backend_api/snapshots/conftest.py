"""A house with three sessions, and the folder of its backups."""

from pathlib import Path

import pytest

from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.snapshots.scene import Backups
from tests.fake_clock import FakeClock


@pytest.fixture
def backups(tmp_path: Path, media: MediaFolder, store: Store, clock: FakeClock) -> Backups:
    backups = Backups(Scene(tmp_path / "app.db", media.folder, store, clock), tmp_path / "backup")
    for number in range(3):
        backups.add(number)
    return backups
