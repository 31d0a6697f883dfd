"""The addresses of an event's clip and pictures, with what makes them open without a key."""

from collections.abc import Callable, Collection
from uuid import UUID

from backend_api.contract.media import frame_name, thumbnail_name
from backend_api.media.media import Media


class MediaLinks:
    """Addresses relative to the backend's; `query` gives the query string behind those of an event, a signature."""

    def __init__(
        self,
        media: Media,
        query: Callable[[str], str] = lambda _event_id: "",
        *,
        known: set[str] | None = None,
    ) -> None:
        self._media = media
        self._query = query
        # The names that are there, where all that are asked for were looked up at once.
        self._known = known

    @property
    def looks_far(self) -> bool:
        """Whether a look is a query: too long for an event loop, and too much for each file of a page."""
        return self._media.folder is None

    def knowing(self, names: Collection[str]) -> "MediaLinks":
        """The same for `names` alone, which are looked up now, all at once."""
        return MediaLinks(self._media, self._query, known=self._media.has(names))

    def clip_url(self, event_id: UUID) -> str:
        """Where the event's clip is answered, whether or not it is there."""
        return f"/media/{event_id}{self._query(str(event_id))}"

    def thumbnail_url(self, event_id: UUID) -> str | None:
        """Where the event's thumbnail is answered; None while there is none."""
        if not self._has([thumbnail_name(event_id)]):
            return None
        return f"/media/{event_id}/thumbnail{self._query(str(event_id))}"

    def frame_urls(self, event_id: UUID, count: int) -> list[str]:
        """Where those of `count` frames that are there are answered, in their order."""
        names = [frame_name(event_id, number) for number in range(1, count + 1)]
        kept = self._has(names) if names else ()
        query = self._query(str(event_id)) if kept else ""
        return [f"/media/{event_id}/frames/{at}{query}" for at, name in enumerate(names, start=1) if name in kept]

    def _has(self, names: Collection[str]) -> Collection[str]:
        return self._media.has(names) if self._known is None else self._known & set(names)
