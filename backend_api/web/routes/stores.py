"""/stores: what people say of each store, such as when it is open."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from backend_api.contract.stores import StoreList, StoreSettings, StoreState
from backend_api.contract.values import Name
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from backend_api.web.bodies import read_json
from backend_api.web.caller import present_person, sees
from backend_api.web.conditional import NOT_MODIFIED, json_answer
from backend_api.web.openapi import json_body, problems

_MAX_SETTINGS_BYTES = 128 * 1024


def store_routes(store: Store, reports: Reports) -> APIRouter:
    """The router for /stores."""
    router = APIRouter(prefix="/stores", tags=["stores"])

    @router.get("", summary="List stores", response_model=StoreList, responses={**NOT_MODIFIED, **problems(503)})
    def list_stores(request: Request) -> Response:
        """Every store that somebody described, or that events or cameras came from; of a caller's stores alone."""
        found = reports.stores()
        mine = StoreList(items=[store for store in found.items if sees(store.store_id)])
        return json_answer(request, mine.model_dump_json())

    @router.put(
        "/{store_id}",
        summary="Describe a store",
        responses=problems(413, 415, 422, 503, 507),
        openapi_extra=json_body("StoreSettings"),
    )
    async def put_store(store_id: Name, request: Request) -> StoreState:
        """Its name, time zone and opening hours. It takes the place of what was said before.

        Figures count opening hours alone, unless `hours=all` asks for all. Events know nothing of it.
        """
        settings = await read_json(request, StoreSettings, _MAX_SETTINGS_BYTES)
        person = present_person()
        return await run_in_threadpool(store.stores.keep, store_id, settings, None if person is None else person.name)

    return router
