"""A stored event as JSON text: the body as it was stored, with the backend's own fields put behind it.

Putting text behind text spares parsing and writing each event again; a test holds it to contract.StoredEvent.
"""

from collections.abc import Sequence

from backend_api.contract.media import frame_name, thumbnail_name
from backend_api.contract.values import format_timestamp
from backend_api.contract.verdicts import MAX_SHOWN_FRAMES
from backend_api.store.event_rows import EventRow
from backend_api.web.media_links import MediaLinks


def stored_events_json(rows: Sequence[EventRow], links: MediaLinks) -> str:
    """The StoredEvents of `rows`, with commas between them."""
    if links.looks_far:
        names = [frame_name(row.event_id, at) for row in rows for at in range(1, _shown(row) + 1)]
        links = links.knowing([*names, *(thumbnail_name(row.event_id) for row in rows)])
    return ",".join(stored_event_json(row, links) for row in rows)


def stored_event_json(row: EventRow, links: MediaLinks) -> str:
    """The StoredEvent of `row`.

    `media_url` is there when the event has a clip, whether or not the file still is; `thumbnail_url` and `frame_urls`
    when the file is there now, in single answers and in lists alike.
    """
    media_url = "null" if row.clip_sha256 is None else f'"{links.clip_url(row.event_id)}"'
    picture = links.thumbnail_url(row.event_id)
    thumbnail_url = "null" if picture is None else f'"{picture}"'
    frame_urls = ",".join(f'"{url}"' for url in links.frame_urls(row.event_id, _shown(row)))
    mm = "null" if row.mm is None else row.mm.model_dump_json()
    correction = "null" if row.correction is None else row.correction.model_dump_json()
    review = "null" if row.review is None else row.review.model_dump_json()
    return (
        f'{row.body[:-1]},"received_at":"{format_timestamp(row.received_at)}","media_url":{media_url},'
        f'"thumbnail_url":{thumbnail_url},"frame_urls":[{frame_urls}],"mm":{mm},"review":{review},'
        f'"correction":{correction}}}'
    )


def _shown(row: EventRow) -> int:
    """How many frames the model was shown of the event."""
    return min(len(row.mm.result.frame_times_s), MAX_SHOWN_FRAMES) if row.mm and row.mm.result else 0
