"""GET /events, GET /events/{event_id} and POST /events/{event_id}/retry: what is stored, and a second chance."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from backend_api.answers import stored_event_json
from backend_api.media import MediaFolder
from backend_api.openapi import answer, problems
from backend_api.problems import ApiProblem
from backend_api.store import EventQuery, RetryOutcome, Store


def event_routes(store: Store, media: MediaFolder) -> APIRouter:
    """The router for reading events."""
    router = APIRouter(prefix="/events", tags=["events"])

    @router.get(
        "",
        summary="List events",
        response_class=Response,
        responses={200: answer("EventPage", "One page; the Link header names the next one."), **problems(422)},
    )
    def list_events(request: Request, query: Annotated[EventQuery, Query()]) -> Response:
        """Newest first, unless told otherwise. Pages neither skip nor repeat events while others arrive."""
        page = store.page(query)
        headers = {}
        if page.next_cursor is not None:
            following = request.url.include_query_params(cursor=page.next_cursor)
            headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        items = ",".join(stored_event_json(row, media) for row in page.rows)
        text = f'{{"items":[{items}],"next_cursor":{json.dumps(page.next_cursor)}}}'
        return Response(text, headers=headers, media_type="application/json")

    @router.get(
        "/{event_id}",
        summary="One event",
        response_class=Response,
        responses={200: answer("StoredEvent", "The event."), **problems(404, 422)},
    )
    def get_event(event_id: UUID) -> Response:
        """The event, with what became of the question to the model."""
        return _answer(store, media, event_id)

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
        if store.retry(event_id) is RetryOutcome.NOT_DEAD:
            raise ApiProblem(409, "only an event whose mm.status is DEAD can be tried again; look at it first")
        return _answer(store, media, event_id)

    return router


def _answer(store: Store, media: MediaFolder, event_id: UUID) -> Response:
    row = store.get(event_id)
    if row is None:
        raise ApiProblem(404, f"there is no event {event_id}; GET /events lists what there is")
    return Response(stored_event_json(row, media), media_type="application/json")
