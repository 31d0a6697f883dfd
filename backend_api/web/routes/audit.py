"""GET /audit: who looked at which clip, picture or export."""

from fastapi import APIRouter, Request
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
    def get_audit(_request: Request) -> StreamingResponse:
        """A line of JSON for each fetch of a clip, picture or export with a key, the oldest first.

        Each line has the time, the key's name, the address and the client's. For keys that may write alone.
        """
        return StreamingResponse(audit.lines(), media_type=_LINES)

    return router
