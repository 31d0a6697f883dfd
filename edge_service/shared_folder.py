"""Clips travel only where the backend reads another folder than the one that they lie in; which it is, is found out.

The backend leaves an id in its media folder at each start and tells it (contract_media.py). Whoever finds that id in
the own folder shares it. Whoever does not uploads, and only then are local copies removed: a clip in a shared folder is
the backend's own.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from backend_api.contract import MAX_BATCH_LINES
from backend_api.contract_media import FOLDER_ID_NAME, Ready
from edge_service.delivery import is_temporary
from edge_service.transport import Answer, Transport, Unreachable
from edge_service.uploading import UPLOAD_BATCH_LINES

log = logging.getLogger(__name__)


class FolderAwareTransport:
    """Posts through `uploading` where the backend reads another folder than `media_dir`, else through `plain`.

    `ask` gets the backend's /ready. A backend that does not tell which folder it reads counts as one that reads another
    one when `uploads_untold`.
    """

    def __init__(
        self,
        plain: Transport,
        uploading: Transport,
        ask: Callable[[], Answer],
        media_dir: Path,
        *,
        uploads_untold: bool,
    ) -> None:
        self._plain = plain
        self._uploading = uploading
        self._ask = ask
        self._id_path = media_dir / FOLDER_ID_NAME
        self._uploads_untold = uploads_untold
        # What is known: whether the folder is shared, and what stood in it when that was found out.
        self._is_shared: bool | None = None
        self._found: str | None = None

    def most_lines(self) -> int:
        """How many events a request should hold at most: few while clips travel with them, or may have to."""
        return MAX_BATCH_LINES if self._is_shared else UPLOAD_BATCH_LINES

    def post(self, ndjson: bytes) -> Answer:
        """As every transport; the answer is that of /ready while the backend is not ready."""
        found = self._read_id()
        if self._is_shared is None or found != self._found:
            answer = self._ask()
            if is_temporary(answer.status):
                return answer
            self._learn(answer, found)
        try:
            return (self._plain if self._is_shared else self._uploading).post(ndjson)
        except Unreachable:
            self._is_shared = None  # another backend may answer next
            raise

    def _learn(self, answer: Answer, found: str | None) -> None:
        try:
            told = Ready.model_validate_json(answer.body).media_folder_id
        except ValidationError:
            told = None  # no backend of ours, or an early one; the answer to the events will say more
        is_shared = not self._uploads_untold if told is None else str(told) == found
        if not is_shared and self._is_shared is not False:
            log.info("the backend reads another media folder than %s: clips go there with events", self._id_path.parent)
        self._is_shared, self._found = is_shared, found

    def _read_id(self) -> str | None:
        try:
            return self._id_path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
