"""The dashboard's one door to the backend: HTTP calls, answers as the contract's values, errors with their cure."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import requests
from pydantic import BaseModel, ValidationError

from backend_api.contract import EventPage, EventType, StoredEvent
from backend_api.contract_types import Problem, format_timestamp
from backend_api.contract_verdicts import MmStatus

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 10.0

Answer = TypeVar("Answer", bound=BaseModel)


class BackendError(Exception):
    """A call that brought no answer to show; the text is a sentence with the cure."""


class Unreachable(BackendError):
    """Nothing answers at the address, or not in time."""


class Refused(BackendError):
    """The backend answered with an error; `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class NotUnderstood(BackendError):
    """Something answers at the address, but not what a backend of this version says."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events to list; None is any. `since` and `until` bound `ts`."""

    event_type: EventType | None = None
    machine_id: str | None = None
    mm_status: MmStatus | None = None
    since: datetime | None = None
    until: datetime | None = None

    def parameters(self) -> dict[str, str]:
        """The query string's fields, without those that are None."""
        fields = {
            "event_type": self.event_type,
            "machine_id": self.machine_id,
            "mm_status": self.mm_status,
            "since": self.since and format_timestamp(self.since),
            "until": self.until and format_timestamp(self.until),
        }
        return {name: str(value) for name, value in fields.items() if value is not None}


class BackendApi:
    """Calls to the backend at `url`, from any thread; each raises a BackendError when it brings no answer.

    `api_key` is sent when there is one.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        # A proxy from the environment must not come between two processes of one computer.
        self._session.trust_env = False
        if api_key:
            self._session.headers["Authorization"] = f"Bearer {api_key}"

    def events(self, query: EventQuery, *, limit: int, cursor: str | None = None) -> EventPage:
        """One page of events, newest first: at most `limit` after `cursor` (an earlier page's `next_cursor`)."""
        parameters = query.parameters() | {"order": "desc", "limit": str(limit)}
        if cursor is not None:
            parameters["cursor"] = cursor
        return self._parse(self._call("GET", "/events", parameters), EventPage)

    def event(self, event_id: UUID) -> StoredEvent:
        """One event. Raises Refused with status 404 when there is none of that id."""
        return self._parse(self._call("GET", f"/events/{event_id}"), StoredEvent)

    def retry(self, event_id: UUID) -> None:
        """Have the model asked again about an event whose enrichment is DEAD."""
        self._call("POST", f"/events/{event_id}/retry")

    def check_health(self) -> None:
        """Return when the backend is up, raise a BackendError otherwise."""
        self._call("GET", "/health")

    def _call(self, method: str, path: str, parameters: dict[str, str] | None = None) -> requests.Response:
        try:
            response = self._session.request(
                method,
                self.url + path,
                params=parameters,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unreachable(f"Nothing answers at {self.url}.") from error
        if not 200 <= response.status_code < 300:
            raise Refused(response.status_code, _reason(response))
        return response

    def _parse(self, response: requests.Response, model: type[Answer]) -> Answer:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise NotUnderstood(
                f"What {self.url} answers is not what a backend of this version says. Check that the address is the "
                "backend's, and that backend and dashboard come from the same release."
            ) from error


def _reason(response: requests.Response) -> str:
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return f"The backend answered {response.status_code} {response.reason}; its log says why."
    return problem.detail
