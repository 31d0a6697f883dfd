"""Corrections over HTTP: what people say was really there, where a camera's edge saw one use of a machine."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from backend_api.contract.corrections import CorrectionList, StoredCorrection, UseCorrection
from backend_api.contract.queries import SessionQuery
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from backend_api.store.uses.use_corrections import CorrectionOutcome
from backend_api.web.bodies import read_json
from backend_api.web.caller import in_their_name
from backend_api.web.openapi import json_body, problems
from backend_api.web.problems import ApiProblem

_MAX_CORRECTION_BYTES = 16 * 1024


def correction_routes(store: Store, reports: Reports) -> APIRouter:
    """The router for corrections."""
    router = APIRouter(prefix="/sessions/{session_id}", tags=["sessions"])

    @router.post(
        "/correction",
        status_code=201,
        summary="Correct a use",
        responses=problems(404, 409, 413, 415, 422, 503, 507),
        openapi_extra=json_body("UseCorrection"),
    )
    async def post_correction(session_id: UUID, request: Request) -> StoredCorrection:
        """States what was really there, where the camera's edge saw one use of the machine.

        Corrections are kept for ever, with who and when; the latest counts, `withdrawn` takes it back. The events stay
        as they are. Sessions, figures, agreement, exports and the stream follow; a use whose events were removed for
        their age stays as it is.
        """
        correction = in_their_name(await read_json(request, UseCorrection, _MAX_CORRECTION_BYTES))
        return await run_in_threadpool(_add, store, session_id, correction)

    @router.get("/corrections", summary="A use's corrections", responses=problems(404, 422, 503))
    def list_corrections(session_id: UUID) -> CorrectionList:
        """All of them, the oldest first."""
        found = store.corrections.history(session_id)
        if not found and not reports.sessions(SessionQuery(session_id=(session_id,), limit=1)).items:
            raise _unknown(session_id)
        return CorrectionList(items=found)

    return router


def _add(store: Store, session_id: UUID, correction: UseCorrection) -> StoredCorrection:
    match store.corrections.add(session_id, correction):
        case CorrectionOutcome.NO_SESSION:
            raise _unknown(session_id)
        case CorrectionOutcome.EVENTS_REMOVED:
            raise ApiProblem(409, f"the events of session {session_id} were removed for their age; it stays as it is")
        case CorrectionOutcome.NOTHING_TO_WITHDRAW:
            raise ApiProblem(
                409, f"session {session_id} has no correction to withdraw; look at /sessions/{session_id}/corrections"
            )
    return store.corrections.history(session_id)[-1]


def _unknown(session_id: UUID) -> ApiProblem:
    return ApiProblem(404, f"there is no session {session_id}; GET /sessions lists what there is")
