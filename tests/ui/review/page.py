"""Reading the page Review without a browser: its list is drawn by the browser, from these data."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from backend_api.contract.events import Event
from backend_api.contract.verdicts import StoredReview
from tests.ui.gym import Gym
from ui.client.api import BackendApi


def rows(app: AppTest) -> list[dict[str, Any]]:
    """The rows of the list, from top to bottom; none when there is no list."""
    found = app.get("bidi_component")
    return [row for component in found for day in json.loads(component.proto.json)["days"] for row in day["rows"]]


def marked(app: AppTest) -> str | None:
    """The id of the session whose row is marked."""
    session_id: str | None = json.loads(app.get("bidi_component")[0].proto.json)["open"]
    return session_id


def outcomes(app: AppTest) -> list[str]:
    return [row["outcome"] for row in rows(app)]


def session_of(event: Event) -> str:
    """What an address calls the session of `event`."""
    return str(event.session_id)


def reviews(gym: Gym, event: Event) -> list[StoredReview]:
    """Every review of `event`, the oldest first."""
    return BackendApi(gym.url).reviews(event.event_id).items
