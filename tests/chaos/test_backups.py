"""Backups and restorings that are killed again and again, while events and clips come: every snapshot is whole."""

import random
import threading
from contextlib import closing
from pathlib import Path

from backend_api.base.clock import SystemClock
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.snapshots.scene import Backups, read_house
from tests.fake_clock import FakeClock
from tests.processes import script, was_killed

KILLS = 50
# Starting takes most of a second; a backup or restoring takes the rest.
EARLIEST_S, LATEST_S = 0.3, 6.0


def test_every_snapshot_is_whole_however_often_backup_and_restoring_are_killed(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**31)
    chance, stop, clock = random.Random(seed), threading.Event(), SystemClock()
    media, folder, db = tmp_path / "media", tmp_path / "backup", tmp_path / "app.db"
    backup = [*script("backend_api/backup.py"), "--db", str(db), "--to", str(folder), "--keep", "3"]
    media.mkdir()
    kills = whole = 0
    with closing(Store.open(db, clock, create=True)) as store:
        house = Backups(Scene(db, media, store, FakeClock()), folder)

        def write() -> None:
            for number in range(100_000):
                if stop.wait(0.01):
                    return
                house.add(number)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(KILLS):
                kills += was_killed(backup, chance.uniform(EARLIEST_S, LATEST_S))
                whole += bool(house.names())
                if house.names():
                    assert house.verify() == [], f"seed {seed}"
        finally:
            stop.set()
            writer.join()
        assert not was_killed(backup, 120)
        expected = house.now()
    restore_kills, new = 0, tmp_path / "new"
    restore = [*script("backend_api/restore.py"), "--from", str(folder), "--db", str(new / "app.db")]
    while was_killed(restore, chance.uniform(EARLIEST_S, LATEST_S) if restore_kills < KILLS else 120):
        restore_kills += 1
    assert read_house(new) == expected, f"seed {seed}"
    print(
        f"seed {seed}: {KILLS} backups, {kills} killed, a whole snapshot there after {whole} of them; "
        f"{len(expected[0])} events and {len(expected[1])} files restored as they were, after {restore_kills} kills"
    )
