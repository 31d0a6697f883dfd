"""GET /floor: each camera's last picture and its zones, for a page that colours them by the machines' states."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from backend_api.base.instants import to_ms
from backend_api.contract.cameras import CameraSetupState
from backend_api.contract.floor import Floor, FloorCamera
from backend_api.contract.queries import CameraPageQuery
from backend_api.store.store import Store
from backend_api.web.conditional import NOT_MODIFIED, json_answer, next_link
from backend_api.web.openapi import problems
from backend_api.web.signed_urls import SignedUrls, still_of


def floor_routes(store: Store, urls: SignedUrls | None) -> APIRouter:
    """The router for the floor; `urls` signs the addresses of pictures, None where there are no keys."""
    router = APIRouter(tags=["cameras"])

    @router.get("/floor", summary="The floor", response_model=Floor, responses={**NOT_MODIFIED, **problems(422, 503)})
    def get_floor(request: Request, query: Annotated[CameraPageQuery, Query()]) -> Response:
        """The cameras of a page of GET /cameras that have sent their setup; `still_url` changes with each picture."""
        page = store.cameras.page(query)
        setups = store.setups.find_all([(camera.store_id, camera.camera_id) for camera in page.items])
        floor = Floor(items=[_floor_camera(setup, urls) for setup in setups], next_cursor=page.next_cursor)
        return json_answer(request, floor.model_dump_json(), next_link(request, page.next_cursor))

    return router


def _floor_camera(setup: CameraSetupState, urls: SignedUrls | None) -> FloorCamera:
    return FloorCamera(
        store_id=setup.store_id,
        camera_id=setup.camera_id,
        machines=setup.machines,
        areas=setup.areas or (),
        still_at=setup.still_at,
        still_url=_still_url(setup, urls),
        keeps_pictures=setup.keeps_pictures,
        gives_looks=setup.gives_looks,
    )


def _still_url(setup: CameraSetupState, urls: SignedUrls | None) -> str | None:
    if setup.still_at is None:
        return None
    signed = "?" if urls is None else f"{urls.query(still_of(setup.store_id, setup.camera_id))}&"
    return f"/cameras/{setup.camera_id}/still{signed}store_id={setup.store_id}&at={to_ms(setup.still_at)}"
