"""/cameras: the edges' reports, setups and stills, and reading them."""

import logging
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from backend_api.contract.cameras import (
    MAX_STILL_BYTES,
    CameraList,
    CameraReport,
    CameraReports,
    CameraSetup,
    CameraSetupState,
    CameraState,
    TakenReports,
)
from backend_api.contract.queries import CameraPageQuery
from backend_api.contract.values import Name
from backend_api.contract.zone_versions import ZoneSet
from backend_api.store.store import Store
from backend_api.web.bodies import check_jpeg, read_body, read_report
from backend_api.web.conditional import NOT_MODIFIED, conditional_answer, json_answer, next_link
from backend_api.web.openapi import OfStore, json_body, problems
from backend_api.web.problems import ApiProblem
from backend_api.web.setup_config import check_config

_MAX_REPORT_BYTES = 16 * 1024
_MAX_REPORTS_BYTES = 2 * 1024 * 1024
# The configuration's characters may take up to six bytes each in JSON; beside them, a few hundred machines.
_MAX_SETUP_BYTES = 512 * 1024
_JPEG = "image/jpeg"
_PICTURE = {_JPEG: {"schema": {"type": "string", "format": "binary"}}}

log = logging.getLogger(__name__)

# A camera's edge is told of once in a run of the backend; so many cameras are remembered, and so many fields named.
_REMEMBERED_CAMERAS = 10_000
_NAMED_FIELDS = 5


class _LaterReleases:
    """Says of which cameras the reports hold fields that this release does not know; once each."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()

    def note(self, what: str, camera_id: str, unknown: Sequence[str]) -> None:
        """Log the `unknown` fields of a camera's `what`, if there are any and this is the first time."""
        if not unknown or (what, camera_id) in self._said or len(self._said) >= _REMEMBERED_CAMERAS:
            return
        self._said.add((what, camera_id))
        named = ", ".join(field[:100] for field in unknown[:_NAMED_FIELDS])
        more = f" and {len(unknown) - _NAMED_FIELDS} more" if len(unknown) > _NAMED_FIELDS else ""
        log.warning(
            "the %s of camera %s has fields that this backend does not know, they are left out: %s%s; the edge is of a"
            " later release: update the backend",
            what, camera_id, named, more,
        )  # fmt: skip


def camera_routes(store: Store) -> APIRouter:
    """The router for /cameras."""
    router = APIRouter(prefix="/cameras", tags=["cameras"])
    later = _LaterReleases()

    @router.put(
        "/{camera_id}",
        summary="Report on a camera",
        responses=problems(413, 415, 422, 503, 507),
        openapi_extra=json_body("CameraReport"),
    )
    async def put_camera(camera_id: Name, request: Request) -> CameraState:
        """An edge's heartbeat, every 5 seconds. It takes the place of the camera's last one.

        Fields of a later release are left out.
        """
        report, unknown = await read_report(request, CameraReport, _MAX_REPORT_BYTES)
        later.note("report", camera_id, unknown)
        return await run_in_threadpool(store.cameras.report, camera_id, report)

    @router.put(
        "",
        summary="Report on several cameras",
        responses=problems(413, 415, 422, 503, 507),
        openapi_extra=json_body("CameraReports"),
    )
    async def put_cameras(request: Request) -> TakenReports:
        """The heartbeat of an edge with several cameras, every 5 seconds: the reports on all of them, or none is taken.

        Fields of a later release are left out.
        """
        given, unknown = await read_report(request, CameraReports, _MAX_REPORTS_BYTES)
        # Of `reports.0.report.newer` the last part; all are of one edge.
        of_each = sorted({field.split(".", 3)[-1] for field in unknown})
        later.note("report", given.reports[0].camera_id, of_each)
        reports = [(one.camera_id, one.report) for one in given.reports]
        await run_in_threadpool(store.cameras.report_all, reports)
        return TakenReports(taken=len(reports))

    @router.get("", summary="List cameras", responses=problems(422, 503))
    def list_cameras(request: Request, response: Response, query: Annotated[CameraPageQuery, Query()]) -> CameraList:
        """Each camera's last report. `up`: at most 15 s old; `late`: at most 60 s; `gone`: older.

        `blind`: up, but its pictures are not looked at. `no_signal`: up, but no pictures come. `ended`: its
        stream came to its end.
        """
        page = store.cameras.page(query)
        response.headers.update(next_link(request, page.next_cursor))
        return page

    @router.delete("/{camera_id}", status_code=204, summary="Forget a camera", responses=problems(404, 422, 503, 507))
    def forget_camera(camera_id: Name, store_id: OfStore) -> Response:
        """Take a camera off the list, and its machines off theirs, until its edge reports again.

        Its events, its figures and the names of its machines stay; its still goes.
        """
        if not store.cameras.forget(store_id, camera_id):
            raise ApiProblem(404, f"there is no camera {camera_id} of store {store_id}; GET /cameras lists them")
        return Response(status_code=204)

    _add_setup_routes(router, store, later)
    _add_still_routes(router, store)
    return router


