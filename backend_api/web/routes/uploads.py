"""PUT of clips and thumbnails, from an edge that has no media folder in common with the backend."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from backend_api.contract.media import clip_name, thumbnail_name
from backend_api.media.media import Media
from backend_api.store.store import Store
from backend_api.web.bodies import check_type
from backend_api.web.openapi import problems
from backend_api.web.problems import ApiProblem
from backend_api.web.uploads import Declared, keep, parse_digest

# Half an hour of a camera's 1080p, and a picture of any camera's.
MAX_CLIP_BYTES = 1024**3
MAX_THUMBNAIL_BYTES = 8 * 1024**2

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The very same file was there before; nothing changed."},
    201: {"description": "Kept; it is on the disk. Location names it."},
    **problems(409, 410, 413, 415, 422, 503, 507),
}


def upload_routes(store: Store, media: Media) -> APIRouter:
    """The router for uploads to /media. A file may come before its event, and comes so as a rule."""
    router = APIRouter(prefix="/media", tags=["media"])

    @router.put(
        "/{event_id}",
        status_code=201,
        summary="Upload an event's clip",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra=_body("video/mp4"),
    )
    async def put_clip(event_id: UUID, request: Request) -> Response:
        """MP4, at most 1 GiB. Sending the same file again is harmless; a file is never replaced by another."""
        declared = _declared(request, "video/mp4", Declared(_digest(request), MAX_CLIP_BYTES, b"ftyp", 4))
        row = await run_in_threadpool(store.events.find, event_id)
        if row is not None and row.clip_sha256 != declared.sha256:
            raise ApiProblem(409, f"event {event_id} promises another clip: {row.clip_sha256 or 'none'}")
        await run_in_threadpool(_check_not_removed, store, event_id)
        return await _keep(request, media, clip_name(event_id), declared)

    @router.put(
        "/{event_id}/thumbnail",
        status_code=201,
        summary="Upload an event's thumbnail",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra=_body("image/jpeg"),
    )
    async def put_thumbnail(event_id: UUID, request: Request) -> Response:
        """JPEG, at most 8 MiB; as for clips."""
        declared = _declared(request, "image/jpeg", Declared(_digest(request), MAX_THUMBNAIL_BYTES, b"\xff\xd8\xff", 0))
        await run_in_threadpool(_check_not_removed, store, event_id)
        return await _keep(request, media, thumbnail_name(event_id), declared)

    return router


async def _keep(request: Request, media: Media, name: str, declared: Declared) -> Response:
    is_new = await keep(request.stream(), media, name, declared)
    headers = {"Location": request.url.path, "ETag": f'"{declared.sha256}"'}
    return Response(status_code=201 if is_new else 200, headers=headers)


def _check_not_removed(store: Store, event_id: UUID) -> None:
    if removed := store.removed_media.find(event_id):
        raise ApiProblem(410, f"the media of event {event_id} were removed on purpose: {removed.reason}")


def _digest(request: Request) -> str:
    return parse_digest(request.headers.get("content-digest"))


def _declared(request: Request, media_type: str, declared: Declared) -> Declared:
    """`declared`, when the headers agree with it: refused before anything is sent, where the client waits for that."""
    check_type(request, media_type)
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > declared.max_bytes:
        raise ApiProblem(413, f"the file is longer than {declared.max_bytes} bytes")
    return declared


def _body(media_type: str) -> dict[str, Any]:
    digest = {
        "name": "Content-Digest",
        "in": "header",
        "required": True,
        "description": "The file's SHA-256 as RFC 9530 writes it: `sha-256=:<base64>:`.",
        "schema": {"type": "string", "pattern": "sha-256=:[A-Za-z0-9+/]{43}=:"},
    }
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {"parameters": [digest], "requestBody": {"required": True, "content": content}}
