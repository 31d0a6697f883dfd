"""GET /board: which machines are free, for members, and the page that shows it on a screen."""

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from backend_api.base.clock import Clock
from backend_api.contract.board import Board, BoardMachine
from backend_api.contract.bounds import OutOfBounds
from backend_api.contract.queries import MachinePageQuery, MachineQuery
from backend_api.contract.sessions import MachineState
from backend_api.reports.reports import Reports
from backend_api.web.conditional import NOT_MODIFIED, json_answer
from backend_api.web.openapi import problems

_PAGE = Path(__file__).resolve().parent.parent / "board.html"


def board_routes(reports: Reports, clock: Clock) -> APIRouter:
    """The router for the board."""
    router = APIRouter(tags=["machines"])
    page = _PAGE.read_text(encoding="utf-8")

    @router.get(
        "/board",
        summary="Free machines",
        response_model=Board,
        responses={**NOT_MODIFIED, **problems(422, 503)},
    )
    def get_board(request: Request, query: Annotated[MachineQuery, Query()]) -> Response:
        """Each machine's name and whether it is free: no use, no time, no picture. Of at most 500 machines."""
        found = reports.machine_page(MachinePageQuery(**query.model_dump()))
        if found.next_cursor is not None:
            message = f"more than {len(found.items)} machines, and a board has no pages: give store_id, or camera_id"
            raise OutOfBounds("camera_id" if query.store_id else "store_id", message)
        machines = [
            BoardMachine(machine_id=machine.machine_id, name=machine.name, state=_state(machine.state))
            for machine in found.items
        ]
        board = Board(at=clock.now(), machines=sorted(machines, key=lambda machine: (machine.name, machine.machine_id)))
        return json_answer(request, board.model_dump_json())

    @router.get("/board/page", summary="The board as a page", response_class=HTMLResponse)
    def get_page() -> HTMLResponse:
        """For a screen at the door: it asks GET /board every five seconds, with the key behind the # of its address."""
        return HTMLResponse(page, headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"})

    return router


def _state(state: MachineState) -> Literal["free", "in_use", "unknown"]:
    match state:
        case MachineState.IN_USE:
            return "in_use"
        case MachineState.UNKNOWN:
            return "unknown"
    return "free"
