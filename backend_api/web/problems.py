"""Every error as RFC 9457 problem details: the fault, its field, and the cure."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend_api.contract.bounds import OutOfBounds
from backend_api.contract.values import Problem
from backend_api.media.media import Media, MediaAway
from backend_api.store.db.errors import StoreBroken, StoreBusy, StoreFull
from backend_api.store.db.paging import BadCursor

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# How long a client is asked to leave a busy or full store alone.
RETRY_AFTER_S = 2
_FOLDER_RETRY_AFTER_S = 30

# On every answer: it is what it says it is, and pages of other sites do not get to show it.
PROTECTION = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-site"}

FieldErrors = list[dict[str, Any]]


class ApiProblem(Exception):
    """An error that an endpoint answers with; `detail` names the cure."""

    def __init__(
        self, status: int, detail: str, errors: FieldErrors | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers


def media_problem(media: Media, error: OSError) -> ApiProblem:
    """507: the folder of `media` cannot be used. A person has to put that right."""
    log.error("the media folder %s cannot be used: %s", media.name, error.strerror)
    detail = (
        f"the media folder {media.name} cannot be used: {error.strerror or error}; nothing was changed. "
        "Make room there, mount it, or let the backend's user read and write it, and try again"
    )
    return ApiProblem(507, detail, headers={"Retry-After": str(_FOLDER_RETRY_AFTER_S)})


def field_errors(errors: Sequence[Any], *, skip: int = 0) -> FieldErrors:
    """pydantic's errors as {field, message}; `field` is a path such as clip.width, without its first `skip` parts."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"][skip:]),
            "message": str(error["msg"]).removeprefix("Value error, "),
        }
        for error in errors
    ]


def summary(errors: FieldErrors) -> str:
    """The errors in one line."""
    return "; ".join(
        f"{error['field']}: {error['message']}" if error["field"] else error["message"] for error in errors
    )


def problem_response(
    status: int, detail: str, errors: FieldErrors | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer. It is never cached: a missing file may be there in a minute."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **PROTECTION, **(headers or {})},
    )


async def _on_api_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiProblem)  # noqa: S101 - says to the type checker what the registration guarantees
    return problem_response(error.status, error.detail, error.errors, error.headers)


async def _on_bad_cursor(_request: Request, error: Exception) -> Response:
    return problem_response(422, f"cursor: {error}", [{"field": "cursor", "message": str(error)}])


async def _on_invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = field_errors(error.errors(), skip=1)  # the first part says query, path or body
    return problem_response(422, f"{summary(errors)} (see /docs for what is allowed)", errors)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    details = {
        404: f"there is nothing at {request.url.path}; /docs lists every address",
        405: f"{request.method} is not allowed for {request.url.path}; see the Allow header, or /docs",
    }
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The router names the methods of one route, and there may be several at an address.
        headers["Allow"] = ", ".join(allowed_methods(request.app.openapi(), request.url.path)) or headers["Allow"]
    return problem_response(error.status_code, details.get(error.status_code, error.detail), headers=headers)


def allowed_methods(document: Mapping[str, Any], path: str) -> list[str]:
    """The methods that the OpenAPI `document` has for `path`, in the order of the alphabet."""
    paths = document["paths"]
    templates = [path] if path in paths else [template for template in paths if _fits(template, path)]
    methods = {method.upper() for template in templates for method in paths[template]}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def _fits(template: str, path: str) -> bool:
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
    return re.fullmatch(pattern, path) is not None


async def _on_out_of_bounds(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OutOfBounds)  # noqa: S101
    errors = [{"field": error.field, "message": str(error)}]
    return problem_response(422, summary(errors), errors)


async def _on_disconnect(request: Request, _error: Exception) -> Response:
    log.info("%s %s broke off before its body had ended", request.method, request.url.path)
    return problem_response(400, "the request ended before its body did")  # no client reads it


async def _on_busy(request: Request, error: Exception) -> Response:
    log.warning("%s %s was put off: %s", request.method, request.url.path, error)
    return problem_response(503, f"{error}; try again", headers={"Retry-After": str(RETRY_AFTER_S)})


async def _on_full(request: Request, error: Exception) -> Response:
    log.error("%s %s failed, make room on the disk: %s", request.method, request.url.path, error)
    detail = f"{error}; nothing was stored or lost, try again when there is room"
    return problem_response(507, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


async def _on_broken(request: Request, error: Exception) -> Response:
    log.error("%s %s failed: %s", request.method, request.url.path, error)
    return problem_response(500, str(error))


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    log.error("%s %s failed: %s: %s", request.method, request.url.path, type(error).__name__, error)
    return problem_response(500, "an unforeseen error, which the backend's log names; trying again may help")


_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    ApiProblem: _on_api_problem,
    BadCursor: _on_bad_cursor,
    RequestValidationError: _on_invalid_request,
    OutOfBounds: _on_out_of_bounds,
    HTTPException: _on_http_exception,
    ClientDisconnect: _on_disconnect,
    StoreBusy: _on_busy,
    MediaAway: _on_busy,
    StoreFull: _on_full,
    StoreBroken: _on_broken,
}


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of `app` a problem, those of the framework included."""
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)
    # Anything else is a mistake of the backend's own.
    app.add_exception_handler(Exception, _on_unforeseen)
