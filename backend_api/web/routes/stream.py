"""GET /events/stream: changes as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from backend_api.store.store import Store
from backend_api.web.change_feed import ChangeFeed, FeedFilters
from backend_api.web.openapi import problems
from backend_api.web.problems import RETRY_AFTER_S, ApiProblem

_TEXT = {"schema": {"type": "string", "description": "Server-sent events, without an end."}}
# SQLite's integers are of 64 bits.
_MAX_ID = 2**63 - 1


def stream_routes(store: Store, feed: ChangeFeed) -> APIRouter:
    """The router for changes; it goes before the one of single events, whose address would take this one in."""
    router = APIRouter(prefix="/events", tags=["events"])

    @router.get(
        "/stream",
        summary="Follow changes",
        response_class=StreamingResponse,
        responses={
            200: {"description": "Changes as they happen.", "content": {"text/event-stream": _TEXT}},
            **problems(422, 503),
        },
    )
    def stream(
        filters: Annotated[FeedFilters, Query()],
        last_event_id: Annotated[
            str | None, Header(description="Go on behind this id; 0 gives everything since the log began.")
        ] = None,
    ) -> StreamingResponse:
        """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Five kinds:

        - `event`: a new event, data: a StoredEvent.
        - `verdict`: a question to the model was answered, failed, or is to be asked again; data: a StoredEvent.
        - `review`: a verdict was reviewed, or its review withdrawn; data: a StoredEvent.
        - `use`: a use was corrected, or its correction withdrawn; data: a StoredEvent, the first one of the use.
        - `camera`: the status of a camera changed, see GET /cameras; data: `{store_id, camera_id, status}`.

        A StoredEvent is as it is stored when it is sent. Ids grow; with the header Last-Event-ID, which browsers send
        by themselves, the stream goes on behind that id without a gap or a repeat, also after a restart of the backend.
        Without it the stream begins now. At least every 15 s something comes, if only a comment line.
        """
        if feed.has_ended:
            raise ApiProblem(503, "the backend is stopping; come again", headers={"Retry-After": str(RETRY_AFTER_S)})
        newest = store.changes.newest()
        # An id from beyond the end is of a database that has been put back to an older copy.
        after = newest if last_event_id is None else min(_parse(last_event_id), newest)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(feed.messages(after, filters), media_type="text/event-stream", headers=headers)

    return router


def _parse(last_event_id: str) -> int:
    is_number = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= len(str(_MAX_ID))
    if not is_number:
        message = "not an id of this stream; send back the last `id` that came, or leave the header out"
        raise ApiProblem(422, f"Last-Event-ID: {message}", [{"field": "Last-Event-ID", "message": message}])
    return int(last_event_id)
