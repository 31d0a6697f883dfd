"""GET /events, GET /events/{event_id} and POST /events/{event_id}/retry: stored events, and a second chance."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from backend_api.contract.queries import EventQuery
from backend_api.store.enrichments import RetryOutcome
from backend_api.store.store import Store
from backend_api.web.conditional import NOT_MODIFIED, json_answer, next_link
from backend_api.web.event_json import stored_event_json, stored_events_json
from backend_api.web.media_links import MediaLinks
from backend_api.web.openapi import answer, problems
from backend_api.web.problems import ApiProblem


def event_routes(store: Store, links: MediaLinks) -> APIRouter:
    """The router for reading events."""
    router = APIRouter(prefix="/events", tags=["events"])

    @router.get(
        "",
        summary="List events",
        response_class=Response,
        responses={
            200: answer("EventPage", "One page; the Link header names the next one."),
            **NOT_MODIFIED,
            **problems(422, 503),
        },
    )
    def list_events(request: Request, query: Annotated[EventQuery, Query()]) -> Response:
        """Newest first, unless told otherwise. Pages neither skip nor repeat events while others arrive."""
        page = store.events.page(query)
        items = stored_events_json(page.rows, links)
        text = f'{{"items":[{items}],"next_cursor":{json.dumps(page.next_cursor)}}}'
        return json_answer(request, text, next_link(request, page.next_cursor))

    @router.get(
        "/{event_id}",
        summary="One event",
        response_class=Response,
        responses={200: answer("StoredEvent", "The event."), **NOT_MODIFIED, **problems(404, 422, 503)},
    )
    def get_event(event_id: UUID, request: Request) -> Response:
        """The event, with the state of its verdict."""
        return json_answer(request, _text(store, links, event_id))

    @router.post(
        "/{event_id}/retry",
        summary="Ask the model again",
        response_class=Response,
        responses={
            200: answer("StoredEvent", "The event, waiting for the model."),
            **problems(404, 409, 422, 503, 507),
        },
    )
    def retry(event_id: UUID) -> Response:
        """Makes an event whose last attempt failed (DEAD) PENDING again, with all its attempts before it."""
        if store.enrichments.retry(event_id) is RetryOutcome.NOT_DEAD:
            raise ApiProblem(409, "only an event whose mm.status is DEAD can be tried again; look at it first")
        return Response(_text(store, links, event_id), media_type="application/json")

    return router


def _text(store: Store, links: MediaLinks, event_id: UUID) -> str:
    row = store.events.find(event_id)
    if row is None:
        raise ApiProblem(404, f"there is no event {event_id}; GET /events lists what there is")
    return stored_event_json(row, links)
