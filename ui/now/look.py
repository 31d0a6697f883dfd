"""All that the page Now shows, as it is at one instant."""

from dataclasses import dataclass
from datetime import datetime

from backend_api.contract_cameras import CameraState
from backend_api.contract_sessions import Machine, Session
from backend_api.contract_stats import Figures
from ui import glance
from ui.local_time import Zone
from ui.now.attention import SHOWN_ITEMS, alarming_sessions
from ui.now.today import todays_figures


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
        machines=glance.machines().items,
        cameras=glance.cameras().items,
        sessions=glance.sessions(alarming_sessions(now), limit=SHOWN_ITEMS + 1).items,
        today=glance.stats(todays_figures(now, zone)).total,
    )
