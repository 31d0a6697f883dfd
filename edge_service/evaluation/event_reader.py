"""Where recorded events are read from: files of lines as the outbox or curl writes them, or a running backend."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend_api.base.clock import SystemClock
from backend_api.base.http_client import HttpClient, NoAnswer
from backend_api.base.process import FatalError, UsageError
from backend_api.contract.events import Event, EventPage, StoredEvent
from backend_api.contract.values import MAX_PAGE_ITEMS, format_timestamp


def read_events(source: str, since: datetime | None, until: datetime | None, api_key: str | None = None) -> list[Event]:
    """The events at `source`, each once: a backend's address (http...), or the path of a file.

    A file holds one page of GET /events, or lines that are each an event, a page, or an entry of the outbox. It is read
    whole; a backend is asked, with `api_key` as bearer, for what lies between `since` and `until` alone. Raises
    UsageError when `source` is neither or a line cannot be understood, FatalError when the backend does not answer.
    """
    is_address = source.startswith(("http://", "https://"))
    events = _ask(source, since, until, api_key) if is_address else _read(Path(source))
    return list({event.event_id: event for event in events}.values())


def _read(path: Path) -> Iterator[Event]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; give a file of events or a backend's address as --events"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start}); is it a file of events?") from error
    try:
        page = json.loads(text)
    except ValueError:
        page = None
    if isinstance(page, dict):  # a page may stand in many lines
        yield from _parse(page, f"{path}:1")
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            place = f"{path}:{number}"
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise UsageError(f"{place}: is no JSON ({error}); every line is one event") from error
            yield from _parse(entry, place)


def _parse(entry: Any, place: str) -> Iterator[Event]:  # noqa: ANN401 - JSON may hold anything
    if not isinstance(entry, dict):
        raise UsageError(f"{place}: is no event but {type(entry).__name__}; every line is one event")
    if "base" in entry:
        return  # the outbox's first line, which holds no event
    try:
        if "items" in entry:
            page = EventPage.model_validate(entry)
            if page.next_cursor is not None:
                raise UsageError(f"{place}: is one page of several; give the backend's address as --events instead")
            yield from page.items
        elif "received_at" in entry:
            yield StoredEvent.model_validate(entry)
        else:
            yield Event.model_validate(entry.get("event", entry))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{place}: is no event: {field}: {first['msg']}") from error


def _ask(address: str, since: datetime | None, until: datetime | None, api_key: str | None) -> Iterator[Event]:
    query: dict[str, str] = {"order": "asc", "limit": str(MAX_PAGE_ITEMS)}
    for key, instant in (("since", since), ("until", until)):
        if instant is not None:
            query[key] = format_timestamp(instant)
    with closing(HttpClient(address, SystemClock(), source="the backend's address", bearer=api_key)) as http:
        while True:
            page = _page(http, query)
            yield from page.items
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor


def _page(http: HttpClient, query: Mapping[str, str]) -> EventPage:
    url = f"{http.url}/events"
    try:
        answer = http.request("GET", "/events", query=list(query.items()))
    except NoAnswer as error:
        raise FatalError(f"{url}: {error}; is the backend running there?") from error
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise UsageError(f"{url}: asks for a key; set GYM_API_KEY to the backend's")
    if answer.status != HTTPStatus.OK:
        said = " ".join(answer.body[:200].decode(errors="replace").split())
        raise FatalError(f"{url}: answers {answer.status}: {said}; is it the backend's address?")
    try:
        return EventPage.model_validate_json(answer.body)
    except ValidationError as error:
        raise FatalError(f"{url}: answers with something else than events; is it the backend's address?") from error
