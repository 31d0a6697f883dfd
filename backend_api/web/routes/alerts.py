"""/alerts: what was told to whom, and what the targets answered; acknowledging, snoozing, and trying a target."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from backend_api.alerts.post_office import PostOffice
from backend_api.alerts.wording import Names, sentence
from backend_api.base.clock import Clock
from backend_api.contract.alerts import (
    MAX_SNOOZE_S,
    Acknowledgement,
    Alert,
    AlertPage,
    AlertPhase,
    SendAnswer,
    Snooze,
    TargetList,
    TargetState,
    Telling,
)
from backend_api.contract.values import DEFAULT_PAGE_ITEMS, MAX_COUNT, MAX_PAGE_ITEMS, Name
from backend_api.store.ledger.alerts import AlertRow, find_alert, read_alerts
from backend_api.store.ledger.messages import read_tellings
from backend_api.store.store import Store
from backend_api.web.bodies import read_json
from backend_api.web.caller import in_their_name, sees
from backend_api.web.openapi import json_body, problems
from backend_api.web.problems import ApiProblem

_MAX_BODY_BYTES = 16 * 1024

AlertId = Annotated[int, Path(ge=1, le=MAX_COUNT)]


def alert_routes(store: Store, office: PostOffice, clock: Clock) -> APIRouter:
    """The router for /alerts."""
    router = APIRouter(prefix="/alerts", tags=["alerts"])

    @router.get("", summary="The ledger of alerts", responses=problems(422, 503))
    def list_alerts(
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = DEFAULT_PAGE_ITEMS,
        before: Annotated[
            int | None, Query(ge=1, le=MAX_COUNT, description="Only alerts with a lower id: next_before of a page.")
        ] = None,
        store_id: Annotated[Name | None, Query(description="Of this store, and of the whole installation.")] = None,
        lasts: Annotated[bool, Query(description="Only what is so now, however long ago it began.")] = False,
    ) -> AlertPage:
        """All that happened or lasts, the newest first, and how each target was told."""
        with store.database.snapshot() as connection:
            found = read_alerts(connection, before, limit + 1, store_id, lasts=lasts, of_all=sees(None))
            tellings = read_tellings(connection, [row.id for row in found])
        names = office.names()
        items = [_alert(row, tellings.get(row.id, []), names) for row in found[:limit]]
        return AlertPage(items=items, next_before=items[-1].id if len(found) > limit else None)

    @router.post(
        "/{alert_id}/acknowledge",
        summary="Acknowledge an alert",
        responses=problems(404, 413, 415, 422, 503, 507),
        openapi_extra=json_body("Acknowledgement"),
    )
    async def acknowledge(alert_id: AlertId, request: Request) -> Alert:
        """Somebody has seen it: it is not told again while it lasts. The first who did stays."""
        said = in_their_name(await read_json(request, Acknowledgement, _MAX_BODY_BYTES))
        return await run_in_threadpool(_acknowledge, store, office, alert_id, said.who)

    @router.get("/targets", summary="Targets of alerts", responses=problems(503))
    def list_targets() -> TargetList:
        """Every target of alerts.yaml without its address, with its limits and its last answer."""
        return TargetList(items=office.states())

    _add_target_routes(router, store, office, clock)
    return router


def _add_target_routes(router: APIRouter, store: Store, office: PostOffice, clock: Clock) -> None:
    @router.post("/targets/{name}/test", summary="Send a test", responses=problems(404, 422, 503, 507))
    def send_test(name: Name) -> SendAnswer:
        """Sends a test message at once, whatever hours it is, and tells what the target answered."""
        reply = office.send_test(name)
        if reply is None:
            raise ApiProblem(404, _missing(name))
        return SendAnswer(is_ok=reply.is_ok, answer=reply.text)

    @router.post(
        "/targets/{name}/snooze",
        summary="Leave a target in peace",
        responses=problems(404, 413, 415, 422, 503, 507),
        openapi_extra=json_body("Snooze"),
    )
    async def snooze(name: Name, request: Request) -> TargetState:
        """Nothing is sent to it until then, for a week at most, and all is told in sum afterwards. Null ends that."""
        said = in_their_name(await read_json(request, Snooze, _MAX_BODY_BYTES))
        if said.until is not None and not 0 < (said.until - clock.now()).total_seconds() <= MAX_SNOOZE_S:
            text = "until must lie in the future, within a week"
            raise ApiProblem(422, text, [{"field": "until", "message": text}])
        return await run_in_threadpool(_snooze, store, office, name, said)


def _acknowledge(store: Store, office: PostOffice, alert_id: int, who: str) -> Alert:
    if not store.alerts.acknowledge(alert_id, who):
        raise ApiProblem(404, f"there is no alert {alert_id}; GET /alerts lists them")
    with store.database.snapshot() as connection:
        row = find_alert(connection, alert_id)
        tellings = read_tellings(connection, [alert_id])
    if row is None:
        raise ApiProblem(404, f"the alert {alert_id} is gone; GET /alerts lists them")
    return _alert(row, tellings.get(alert_id, []), office.names())


def _snooze(store: Store, office: PostOffice, name: str, said: Snooze) -> TargetState:
    state = next((state for state in office.states() if state.name == name), None)
    if state is None:
        raise ApiProblem(404, _missing(name))
    store.messages.snooze(name, said.until, said.who)
    return next(state for state in office.states() if state.name == name)


def _missing(name: str) -> str:
    return f"alerts.yaml has no target {name}; GET /alerts/targets lists them"


def _alert(row: AlertRow, told: list[Telling], names: Names) -> Alert:
    return Alert(
        id=row.id,
        kind=row.kind,
        store_id=row.store_id,
        at=row.at,
        over_at=row.over_at if row.lasts else None,
        lasts=row.lasts and row.over_at is None,
        text=sentence(row, AlertPhase.BEGAN, names),
        facts=row.facts,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        told=told,
    )
