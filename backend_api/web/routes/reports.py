"""GET /sessions, GET /machines, GET /queue and GET /stats: reports over the events."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from backend_api.contract.media import thumbnail_name
from backend_api.contract.queries import DaysQuery, MachinePageQuery, SessionQuery, StatsQuery
from backend_api.contract.sessions import MachineList, Session, SessionPage
from backend_api.contract.stats import DayStats, Stats
from backend_api.contract.verdicts import QueueState
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from backend_api.web.conditional import NOT_MODIFIED, json_answer, next_link
from backend_api.web.media_links import MediaLinks
from backend_api.web.openapi import problems


def report_routes(store: Store, reports: Reports, links: MediaLinks) -> APIRouter:
    """The router for reports."""
    router = APIRouter()

    @router.get(
        "/sessions",
        tags=["sessions"],
        summary="List sessions",
        response_model=SessionPage,
        responses={**NOT_MODIFIED, **problems(422, 503)},
    )
    def list_sessions(request: Request, query: Annotated[SessionQuery, Query()]) -> Response:
        """One row a use of a machine, the newest first, unless told otherwise; pages as those of events do."""
        if links.looks_far:
            page = reports.sessions(query)
            page = page.model_copy(update={"items": _with_pictures(page.items, links)})
        else:
            page = reports.sessions(query, links.thumbnail_url)
        return json_answer(request, page.model_dump_json(), next_link(request, page.next_cursor))

    @router.get(
        "/machines",
        tags=["machines"],
        summary="Each machine now",
        response_model=MachineList,
        responses={**NOT_MODIFIED, **problems(422, 503)},
    )
    def list_machines(request: Request, query: Annotated[MachinePageQuery, Query()]) -> Response:
        """Each machine's state, since when, and its current or last session, in the order of their names."""
        if links.looks_far:
            page = reports.machine_page(query)
            sessions = iter(_with_pictures([m.session for m in page.items if m.session is not None], links))
            items = [m if m.session is None else m.model_copy(update={"session": next(sessions)}) for m in page.items]
            page = page.model_copy(update={"items": items})
        else:
            page = reports.machine_page(query, links.thumbnail_url)
        return json_answer(request, page.model_dump_json(), next_link(request, page.next_cursor))

    @router.get(
        "/queue",
        tags=["events"],
        summary="The model's queue",
        response_model=QueueState,
        responses={**NOT_MODIFIED, **problems(503)},
    )
    def get_queue(request: Request) -> Response:
        """How many questions to the model are in which state, and since when the oldest one waits."""
        return json_answer(request, store.enrichments.queue().model_dump_json())

    @router.get(
        "/stats",
        tags=["stats"],
        summary="Utilisation and cleaning",
        response_model=Stats,
        responses={**NOT_MODIFIED, **problems(422, 503)},
    )
    def get_stats(request: Request, query: Annotated[StatsQuery, Query()]) -> Response:
        """How much machines were used, and how often they were cleaned, in total, by machine, and by hour or day.

        - utilisation = occupied time / observed time
        - compliance = windows with an attempt whose verdict is `cleaned` / windows closed
        - median_to_clean_s = the median, over the windows cleaned, of attempt's time - window's opening
        - median_stay_s = the median, over the sessions that began and were left, of their seconds in use
        - peak_hour = the hour of the day with the most occupied time
        - observed time = while the camera's edge reported (a silence of more than 60 s is a gap), and while somebody
          was on the machine; of a camera without any report in the span, from its first event in it to its last
        - of a store with opening hours these alone count, unless `hours=all` asks for all; a window that closes when
          the store is closed is one of windows_after_hours
        - some_free, of each kind of machine = time with at least one free / that + time with all in use;
          free_at_peak = 1 - time in use / time watched, in the kind's busiest hour of the day
        - sessions are as people corrected them: uses that were none count nowhere, those of two people count twice;
          corrected_share, of each camera = uses that people corrected / uses that its edge reported
        - a window is closed when its time is over, or when the machine is in use again; it counts when it closes
        """
        return json_answer(request, reports.stats(query).model_dump_json())

    @router.get(
        "/stats/days",
        tags=["stats"],
        summary="Utilisation and cleaning of whole days, of any number of stores",
        response_model=DayStats,
        responses={**NOT_MODIFIED, **problems(422, 503)},
    )
    def get_days(request: Request, query: Annotated[DaysQuery, Query()]) -> Response:
        """Figures that add up, in total, by store and by day; each store's days begin and end by its own clock.

        - a day of a store is what GET /stats says of it: `stores`, from its midnight to the next, within opening hours
        - figures of days that are over are kept, and computed again when an event, a verdict, a correction or a setting
          changes them; while many are still to be computed the answer is 503: each request computes some
        - a store without a time zone (PUT /stores/{store_id}) has days of UTC
        - medians, machines, cameras, kinds and hours of one store: GET /stats with store_id; compliance corrected by
          reviews: GET /stats/compliance with store_id
        """
        return json_answer(request, reports.days(query).model_dump_json())

    return router


def _with_pictures(items: Sequence[Session], links: MediaLinks) -> list[Session]:
    """The sessions with the addresses of their pictures, all of which are looked up at once."""
    ids = [event_id for item in items for event_id in (item.attempt_event_id, item.session_id) if event_id is not None]
    known = links.knowing([thumbnail_name(event_id) for event_id in ids])

    def picture_url(item: Session) -> str | None:
        attempt_id = item.attempt_event_id
        return (attempt_id and known.thumbnail_url(attempt_id)) or known.thumbnail_url(item.session_id)

    return [item.model_copy(update={"thumbnail_url": picture_url(item)}) for item in items]
