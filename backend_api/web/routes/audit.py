"""GET /audit: who looked at which clip, picture or export, and who changed what."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from backend_api.web.audit import AuditLog
from backend_api.web.openapi import problems

_LINES = "application/x-ndjson"


def audit_routes(audit: AuditLog) -> APIRouter:
    """The router for the audit log."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/audit",
        summary="Audit log",
        response_class=StreamingResponse,
        responses={200: {"content": {_LINES: {"schema": {"type": "string"}}}}, **problems(503)},
    )
    def get_audit() -> StreamingResponse:
        """A line of JSON for each fetch of a clip, picture or export with a key, and each change by people.

        The oldest first. Each line has the time, the key's name, the person for whom it acts, if any, the method, the
        address and the client's. For managers and admins of all stores.
        """
        return StreamingResponse(audit.lines(), media_type=_LINES)

    return router
