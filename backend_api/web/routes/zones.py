"""/cameras/{camera_id}/zones: what an edge is to watch, drawn by people; its edge asks for it every few seconds."""

import re

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from backend_api.contract.looks import LOOK_HEADER
from backend_api.contract.values import Name
from backend_api.contract.zone_versions import ZoneChange, ZoneHistory, ZoneRefusal, ZoneVersion
from backend_api.store.store import Store
from backend_api.store.zone_versions import Outdated
from backend_api.web.bodies import read_json
from backend_api.web.caller import in_their_name
from backend_api.web.conditional import NOT_MODIFIED, json_answer
from backend_api.web.openapi import OfStore, json_body, problems
from backend_api.web.problems import ApiProblem

# A few hundred machines of a hundred corners each.
_MAX_ZONES_BYTES = 4 * 1024 * 1024
_MAX_REFUSAL_BYTES = 16 * 1024


def zone_routes(store: Store) -> APIRouter:
    """The router for the zones of /cameras."""
    router = APIRouter(prefix="/cameras/{camera_id}/zones", tags=["cameras"])

    @router.get(
        "",
        summary="A camera's zones",
        response_model=ZoneVersion,
        responses={**NOT_MODIFIED, **problems(404, 422, 503)},
    )
    def get_zones(camera_id: Name, store_id: OfStore, request: Request) -> Response:
        """The newest version, which its edge is to take (`wanted`), took, or refused.

        The header `Look-Wanted` has the number of the look that its edge is to answer with PUT, if there is one.
        """
        newest = store.zone_versions.newest(store_id, camera_id)
        if newest is None:
            raise ApiProblem(
                404, f"camera {camera_id} of store {store_id} has said nothing of its zones; start its edge"
            )
        return json_answer(request, newest.model_dump_json(), _look_wanted(store, store_id, camera_id))

    @router.get("/history", summary="The history of a camera's zones", responses=problems(422, 503))
    def get_history(camera_id: Name, store_id: OfStore) -> ZoneHistory:
        """The last 50 versions, the newest first."""
        return ZoneHistory(items=store.zone_versions.history(store_id, camera_id))

    @router.put(
        "",
        summary="Change a camera's zones",
        responses=problems(412, 413, 415, 422, 428, 503, 507),
        openapi_extra=json_body("ZoneChange"),
    )
    async def put_zones(camera_id: Name, store_id: OfStore, request: Request) -> ZoneVersion:
        """Its edge takes them within seconds, into the file on its computer, and ends what is open at machines that
        changed (`reconfigured`).

        `If-Match` names the version that they were drawn on, such as `"17"`, or `"0"` where there was none: 412 when
        somebody else was faster.
        """
        drawn_on = _drawn_on(request)
        change = in_their_name(await read_json(request, ZoneChange, _MAX_ZONES_BYTES))
        try:
            await run_in_threadpool(store.zone_versions.ask, store_id, camera_id, drawn_on, change)
        except Outdated as error:
            raise ApiProblem(
                412, "the zones have changed since these were drawn; GET the zones, look at both, and draw again"
            ) from error
        newest = await run_in_threadpool(store.zone_versions.newest, store_id, camera_id)
        assert newest is not None  # noqa: S101 - it was kept just now, and none is removed but for newer ones
        return newest

    @router.put(
        "/refusal",
        status_code=204,
        summary="Refuse a camera's zones",
        responses=problems(404, 413, 415, 422, 503, 507),
        openapi_extra=json_body("ZoneRefusal"),
    )
    async def put_refusal(camera_id: Name, store_id: OfStore, request: Request) -> Response:
        """An edge's word that it cannot take a version, and why; it goes on with what it has."""
        refusal = await read_json(request, ZoneRefusal, _MAX_REFUSAL_BYTES)
        if not await run_in_threadpool(store.zone_versions.refuse, store_id, camera_id, refusal):
            raise ApiProblem(404, f"version {refusal.version} is not wanted; GET the zones for the newest")
        return Response(status_code=204)

    return router


def _look_wanted(store: Store, store_id: str, camera_id: str) -> dict[str, str]:
    """Beside the zones, because an edge asks for these every other second, and an earlier one takes no other body."""
    number = store.looks.wanted(store_id, camera_id)
    return {} if number is None else {LOOK_HEADER: str(number)}


def _drawn_on(request: Request) -> int:
    given = request.headers.get("if-match")
    if given is None:
        raise ApiProblem(428, 'send If-Match with the version that the zones were drawn on, such as If-Match: "17"')
    found = re.fullmatch(r'"([0-9]{1,15})"', given.strip())
    if found is None:
        raise ApiProblem(412, f'If-Match is {given[:50]}, which is no version; send one such as "17"')
    return int(found[1])
