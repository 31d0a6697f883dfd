"""From bytes to events: one JSON document, or a batch of them as NDJSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from backend_api.contract.bounds import OutOfBounds, check_event
from backend_api.contract.events import MAX_BATCH_LINES, Event, RejectedLine
from backend_api.store.events import Arrival
from backend_api.web.problems import ApiProblem, field_errors, summary

MAX_EVENT_BYTES = 64 * 1024
# Answers nest an event a few levels deep, and readers of JSON give up somewhere beyond 100 (pydantic at 200).
MAX_ATTRIBUTES_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines of a batch: those that are events, each with its number from 1, and those that are none."""

    lines: list[int]
    arrivals: list[Arrival]
    rejected: list[RejectedLine]


def parse_event(document: bytes, received_at: datetime) -> Event:
    """The event that `document` holds, which came at `received_at` (aware).

    Raises ApiProblem 422 with the fields named, or 413.
    """
    if len(document) > MAX_EVENT_BYTES:
        raise ApiProblem(413, f"an event is at most {MAX_EVENT_BYTES} bytes long; shorten its attributes")
    try:
        event = Event.model_validate_json(document)
    except ValidationError as error:
        errors = field_errors(error.errors(include_url=False, include_input=False, include_context=False))
        raise ApiProblem(422, summary(errors), errors) from error
    if _is_deeper(event.attributes, MAX_ATTRIBUTES_DEPTH):
        message = f"nested more than {MAX_ATTRIBUTES_DEPTH} levels deep"
        raise ApiProblem(422, f"attributes: {message}", [{"field": "attributes", "message": message}])
    try:
        check_event(event, received_at)
    except OutOfBounds as error:
        raise ApiProblem(422, f"{error.field}: {error}", [{"field": error.field, "message": str(error)}]) from error
    return event


def parse_batch(body: bytes, received_at: datetime) -> Batch:
    """The events of an NDJSON `body`; empty lines count as lines and hold nothing. Raises ApiProblem 413."""
    batch = Batch([], [], [])
    numbered = [(line, text) for line, text in enumerate(body.split(b"\n"), start=1) if text.strip()]
    if len(numbered) > MAX_BATCH_LINES:
        raise ApiProblem(413, f"{len(numbered)} lines; send at most {MAX_BATCH_LINES} at once")
    for line, text in numbered:
        try:
            event = parse_event(text, received_at)
        except ApiProblem as problem:
            rejected = RejectedLine(line=line, event_id=_find_id(text), status=problem.status, error=problem.detail)
            batch.rejected.append(rejected)
        else:
            batch.lines.append(line)
            batch.arrivals.append(Arrival.of(event, received_at))
    return batch


def _is_deeper(value: JsonValue, depth: int) -> bool:
    children = _children(value)
    return depth < 0 or any(_is_deeper(child, depth - 1) for child in children)


def _children(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _find_id(document: bytes) -> str | None:
    """The event_id of a document that is no event, if it says one, to help its sender to find it."""
    try:
        value = from_json(document)
    except ValueError:
        return None
    event_id = value.get("event_id") if isinstance(value, dict) else None
    return event_id if isinstance(event_id, str) and len(event_id) <= 64 else None
