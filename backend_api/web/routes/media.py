"""GET and HEAD of clips, thumbnails and the frames that the model was shown."""

import stat
from os import stat_result
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter

from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES
from backend_api.media.folder import MediaFolder
from backend_api.store.event_rows import EventRow
from backend_api.store.store import Store
from backend_api.web.file_response import serve_file
from backend_api.web.openapi import problems
from backend_api.web.problems import ApiProblem, folder_problem

_BINARY = {"schema": {"type": "string", "format": "binary"}}


def media_routes(store: Store, media: MediaFolder) -> APIRouter:
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
        path = media.clip_path(event_id)
        found = _look_at(store, event_id, path, f"the clip of event {event_id}")
        etag = f'"{row.clip_sha256}"'
        return serve_file(request, path, found, etag=etag, media_type="video/mp4")

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
        found = _look_at(store, event_id, media.thumbnail_path(event_id), f"the thumbnail of event {event_id}")
        return _serve_picture(request, media.thumbnail_path(event_id), found)

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
        path = media.frame_path(event_id, number)
        return _serve_picture(request, path, _look_at(store, event_id, path, f"frame {number} of event {event_id}"))

    return router


def _serve_picture(request: Request, path: Path, found: stat_result) -> Response:
    # Files are replaced whole, never changed, so these two tell one from another.
    etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    return serve_file(request, path, found, etag=etag, media_type="image/jpeg")


_MORE_ANSWERS = {
    206: {"description": "The range that was asked for; several as multipart/byteranges."},
    304: {"description": "The client has it already."},
    **problems(400, 404, 410, 416, 422, 507),
}


def _stored(store: Store, event_id: UUID) -> EventRow:
    row = store.events.find(event_id)
    if row is None:
        raise ApiProblem(404, f"there is no event {event_id}; GET /events lists what there is")
    return row


def _look_at(store: Store, event_id: UUID, path: Path, what: str) -> stat_result:
    """The stat of the file at `path`, of which the first byte was read: whatever is promised is there."""
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_size > 0:
            with path.open("rb", buffering=0) as file:
                file.read(1)
            return found
    except OSError as error:
        if not isinstance(error, FileNotFoundError) or not path.parent.is_dir():
            raise folder_problem(path.parent, error) from error
        if removed := store.removed_media.find(event_id):
            raise ApiProblem(410, f"{what} was removed at {format_timestamp(removed.at)}: {removed.reason}") from error
        raise ApiProblem(404, f"{what} is not in the media folder: {error.strerror}") from error
    raise ApiProblem(404, f"{what} is not in the media folder: the file of its name is empty or no regular one")
