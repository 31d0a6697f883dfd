"""What a key that is limited may ask for (pure): figures without pictures, or one store alone.

Whatever is not named here is refused, so that a route that is added later is closed to such a key until somebody has
thought about it.
"""

import re
from urllib.parse import parse_qs
from uuid import UUID

FIGURES = {"/board", "/stats", "/stats/compliance"}
"""Without events and pictures."""
_BY_STORE = FIGURES | {"/events", "/events/export.csv", "/sessions", "/machines", "/floor"}
_CAMERA = re.compile(r"/cameras/[^/]+/(setup|still|look|zones|zones/history)")
_EVENT = re.compile(
    r"/(?:events|media)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/thumbnail|/frames/[0-9]{1,2}|/reviews)?"
)


def why_no_figure(path: str) -> str | None:
    """Why a key for figures may not ask for `path`; None when it may."""
    return None if path in FIGURES else f"this key may see figures alone: {', '.join(sorted(FIGURES))}"


def why_not_of_store(path: str, query: str, store_id: str) -> str | None:
    """Why a key for `store_id` may not ask for `path` with `query`; None when it may.

    An event's address says no store: that of `event_of` has to be compared.
    """
    if event_of(path) is not None:
        return None
    if path not in _BY_STORE and not _CAMERA.fullmatch(path):
        return f"this key is for the store {store_id} alone, and what is asked for is of all stores"
    fields = parse_qs(query, max_num_fields=100, keep_blank_values=True) if query.count("&") < 100 else {}
    if fields.get("store_id") != [store_id]:
        return f"this key is for the store {store_id} alone: ask with store_id={store_id}"
    return None


def event_of(path: str) -> UUID | None:
    """The event whose address or media `path` is."""
    match = _EVENT.fullmatch(path)
    return None if match is None else UUID(match[1])
