"""Signing in, in-process: each role sees what the backend would not refuse, and nothing of others' gyms."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from backend_api.base.clock import SystemClock
from backend_api.base.process import REPOSITORY
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.events import EventType
from backend_api.contract.people import Role
from backend_api.contract.queries import EventQuery
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stores import StoreSettings
from backend_api.store.ledger.alerts import Thing
from backend_api.web.keys_file import load_keys
from tests.backend_api.web.keys import entry, write_keys
from tests.ui.app_driver import labels, rerun, words
from tests.ui.gym import STORE, Gym, running_gym

OTHER = "gym_of_others"
PEOPLE = f"""\
people:
  - {{id: vera@example.org, role: viewer}}
  - {{id: rita@example.org, role: reviewer, stores: [{STORE}]}}
  - {{id: mona@example.org, role: manager}}
  - {{id: lily@example.org, role: manager, stores: [{STORE}]}}
  - {{id: tess@example.org, role: viewer, stores: [{OTHER}, {STORE}]}}
"""
NEWEST = EventQuery(event_type=(EventType.CLEANING_ATTEMPT,), store_id=STORE, limit=1)
AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "client_id": "dashboard",
    "client_secret": "secret",
    "server_metadata_url": "http://127.0.0.1:1/.well-known/openid-configuration",
}
PAGES = ("now", "review", "cleaning", "usage", "setup")
# What changes something, by the least role that may.
REVIEWERS = {"Undo", "Agree", "Disagree", "Unsure", "Mark as seen", "Nobody was there"}
MANAGERS = {"Ask again", "Ask again about all of these", "Save", "Save to the edge", "Forget this camera"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gym]:
    """Two gyms, of each an attempt with a verdict, a failed one, a camera that is gone, and an alert; three for all."""
    folder = tmp_path_factory.mktemp("gyms")
    keys = load_keys(write_keys(folder / "keys.yaml", entry("dashboard", Role.DASHBOARD)))
    (folder / "people.yaml").write_text(PEOPLE)
    with running_gym(folder, "head-office-0123456789", named=keys) as gym:
        for store_id in (STORE, OTHER):
            machines = [
                {"machine_id": "treadmill_01", "name": f"Treadmill of {store_id}", "zone": [[0, 0], [1, 0], [1, 1]]}
            ]
            setup = {"store_id": store_id, "machines": machines, "config": None, "takes_zones": True, "areas": []}
            gym.set_up(CameraSetup.model_validate(setup))
            gym.report(store_id=store_id, ago_s=7200)
            gym.add_session(SessionOutcome.NOT_CLEANED, store_id=store_id)
            gym.add_session(SessionOutcome.FAILED, store_id=store_id, ago_s=1200)
            gym.store.stores.keep(store_id, StoreSettings(name=f"Gym {store_id}", tz="UTC"))
        for store_id in (STORE, OTHER, ""):
            begun = {Thing(AlertKind.CAMERA_DARK, store_id, "cam_01"): AlertFacts(camera_id=f"cam_{store_id}")}
            gym.store.alerts.change(begun, [])
        yield gym


@pytest.fixture
def here(scene: Gym, monkeypatch: pytest.MonkeyPatch) -> Gym:
    monkeypatch.setenv("GYM_BACKEND_URL", scene.url)
    monkeypatch.setenv("GYM_API_KEY", "dashboard-0123456789")
    monkeypatch.setenv("GYM_PEOPLE", str(scene.database.with_name("people.yaml")))
    for name in ("GYM_PUBLIC_BACKEND_URL", "GYM_TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)
    return scene


def claims(who: str, **others: object) -> dict[str, Any]:
    now_s = int(SystemClock().now().timestamp())
    email = f"{who.lower()}@example.org"
    return {"is_logged_in": True, "email": email, "email_verified": True, "name": who, "iat": now_s, **others}


def open_as(
    user: dict[str, Any],
    page: str = "now",
    auth: dict[str, Any] | None = None,
    address: Mapping[str, str] | None = None,
) -> AppTest:
    app = AppTest.from_file(str(REPOSITORY / "ui" / "dashboard.py"), default_timeout=60)
    app.secrets = {"auth": AUTH if auth is None else auth}
    app.user = user
    app.switch_page(f"views/{page}.py")
    for name, value in (address or {}).items():
        app.query_params[name] = value
    return rerun(app)


def seen(user: dict[str, Any], gym: Gym, pages: Sequence[str] = ("now", "review", "setup")) -> tuple[str, set[str]]:
    """All words and all buttons of pages, with a session open."""
    session = gym.store.events.page(NEWEST).rows[0].event.session_id
    apps = [open_as(user, page, address={"session": str(session)}) for page in pages]
    options = "\n".join(str(box.options) for app in apps for box in app.selectbox)
    return "\n".join([*map(words, apps), options]), {label for app in apps for label in labels(app)}


def test_nobody_sees_anything_before_signing_in(here: Gym) -> None:
    for page in ("now", "setup"):
        app = open_as({}, page)
        assert labels(app) == ["Sign in"]
        assert [header.value for header in app.header] == ["Gym machines"]
        assert not app.get("page_link")
        assert "readmill" not in words(app)


def test_a_viewer_sees_no_button_that_would_be_refused(here: Gym) -> None:
    text, buttons = seen(claims("Vera"), here)
    assert not buttons & (REVIEWERS | MANAGERS)
    assert OTHER in text  # of all gyms
    assert "Sign out" in buttons


def test_a_reviewer_of_one_gym_reviews_there_and_sees_no_other(here: Gym) -> None:
    text, buttons = seen(claims("Rita"), here, PAGES)
    assert buttons >= REVIEWERS
    assert not buttons & MANAGERS
    assert OTHER not in text
    assert STORE in text


def test_a_manager_may_change_everything(here: Gym) -> None:
    text, buttons = seen(claims("Mona"), here)
    assert buttons >= REVIEWERS | MANAGERS
    assert OTHER in text


def test_a_manager_of_one_gym_changes_that_one(here: Gym) -> None:
    text, buttons = seen(claims("Lily"), here, ["setup"])
    assert buttons >= MANAGERS
    assert OTHER not in text


def test_a_person_of_several_gyms_looks_at_one_at_a_time(here: Gym) -> None:
    for chosen, shown, others in (
        (f"Gym {OTHER}", OTHER, STORE),
        ("gym_nobody_has", STORE, OTHER),
    ):
        app = open_as(claims("Tess"), "setup", address={"gym": chosen})
        [choice] = [box for box in app.selectbox if box.label == "Gym"]
        assert (choice.value, sorted(choice.options)) == (shown, [f"Gym {STORE}", f"Gym {OTHER}"])
        assert not choice.placeholder or choice.value is not None
        assert f"Treadmill of {shown}" in words(app)
        assert f"Treadmill of {others}" not in words(app)


def test_a_link_to_anothers_session_leads_nowhere(here: Gym) -> None:
    others = here.store.events.page(NEWEST.model_copy(update={"store_id": OTHER})).rows[0].event
    for address in ({"session": str(others.session_id)}, {"event": str(others.event_id)}):
        app = open_as(claims("Rita"), "review", address=address)
        assert OTHER not in words(app)
        assert "another backend may" in words(app)


def test_what_is_said_bears_the_name_of_who_is_signed_in(here: Gym) -> None:
    event = here.add_session(SessionOutcome.NOT_CLEANED, ago_s=2000)
    app = open_as(claims("Rita", name="Rita Levi"), "review", address={"session": str(event.session_id)})
    assert "As Rita Levi" in words(app)
    assert not [box for box in app.text_input if box.label == "Reviewing as"]
    app.button(key="yes").click()
    rerun(app)
    assert [review.who for review in here.store.reviews.history(event.event_id)] == ["Rita Levi"]
    now = open_as(claims("Rita", name="Rita Levi"))
    assert not [box for box in now.text_input if box.label == "Seen by"]
    next(button for button in now.button if button.label == "Mark as seen").click()
    rerun(now)
    assert "by Rita Levi" in words(now)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"email": "eve@example.org"}, "You have no role here: ask whoever runs this dashboard"),
        ({"email": None}, "does not say your email"),
        ({"email_verified": False}, "email_verified"),
        ({"iat": None}, "does not say your iat"),
    ],
)
def test_who_has_no_role_sees_that_and_nothing_else(here: Gym, changed: dict[str, object], reason: str) -> None:
    app = open_as(claims("Vera", **changed))
    assert reason in words(app)
    assert labels(app) == ["Sign out"]
    assert not app.get("page_link")


def test_an_old_sign_in_has_ended(here: Gym) -> None:
    app = open_as(claims("Vera", iat=SystemClock().now().timestamp() - 13 * 3600))
    assert "holds for 12 hours" in words(app)
    assert labels(app) == ["Sign in"]


def test_a_person_who_is_taken_out_is_out_at_once(here: Gym, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(PEOPLE)
    monkeypatch.setenv("GYM_PEOPLE", str(path))
    monkeypatch.setattr("backend_api.base.followed_file._LOOK_EVERY_S", 0.0)
    app = open_as(claims("Vera"))
    assert "Treadmill" in str(app.get("bidi_component")) or "Now" in words(app)
    path.write_text(PEOPLE.replace("vera", "somebody"))
    app.user = claims("Vera")
    assert "You have no role here" in words(rerun(app))
    path.write_text("people: [")  # a broken file gives nobody anything, and takes nothing away
    app.user = claims("Mona")
    assert "You have no role here" not in words(rerun(app))


def test_a_service_that_does_not_answer_is_said(here: Gym) -> None:
    app = open_as({})
    app.button[0].click()
    rerun(app)
    assert "does not answer (connection refused)" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize(
    ("auth", "environment", "cure"),
    [
        ({"cookie_secret": None}, {}, "openssl rand -hex 32"),
        ({"cookie_secret": "short"}, {}, "openssl rand -hex 32"),
        ({"redirect_uri": "https://gym.example/"}, {}, "/oauth2callback"),
        ({"client_secret": None}, {}, "has no client_secret"),
        ({"google": {"client_id": "x"}}, {}, "exactly one"),
        ({}, {"GYM_PEOPLE": None}, "GYM_PEOPLE is not set"),
        ({}, {"GYM_PEOPLE": "/nowhere/people.yaml"}, "/nowhere/people.yaml"),
        ({}, {"GYM_API_KEY": None}, "keys.py --add"),
    ],
)
def test_a_wrong_setup_is_said_with_the_cure(
    here: Gym,
    monkeypatch: pytest.MonkeyPatch,
    auth: dict[str, object],
    environment: dict[str, str | None],
    cure: str,
) -> None:
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    app = open_as(claims("Vera"), auth={name: value for name, value in (AUTH | auth).items() if value is not None})
    assert cure in words(app)
    assert not app.get("page_link")


def test_roles_without_a_service_show_nothing(here: Gym) -> None:
    app = AppTest.from_file(str(REPOSITORY / "ui" / "dashboard.py"), default_timeout=60)
    assert "no section [auth]" in words(rerun(app))
    assert not app.get("page_link")


def test_without_authlib_the_cure_is_said(here: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.client.sign_in.find_spec", lambda name: None if name == "authlib" else object())
    assert "pip install -r requirements-signin.txt" in words(open_as(claims("Vera")))


def test_a_key_that_is_no_dashboards_shows_nothing(here: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYM_API_KEY", "head-office-0123456789")
    text = words(open_as(claims("Mona")))
    assert "only a key with the role dashboard may act for a person" in text
    assert "keys.py --add" in text
