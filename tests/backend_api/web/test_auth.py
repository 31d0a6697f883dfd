"""The API with keys: nothing for strangers, reading for readers, addresses that browsers can open."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from backend_api.app import Settings, create_app
from backend_api.base.process import UsageError
from backend_api.contract.events import StoredEvent
from backend_api.contract.media import FOLDER_ID_NAME, Ready
from backend_api.contract.people import Role
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from backend_api.web.auth import Keys
from tests.backend_api.api import JSON, post, problem
from tests.backend_api.events import make_result
from tests.backend_api.web.routes.test_uploads import CLIP, JPEG, event_with_clip, put
from tests.fake_clock import FakeClock

WRITER = {"Authorization": "Bearer writer-0123456789"}
READER = {"Authorization": "Bearer reader-0123456789"}


@pytest.fixture
def guarded(store: Store, media: MediaFolder, clock: FakeClock) -> Iterator[TestClient]:
    settings = Settings(
        keys=Keys.of(["writer-0123456789"], ["reader-0123456789"], {}), cors_origins=("https://gym.example",)
    )
    with TestClient(
        create_app(store, media, clock, settings), base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        yield client


@pytest.fixture
def event(guarded: TestClient, store: Store, media: MediaFolder) -> StoredEvent:
    """An event with its clip, its verdict and the frames that were shown for it, as a reader sees it."""
    event = event_with_clip()
    guarded.headers.update(WRITER)
    put(guarded, f"/media/{event.event_id}", CLIP)
    put(guarded, f"/media/{event.event_id}/thumbnail", JPEG)
    assert post(guarded, event).status_code == 201
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result(frame_times_s=(0.5, 1.5)))
    for number in (1, 2, 3):
        media.frame_path(event.event_id, number).write_bytes(JPEG)
    del guarded.headers["Authorization"]
    return StoredEvent.model_validate_json(guarded.get(f"/events/{event.event_id}", headers=READER).content)


def test_every_call_but_those_of_health_needs_a_key(guarded: TestClient) -> None:
    paths = guarded.get("/openapi.json", headers=READER).json()["paths"]
    checked = 0
    for path, operations in paths.items():
        for method in operations:
            response = guarded.request(method, path.replace("{", "").replace("}", ""))
            if path in ("/health", "/ready", "/board/page"):
                assert response.status_code == 200
            else:
                problem(response, 401)
                assert response.headers["www-authenticate"].startswith("Bearer")
                assert "401" in operations[method]["responses"]
                checked += 1
    assert checked >= 10
    for path in ("/", "/docs", "/openapi.json", "/nothing", "//health", "/health/", "/ready/../events"):
        problem(guarded.get(path), 401)


@pytest.mark.parametrize("keys", [[], ["writer-0123456789"]])
def test_whoever_asks_learns_which_media_folder_is_read(
    store: Store, media: MediaFolder, clock: FakeClock, keys: list[str]
) -> None:
    media.mark(UUID(int=1))
    with TestClient(
        create_app(store, media, clock, Settings(keys=Keys.of(keys, [], {}))), base_url="http://127.0.0.1"
    ) as client:
        assert Ready.model_validate(client.get("/ready").json()).media_folder_id == UUID(int=1)
        media.mark(UUID(int=2))  # as another backend does that is started over the same folder
        assert Ready.model_validate(client.get("/ready").json()).media_folder_id == UUID(int=2)
        (media.folder / FOLDER_ID_NAME).unlink()
        told = Ready.model_validate(client.get("/ready").json()).media_folder_id
    assert told == UUID((media.folder / FOLDER_ID_NAME).read_text().strip())


def test_a_read_only_key_reads(guarded: TestClient, event: StoredEvent) -> None:
    assert guarded.get("/events", headers=READER).status_code == 200
    assert guarded.head(f"/media/{event.event_id}", headers=READER).status_code == 200
    for method, path in [("POST", "/events"), ("PUT", "/cameras/cam_01"), ("PUT", f"/media/{event.event_id}")]:
        problem(guarded.request(method, path, content="{}", headers=READER | JSON), 403)
        assert guarded.request(method, path, content="{}", headers=WRITER | JSON).status_code in (415, 422)


def test_two_keys_at_once_are_none(guarded: TestClient) -> None:
    headers = [("Authorization", "Bearer writer-0123456789"), ("Authorization", "Bearer reader-0123456789")]
    problem(guarded.get("/events", headers=headers), 401)


def test_the_addresses_in_answers_can_be_opened_without_a_key(
    guarded: TestClient, event: StoredEvent, clock: FakeClock
) -> None:
    assert event.media_url
    assert event.thumbnail_url
    assert guarded.get(event.media_url).content == CLIP
    assert guarded.get(event.media_url, headers={"Range": "bytes=0-9"}).content == CLIP[:10]
    assert guarded.get(event.thumbnail_url).content == JPEG
    assert [guarded.get(url).content for url in event.frame_urls] == [JPEG] * 2
    problem(guarded.get(f"/media/{event.event_id}"), 401)
    problem(guarded.put(event.media_url, content=CLIP), 401)
    problem(guarded.get(event.media_url.replace("/media/", "/events/")), 401)
    clock.advance(2 * 3600)
    problem(guarded.get(event.media_url), 401)


def test_a_page_of_a_named_origin_may_send_each_header_that_the_routes_read(guarded: TestClient) -> None:
    for name in ("Authorization", "Content-Type", "Content-Digest", "If-Match", "If-None-Match", "Last-Event-ID"):
        ask = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": name}
        granted = guarded.options("/cameras/cam_01/zones", headers={"Origin": "https://gym.example"} | ask)
        assert granted.status_code == 200, name


def test_a_page_of_a_named_origin_may_read_and_no_other(guarded: TestClient, client: TestClient) -> None:
    ask = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    granted = guarded.options("/events", headers={"Origin": "https://gym.example"} | ask)
    assert granted.status_code == 200
    assert granted.headers["access-control-allow-origin"] == "https://gym.example"
    assert (
        "access-control-allow-origin" not in guarded.options("/events", headers={"Origin": "https://x"} | ask).headers
    )
    read = guarded.get("/events", headers=READER | {"Origin": "https://gym.example"})
    assert read.headers["access-control-allow-origin"] == "https://gym.example"
    unnamed = client.get("/events", headers={"Origin": "https://gym.example"})
    assert "access-control-allow-origin" not in unnamed.headers


def test_without_keys_addresses_are_plain(client: TestClient) -> None:
    event = event_with_clip()
    assert post(client, event).json()["media_url"] == f"/media/{event.event_id}"


# Keys


KEYS = Keys.of(
    ["first-0123456789", "second-0123456789"], ["reader-0123456789"], {"GYM_API_KEY": "from-outside-0123456789"}
)


@pytest.mark.parametrize(
    ("header", "role"),
    [
        (b"Bearer first-0123456789", Role.ADMIN),
        (b"bearer  second-0123456789 ", Role.ADMIN),
        (b"BEARER from-outside-0123456789", Role.ADMIN),
        (b"Bearer reader-0123456789", Role.VIEWER),
        (b"Bearer first-012345678", None),
        (b"Bearer first-0123456789second-0123456789", None),
        (b"Basic first-0123456789", None),
        (b"first-0123456789", None),
        (b"Bearer", None),
        (b"Bearer \xff\x00", None),
        (b"", None),
    ],
)
def test_each_key_allows_what_it_was_given_for(header: bytes, role: Role | None) -> None:
    found = KEYS.find(header)
    assert (found and found.role) is role


def test_without_any_there_are_none() -> None:
    assert not Keys.of([], [], {"GYM_API_KEY": ""})
    assert Keys.of([], [], {"GYM_API_KEY": "x-0123456789-0123456789"})
    assert Keys().find(b"Bearer ") is None


@pytest.mark.parametrize(
    ("writing", "reading", "culprit"),
    [
        ([""], [], "--api-key"),
        (["two words"], [], "--api-key"),
        (["k-0123456789-0123456789"], ["schlüssel-0123456789"], "--read-key"),
        ([], ["r-0123456789-0123456789"], "--read-key"),
    ],
)
def test_keys_of_no_use_are_refused_and_not_repeated(writing: list[str], reading: list[str], culprit: str) -> None:
    with pytest.raises(UsageError, match=culprit) as raised:
        Keys.of(writing, reading, {})
    assert "schlüssel" not in str(raised.value)
    assert "two words" not in str(raised.value)


@pytest.mark.parametrize("key", ["...", "0123456789abcde", "." * 16, "a" * 40, "-.-.-.-.-.-.-.-.-.-."])
@pytest.mark.parametrize("source", ["--api-key", "--read-key", "GYM_API_KEY"])
def test_keys_that_are_soon_guessed_are_refused_with_the_cure(source: str, key: str) -> None:
    strong = ["0123456789abcdef"]
    with pytest.raises(UsageError, match=source) as raised:
        Keys.of(
            [key] if source == "--api-key" else strong,
            [key] if source == "--read-key" else [],
            {"GYM_API_KEY": key} if source == "GYM_API_KEY" else {},
        )
    assert "openssl rand -hex 32" in str(raised.value)
    assert key not in str(raised.value)


def test_no_key_shows_in_what_is_written_of_them() -> None:
    assert "first" not in repr(KEYS)
