"""A stored event as JSON text: the body as it was stored, with the backend's own fields put behind it.

Putting text behind text spares parsing and writing each event again; a test holds it to contract.StoredEvent.
"""

import json

from backend_api.contract import format_timestamp
from backend_api.media import MediaFolder
from backend_api.rows import EventRow


def stored_event_json(row: EventRow, media: MediaFolder) -> str:
    """The StoredEvent of `row`.

    `media_url` is there when the event has a clip, whether or not the file still is; `thumbnail_url` when the file is
    there now, in single answers and in lists alike.
    """
    clip_url = f"/media/{row.event_id}"
    media_url = None if row.clip_sha256 is None else clip_url
    thumbnail_url = f"{clip_url}/thumbnail" if media.has_thumbnail(row.event_id) else None
    mm = "null" if row.mm is None else row.mm.model_dump_json()
    return (
        f'{row.body[:-1]},"received_at":"{format_timestamp(row.received_at)}","media_url":{json.dumps(media_url)},'
        f'"thumbnail_url":{json.dumps(thumbnail_url)},"mm":{mm}}}'
    )
