"""The media folder: where an event's clip and pictures lie.

Files are put there under their final name only when they are complete, and are never changed afterwards. Until then
they have a temporary name that nobody else gives; the backend removes left-over ones at its start.
"""

import logging
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from backend_api.base.durable_files import NO_ROOM, Disk, make_writable
from backend_api.base.process import UsageError
from backend_api.contract.media import FOLDER_ID_NAME, clip_name, frame_name, thumbnail_name

# Those that `temporary_path` gives; an edge gives others, and removes its leftovers itself.
_EVENT_FILE = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.frame_\d+)?\.(mp4|jpg)"
_TEMPORARY = re.compile(rf"({_EVENT_FILE}|{re.escape(FOLDER_ID_NAME)})\.[0-9a-f]{{8}}\.tmp")

log = logging.getLogger(__name__)


class MediaFolder:
    """Finds clips and thumbnails by their event's id."""

    def __init__(self, folder: Path, link_query: Callable[[str], str] = lambda _event_id: "") -> None:
        self.folder = folder
        # The query string behind the address of an event's media, such as a signature.
        self.link_query = link_query

    @classmethod
    def open(cls, folder: Path) -> "MediaFolder":
        """The folder at `folder`, made when it is missing. Raises UsageError when it cannot be made or written.

        That there is no room is logged and no more: stored files can be read, and retention makes room.
        """
        return cls(make_writable(folder, "--media-dir"))

    def mark(self, folder_id: UUID) -> None:
        """Leave `folder_id` in the folder, so that an edge can tell whether it writes there. Raises UsageError.

        Where there is no room, the id that lies there stays.
        """
        try:
            self._leave(folder_id)
        except OSError as error:
            if error.errno not in NO_ROOM:
                path = self.folder / FOLDER_ID_NAME
                raise UsageError(f"cannot write {path}: {error.strerror}; give another --media-dir") from error

    def find_id(self) -> UUID:
        """The id that lies in the folder; a new one when somebody removed it. Raises OSError.

        It is looked up each time: another backend that reads the same folder may have left its own.
        """
        with suppress(FileNotFoundError, ValueError):
            return UUID((self.folder / FOLDER_ID_NAME).read_text(encoding="ascii").strip())
        folder_id = uuid4()
        self._leave(folder_id)
        return folder_id

    def remove_leftovers(self) -> None:
        """Remove temporary files: to be called before there are uploads. Raises UsageError.

        A worker whose file is taken for a leftover writes it again.
        """
        try:
            leftovers = [path for path in self.folder.iterdir() if _TEMPORARY.fullmatch(path.name)]
            for path in leftovers:
                path.unlink(missing_ok=True)
                log.info("%s: removed, somebody was stopped while writing it", path)
        except OSError as error:
            raise UsageError(
                f"cannot tidy the media folder {self.folder}: {error.strerror}; give another --media-dir"
            ) from error

    def with_links(self, link_query: Callable[[str], str]) -> "MediaFolder":
        """The same folder, with `link_query` behind the addresses of its files."""
        return MediaFolder(self.folder, link_query)

    def clip_path(self, event_id: UUID) -> Path:
        """Where the event's clip lies, if there is one: MP4."""
        return self.folder / clip_name(event_id)

    def thumbnail_path(self, event_id: UUID) -> Path:
        """Where the event's thumbnail lies, if there is one: JPEG."""
        return self.folder / thumbnail_name(event_id)

    def frame_path(self, event_id: UUID, number: int) -> Path:
        """Where the frame lies that the model was shown as its `number`th, from 1, if there is one: JPEG."""
        return self.folder / frame_name(event_id, number)

    def thumbnail_url(self, event_id: UUID) -> str | None:
        """Where the event's thumbnail is answered, relative to the backend's address; None while there is none."""
        if not self._has(thumbnail_name(event_id)):
            return None
        return f"/media/{event_id}/thumbnail{self.link_query(str(event_id))}"

    def frame_urls(self, event_id: UUID, count: int) -> list[str]:
        """Where those of `count` frames that are there are answered, in their order, like `thumbnail_url`."""
        kept = [number for number in range(1, count + 1) if self._has(frame_name(event_id, number))]
        query = self.link_query(str(event_id)) if kept else ""
        return [f"/media/{event_id}/frames/{number}{query}" for number in kept]

    def _leave(self, folder_id: UUID) -> None:
        Disk().replace_all({self.folder / FOLDER_ID_NAME: f"{folder_id}\n".encode("ascii")})

    def _has(self, name: str) -> bool:
        """Whether the file is there now; one look at the file system, microseconds on a local disk."""
        try:
            # pathlib would take five times as long, and every event that is answered asks this.
            return stat.S_ISREG(os.stat(f"{self.folder}/{name}").st_mode)  # noqa: PTH116
        except OSError:
            return False
