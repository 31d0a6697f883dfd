"""The bucket: crashes between its object and its name, what refuses it, and that no key is told."""

import io
import os
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import obstore
import pytest

from backend_api.base.database_address import DatabaseAddress
from backend_api.base.process import UsageError
from backend_api.contract.media import clip_name
from backend_api.doctor import examine
from backend_api.doctor_options import Options
from backend_api.media.bucket import MediaBucket
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.folder import MediaFolder
from backend_api.media.index import MediaIndex
from backend_api.media.media import MediaAway
from backend_api.media.objects import Objects
from backend_api.media.place import media_place, open_media
from backend_api.store.store import Store
from tests.backend_api.doctor_scene import Scene
from tests.backend_api.media.test_media import put, read
from tests.fake_clock import FakeClock
from tests.processes import free_port
from tests.seaweed import KEYS

CLIP = b"....ftypisom a clip"


class Crash(BaseException):
    """The process ends here."""


def crash(*_args: object) -> None:
    raise Crash


def test_a_crash_before_the_name_is_repaired_by_the_next_upload(
    bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = clip_name(uuid4())
    with monkeypatch.context() as broken:
        broken.setattr(MediaIndex, "add", crash)
        with pytest.raises(Crash):
            put(bucket, name, CLIP)
    assert bucket.has([name]) == set()
    assert [stray for stray, _ in bucket.strays()] == [name]
    with pytest.raises(FileExistsError):
        put(bucket, name, b"another")
    put(bucket, name, CLIP)
    assert read(bucket, name) == CLIP
    assert list(bucket.strays()) == []


@pytest.mark.parametrize("step", ["delete", "drop"])
def test_a_crash_in_a_removal_is_found_again(bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    name = clip_name(uuid4())
    put(bucket, name, CLIP)
    with monkeypatch.context() as broken:
        broken.setattr(Objects if step == "delete" else MediaIndex, step, crash)
        with pytest.raises(Crash):
            bucket.remove([name])
    assert bucket.has([name]) == set()
    with pytest.raises(FileNotFoundError):
        bucket.find(name)
    assert [found for found, _ in bucket.entries()] == [name]
    bucket.remove([name])
    assert list(bucket.entries()) == list(bucket.strays()) == []


def test_an_object_that_was_copied_into_the_bucket_is_taken_up(bucket: MediaBucket) -> None:
    name = clip_name(uuid4())
    bucket._objects.put(name, CLIP)
    assert [stray for stray, _ in bucket.strays()] == [name]
    bucket.take_up(name)
    assert read(bucket, name) == CLIP
    assert bucket.find(name).tag == sha256(CLIP).hexdigest()[:32]
    assert list(bucket.strays()) == []


def test_a_real_store_passes_the_probe_and_keeps_nothing_of_it(bucket: MediaBucket) -> None:
    bucket.probe()
    assert list(bucket.strays()) == []


def test_a_store_that_ignores_conditions_is_refused_in_a_line(
    bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = obstore.put
    monkeypatch.setattr(obstore, "put", lambda *args, **options: plain(*args, **options | {"mode": "overwrite"}))
    with pytest.raises(UsageError, match="overwrites what is there although it is told not to") as refused:
        bucket.probe()
    assert "\n" not in str(refused.value)
    assert list(bucket.strays()) == []


def test_wrong_keys_are_told_without_telling_them(bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-and-not-to-be-told")
    wrong = MediaBucket(Objects.connect(bucket._objects.address, os.environ), bucket._index)
    with pytest.raises(UsageError, match=r"SignatureDoesNotMatch.*AWS_") as refused:
        wrong.probe()
    assert "\n" not in str(refused.value)
    assert not any(key in str(refused.value) for key in ("wrong-and-not", KEYS["AWS_ACCESS_KEY_ID"] + "/"))


def test_a_bucket_that_is_away_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}.items():
        monkeypatch.setenv(name, value)
    away = open_media(BucketAddress("gym"), store.database)
    with pytest.raises(MediaAway, match="s3://gym does not answer as it should: it cannot be reached"):
        away.check()
    with pytest.raises(UsageError, match=r"s3://gym .*cannot be reached"):
        open_media(BucketAddress("gym"), store.database, is_probed=True)


def test_without_its_library_the_flag_says_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "backend_api.media.objects", None)
    with pytest.raises(UsageError, match=r"--media-dir s3://gym/clips needs .*pip install -r requirements-chain\.txt"):
        open_media(BucketAddress("gym", "clips"), store.database)


@pytest.mark.parametrize(
    "text", ["s3://", "s3:/gym", "s3://g", "s3://gym/a/../b", "s3://Gym", "s3://gym/a b", "s3://k:s@gym"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Exception, match="s3"):
        media_place(text)


def test_an_address_is_as_it_was_written() -> None:
    assert str(media_place("s3://gym-media/clips/2026/")) == "s3://gym-media/clips/2026"
    assert str(media_place("s3://gym.media")) == "s3://gym.media"


def examined(db: Path, bucket: MediaBucket, clock: FakeClock, *, fix: bool = False) -> str:
    """What the doctor says about the bucket."""
    options = Options(DatabaseAddress(db), bucket._objects.address, fix=fix, orphan_age_s=3600, session_age_s=3600)
    output = io.StringIO()
    with redirect_stdout(output):
        examine(options, clock)
    return output.getvalue()


def test_the_doctor_takes_up_what_the_index_does_not_have(
    bucket: MediaBucket, store: Store, tmp_path: Path, clock: FakeClock, media: MediaFolder
) -> None:
    db = tmp_path / "app.db"
    event, path = Scene(db, media.folder, store, clock).add_with_clip()
    for name in (path.name, "notes.txt"):
        bucket._objects.put(name, path.read_bytes())
    clock.advance(10 * 365 * 86_400)
    found = examined(db, bucket, clock)
    assert f"missing clip: {event.event_id}: " in found
    assert f"orphaned file: {path.name}: the index does not have it" in found
    assert "unknown file: notes.txt: " in found
    assert path.name in examined(db, bucket, clock, fix=True)
    again = examined(db, bucket, clock)
    assert not any(what in again for what in ("missing clip", path.name))
    assert read(bucket, path.name) == path.read_bytes()
