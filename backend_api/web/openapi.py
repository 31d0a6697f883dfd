"""The OpenAPI document: FastAPI's, and the bodies that the endpoints read by themselves."""

from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic.json_schema import models_json_schema
from starlette.types import Lifespan

from backend_api.contract.alerts import Acknowledgement, Snooze
from backend_api.contract.cameras import CameraReport, CameraReports, CameraSetup
from backend_api.contract.compliance import DrawRequest
from backend_api.contract.corrections import UseCorrection
from backend_api.contract.events import BatchResult, Event, EventPage, StoredEvent
from backend_api.contract.looks import LookAnswer, LookRequest
from backend_api.contract.stores import StoreSettings
from backend_api.contract.values import Name, Problem
from backend_api.contract.verdicts import Review
from backend_api.contract.zone_versions import ZoneChange, ZoneRefusal
from backend_api.web.problems import MEDIA_TYPE

OfStore = Annotated[Name, Query()]
"""The parameter `store_id` of what belongs to a camera: a camera's id is unique in its store alone."""
_REFERENCE = "#/components/schemas/{model}"
_MODELS = (
    *(Event, StoredEvent, EventPage, BatchResult, CameraReport, CameraReports, CameraSetup, StoreSettings),
    *(Review, UseCorrection, DrawRequest, Acknowledgement, Snooze, ZoneChange, ZoneRefusal),
    *(LookRequest, LookAnswer, Problem),
)

# What answers without a key.
# The board's page is empty: it asks for what it shows with a key.
OPEN_PATHS = ("/health", "/ready", "/board/page")

_PROBLEMS = {
    400: "Range is not understood.",
    401: "A key is required; none was sent, or an unknown one.",
    403: "The key's role or its stores do not allow it, or the request is of a page or for a host that is not allowed.",
    404: "Not found.",
    409: "It contradicts the stored data.",
    410: "Removed on purpose, by --keep-days or --keep-gb.",
    412: "It is based on what is no longer the newest.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    416: "The range lies outside the file.",
    422: "The request is not valid; `errors` names the fields.",
    428: "If-Match is missing.",
    503: "Busy or stopping; try again after Retry-After seconds.",
    507: "The disk is full, or a folder cannot be used; nothing was stored. Try again after Retry-After seconds.",
}

_DESCRIPTION = """
Which gym machines are in use, and whether they are wiped down afterwards: the events that the cameras' edges report,
the clips that prove them, and the vision-language model's verdict on each cleaning attempt.

Times are RFC 3339 with a zone; the API answers in UTC with milliseconds. Every error is an `application/problem+json`
document (RFC 9457) whose `detail` says what to do.
"""


class Api(FastAPI):
    """FastAPI with the schemas of the contract in its description."""

    def __init__(self, version: str, lifespan: Lifespan[Any]) -> None:
        # One schema a model: requests and answers differ in nothing that a client needs to know.
        super().__init__(
            title="Gym machine events",
            version=version,
            lifespan=lifespan,
            description=_DESCRIPTION,
            redirect_slashes=False,
            docs_url=None,
            redoc_url=None,
            separate_input_output_schemas=False,
            # /metrics and the log say what happens; looking for OpenTelemetry's settings costs each request a little.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, schemas = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REFERENCE)
            document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
            _add_denials(document)
            self.openapi_schema = document
        return self.openapi_schema


def _add_denials(document: dict[str, Any]) -> None:
    """Say how keys are sent, and how every call is refused: all but OPEN_PATHS without a key."""
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        denials = (403,) if path in OPEN_PATHS else (401, 403)
        for operation in operations.values():
            if path not in OPEN_PATHS:
                # An empty requirement: a backend that was started without keys asks for none.
                operation["security"] = [{"key": []}, {}]
            operation["responses"].update({str(status): value for status, value in problems(*denials).items()})


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that an endpoint answers with, for its `responses`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


def answer(model: str, description: str) -> dict[str, Any]:
    """A JSON answer that is a `model` of the contract."""
    content = {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model)}}}
    return {"description": description, "content": content}


def event_body() -> dict[str, Any]:
    """The body of POST /events, for its `openapi_extra`."""
    return json_body("Event")


def json_body(model: str) -> dict[str, Any]:
    """A body that is a `model` of the contract, for an endpoint's `openapi_extra`."""
    content = {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model)}}}
    return {"requestBody": {"required": True, "content": content}}


def batch_body() -> dict[str, Any]:
    """The body of POST /events/batch, for its `openapi_extra`."""
    schema = {"type": "string", "description": "One Event a line, as JSON."}
    return {"requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": schema}}}}
