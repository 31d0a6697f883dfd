"""Pages of other origins neither read nor write, whatever name their computer has, and show no media."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from backend_api.app import Settings, create_app
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.api import JSON, post, problem
from tests.backend_api.events import make_event
from tests.backend_api.fresh_store import fresh_store
from tests.fake_clock import FakeClock

OURS = "https://gym.example"
# It is reached by another name, too, and lets one origin's pages write.
SETTINGS = Settings(cors_origins=(OURS,), allowed_hosts=("api.Gym.example",))
RETRY = f"/events/{make_event().event_id}/retry"


@pytest.fixture
def known(store: Store, media: MediaFolder, clock: FakeClock) -> Iterator[TestClient]:
    app = create_app(store, media, clock, SETTINGS)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One backend for all that is refused."""
    folder, clock = tmp_path_factory.mktemp("refusing"), FakeClock()
    with closing(fresh_store(folder / "app.db", clock)) as store:
        app = create_app(store, MediaFolder.open(folder / "media"), clock, SETTINGS)
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            yield client


@pytest.mark.parametrize("path", ["/events", "/health", "/docs", "/metrics", f"/media/{make_event().event_id}"])
@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "gym.example"),
        *(
            "",
            ":8000",
            "user@localhost",
            "localhost/x",
            "localhost:port",
            "[::1",
            "127.0.0.1, evil.example",
            "evil localhost",
        ),
    ],
)
def test_another_name_is_refused_on_every_path(refusing: TestClient, host: str, path: str) -> None:
    found = problem(refusing.get(path, headers={"Host": host}), 403)
    assert "--allowed-host" in found.detail


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "LOCALHOST:8000",
            "localhost.",
            "127.0.0.1",
            "127.8.9.10:8000",
            "192.168.1.5:8000",
            "[::1]:8000",
        ),
        *(
            "api.gym.example",
            "API.gym.example:8443",
            socket.gethostname(),
            f"{socket.gethostname().split('.')[0]}.local",
        ),
    ],
)
def test_names_of_this_computer_addresses_and_what_is_allowed_are_answered(known: TestClient, host: str) -> None:
    assert known.get("/events", headers={"Host": host}).status_code == 200
    assert known.post(RETRY, headers={"Host": host}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "anything"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8501"},
        {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"{OURS}.evil.example"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", RETRY), ("POST", "/events"), ("PUT", "/cameras/cam_01"), ("DELETE", "/x")]
)
def test_a_write_from_another_page_is_refused(
    refusing: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    body = make_event().model_dump_json()
    found = problem(
        refusing.request(method, path, content=body, headers={**JSON, "Host": "127.0.0.1:8000", **headers}), 403
    )
    assert "another origin" in found.detail
    problem(refusing.get(f"/events/{make_event().event_id}"), 404)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": OURS, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_writes_are_taken(known: TestClient, headers: dict[str, str]) -> None:
    response = known.post(
        "/events", content=make_event().model_dump_json(), headers={**JSON, "Host": "127.0.0.1:8000", **headers}
    )
    assert response.status_code == 201


def test_reading_is_left_to_the_browsers_rules(known: TestClient) -> None:
    response = known.get("/events", headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "path", ["/events", "/nothing", "/events?limit=0", "/docs", "/events/export.csv", f"/media/{make_event().event_id}"]
)
def test_every_answer_is_what_it_says_and_of_this_site(client: TestClient, path: str) -> None:
    for method in ("GET", "HEAD", "DELETE"):
        headers = client.request(method, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-site"


@pytest.mark.parametrize(
    ("referer", "policy"),
    [
        ("http://127.0.0.1:8501/", "cross-origin"),  # Chromium takes two ports of one address for two sites
        ("http://192.168.1.5:8501/review", "same-site"),
        ("http://evil.test/", "same-site"),
        ("http://127.0.0.1.evil.test/", "same-site"),
        ("http://evil.test/http://127.0.0.1/", "same-site"),
        ("http://[::1", "same-site"),
        ("", "same-site"),
    ],
)
def test_a_page_of_the_same_address_may_show_what_is_answered(known: TestClient, referer: str, policy: str) -> None:
    answer = known.get("/health", headers={"Host": "127.0.0.1:8000", "Referer": referer})
    assert answer.headers["Cross-Origin-Resource-Policy"] == policy
    assert "Referer" in answer.headers["Vary"]


def test_so_is_an_unforeseen_error(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("backend_api.web.routes.events.next_link", fail)
    assert post(client, make_event()).status_code == 201
    response = client.get("/events")
    problem(response, 500)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cross-origin-resource-policy"] == "same-site"
