"""/cameras/{camera_id}/look: what a camera sees now, asked for by people, answered by its edge within seconds."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from backend_api.contract.looks import LOOK_TIMEOUT_S, MAX_LOOK_BYTES, Look, LookAnswer, LookRequest
from backend_api.contract.values import Name
from backend_api.store.store import Store
from backend_api.web.bodies import check_jpeg, read_json, read_report
from backend_api.web.caller import in_their_name
from backend_api.web.conditional import NOT_MODIFIED, json_answer
from backend_api.web.openapi import OfStore, json_body, problems
from backend_api.web.problems import ApiProblem

_MAX_REQUEST_BYTES = 16 * 1024


def look_routes(store: Store) -> APIRouter:
    """The router for looks."""
    router = APIRouter(prefix="/cameras/{camera_id}/look", tags=["cameras"])

    @router.post(
        "",
        summary="Ask a camera for a look",
        responses=problems(404, 409, 413, 415, 422, 503, 507),
        openapi_extra=json_body("LookRequest"),
    )
    async def post_look(camera_id: Name, store_id: OfStore, request: Request) -> Look:
        """Its edge hears of it within 2 seconds. One that is under way, or no older than `max_age_s`, is shared."""
        wish = in_their_name(await read_json(request, LookRequest, _MAX_REQUEST_BYTES))
        return await run_in_threadpool(_ask, store, store_id, camera_id, wish)

    @router.get(
        "",
        summary="A camera's last look",
        response_model=Look,
        responses={**NOT_MODIFIED, **problems(404, 422, 503)},
    )
    def get_look(camera_id: Name, store_id: OfStore, request: Request) -> Response:
        """`wanted` until the edge has answered, `overdue` when it has not within 10 seconds.

        Its picture is the camera's still for as long as the setup's `still_at` is the look's.
        """
        look = store.looks.find(store_id, camera_id)
        if look is None:
            raise ApiProblem(404, f"nobody has asked camera {camera_id} of store {store_id} for a look; POST asks it")
        return json_answer(request, look.model_dump_json())

    @router.put(
        "",
        status_code=204,
        summary="Answer with a look",
        responses=problems(404, 413, 415, 422, 503, 507),
        openapi_extra=json_body("LookAnswer"),
    )
    async def put_look(camera_id: Name, store_id: OfStore, request: Request) -> Response:
        """An edge's answer to the look of that number, as `Look-Wanted` told it beside GET of the zones."""
        answer, _ = await read_report(request, LookAnswer, MAX_LOOK_BYTES)
        await run_in_threadpool(_keep, store, store_id, camera_id, answer)
        return Response(status_code=204)

    return router


def _ask(store: Store, store_id: str, camera_id: str, wish: LookRequest) -> Look:
    setup = store.setups.find(store_id, camera_id)
    if setup is None:
        raise ApiProblem(404, f"camera {camera_id} of store {store_id} has sent no setup; start its edge")
    if not setup.gives_looks:
        raise ApiProblem(
            409,
            f"the edge of camera {camera_id} gives no looks: it is of an earlier release, or plays a file at a time or "
            "speed of its own; start it anew",
        )
    return store.looks.ask(store_id, camera_id, wish)


def _keep(store: Store, store_id: str, camera_id: str, answer: LookAnswer) -> None:
    if answer.picture is not None:
        check_jpeg(answer.picture, "picture")
    if not store.looks.answer(store_id, camera_id, answer):
        raise ApiProblem(
            404, f"look {answer.number} is not wanted; it is answered, or nobody asked within {LOOK_TIMEOUT_S:g} s"
        )
