"""PUT /cameras/{camera_id} and GET /cameras: edges report, and people see which cameras are up, late or gone."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from backend_api.bodies import read_json
from backend_api.contract_cameras import CameraList, CameraReport, CameraState
from backend_api.contract_types import Name
from backend_api.openapi import json_body, problems
from backend_api.store import Store

_MAX_REPORT_BYTES = 16 * 1024


def camera_routes(store: Store) -> APIRouter:
    """The router for /cameras."""
    router = APIRouter(prefix="/cameras", tags=["cameras"])

    @router.put(
        "/{camera_id}",
        summary="Report on a camera",
        responses=problems(413, 415, 422, 503, 507),
        openapi_extra=json_body("CameraReport"),
    )
    async def put_camera(camera_id: Name, request: Request) -> CameraState:
        """An edge's heartbeat, every 5 seconds. It takes the place of the camera's last one."""
        report = await read_json(request, CameraReport, _MAX_REPORT_BYTES)
        return await run_in_threadpool(store.report_camera, camera_id, report)

    @router.get("", summary="List cameras", responses=problems(422, 503))
    def list_cameras(store_id: Annotated[Name | None, Query()] = None) -> CameraList:
        """Each camera's last report. `up`: at most 15 s old; `late`: at most 60 s; `gone`: older."""
        return CameraList(items=[state for state in store.cameras() if store_id in (None, state.store_id)])

    return router
