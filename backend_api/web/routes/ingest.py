"""POST /events and POST /events/batch: events come in, each stored once and only then acknowledged."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from backend_api.base.clock import Clock
from backend_api.contract.events import MAX_BATCH_BYTES, BatchResult, RejectedLine
from backend_api.store.event_rows import EventRow
from backend_api.store.events import Arrival, IngestOutcome
from backend_api.store.group_commit import Writer
from backend_api.store.store import Store
from backend_api.web.bodies import read_body
from backend_api.web.event_json import stored_event_json
from backend_api.web.event_parsing import MAX_EVENT_BYTES, Batch, parse_batch, parse_event
from backend_api.web.media_links import MediaLinks
from backend_api.web.openapi import answer, batch_body, event_body, problems
from backend_api.web.problems import ApiProblem

_CONFLICT = "another event with this event_id is stored already; an event never changes, so give a new one a new id"


def ingest_routes(store: Store, writer: Writer, links: MediaLinks, clock: Clock) -> APIRouter:
    """The router for what edges send. Its endpoints read their bodies themselves."""
    router = APIRouter(prefix="/events", tags=["events"])

    @router.post(
        "",
        status_code=201,
        summary="Store an event",
        response_class=Response,
        responses={
            201: answer("StoredEvent", "Stored; it is on the disk. Location names it."),
            200: answer("StoredEvent", "The same event was stored before; nothing changed."),
            **problems(409, 413, 415, 422, 503, 507),
        },
        openapi_extra=event_body(),
    )
    async def post_event(request: Request) -> Response:
        """Sending the same event again is harmless: the answer is 200 with the stored event."""
        document = await read_body(request, "application/json", MAX_EVENT_BYTES)
        now = clock.now()
        arrival = Arrival.of(parse_event(document, now), now)
        [outcome] = await writer.add([arrival])
        if outcome is IngestOutcome.CONFLICT:
            raise ApiProblem(409, _CONFLICT, [{"field": "event_id", "message": "taken by another event"}])
        location = {"Location": f"/events/{arrival.event.event_id}"}
        if outcome is IngestOutcome.STORED:
            text = await _json(arrival.row, links)
            return Response(text, status_code=201, headers=location, media_type="application/json")
        row = await run_in_threadpool(store.events.find, arrival.event.event_id)
        text = await _json(row or arrival.row, links)
        return Response(text, status_code=200, headers=location, media_type="application/json")

    @router.post(
        "/batch",
        summary="Store many events",
        response_class=Response,
        responses={
            200: answer(
                "BatchResult", "The outcome of each line; every line that is not listed as rejected is on the disk."
            ),
            **problems(413, 415, 503, 507),
        },
        openapi_extra=batch_body(),
    )
    async def post_batch(request: Request) -> Response:
        """NDJSON, at most 1,000 lines and 8 MiB. A refused line stops no other; all others are one transaction."""
        body = await read_body(request, "application/x-ndjson", MAX_BATCH_BYTES)
        batch = await run_in_threadpool(parse_batch, body, clock.now())
        outcomes = await writer.add(batch.arrivals)
        return Response(_result(batch, outcomes).model_dump_json(), media_type="application/json")

    return router


def _result(batch: Batch, outcomes: list[IngestOutcome]) -> BatchResult:
    conflicts = [
        RejectedLine(line=line, event_id=str(arrival.event.event_id), status=409, error=_CONFLICT)
        for line, arrival, outcome in zip(batch.lines, batch.arrivals, outcomes, strict=True)
        if outcome is IngestOutcome.CONFLICT
    ]
    return BatchResult(
        stored=outcomes.count(IngestOutcome.STORED),
        duplicates=outcomes.count(IngestOutcome.DUPLICATE),
        rejected=sorted([*batch.rejected, *conflicts], key=lambda rejected: rejected.line),
    )


async def _json(row: EventRow, links: MediaLinks) -> str:
    if links.looks_far:
        return await run_in_threadpool(stored_event_json, row, links)
    return stored_event_json(row, links)
