"""GET and HEAD of clips, thumbnails and the frames that the model was shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter

from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES
from backend_api.media.media import Media, MediaAway
from backend_api.store.event_rows import EventRow
from backend_api.store.store import Store
from backend_api.web.file_response import serve_file
from backend_api.web.openapi import problems
from backend_api.web.problems import ApiProblem, media_problem

_BINARY = {"schema": {"type": "string", "format": "binary"}}


def media_routes(store: Store, media: Media) -> APIRouter:
    """The router for /media."""
    router = APIRouter(prefix="/media", tags=["media"])

    @router.head("/{event_id}", include_in_schema=False)
    @router.get(
        "/{event_id}",
        summary="An event's clip",
        response_class=Response,
        responses={200: {"content": {"video/mp4": _BINARY}}, **_MORE_ANSWERS},
    )
    def get_clip(event_id: UUID, request: Request) -> Response:
        """MP4 (H.264), whole or one byte range of it. It never changes; its ETag is its SHA-256."""
        row = _stored(store, event_id)
        if row.clip_sha256 is None:
            raise ApiProblem(404, f"event {event_id} has no clip: {row.event.clip_error or 'its edge recorded none'}")
        with _told_if_gone(store, media, event_id, f"the clip of event {event_id}"):
            name = clip_name(event_id)
            size_bytes = media.find(name).size_bytes
            return serve_file(request, media, name, size_bytes, etag=f'"{row.clip_sha256}"', media_type="video/mp4")

    @router.head("/{event_id}/thumbnail", include_in_schema=False)
    @router.get(
        "/{event_id}/thumbnail",
        summary="An event's thumbnail",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": _BINARY}}, **_MORE_ANSWERS},
    )
    def get_thumbnail(event_id: UUID, request: Request) -> Response:
        """JPEG of the frame that decided, with the zone and the boxes drawn."""
        _stored(store, event_id)
        with _told_if_gone(store, media, event_id, f"the thumbnail of event {event_id}"):
            return _serve_picture(request, media, thumbnail_name(event_id))

    @router.head("/{event_id}/frames/{number}", include_in_schema=False)
    @router.get(
        "/{event_id}/frames/{number}",
        summary="A frame that the model was shown",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": _BINARY}}, **_MORE_ANSWERS},
    )
    def get_frame(
        event_id: UUID, number: Annotated[int, PathParameter(ge=1, le=MAX_SHOWN_FRAMES)], request: Request
    ) -> Response:
        """JPEG. `number` counts from 1, in the order of the result's `frame_times_s`."""
        _stored(store, event_id)
        with _told_if_gone(store, media, event_id, f"frame {number} of event {event_id}"):
            return _serve_picture(request, media, frame_name(event_id, number))

    return router


def _serve_picture(request: Request, media: Media, name: str) -> Response:
    found = media.find(name)
    return serve_file(request, media, name, found.size_bytes, etag=f'"{found.tag}"', media_type="image/jpeg")


_MORE_ANSWERS = {
    206: {"description": "The range that was asked for; several as multipart/byteranges."},
    304: {"description": "The client has it already."},
    307: {"description": "The bucket has it; Location is an address there, valid for hours (--media-serve redirect)."},
    **problems(400, 404, 410, 416, 422, 503, 507),
}


def _stored(store: Store, event_id: UUID) -> EventRow:
    row = store.events.find(event_id)
    if row is None:
        raise ApiProblem(404, f"there is no event {event_id}; GET /events lists what there is")
    return row


@contextmanager
def _told_if_gone(store: Store, media: Media, event_id: UUID, what: str) -> Iterator[None]:
    """Raises ApiProblem where `what` is not there, or goes while it is looked up: 410, 404, or 507."""
    try:
        yield
    except FileNotFoundError as error:
        if removed := store.removed_media.find(event_id):
            raise ApiProblem(410, f"{what} was removed at {format_timestamp(removed.at)}: {removed.reason}") from error
        raise ApiProblem(404, f"{what} is not in the media folder: {error.strerror}") from error
    except MediaAway:
        raise
    except OSError as error:
        raise media_problem(media, error) from error
