"""The dashboard's client of the backend: HTTP calls, answers as the contract's values, errors with their cure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from backend_api.base.clock import SystemClock
from backend_api.base.http_client import Answer, HttpClient, NoAnswer
from backend_api.contract.alerts import Alert, AlertPage, SendAnswer, TargetList, TargetState
from backend_api.contract.cameras import CameraList, CameraSetupState
from backend_api.contract.compliance import Compliance, SuggestedReviews
from backend_api.contract.corrections import CorrectionList, StoredCorrection, UseCorrection
from backend_api.contract.events import EventPage, StoredEvent
from backend_api.contract.floor import Floor
from backend_api.contract.looks import Look, LookRequest
from backend_api.contract.media import Ready
from backend_api.contract.people import ACTING_FOR, Person
from backend_api.contract.queries import (
    CameraPageQuery,
    ComplianceQuery,
    DaysQuery,
    EventQuery,
    Order,
    Parameters,
    SessionQuery,
    StatsQuery,
)
from backend_api.contract.sessions import MachineList, Session, SessionPage
from backend_api.contract.stats import AgreementList, DayStats, Stats
from backend_api.contract.stores import StoreList, StoreSettings, StoreState
from backend_api.contract.values import MAX_PAGE_ITEMS, Problem, format_timestamp
from backend_api.contract.verdicts import QueueState, Review, ReviewList, StoredReview
from backend_api.contract.zone_versions import ZoneChange, ZoneHistory, ZoneVersion

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 10.0

Value = TypeVar("Value", bound=BaseModel)
NamedList = TypeVar("NamedList", MachineList, CameraList)

_JSON = TypeAdapter(dict[str, object])


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

    `api_key` is sent when there is one, and the `person` for whom it acts. A person of some stores gets the lists of
    these alone.
    """

    def __init__(self, url: str, api_key: str | None = None, person: Person | None = None) -> None:
        self.url = url
        self.acting_for = None if person is None else person.header()
        self._store_ids = None if person is None else person.store_ids
        self._http = HttpClient(
            url,
            SystemClock(),
            source="GYM_BACKEND_URL",
            bearer=api_key,
            connect_s=CONNECT_TIMEOUT_S,
            read_s=READ_TIMEOUT_S,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def events(self, query: EventQuery) -> EventPage:
        """One page of events."""
        return self._get("/events", EventPage, query.parameters())

    def session_events(self, session: Session) -> tuple[StoredEvent, ...]:
        """The events of one use of a machine, the oldest first."""
        query = EventQuery(
            session_id=session.session_id, store_id=session.store_id, order=Order.ASC, limit=MAX_PAGE_ITEMS
        )
        return tuple(self.events(query).items)

    def session(self, session_id: UUID) -> Session | None:
        """One use of a machine; None when there is none of that id."""
        query = SessionQuery(session_id=(session_id,), limit=1)
        of = [query] if self._store_ids is None else [query.model_copy(update={"store_id": i}) for i in self._store_ids]
        return next((session for each in of for session in self.sessions(each).items), None)

    def event(self, event_id: UUID) -> StoredEvent:
        """One event. Raises Refused with status 404 when there is none of that id."""
        return self._get(f"/events/{event_id}", StoredEvent)

    def sessions(self, query: SessionQuery) -> SessionPage:
        """One page of sessions."""
        return self._get("/sessions", SessionPage, query.parameters())

    def machines(self) -> MachineList:
        """Every machine as it is now, of all pages."""
        return MachineList(items=[item for page in self._all_pages("/machines", MachineList) for item in page.items])

    def stats(self, query: StatsQuery) -> Stats:
        """How much machines were used, and how often they were cleaned."""
        return self._get("/stats", Stats, query.parameters())

    def days(self, query: DaysQuery) -> DayStats:
        """Figures of whole days, of any number of stores. Raises Refused with status 503 while some are missing."""
        return self._get("/stats/days", DayStats, query.parameters())

    def compliance(self, query: ComplianceQuery) -> Compliance:
        """Compliance, corrected by reviews."""
        return self._get("/stats/compliance", Compliance, query.parameters())

    def suggested(self) -> SuggestedReviews:
        """The verdicts that were drawn to be reviewed, and are not yet."""
        return self._get("/reviews/suggested", SuggestedReviews)

    def suggest(self, count: int) -> SuggestedReviews:
        """Have `count` more verdicts drawn. Raises Refused with status 409 when there are none left."""
        return self._parse(self._call("POST", "/reviews/draws", body={"count": count}), SuggestedReviews)

    def stores(self) -> StoreList:
        """Every store, and what people say of it."""
        return self._get("/stores", StoreList)

    def put_store(self, store_id: str, settings: StoreSettings) -> StoreState:
        """Describe a store."""
        return self._parse(self._call("PUT", f"/stores/{store_id}", body=settings.model_dump(mode="json")), StoreState)

    def alerts(self, store_id: str | None = None, *, lasts: bool = False) -> AlertPage:
        """What was told last, the newest first; with `lasts` only what is so now."""
        of_store = () if store_id is None else (("store_id", store_id),)
        return self._get("/alerts", AlertPage, (*of_store, *((("lasts", "true"),) if lasts else ())))

    def acknowledge(self, alert_id: int, who: str) -> Alert:
        """Say that somebody has seen an alert. Raises Refused with status 404 when there is none of that id."""
        return self._parse(self._call("POST", f"/alerts/{alert_id}/acknowledge", body={"who": who}), Alert)

    def alert_targets(self) -> TargetList:
        """Whom alerts are told, and how that goes."""
        return self._get("/alerts/targets", TargetList)

    def send_test(self, name: str) -> SendAnswer:
        """Send a target a test; what it answered."""
        return self._parse(self._call("POST", f"/alerts/targets/{name}/test"), SendAnswer)

    def snooze(self, name: str, until: datetime | None, who: str) -> TargetState:
        """Leave a target in peace until then."""
        body = {"until": None if until is None else format_timestamp(until), "who": who}
        return self._parse(self._call("POST", f"/alerts/targets/{name}/snooze", body=body), TargetState)

    def cameras(self) -> CameraList:
        """Each camera's last report, of all pages."""
        return CameraList(items=[item for page in self._all_pages("/cameras", CameraList) for item in page.items])

    def forget_camera(self, store_id: str, camera_id: str) -> None:
        """Take a camera off the list until it reports again. Raises Refused with status 404 when it is not on it."""
        self._call("DELETE", f"/cameras/{camera_id}", (("store_id", store_id),))

    def setup(self, store_id: str, camera_id: str) -> CameraSetupState:
        """The setup of a camera. Raises Refused with status 404 when it has not said."""
        return self._get(f"/cameras/{camera_id}/setup", CameraSetupState, (("store_id", store_id),))

    def zone_history(self, store_id: str, camera_id: str) -> ZoneHistory:
        """The versions of a camera's zones, the newest first."""
        return self._get(f"/cameras/{camera_id}/zones/history", ZoneHistory, (("store_id", store_id),))

    def change_zones(self, store_id: str, camera_id: str, drawn_on: int, change: ZoneChange) -> ZoneVersion:
        """Have a camera's edge take other zones. Raises Refused with status 412 when `drawn_on` is not the newest."""
        answer = self._call(
            "PUT",
            f"/cameras/{camera_id}/zones",
            (("store_id", store_id),),
            body=change.model_dump(mode="json"),
            headers={"If-Match": f'"{drawn_on}"'},
        )
        return self._parse(answer, ZoneVersion)

    def still(self, store_id: str, camera_id: str) -> bytes:
        """A camera's last still, a JPEG. Raises Refused with status 404 when there is none."""
        return self._call("GET", f"/cameras/{camera_id}/still", (("store_id", store_id),)).body

    def look(self, store_id: str, camera_id: str) -> Look:
        """What a camera saw when somebody asked last. Raises Refused with status 404 when nobody did."""
        return self._get(f"/cameras/{camera_id}/look", Look, (("store_id", store_id),))

    def ask_look(self, store_id: str, camera_id: str, request: LookRequest) -> Look:
        """Ask a camera for a look. Raises Refused with status 409 when its edge gives none."""
        body = request.model_dump(mode="json")
        return self._parse(self._call("POST", f"/cameras/{camera_id}/look", (("store_id", store_id),), body=body), Look)

    def floor(self, query: CameraPageQuery) -> Floor:
        """A page of the cameras' pictures and zones."""
        return self._get("/floor", Floor, query.parameters())

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

    def corrections(self, session_id: UUID) -> CorrectionList:
        """Every correction of a use, the oldest first."""
        return self._get(f"/sessions/{session_id}/corrections", CorrectionList)

    def correct(self, session_id: UUID, correction: UseCorrection) -> StoredCorrection:
        """Store a person's correction of a use. Raises Refused with status 409 when it can no longer be corrected."""
        body = correction.model_dump(mode="json")
        return self._parse(self._call("POST", f"/sessions/{session_id}/correction", body=body), StoredCorrection)

    def retry(self, event_id: UUID) -> None:
        """Have the model asked again about an event whose enrichment is DEAD."""
        self._call("POST", f"/events/{event_id}/retry")

    def check_health(self) -> None:
        """Return when the backend is up, raise a BackendError otherwise."""
        self._call("GET", "/health")

    def ready(self) -> Ready:
        """That the backend can store, and what waits for a person's word. Raises Refused with 503 when it cannot."""
        return self._get("/ready", Ready)

    def _all_pages(self, path: str, model: type[NamedList]) -> Iterator[NamedList]:
        """The pages of a list that is in the order of names, of all stores, or of each of the person's."""
        if self._store_ids is None:
            yield from self._pages(path, model, ())
        for store_id in self._store_ids or ():
            yield from self._pages(path, model, (("store_id", store_id),))

    def _pages(self, path: str, model: type[NamedList], of: Parameters) -> Iterator[NamedList]:
        limited: Parameters = (*of, ("limit", str(MAX_PAGE_ITEMS)))
        page = self._get(path, model, limited)
        yield page
        while page.next_cursor is not None:
            page = self._get(path, model, (*limited, ("cursor", page.next_cursor)))
            yield page

    def _get(self, path: str, model: type[Value], parameters: Parameters = ()) -> Value:
        return self._parse(self._call("GET", path, parameters), model)

    def _call(
        self,
        method: str,
        path: str,
        parameters: Parameters = (),
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        json = None if body is None else _JSON.dump_json(dict(body))
        acting = {} if self.acting_for is None else {ACTING_FOR: self.acting_for}
        given = {**acting, **(headers or {}), **({} if json is None else {"Content-Type": "application/json"})}
        try:
            answer = self._http.request(method, path, query=parameters, body=json, headers=given)
        except NoAnswer as error:
            raise Unreachable(f"Nothing answers at {self.url}.") from error
        if not 200 <= answer.status < 300:
            raise Refused(answer.status, _reason(answer))
        return answer

    def _parse(self, answer: Answer, model: type[Value]) -> Value:
        try:
            return model.model_validate_json(answer.body)
        except ValidationError as error:
            raise NotUnderstood(
                f"The answer of {self.url} is not one of a backend of this version. Check that the address is the "
                "backend's, and that backend and dashboard come from the same release."
            ) from error


def _reason(answer: Answer) -> str:
    try:
        problem = Problem.model_validate_json(answer.body)
    except ValidationError:
        name = next((f" {status.phrase}" for status in HTTPStatus if status == answer.status), "")
        return f"The backend answered {answer.status}{name}; its log says why."
    return problem.detail
