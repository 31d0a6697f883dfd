"""Clips, thumbnails and frames over HTTP."""

import errno
import hashlib
import itertools
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend_api.contract.events import ClipInfo, Event, StoredEvent
from backend_api.media.folder import MediaFolder
from backend_api.media.media import StoredFile
from backend_api.store.store import Store
from tests.backend_api.api import problem
from tests.backend_api.events import START, make_event, make_result

CLIP = bytes(range(256)) * 4000  # some chunks' worth
SHA256 = hashlib.sha256(CLIP).hexdigest()


def event_with_clip(at_s: float = 0) -> Event:
    clip = ClipInfo(start_ts=START, end_ts=START, codec="h264", width=64, height=48, bytes=len(CLIP), sha256=SHA256)
    return make_event(clip=clip, at_s=at_s)


@pytest.fixture
def url(store: Store, media: MediaFolder) -> str:
    """The address of a clip that is there, as is its thumbnail."""
    event = event_with_clip()
    store.events.add([event])
    media.clip_path(event.event_id).write_bytes(CLIP)
    media.thumbnail_path(event.event_id).write_bytes(b"a picture")
    media.frame_path(event.event_id, 2).write_bytes(b"what the model saw")
    return f"/media/{event.event_id}"


def test_the_whole_clip(client: TestClient, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 200
    assert response.content == CLIP
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["etag"] == f'"{SHA256}"'
    assert "immutable" in response.headers["cache-control"]


def test_the_addresses_are_in_the_event(client: TestClient, url: str, media: MediaFolder) -> None:
    event_id = url.removeprefix("/media/")
    for answer in (client.get(f"/events/{event_id}").json(), client.get("/events").json()["items"][0]):
        assert answer["media_url"] == url
        assert answer["thumbnail_url"] == f"{url}/thumbnail"
        assert answer["frame_urls"] == []
    (media.folder / f"{event_id}.jpg").unlink()
    assert client.get(f"/events/{event_id}").json()["thumbnail_url"] is None


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-", 0, len(CLIP)),
        ("bytes=10-19", 10, 20),
        ("bytes=-5", len(CLIP) - 5, len(CLIP)),
        ("bytes=300000-999999", 300000, 1000000),
    ],
)
def test_a_range(client: TestClient, url: str, header: str, start: int, end: int) -> None:
    response = client.get(url, headers={"Range": header})
    assert response.status_code == 206
    assert response.content == CLIP[start:end]
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CLIP)}"
    assert response.headers["content-length"] == str(end - start)


def test_a_range_behind_the_end(client: TestClient, url: str) -> None:
    response = client.get(url, headers={"Range": f"bytes={len(CLIP)}-"})
    problem(response, 416)
    assert response.headers["content-range"] == f"bytes */{len(CLIP)}"


@pytest.mark.parametrize("path", ["", "/thumbnail", "/frames/2"])
def test_a_range_that_is_not_understood_is_refused(client: TestClient, url: str, path: str) -> None:
    for header in ("bytes=nonsense", "pages=1-2", "bytes=-", "bytes", "bytes=5-4", "bytes=\u0663-"):
        found = problem(client.get(url + path, headers={"Range": header.encode()}), 400)
        assert "Range" in found.detail, header


def test_several_ranges_come_as_several_parts(client: TestClient, url: str) -> None:
    response = client.get(url, headers={"Range": "bytes=0-1,5-6,-3"})
    assert response.status_code == 206
    kind, _, boundary = response.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    parts = response.content.split(b"--" + boundary.encode())[1:-1]
    assert [part.partition(b"\r\n\r\n")[2][:-2] for part in parts] == [CLIP[:2], CLIP[5:7], CLIP[-3:]]


@settings(max_examples=60)
@given(
    st.text(st.characters(max_codepoint=255)) | st.from_regex(r"bytes=[0-9]*-[0-9]*(,[0-9]*-[0-9]*)*", fullmatch=True)
)
@example("bytes=" + "9" * 5000 + "-")
@example("bytes=0-" + "9" * 5000)
@example("bytes=0-0," * 50)
@example("bytes=0-0," * 5000)
def test_whatever_range_comes_the_answer_is_of_the_clip_or_a_problem(client: TestClient, url: str, header: str) -> None:
    response = client.get(url, headers={"Range": header.encode("latin-1")})
    assert response.status_code in (200, 206, 400, 416)
    if response.status_code >= 400:
        problem(response, response.status_code)
    elif response.headers["content-type"] == "video/mp4":
        assert response.content in CLIP
        assert len(response.content) == int(response.headers["content-length"]) > 0


def test_a_range_of_another_version_gives_all(client: TestClient, url: str) -> None:
    for tag, status in (('"other"', 200), (f'"{SHA256}"', 206)):
        assert client.get(url, headers={"Range": "bytes=0-1", "If-Range": tag}).status_code == status


@pytest.mark.parametrize("path", ["", "/thumbnail", "/frames/2"])
def test_what_the_client_has_is_not_sent_again(client: TestClient, url: str, path: str) -> None:
    etag = client.get(url + path).headers["etag"]
    for known in (etag, f'"other", {etag}', "*", f"W/{etag}"):
        response = client.get(url + path, headers={"If-None-Match": known})
        assert response.status_code == 304
        assert response.content == b""
        assert response.headers["etag"] == etag
    assert client.get(url + path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["", "/thumbnail", "/frames/2"])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=1-2"}, {"Range": "bytes=9999999-"}])
