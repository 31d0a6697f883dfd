"""Uploads: whole or not at all, checked against what was declared, never replaced."""

import base64
import errno
import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from backend_api.contract.events import ClipInfo, Event
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.api import fields, post, problem
from tests.backend_api.events import START, make_event

CLIP = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 12_000
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 100


def digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def put(client: TestClient, url: str, data: bytes, **headers: str) -> Response:
    media_type = "image/jpeg" if url.endswith("thumbnail") else "video/mp4"
    given = {"Content-Type": media_type, "Content-Digest": digest(data)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    response: Response = client.put(url, content=data, headers=given)
    return response


def event_with_clip(data: bytes = CLIP, at_s: float = 0) -> Event:
    clip = ClipInfo(
        start_ts=START, end_ts=START, codec="h264", width=64, height=48, bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    return make_event(clip=clip, at_s=at_s)


def names(media: MediaFolder) -> list[str]:
    return sorted(path.name for path in media.folder.iterdir())


@pytest.mark.parametrize("event_first", [False, True])
def test_clip_and_thumbnail_play_whichever_came_first(client: TestClient, event_first: bool) -> None:
    event = event_with_clip()
    url = f"/media/{event.event_id}"
    if event_first:
        assert post(client, event).status_code == 201
    first = put(client, url, CLIP)
    assert (first.status_code, first.headers["location"]) == (201, url)
    assert put(client, f"{url}/thumbnail", JPEG).status_code == 201
    if not event_first:
        assert post(client, event).status_code == 201
    assert client.get(url).content == CLIP
    assert client.get(f"{url}/thumbnail").content == JPEG
    assert put(client, url, CLIP).status_code == 200
    assert put(client, f"{url}/thumbnail", JPEG).status_code == 200


def test_a_file_is_never_replaced(client: TestClient, media: MediaFolder) -> None:
    event = event_with_clip()
    url = f"/media/{event.event_id}"
    assert put(client, url, CLIP).status_code == 201
    problem(put(client, url, CLIP + b"more"), 409)
    assert media.clip_path(event.event_id).read_bytes() == CLIP
    assert names(media) == [f"{event.event_id}.mp4"]


def test_a_clip_that_the_event_does_not_promise_is_refused(client: TestClient, media: MediaFolder) -> None:
    event, without = event_with_clip(), make_event(at_s=5)
    for each in (event, without):
        post(client, each)
        problem(put(client, f"/media/{each.event_id}", CLIP + b"more"), 409)
    assert names(media) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Digest": digest(b"something else")}, 422),
        ({"Content_Digest": "sha-256=:AAAA:"}, 422),
        ({"Content_Digest": "sha-256=nonsense"}, 422),
        ({"Content_Digest": "md5=:AAAA:"}, 422),
        ({"Content_Digest": ""}, 422),
        ({"Content_Type": "image/jpeg"}, 415),
        ({"Content_Type": ""}, 415),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Content_Length": str(2 * 1024**3)}, 413),
    ],
)
def test_what_is_not_what_was_declared_leaves_nothing_behind(
    client: TestClient, media: MediaFolder, headers: dict[str, str], status: int
) -> None:
    found = problem(put(client, f"/media/{make_event().event_id}", CLIP, **headers), status)
    if status == 422:
        assert fields(found) == ["Content-Digest"]
    assert names(media) == []


def test_a_file_of_another_type_or_none_is_refused(client: TestClient, media: MediaFolder) -> None:
    url = f"/media/{make_event().event_id}"
    for data in (JPEG, b"", b"\0\0\0\x20fty"):
        problem(put(client, url, data), 422)
    problem(put(client, f"{url}/thumbnail", CLIP), 422)
    problem(put(client, f"{url}/thumbnail", JPEG + bytes(8 * 1024**2)), 413)
    assert names(media) == []


@pytest.mark.parametrize(
    "name", ["..", "../../etc/passwd", "%2e%2e%2fapp.db", "x.mp4", "1", "'; DROP TABLE events; --"]
)
def test_only_an_id_names_a_file(client: TestClient, media: MediaFolder, name: str) -> None:
    assert put(client, f"/media/{name}", CLIP).status_code in (404, 405, 422)
    assert names(media) == []
    assert [path.name for path in media.folder.parent.iterdir() if path.suffix == ".mp4"] == []


def test_a_full_disk_is_507_and_passes(client: TestClient, media: MediaFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_disk: object, _descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    url = f"/media/{make_event().event_id}"
    with monkeypatch.context() as patched:
        patched.setattr("backend_api.base.durable_files.Disk._fsync", fail)
        assert problem(put(client, url, CLIP), 507).detail.startswith(
            f"the media folder {media.folder} cannot be used: No space left"
        )
    assert names(media) == []
    assert put(client, url, CLIP).status_code == 201


@pytest.mark.parametrize("path", ["", "/thumbnail"])
def test_a_folder_that_cannot_be_used_is_507_with_words(client: TestClient, media: MediaFolder, path: str) -> None:
    url, body = f"/media/{make_event().event_id}{path}", JPEG if path else CLIP
    away = media.folder.rename(media.folder.with_name("away"))
    for detail in ("No such file or directory", "Not a directory"):
        response = put(client, url, body)
        found = problem(response, 507)
        assert f"the media folder {media.folder} cannot be used: {detail}" in found.detail
        assert response.headers["retry-after"]
        media.folder.write_bytes(b"") if not media.folder.exists() else media.folder.unlink()
    away.rename(media.folder)
    assert put(client, url, body).status_code == 201


def test_a_stored_event_and_its_upload_agree(client: TestClient, store: Store) -> None:
    event = event_with_clip()
    post(client, event)
    put(client, f"/media/{event.event_id}", CLIP)
    row = store.events.find(event.event_id)
    assert row is not None
    assert client.get(f"/media/{event.event_id}").headers["etag"] == f'"{row.clip_sha256}"'


def test_a_clip_that_several_events_share_lies_on_the_disk_once(client: TestClient, media: MediaFolder) -> None:
    first, second, third, other = (event_with_clip(at_s=number) for number in range(4))
    for event in (first, second):
        assert put(client, f"/media/{event.event_id}", CLIP).status_code == 201
    assert media.clip_path(first.event_id).samefile(media.clip_path(second.event_id))
    assert put(client, f"/media/{second.event_id}", CLIP).status_code == 200
    media.clip_path(first.event_id).unlink()
    assert put(client, f"/media/{third.event_id}", CLIP).status_code == 201
    assert media.clip_path(third.event_id).samefile(media.clip_path(second.event_id))
    different = CLIP[:-1] + b"!"
    assert put(client, f"/media/{other.event_id}", different).status_code == 201
    assert media.clip_path(third.event_id).read_bytes() == CLIP
    assert media.clip_path(other.event_id).read_bytes() == different
    assert names(media) == sorted(f"{event.event_id}.mp4" for event in (second, third, other))


def test_a_clip_takes_room_of_its_own_where_there_are_no_hard_links(
    client: TestClient, media: MediaFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    for event in (first := event_with_clip(), second := event_with_clip(at_s=1)):
        assert put(client, f"/media/{event.event_id}", CLIP).status_code == 201
    assert not media.clip_path(first.event_id).samefile(media.clip_path(second.event_id))
    assert names(media) == sorted(f"{event.event_id}.mp4" for event in (first, second))
