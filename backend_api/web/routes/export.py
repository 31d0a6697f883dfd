"""GET /events/export.csv: every event that a list would show, as a table, streamed."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from backend_api.contract.events import EventType
from backend_api.contract.queries import EventFilters, EventQuery
from backend_api.contract.sessions import Cleaned
from backend_api.contract.sources import EventSource, source_of
from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import MOCK_MODEL, MmResult
from backend_api.store.event_rows import EventRow
from backend_api.store.store import Store
from backend_api.web.openapi import problems

COLUMNS = (
    *("event_id", "event_type", "store_id", "camera_id", "machine_id", "session_id", "ts", "media_time_s", "track_id"),
    *(
        "confidence",
        "clip_start_ts",
        "clip_end_ts",
        "clip_error",
        "received_at",
        "mm_status",
        "mm_attempts",
        "mm_error",
    ),
    *("verdict", "verdict_confidence", "verdict_summary", "model", "prompt_version", "attributes"),
    *("edge_version", "detector", "weights", "weights_sha256", "config_sha256", "mocked"),
    *("use_correction", "use_corrected_by", "use_corrected_at", "use_correction_note"),
    "verdict_on",
)
# Of which cleaning the verdict is.
_VERDICT_ON = {
    EventType.CLEANING_ATTEMPT: Cleaned.IN_WINDOW,
    EventType.MACHINE_OCCUPIED_END: Cleaned.BEFORE_LEAVING,
}
# What a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
# What a client that reads slowly keeps in memory: the lines of so many events, and a piece that is on its way.
_EVENTS_AT_ONCE = 100
_PIECE_CHARACTERS = 64 * 1024
_TEXT = {"schema": {"type": "string", "description": "RFC 4180, UTF-8; the first line names the columns."}}


def export_routes(store: Store) -> APIRouter:
    """The router for exports; it goes before the one of single events, whose address would take this one in."""
    router = APIRouter(prefix="/events", tags=["events"])

    @router.get(
        "/export.csv",
        summary="Export events",
        response_class=StreamingResponse,
        responses={200: {"description": "The table.", "content": {"text/csv": _TEXT}}, **problems(422, 503)},
    )
    def export(filters: Annotated[EventFilters, Query()]) -> StreamingResponse:
        """All events that GET /events would list with these filters, one a line; times in UTC.

        Cells that a spreadsheet would take for a formula begin with an apostrophe.
        """
        query = EventQuery(**filters.model_dump(), limit=_EVENTS_AT_ONCE)
        # Whatever can be refused is refused before the first line goes out.
        text, cursor = _next_lines(store, query)
        headers = {"Content-Disposition": 'attachment; filename="events.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(_table(store, query, text, cursor), media_type="text/csv", headers=headers)

    return router


def cells(row: EventRow) -> list[str]:
    """The cells of one event, in the order of COLUMNS; null is an empty cell."""
    event, mm, said = row.event, row.mm, row.correction
    result = mm.result if mm else None
    found = source_of(event.attributes)
    values = (
        *(event.event_id, event.event_type, event.store_id, event.camera_id, event.machine_id, event.session_id),
        *(format_timestamp(event.ts), event.media_time_s, event.track_id, event.confidence),
        *((format_timestamp(event.clip.start_ts), format_timestamp(event.clip.end_ts)) if event.clip else (None, None)),
        *(event.clip_error, format_timestamp(row.received_at)),
        *((mm.status, mm.attempts, mm.error) if mm else (None, None, None)),
        *((result.verdict, result.confidence, result.summary) if result else (None, None, None)),
        *((result.model, result.prompt_version) if result else (None, None)),
        event.model_dump_json(include={"attributes"})[len('{"attributes":') : -1],
        *((found.edge_version, found.detector, found.weights) if found else (None,) * 3),
        *((found.weights_sha256, found.config_sha256) if found else (None,) * 2),
        _mocked(found, result),
        *((said.truth, said.who, format_timestamp(said.at), said.note) if said else (None,) * 4),
        _VERDICT_ON.get(event.event_type) if result else None,
    )
    return [harmless("" if value is None else str(value)) for value in values]


def _mocked(source: EventSource | None, result: MmResult | None) -> str:
    """What of it was invented: `detector`, `model`, both, or nothing."""
    invented = {
        "detector": source is not None and source.is_mocked,
        "model": result is not None and result.model == MOCK_MODEL,
    }
    return " ".join(what for what, is_mocked in invented.items() if is_mocked)


def harmless(cell: str) -> str:
    """`cell`, with an apostrophe before what a spreadsheet would calculate; without NULs, which many refuse."""
    cell = cell.replace("\0", "")
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _table(store: Store, query: EventQuery, text: str, cursor: str | None) -> Iterator[str]:
    """The table a few events at a time: no transaction stays open, and nothing but text waits for a slow client."""
    yield _csv([COLUMNS])
    while True:
        for at in range(0, len(text), _PIECE_CHARACTERS):
            yield text[at : at + _PIECE_CHARACTERS]
        if cursor is None:
            return
        text, cursor = _next_lines(store, query.model_copy(update={"cursor": cursor}))


def _next_lines(store: Store, query: EventQuery) -> tuple[str, str | None]:
    page = store.events.page(query)
    return _csv([cells(row) for row in page.rows]), page.next_cursor


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
