"""Moving clips into a bucket and back, killed again and again: in the end both have all of them."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.base.clock import SystemClock
from backend_api.contract.media import clip_name
from backend_api.store.store import Store
from tests.processes import script, was_killed
from tests.seaweed import BUCKET, BucketServer

FILES, KILLS = 600, 12
# Starting takes most of a second.
EARLIEST_S, LATEST_S = 0.5, 3.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Many files of many sizes."""
    folder, chance = tmp_path / "media", random.Random(1)
    folder.mkdir()
    for number in range(FILES):
        (folder / clip_name(UUID(int=number))).write_bytes(chance.randbytes(chance.randrange(1, 300_000)))
    return folder


def digests(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.iterdir() if path.suffix == ".mp4")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def after() -> Iterator[float]:
    """How long each run has, in seconds: the last one as long as it needs."""
    chance = random.SystemRandom()
    yield from (chance.uniform(EARLIEST_S, LATEST_S) for _ in range(KILLS))
    yield 300


def test_a_killed_move_goes_on_and_touches_nothing(folder: Path, tmp_path: Path, bucket_server: BucketServer) -> None:
    db, back, expected = tmp_path / "app.db", tmp_path / "back", digests(folder)
    Store.open(db, SystemClock(), create=True).close()
    place = f"s3://{BUCKET}/{random.SystemRandom().randrange(2**32):x}"
    move = [*script("backend_api/move.py"), "--to", str(db)]
    kills = 0
    for flags in (
        ["--media-from", str(folder), "--media-to", place],
        ["--media-from", place, "--media-to", str(back)],
    ):
        for after_s in after():
            if not was_killed([*move, *flags], after_s, bucket_server.environment):
                break
            kills += 1
    assert digests(folder) == digests(back) == expected
    with closing(Store.open(db, SystemClock(), create=False)) as store, store.database.read() as connection:
        query = "SELECT name, sha256 FROM media_files"
        assert {row.name: row.sha256 for row in connection.exec_driver_sql(query)} == expected
    print(f"{len(expected)} files there and back, {kills} kills, all the same")
    assert kills
