"""What the heartbeat says: how the edge is doing, what it watches, and what that looks like."""

from collections.abc import Callable
from datetime import datetime

from backend_api.contract.cameras import SETUP_INTERVAL_S, CameraReport, CameraSetup
from edge_service.clips.still import Still
from edge_service.delivery.message import Message
from edge_service.pipeline.progress import Tally

_ERROR_CHARACTERS = 500


def messages_of(camera_id: str, report: Callable[[], CameraReport], setup: CameraSetup, still: Still) -> list[Message]:
    """All that an edge tells of its camera; `report` gives the report of its moment.

    The setup is repeated, so that a backend with a new or restored database comes to know it, too.
    """
    path, json = f"/cameras/{camera_id}", "application/json"
    setup_json = setup.model_dump_json().encode()
    return [
        Message("reports", path, json, lambda: report().model_dump_json().encode(), 0),
        Message("setup", f"{path}/setup", json, lambda: setup_json, SETUP_INTERVAL_S),
        Message("still", f"{path}/still?store_id={setup.store_id}", "image/jpeg", still.take, SETUP_INTERVAL_S),
    ]


def make_reporter(
    store_id: str, started_at: datetime, version: str, tally: Callable[[], Tally], last_error: Callable[[], str | None]
) -> Callable[[], CameraReport]:
    """A function that gives the report of this moment; `started_at` is aware."""

    def report() -> CameraReport:
        now, error = tally(), last_error()
        return CameraReport(
            store_id=store_id,
            media_time_s=max(0.0, now.media_time_s),
            frames_captured=now.captured,
            frames_processed=now.processed,
            frames_skipped=now.skipped,
            outbox_depth=max(0, now.outbox_depth),
            last_error=None if error is None else error[:_ERROR_CHARACTERS],
            version=version,
            started_at=started_at,
        )

    return report
