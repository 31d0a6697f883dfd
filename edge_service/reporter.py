"""What the heartbeat says: the watch's tally and the sender's trouble as a camera report."""

from collections.abc import Callable
from datetime import datetime

from backend_api.contract_cameras import CameraReport
from edge_service.progress import Tally

_ERROR_CHARACTERS = 500


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
