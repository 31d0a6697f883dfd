"""The verdict queue: counts of the questions to the model by state, and the failed ones to ask again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.contract.events import StoredEvent
from backend_api.contract.people import Permission
from backend_api.contract.queries import EventQuery, Order
from backend_api.contract.values import MachineKey
from backend_api.contract.verdicts import MmStatus, QueueState
from ui.client import cache
from ui.client.api import BackendApi, BackendError, Refused
from ui.client.context import api
from ui.client.sign_in import may
from ui.setup.health import NARROW_SPACE
from ui.text.commands import WORKER_COMMAND
from ui.text.local_time import Zone
from ui.text.machine_names import key_of
from ui.text.words import STATUS_WORDS, counted, duration, plain

REFRESH_S = 5.0
SHOWN_FAILED = 20
# A running worker takes a question up within seconds; a slow model needs a minute for one.
_STUCK_AFTER = timedelta(minutes=2)
_PROBLEM = "retry_problem"
# Two side by side on a phone.
_TILE_PX = 160
# A phone has the buttons below.
_WORDS_PX = 560


@st.fragment(run_every=REFRESH_S)
def show_queue(zone: Zone) -> None:
    """Draw the counts; where the backend cannot answer, the page is drawn again, which says so."""
    try:
        queue = cache.queue()
    except BackendError:
        st.rerun()
    now = SystemClock().now()
    counts = {
        STATUS_WORDS[MmStatus.PENDING]: queue.pending,
        STATUS_WORDS[MmStatus.PROCESSING]: queue.processing,
        STATUS_WORDS[MmStatus.DONE]: queue.done,
        STATUS_WORDS[MmStatus.DEAD]: queue.dead,
    }
    if queue.not_asked:
        counts[STATUS_WORDS[MmStatus.NOT_ASKED]] = queue.not_asked
    with st.container(horizontal=True):
        for label, count in counts.items():
            st.metric(label, f"{count:,}".replace(",", NARROW_SPACE), border=True, width=_TILE_PX)
    st.caption(plain(waiting_words(queue, now, zone)))
    if is_stuck(queue, now):
        st.markdown("No worker works on the queue. Start one from the project's folder, or read the end of its log:")
        st.code(WORKER_COMMAND, language=None, wrap_lines=True)
        if reason := _why_it_waits(api()):
            st.text(f"The last worker said: {reason}")


def is_stuck(queue: QueueState, now: datetime) -> bool:
    """Whether questions wait for long, and none is being asked."""
    oldest = queue.oldest_pending_at
    return oldest is not None and not queue.processing and now - oldest > _STUCK_AFTER


def waiting_words(queue: QueueState, now: datetime, zone: Zone) -> str:
    """For how long the oldest question has waited."""
    if queue.oldest_pending_at is None:
        return "Nothing waits."
    waited_s = max(0.0, round((now - queue.oldest_pending_at).total_seconds()))
    return f"The oldest has waited for {duration(waited_s)}, since {zone.full(queue.oldest_pending_at)}."


def show_failed(backend: BackendApi, zone: Zone, store_id: str | None = None) -> None:
    """Draw the questions that were given up, the newest first, and the buttons to ask them again.

    Of the gym `store_id` for a person of some gyms, whom the queue of all does not concern; else of all.
    """
    page = backend.events(EventQuery(mm_status=MmStatus.DEAD, limit=SHOWN_FAILED, store_id=store_id))
    if problem := st.session_state.pop(_PROBLEM, None):
        st.warning(plain(problem))
    if not page.items:
        if store_id is not None:
            st.caption("No question of this gym has failed.")
        return
    number = counted(len(page.items), "failed question")
    st.subheader(f"{number}, and there are more" if page.next_cursor else number.capitalize(), anchor=False)
    ids = [event.event_id for event in page.items]
    if may(Permission.MANAGE):
        st.button("Ask again about all of these", key="retry_all", on_click=partial(_ask_again, backend, ids))
    names = {key_of(machine): machine.name for machine in cache.machines().items}
    for event in page.items:
        key = MachineKey(event.store_id, event.camera_id, event.machine_id)
        _show_failed(backend, event, names.get(key, event.machine_id), zone)


def _show_failed(backend: BackendApi, event: StoredEvent, name: str, zone: Zone) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"failed-{event.event_id}"):
        with st.container(gap="xxsmall", width=_WORDS_PX):
            st.markdown(f"**{plain(name)}**, {plain(zone.full(event.ts))}")
            st.text((event.mm and event.mm.error) or "no reason was given")
        query = {"session": str(event.session_id)}
        st.page_link("views/review.py", label="Open", query_params=query)
        ids = [event.event_id]
        if may(Permission.MANAGE):
            st.button("Ask again", key=f"retry-{event.event_id}", on_click=partial(_ask_again, backend, ids))


def _ask_again(backend: BackendApi, event_ids: Iterable[UUID]) -> None:
    for event_id in event_ids:
        try:
            backend.retry(event_id)
        except Refused as error:
            # Somebody else may have asked already: no reason not to ask about the others.
            st.session_state[_PROBLEM] = str(error)
        except BackendError:
            break  # the page meets the same error, and shows it
    cache.forget_answers()


def _why_it_waits(backend: BackendApi) -> str | None:
    """The reason that is stored with the question that waits longest, if any is."""
    try:
        page = backend.events(EventQuery(mm_status=MmStatus.PENDING, order=Order.ASC, limit=1))
    except BackendError:
        return None
    return page.items[0].mm.error if page.items and page.items[0].mm else None
