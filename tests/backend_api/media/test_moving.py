"""Moving clips and pictures into a bucket or back: all of them, the same, and the source as it was."""

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from backend_api.base.process import FatalError
from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.media import moving
from backend_api.media.bucket import MediaBucket
from backend_api.media.folder import MediaFolder
from backend_api.media.media import Media, MediaAway
from backend_api.media.moving import move_media
from tests.backend_api.media.test_media import put, read

EVENTS = 4
CONTENTS = {
    name: random.Random(name).randbytes(300_000 if name.endswith(".mp4") else 3_000)
    for number in range(EVENTS)
    for name in (clip_name(UUID(int=number)), thumbnail_name(UUID(int=number)), frame_name(UUID(int=number), 1))
}


@pytest.fixture(params=["into a bucket", "into a folder"])
def places(request: pytest.FixtureRequest, media: MediaFolder, bucket: MediaBucket) -> tuple[Media, Media]:
    """Where everything is, and where it is to be."""
    source, target = (media, bucket) if request.param == "into a bucket" else (bucket, media)
    for name, content in CONTENTS.items():
        put(source, name, content)
    return source, target


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "_FILES_A_STEP", 5)


def check_same(source: Media, target: Media) -> None:
    for media in (source, target):
        assert {name: read(media, name) for name in CONTENTS} == CONTENTS
        assert {name for name, _ in media.entries() if name in CONTENTS} == CONTENTS.keys()


def test_all_of_it_is_there(places: tuple[Media, Media]) -> None:
    source, target = places
    moved = move_media(source, target)
    assert (moved.files, moved.copied, moved.lost) == (len(CONTENTS), len(CONTENTS), ())
    assert moved.size_bytes == sum(map(len, CONTENTS.values()))
    check_same(source, target)
    again = move_media(source, target)
    assert (again.files, again.copied) == (len(CONTENTS), 0)


@pytest.mark.parametrize("fails", ["before a file has its name", "after it", "in the middle of a file"])
def test_it_goes_on_wherever_it_was_stopped(
    places: tuple[Media, Media], fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = places
    chance, runs = random.Random(fails), 0
    with monkeypatch.context() as patched:
        break_at_random(patched, source, target, fails, chance)
        while True:
            runs += 1
            assert runs < 100
            try:
                move_media(source, target)
            except MediaAway:
                # What has a name already is whole.
                assert all(read_through(target, name) == CONTENTS[name] for name in target.has(CONTENTS))
            else:
                break
    assert runs > 1
    check_same(source, target)
    if target.folder is not None:
        assert list(target.folder.glob("*.tmp")) == []


def read_through(media: Media, name: str) -> bytes:
    """Whatever is broken of it."""
    return b"".join(type(media).open_range(media, name, 0, media.find(name).size_bytes))


def break_at_random(
    patched: pytest.MonkeyPatch, source: Media, target: Media, fails: str, chance: random.Random
) -> None:
    """Let some steps fail, as when the bucket goes away."""
    put_new: Callable[[Path, str, str], bool] = target.put_new
    open_range: Callable[[str, int, int], Iterator[bytes]] = source.open_range

    def put_or_not(temporary: Path, name: str, sha256: str) -> bool:
        breaks = chance.random() < 0.4
        if breaks and fails.startswith("before"):
            raise MediaAway("gone")
        is_new = put_new(temporary, name, sha256)
        if breaks:
            raise MediaAway("gone")
        return is_new

    def read_or_not(name: str, start: int, end: int) -> Iterator[bytes]:
        breaks = chance.random() < 0.15
        for chunk in open_range(name, start, end):
            yield chunk
            if breaks:
                raise MediaAway("gone")

    if fails == "in the middle of a file":
        patched.setattr(source, "open_range", read_or_not)
    else:
        patched.setattr(target, "put_new", put_or_not)


def test_what_differs_is_found(places: tuple[Media, Media], monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = places
    name = min(CONTENTS)
    put(target, name, b"something else")
    with pytest.raises(FatalError, match=f"{name} has {len(CONTENTS[name])} bytes in .* and 14 in"):
        move_media(source, target)
    assert read(target, name) == b"something else"
    # An object that was put there by another program, and that the index does not have.
    monkeypatch.setattr(target, "has", lambda _: set())
    with pytest.raises(FatalError, match="never replaced; remove it there"):
        move_media(source, target)


def test_what_the_source_has_lost_is_named(media: MediaFolder, bucket: MediaBucket) -> None:
    for name, content in CONTENTS.items():
        put(media, name, content)
    lost = min(CONTENTS)
    (media.folder / lost).write_bytes(b"")
    (media.folder / "notes.txt").write_text("nobody's")
    moved = move_media(media, bucket)
    assert (moved.lost, moved.files) == ((lost,), len(CONTENTS) - 1)
    assert {name for name, _ in bucket.entries()} == CONTENTS.keys() - {lost}


def test_what_is_being_removed_stays_behind(media: MediaFolder, bucket: MediaBucket) -> None:
    for name, content in CONTENTS.items():
        put(bucket, name, content)
    going = min(CONTENTS)
    bucket._index.mark([going])
    assert move_media(bucket, media).lost == ()
    assert media.has(CONTENTS) == CONTENTS.keys() - {going}


def test_the_source_is_only_read(media: MediaFolder, bucket: MediaBucket) -> None:
    for name, content in CONTENTS.items():
        put(media, name, content)

    def state() -> dict[str, tuple[str, int, int]]:
        return {
            path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, path.stat().st_nlink)
            for path in media.folder.iterdir()
        }

    before = state()
    move_media(media, bucket)
    assert state() == before
