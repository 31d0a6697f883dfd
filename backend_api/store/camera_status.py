"""The status that follows from a camera's last report and its age, and when it has to be looked at again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from heapq import heappop, heappush

from backend_api.contract.bounds import MAX_AHEAD
from backend_api.contract.cameras import LATE_WITHIN_S, UP_WITHIN_S, CameraReport, CameraState, CameraStatus

CameraKey = tuple[str, str]
"""The names of store and camera."""

# An age is rounded to whole milliseconds.
ROUNDED = timedelta(milliseconds=1)


def camera_status(report: CameraReport, age_s: float) -> CameraStatus:
    """The status that follows from a camera's last report, which is `age_s` seconds old."""
    if report.has_ended:
        return CameraStatus.ENDED
    if age_s > UP_WITHIN_S:
        return CameraStatus.LATE if age_s <= LATE_WITHIN_S else CameraStatus.GONE
    if not report.has_signal:
        return CameraStatus.NO_SIGNAL
    return CameraStatus.BLIND if report.is_blind else CameraStatus.UP


def next_look(report: CameraReport, reported_at: datetime, now: datetime) -> datetime | None:
    """When to look at a camera's status again if nothing is heard of it; None when it stays as it is."""
    if report.has_ended:
        return None
    if reported_at - now >= MAX_AHEAD:
        return reported_at - MAX_AHEAD
    age = now - reported_at - ROUNDED
    waits = [timedelta(seconds=within_s) for within_s in (UP_WITHIN_S, LATE_WITHIN_S)]
    return next((reported_at + wait for wait in waits if age <= wait), None)


def camera_state(camera_id: str, report: CameraReport, reported_at: datetime, now: datetime) -> CameraState:
    """The state at `now` of a camera that reported at `reported_at`; both aware."""
    old_s = age_s(reported_at, now)
    status = camera_status(report, old_s)
    return CameraState(**report.model_dump(), camera_id=camera_id, reported_at=reported_at, age_s=old_s, status=status)


def age_s(reported_at: datetime, now: datetime) -> float:
    """How old a report is, in seconds.

    A clock that was put back makes no report come from the future: the next one comes in seconds. One from years ahead
    is of an edge that has not reported since the clock was put right, and is as old as it lies ahead.
    """
    old_s = round((now - reported_at).total_seconds(), 3)
    return max(0.0, old_s) if old_s > -MAX_AHEAD.total_seconds() else -old_s


class Looks:
    """Which cameras to look at: those that were heard of since the last look, and those whose time has come.

    So a look costs what has happened, however many cameras there are.
    """

    def __init__(self) -> None:
        self._heard: set[CameraKey] = set()
        self._waiting: list[tuple[datetime, CameraKey]] = []
        # Of what waits, the first time of each; another one of the camera is passed over.
        self._at: dict[CameraKey, datetime] = {}
        self._looked_at: datetime | None = None

    def note(self, keys: Collection[CameraKey]) -> None:
        """Have these looked at next time."""
        self._heard.update(keys)

    def wait(self, key: CameraKey, at: datetime | None) -> None:
        """Have it looked at from `at` on, or not at all."""
        if at is not None and (key not in self._at or at < self._at[key]):
            self._at[key] = at
            heappush(self._waiting, (at, key))

    def take(self, known: Collection[CameraKey], now: datetime) -> set[CameraKey]:
        """Those of `known` to look at now; all, the first time and when the clock was put back."""
        looked_at, self._looked_at = self._looked_at, now
        keys, self._heard = self._heard, set()
        if looked_at is None or now < looked_at:
            self._waiting, self._at = [], {}
            return set(known)
        while self._waiting and self._waiting[0][0] <= now:
            at, key = heappop(self._waiting)
            if self._at.get(key) == at:
                del self._at[key]
                keys.add(key)
        return keys.intersection(known)
