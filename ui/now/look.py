"""All that the page Now shows, as it is at one instant."""

from dataclasses import dataclass
from datetime import datetime

from backend_api.contract.cameras import CameraState
from backend_api.contract.sessions import Machine, Session
from backend_api.contract.stats import Figures
from ui.client import cache
from ui.now.attention import SHOWN_ITEMS, alarming_sessions
from ui.now.today import todays_figures
from ui.text.local_time import Zone


@dataclass(frozen=True, slots=True)
class Look:
    """What the backend says `at` an instant; `sessions` are one more than are shown, if there are so many."""

    at: datetime
    machines: list[Machine]
    cameras: list[CameraState]
    sessions: list[Session]
    today: Figures


def take_look(now: datetime, zone: Zone) -> Look:
    """Ask the backend. Raises BackendError when it cannot answer."""
    return Look(
        at=now,
        machines=cache.machines().items,
        cameras=cache.cameras().items,
        sessions=cache.sessions(alarming_sessions(now), limit=SHOWN_ITEMS + 1).items,
        today=cache.stats(todays_figures(now, zone)).total,
    )
