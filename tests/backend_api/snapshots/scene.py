"""A database with events and clips, a backup of it, and what is restored from that."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from backend_api.base.durable_files import Disk
from backend_api.contract.media import thumbnail_name
from backend_api.snapshots.repository import Repository
from backend_api.snapshots.restoring import Restored, restore_snapshot
from backend_api.snapshots.taking import Taken, take_snapshot
from backend_api.snapshots.verifying import verify
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import Scene
from tests.edge_service.crashing_disk import QuickDisk
from tests.fake_clock import FakeClock

Stored = tuple[list[tuple[object, ...]], dict[str, bytes]]


@dataclass(frozen=True, slots=True)
class Backups:
    """The backend's `house`, and the `folder` of its backups."""

    house: Scene
    folder: Path

    def add(self, number: int) -> Path:
        """A session with a clip and a thumbnail of its own; the clip's path."""
        event, path = self.house.add_with_clip(f"clip {number}".encode() * 50, at_s=float(number))
        self.house.put(thumbnail_name(event.event_id), f"picture {number}".encode())
        return path

    def take(self, disk: Disk | None = None, *, keep: int = 7) -> Taken:
        self.house.clock.advance(60)
        with Repository.open_for_writing(self.folder, disk or QuickDisk()) as repository:
            taken = take_snapshot(self.house.db, self.house.media, repository, self.house.clock)
            repository.prune(keep)
        return taken

    def names(self) -> list[str]:
        if not (self.folder / "gym-backup").exists():
            return []
        with Repository.open_for_reading(self.folder, Disk()) as repository:
            return repository.names()

    def verify(self) -> list[str]:
        with Repository.open_for_reading(self.folder, Disk()) as repository:
            return verify(repository)

    def restore(self, to: Path, name: str | None = None, disk: Disk | None = None) -> Restored:
        disk = disk or QuickDisk()
        with Repository.open_for_reading(self.folder, disk) as repository:
            return restore_snapshot(repository, name or self.names()[-1], to / "app.db", to / "media", disk)

    def now(self) -> Stored:
        """Every event, byte for byte, and every file."""
        return self.house.stored_events(), self.house.files()


def read_house(folder: Path) -> Stored:
    """What is in a house that was restored to `folder`, which is opened as the backend does."""
    with closing(Store.open(folder / "app.db", FakeClock(), create=True)) as store:
        house = Scene(folder / "app.db", folder / "media", store, FakeClock())
        return house.stored_events(), house.files()


def object_of(folder: Path, content: bytes) -> Path:
    """Where a backup in `folder` keeps `content`."""
    sha256 = hashlib.sha256(content).hexdigest()
    return folder / "objects" / sha256[:2] / sha256


def when_copied(take: Callable[[], None]) -> type[QuickDisk]:
    """A disk on which `take` happens once, when the database's copy gets its name."""

    class Disk(QuickDisk):
        done = False

        def _rename(self, source: Path, target: Path) -> None:
            super()._rename(source, target)
            if target.name == "database.tmp" and not Disk.done:
                Disk.done = True
                take()

    return Disk
