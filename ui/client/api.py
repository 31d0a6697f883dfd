"""The dashboard's client of the backend: HTTP calls, answers as the contract's values, errors with their cure."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

import requests
from pydantic import BaseModel, ValidationError

from backend_api.contract.agreement import AgreementList
from backend_api.contract.cameras import CameraList, CameraSetupState
from backend_api.contract.events import EventPage, StoredEvent
from backend_api.contract.queries import EventQuery, Order, Parameters, SessionQuery, StatsQuery
from backend_api.contract.sessions import MachineList, SessionPage
from backend_api.contract.stats import Stats
from backend_api.contract.values import MAX_PAGE_ITEMS, Problem
from backend_api.contract.verdicts import QueueState, Review, ReviewList, StoredReview

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
    """Something answers at the address, but no backend of this version."""


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

    def events(self, query: EventQuery) -> EventPage:
        """One page of events."""
        return self._get("/events", EventPage, query.parameters())

    def session_events(self, session_id: UUID) -> tuple[StoredEvent, ...]:
        """The events of one use of a machine, the oldest first; none when there is no such session."""
        query = EventQuery(session_id=session_id, order=Order.ASC, limit=MAX_PAGE_ITEMS)
        return tuple(self.events(query).items)

    def event(self, event_id: UUID) -> StoredEvent:
        """One event. Raises Refused with status 404 when there is none of that id."""
        return self._get(f"/events/{event_id}", StoredEvent)

    def sessions(self, query: SessionQuery) -> SessionPage:
        """One page of sessions."""
        return self._get("/sessions", SessionPage, query.parameters())

    def machines(self) -> MachineList:
        """Every machine as it is now."""
        return self._get("/machines", MachineList)

    def stats(self, query: StatsQuery) -> Stats:
        """How much machines were used, and how often they were cleaned."""
        return self._get("/stats", Stats, query.parameters())

    def cameras(self) -> CameraList:
        """Each camera's last report."""
        return self._get("/cameras", CameraList)

    def setup(self, store_id: str, camera_id: str) -> CameraSetupState:
        """The setup of a camera. Raises Refused with status 404 when it has not said."""
        return self._get(f"/cameras/{camera_id}/setup", CameraSetupState, (("store_id", store_id),))

    def still(self, store_id: str, camera_id: str) -> bytes:
        """A camera's last still, a JPEG. Raises Refused with status 404 when there is none."""
        return self._call("GET", f"/cameras/{camera_id}/still", (("store_id", store_id),)).content

    def queue(self) -> QueueState:
        """How many questions to the model are in which state."""
        return self._get("/queue", QueueState)

    def agreement(self) -> AgreementList:
        """How far people agree with each model."""
        return self._get("/stats/agreement", AgreementList)

    def reviews(self, event_id: UUID) -> ReviewList:
        """Every review of an event, the oldest first."""
        return self._get(f"/events/{event_id}/reviews", ReviewList)

    def review(self, event_id: UUID, review: Review) -> StoredReview:
        """Store a person's review of an event's verdict. Raises Refused with status 409 when it has none."""
        body = review.model_dump(mode="json")
        return self._parse(self._call("POST", f"/events/{event_id}/review", body=body), StoredReview)

    def retry(self, event_id: UUID) -> None:
        """Have the model asked again about an event whose enrichment is DEAD."""
        self._call("POST", f"/events/{event_id}/retry")

    def check_health(self) -> None:
        """Return when the backend is up, raise a BackendError otherwise."""
        self._call("GET", "/health")

    def _get(self, path: str, model: type[Answer], parameters: Parameters = ()) -> Answer:
        return self._parse(self._call("GET", path, parameters), model)

    def _call(
        self, method: str, path: str, parameters: Parameters = (), body: Mapping[str, object] | None = None
    ) -> requests.Response:
        try:
            response = self._session.request(
                method,
                self.url + path,
                params=parameters,
                json=body,
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
                f"The answer of {self.url} is not one of a backend of this version. Check that the address is the "
                "backend's, and that backend and dashboard come from the same release."
            ) from error


def _reason(response: requests.Response) -> str:
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return f"The backend answered {response.status_code} {response.reason}; its log says why."
    return problem.detail
