"""The API over a bucket answers as the one over the folder does; while the bucket is away, 503."""

from collections.abc import Collection
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from fastapi.testclient import TestClient

from backend_api.app import create_app
from backend_api.contract.events import EventType
from backend_api.media.bucket import MediaBucket
from backend_api.media.folder import MediaFolder
from backend_api.media.index import IndexedFile, MediaIndex
from backend_api.media.media import Media
from backend_api.media.place import open_media
from backend_api.store.store import Store
from tests.backend_api.api import post, problem
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.web.routes.test_uploads import CLIP, JPEG, event_with_clip, put
from tests.fake_clock import FakeClock
from tests.forwarding import forwarded
from tests.processes import free_port
from tests.seaweed import BucketServer

EVENT = event_with_clip()
URL = f"/media/{EVENT.event_id}"


def client_over(store: Store, media: Media, clock: FakeClock) -> TestClient:
    """Without the application's threads: nothing here needs its streams or its sweeps."""
    return TestClient(create_app(store, media, clock), base_url="http://127.0.0.1", follow_redirects=False)


@pytest.fixture
def over_bucket(store: Store, bucket: MediaBucket, clock: FakeClock) -> TestClient:
    client = client_over(store, bucket, clock)
    store.events.add([EVENT])
    assert put(client, URL, CLIP).status_code == 201
    assert put(client, f"{URL}/thumbnail", JPEG).status_code == 201
    return client


def test_answers_are_those_of_the_folder(over_bucket: TestClient, tmp_path: Path, clock: FakeClock) -> None:
    store = fresh_store(tmp_path / "other.db", clock)
    over_folder = client_over(store, MediaFolder.open(tmp_path / "folder"), clock)
    store.events.add([EVENT])
    for url, data in ((URL, CLIP), (f"{URL}/thumbnail", JPEG)):
        put(over_folder, url, data)
    told = ("content-type", "content-length", "content-range", "accept-ranges", "cache-control", "location")
    length = len(CLIP)
    for method in ("GET", "HEAD"):
        for headers in (
            {},
            *({"Range": f"bytes={asked}"} for asked in ("0-", "10-19", "-5", "300000-99999999", f"{length}-")),
            *({"Range": asked} for asked in ("bytes=nonsense", "pages=1-2", "bytes=-", "bytes", "bytes=5-4")),
            {"Range": "bytes=0-1", "If-Range": '"other"'},
            {"If-None-Match": "*"},
        ):
            for url in (URL, f"{URL}/thumbnail", f"{URL}/frames/1"):
                one, other = (c.request(method, url, headers=headers) for c in (over_bucket, over_folder))
                assert (one.status_code, one.content if one.status_code < 400 else None) == (
                    (other.status_code, other.content if other.status_code < 400 else None)
                ), (method, headers, url)
                if one.status_code < 400:
                    assert [one.headers.get(name) for name in told] == [other.headers.get(name) for name in told]
    store.close()


def test_events_name_what_is_there(over_bucket: TestClient) -> None:
    [event] = over_bucket.get("/events").json()["items"]
    assert (event["media_url"], event["thumbnail_url"], event["frame_urls"]) == (URL, f"{URL}/thumbnail", [])
    again = event_with_clip(at_s=60)
    assert post(over_bucket, again).json()["thumbnail_url"] is None
    assert over_bucket.get("/ready").json()["media_folder_id"]


def test_a_page_asks_the_index_once_and_has_its_pictures(
    over_bucket: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = EVENT.model_copy(
        update={"event_type": EventType.MACHINE_OCCUPIED_START, "event_id": EVENT.session_id, "needs_mm": False}
    )
    store.events.add([start, *(event_with_clip(at_s=at_s) for at_s in (60, 120))])
    asked: list[int] = []
    find = MediaIndex.find

    def counted(index: MediaIndex, names: Collection[str]) -> dict[str, IndexedFile]:
        asked.append(len(names))
        return find(index, names)

    monkeypatch.setattr(MediaIndex, "find", counted)
    pictures = [event["thumbnail_url"] for event in over_bucket.get("/events").json()["items"]]
    assert sorted(pictures, key=str) == [f"{URL}/thumbnail", None, None, None]
    [session] = over_bucket.get("/sessions").json()["items"]
    [machine] = over_bucket.get("/machines").json()["items"]
    assert session["thumbnail_url"] == machine["session"]["thumbnail_url"] == f"{URL}/thumbnail"
    assert len(asked) == 3


def test_what_was_put_twice_is_there_once_and_nothing_else_takes_its_name(over_bucket: TestClient) -> None:
    assert put(over_bucket, URL, CLIP).status_code == 200
    problem(put(over_bucket, f"{URL}/thumbnail", JPEG + b"other"), 409)


def test_clients_are_sent_to_the_bucket(
    over_bucket: TestClient, store: Store, bucket: MediaBucket, clock: FakeClock
) -> None:
    redirecting = open_media(bucket._objects.address, store.database, redirects=True)
    answer = client_over(store, redirecting, clock).get(URL)
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "private, max-age=3600")
    with urlopen(Request(answer.headers["location"], headers={"Range": "bytes=8-19"}), timeout=30) as found:
        assert (found.status, found.read(), found.headers["content-type"]) == (206, CLIP[8:20], "video/mp4")
    problem(client_over(store, redirecting, clock).get(f"{URL}/frames/1"), 404)


def test_while_the_bucket_is_away_nothing_is_lost(
    store: Store, bucket: MediaBucket, bucket_server: BucketServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    client = client_over(store, open_media(bucket._objects.address, store.database), clock)
    away = problem(put(client, URL, CLIP), 503)
    assert "does not answer as it should: it cannot be reached" in away.detail
    problem(client.get("/ready"), 503)
    # Events do not need the bucket.
    assert post(client, EVENT).status_code == 201
    with forwarded(port, bucket_server.endpoint):
        assert put(client, URL, CLIP).status_code == 201
        assert len(client.get(URL).content) == len(CLIP)
        assert client.get("/ready").status_code == 200
    answer = problem(client.get(URL), 503)
    assert "cannot be reached" in answer.detail
