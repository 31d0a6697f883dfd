"""Reading a request's body: of the right type, and never more of it than is allowed."""

from functools import partial
from typing import Literal, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from backend_api.web.jpeg import NotJpeg, jpeg_size
from backend_api.web.problems import ApiProblem, FieldErrors, field_errors, summary

Model = TypeVar("Model", bound=BaseModel)

# So much is read and thrown away beyond the limit, so that a client that is still sending hears the answer.
_DISCARD_BYTES = 16 * 1024 * 1024
# A longer body is read in a thread: hundreds of zones take seconds, for which all other clients would wait.
_MOST_BYTES_IN_LOOP = 16 * 1024


async def read_body(request: Request, media_type: str, max_bytes: int) -> bytes:
    """The whole body.

    Raises ApiProblem 415 when it is not `media_type`, 413 when it is longer than `max_bytes`; ClientDisconnect.
    """
    check_type(request, media_type)
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes <= max_bytes:
            chunks.append(chunk)
        elif size_bytes > max_bytes + _DISCARD_BYTES:
            break
    if size_bytes > max_bytes:
        raise ApiProblem(413, f"the body is longer than {max_bytes} bytes; send less at once")
    return b"".join(chunks)


async def read_json(request: Request, model: type[Model], max_bytes: int) -> Model:
    """The `model` that the body holds. Raises ApiProblem as `read_body` does, and 422 with the fields named."""
    body = await read_body(request, "application/json", max_bytes)
    try:
        return await _parse(model, body)
    except ValidationError as error:
        raise _invalid(error) from error


def check_jpeg(jpeg: bytes, field: str) -> None:
    """Raise ApiProblem 422, which names the `field`, when these are not the bytes of a JPEG file (jpeg.py)."""
    try:
        jpeg_size(jpeg)
    except NotJpeg as error:
        text = f"{error}; send a whole JPEG file"
        raise ApiProblem(422, f"{field}: {text}", [{"field": field, "message": text}]) from error


async def read_report(request: Request, model: type[Model], max_bytes: int) -> tuple[Model, list[str]]:
    """Like `read_json`, of a sender that may be of a later release, and the fields that this one does not know.

    These are left out. What is known, and what is missing, is as strict as in `read_json`.
    """
    body = await read_body(request, "application/json", max_bytes)
    try:
        return await _parse(model, body), []
    except ValidationError as error:
        unknown = [field["field"] for field in _fields(error, only="extra_forbidden")]
        if not unknown:
            raise _invalid(error) from error
    try:
        return await _parse(model, body, extra="ignore"), unknown
    except ValidationError as error:
        raise _invalid(error) from error


async def _parse(model: type[Model], body: bytes, extra: Literal["ignore"] | None = None) -> Model:
    parse = partial(model.model_validate_json, body, extra=extra)
    return parse() if len(body) <= _MOST_BYTES_IN_LOOP else await run_in_threadpool(parse)


def _invalid(error: ValidationError) -> ApiProblem:
    errors = _fields(error)
    return ApiProblem(422, summary(errors), errors)


def _fields(error: ValidationError, *, only: str | None = None) -> FieldErrors:
    """The fields that are wrong; of the type `only`, where that is given."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return field_errors([field for field in found if only in (None, field["type"])])


def check_type(request: Request, media_type: str) -> None:
    """Raise ApiProblem 415 when the body is not said to be `media_type`, as it is."""
    # A page of another origin cannot send this type unless the browser has asked first, and is refused.
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != media_type:
        raise ApiProblem(415, f"the body is {given or 'of no declared type'}; send Content-Type: {media_type}")
    encoding = request.headers.get("content-encoding", "")
    if encoding.lower() not in {"", "identity"}:
        raise ApiProblem(415, f"the body is compressed ({encoding}); send it without Content-Encoding")