def _add_setup_routes(router: APIRouter, store: Store, later: _LaterReleases) -> None:
    @router.put(
        "/{camera_id}/setup",
        summary="Send a camera's setup",
        responses=problems(413, 415, 422, 503, 507),
        openapi_extra=json_body("CameraSetup"),
    )
    async def put_setup(camera_id: Name, request: Request) -> CameraSetupState:
        """An edge's machines and configuration, when it starts and every 10 minutes. It takes the place of the last.

        Fields of a later release are left out; the configuration is kept as it is.
        """
        setup, unknown = await read_report(request, CameraSetup, _MAX_SETUP_BYTES)
        later.note("setup", camera_id, unknown)
        await run_in_threadpool(check_config, setup.config)
        return await run_in_threadpool(_keep_setup, store, camera_id, setup)

    @router.get(
        "/{camera_id}/setup",
        summary="A camera's setup",
        response_model=CameraSetupState,
        responses={**NOT_MODIFIED, **problems(404, 422, 503)},
    )
    def get_setup(camera_id: Name, store_id: OfStore, request: Request) -> Response:
        """The machines with their zones, and the edge's configuration, as it was sent last."""
        setup = store.setups.find(store_id, camera_id)
        if setup is None:
            raise ApiProblem(404, _missing("setup", store_id, camera_id))
        return json_answer(request, setup.model_dump_json())


def _keep_setup(store: Store, camera_id: str, setup: CameraSetup) -> CameraSetupState:
    kept = store.setups.keep(camera_id, setup)
    if setup.areas is not None and setup.machines:
        zones = ZoneSet.model_construct(machines=setup.machines, areas=setup.areas)
        store.zone_versions.note_in_use(setup.store_id, camera_id, zones)
    return kept


def _add_still_routes(router: APIRouter, store: Store) -> None:
    @router.put(
        "/{camera_id}/still",
        status_code=204,
        summary="Send a camera's still",
        responses=problems(413, 415, 422, 503, 507),
        openapi_extra={"requestBody": {"required": True, "content": _PICTURE}},
    )
    async def put_still(camera_id: Name, store_id: OfStore, request: Request) -> Response:
        """JPEG, at most 2 MiB, when the edge starts and every 10 minutes. It takes the place of the last one."""
        jpeg = await read_body(request, _JPEG, MAX_STILL_BYTES)
        await run_in_threadpool(_keep_still, store, store_id, camera_id, jpeg)
        return Response(status_code=204)

    @router.get(
        "/{camera_id}/still",
        summary="A camera's still",
        response_class=Response,
        responses={200: {"content": _PICTURE}, **NOT_MODIFIED, **problems(404, 422, 503)},
    )
    def get_still(camera_id: Name, store_id: OfStore, request: Request) -> Response:
        """JPEG, as it was sent last; GET of the setup says when that was (`still_at`)."""
        still = store.setups.find_still(store_id, camera_id)
        if still is None:
            raise ApiProblem(404, _missing("still", store_id, camera_id))
        return conditional_answer(request, still.jpeg, _JPEG)


def _missing(what: str, store_id: str, camera_id: str) -> str:
    return (
        f"camera {camera_id} of store {store_id} has sent no {what}; its edge sends one within seconds of its start: "
        "start it, or update it if it is of an earlier release"
    )


def _keep_still(store: Store, store_id: str, camera_id: str, jpeg: bytes) -> None:
    check_jpeg(jpeg, "body")
    store.setups.keep_still(store_id, camera_id, jpeg)
