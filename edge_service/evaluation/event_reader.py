"""Where recorded events are read from: files of lines as the outbox or curl writes them, or a running backend."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from pydantic import ValidationError

from backend_api.base.process import FatalError, UsageError
from backend_api.contract.events import Event, EventPage, StoredEvent
from backend_api.contract.values import MAX_PAGE_ITEMS, format_timestamp
from edge_service.delivery.http_transport import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, open_session, reason_of

_TIMEOUTS_S = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)


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
    with open_session(address, api_key) as session:
        while True:
            page = _page(session, f"{address.rstrip('/')}/events", query)
            yield from page.items
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor


def _page(session: requests.Session, url: str, query: dict[str, str]) -> EventPage:
    try:
        response = session.get(url, params=query, timeout=_TIMEOUTS_S, allow_redirects=False)
    except requests.RequestException as error:
        raise FatalError(f"{url}: {reason_of(error, _TIMEOUTS_S)}; is the backend running there?") from error
    if response.status_code == requests.codes.unauthorized:
        raise UsageError(f"{url}: asks for a key; set GYM_API_KEY to the backend's")
    if response.status_code != requests.codes.ok:
        raise FatalError(f"{url}: answers {response.status_code}: {response.text[:200]}; is it the backend's address?")
    try:
        return EventPage.model_validate_json(response.content)
    except ValidationError as error:
        raise FatalError(f"{url}: answers with something else than events; is it the backend's address?") from error