def test_head_says_what_get_would(client: TestClient, url: str, path: str, headers: dict[str, str]) -> None:
    got, head = client.get(url + path, headers=headers), client.head(url + path, headers=headers)
    assert head.status_code == got.status_code
    assert dict(head.headers) == dict(got.headers)


def test_the_thumbnail(client: TestClient, url: str) -> None:
    response = client.get(f"{url}/thumbnail")
    assert response.content == b"a picture"
    assert response.headers["content-type"] == "image/jpeg"
    assert client.get(f"{url}/thumbnail", headers={"Range": "bytes=2-"}).content == b"picture"


def test_a_frame_that_the_model_was_shown(client: TestClient, url: str) -> None:
    response = client.get(f"{url}/frames/2")
    assert response.content == b"what the model saw"
    assert response.headers["content-type"] == "image/jpeg"
    problem(client.get(f"{url}/frames/1"), 404)
    for number in ("0", "10", "x", "-1"):
        assert client.get(f"{url}/frames/{number}").status_code == 422


def test_what_is_not_there(client: TestClient, store: Store, media: MediaFolder) -> None:
    unknown, without, missing, empty = (
        make_event(),
        make_event(at_s=1, clip_error="no space left"),
        event_with_clip(at_s=2),
        event_with_clip(at_s=3),
    )
    store.events.add([without, missing, empty])
    media.clip_path(unknown.event_id).write_bytes(CLIP)
    media.clip_path(empty.event_id).touch()
    for event in (unknown, without, missing, empty):
        for method in ("GET", "HEAD"):
            response = client.request(method, f"/media/{event.event_id}")
            assert response.status_code == 404
        problem(client.get(f"/media/{event.event_id}"), 404)
        problem(client.get(f"/media/{event.event_id}/thumbnail"), 404)
    assert "no space left" in client.get(f"/media/{without.event_id}").text


@pytest.mark.parametrize("path", ["", "/thumbnail", "/frames/2"])
def test_what_goes_while_it_is_looked_up_is_told_as_gone(
    client: TestClient, url: str, store: Store, media: MediaFolder, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def find_and_remove(folder: MediaFolder, name: str) -> StoredFile:
        found = find(folder, name)
        store.removed_media.note([(UUID(url.removeprefix("/media/")), "clips are kept for 3 days")])
        folder.remove([name])
        return found

    find = MediaFolder.find
    monkeypatch.setattr(MediaFolder, "find", find_and_remove)
    assert "kept for 3 days" in problem(client.get(url + path), 410).detail


def test_a_folder_is_no_clip(client: TestClient, store: Store, media: MediaFolder) -> None:
    event = event_with_clip()
    store.events.add([event])
    media.clip_path(event.event_id).mkdir()
    problem(client.get(f"/media/{event.event_id}"), 404)


@pytest.mark.parametrize("fault", [PermissionError(errno.EACCES, "Permission denied"), OSError(errno.EIO, "I/O error")])
def test_what_cannot_be_read_is_an_error_and_no_empty_answer(
    client: TestClient, url: str, fault: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    for path, method in itertools.product(("", "/thumbnail", "/frames/2"), ("GET", "HEAD")):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", fail)
            response = client.request(method, url + path)
        assert response.status_code == 507, (path, method)
        if method == "GET":
            assert str(fault.strerror) in problem(response, 507).detail
        assert client.get(url + path).status_code == 200


@pytest.mark.parametrize("path", ["", "/thumbnail", "/frames/2"])
def test_a_folder_that_is_away_is_said_and_its_files_are_not_called_missing(
    client: TestClient, url: str, path: str, media: MediaFolder
) -> None:
    away = media.folder.rename(media.folder.with_name("away"))
    assert f"the media folder {media.folder} cannot be used" in problem(client.get(url + path), 507).detail
    media.folder.write_bytes(b"")
    assert "Not a directory" in problem(client.get(url + path), 507).detail
    # What does not need it goes on.
    for other in ("/events", "/sessions", "/metrics", "/machines", "/events/export.csv"):
        assert client.get(other).status_code == 200
    media.folder.unlink()
    away.rename(media.folder)
    assert client.get(url + path).status_code == 200


def test_a_link_that_leads_nowhere_is_an_error(client: TestClient, url: str, media: MediaFolder) -> None:
    clip = media.folder / f"{url.removeprefix('/media/')}.mp4"
    clip.unlink()
    clip.symlink_to(clip)
    problem(client.get(url), 507)


@pytest.mark.parametrize("name", ["..%2fapp.db", "x", "%00", "%ff"])
def test_nothing_but_ids(client: TestClient, name: str) -> None:
    assert client.get(f"/media/{name}").status_code in (404, 422)


def test_the_frames_that_are_kept_are_in_the_event_in_the_order_of_their_times(
    client: TestClient, url: str, media: MediaFolder, store: Store
) -> None:
    event_id = UUID(url.removeprefix("/media/"))
    for number in range(3, 11):
        media.frame_path(event_id, number).write_bytes(b"%d" % number)
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result(frame_times_s=tuple(map(float, range(12)))))
    for answer in (client.get(f"/events/{event_id}").json(), client.get("/events").json()["items"][0]):
        assert StoredEvent.model_validate(answer).frame_urls == tuple(f"{url}/frames/{n}" for n in range(2, 10))
    assert client.get(answer["frame_urls"][-1]).content == b"9"
