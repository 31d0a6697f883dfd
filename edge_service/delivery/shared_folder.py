"""Clips travel only where the backend reads another folder than the one that they lie in; which it is, is found out.

The backend leaves an id in its media folder at each start, before it answers anybody, and tells it (`Ready` of the
contract). An edge that finds that id in its own folder shares it. One that does not uploads, and only then removes its
copies: a clip in a shared folder is the backend's own.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from backend_api.base.http_client import Answer, NoAnswer
from backend_api.contract.events import MAX_BATCH_LINES
from backend_api.contract.media import FOLDER_ID_NAME, Ready
from edge_service.delivery.answers import is_temporary
from edge_service.delivery.backend_client import Transport
from edge_service.delivery.uploading import UPLOAD_BATCH_LINES

log = logging.getLogger(__name__)


class NotReady(Exception):
    """The backend is there, and cannot say yet; `answer` is what it said."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


class SharedFolder:
    """Finds out whether the backend reads `media_dir`.

    `ask` gets the backend's /ready. A backend that does not tell which folder it reads counts as one that reads another
    one when `uploads_untold`.
    """

    def __init__(self, media_dir: Path, ask: Callable[[], Answer], *, uploads_untold: bool) -> None:
        self.media_dir = media_dir
        self._ask = ask
        self._uploads_untold = uploads_untold
        # Whether the last answer told which folder it is.
        self.is_told = False

    def is_shared(self) -> bool:
        """Whether it does now. Raises NotReady, NoAnswer."""
        answer = self._ask()
        if is_temporary(answer.status):
            raise NotReady(answer)
        # After the answer: a backend writes its id before it tells it.
        found = self.read_id()
        try:
            told = Ready.model_validate_json(answer.body).media_folder_id
        except ValidationError:
            told = None  # no backend of ours, or an early one; the answer to the events will say more
        self.is_told = told is not None
        return not self._uploads_untold if told is None else str(told) == found

    def read_id(self) -> str | None:
        """The id that lies in the folder, if there is one."""
        try:
            return (self.media_dir / FOLDER_ID_NAME).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None


class FolderAwareTransport:
    """Posts through `plain` where `folder` is shared with the backend, else through `uploading`."""

    def __init__(self, plain: Transport, uploading: Transport, folder: SharedFolder) -> None:
        self._plain = plain
        self._uploading = uploading
        self._folder = folder
        # Whether the folder is shared, None when that has to be asked, and which id lay in it when it was.
        self._is_shared: bool | None = None
        self._found: str | None = None

    def most_lines(self) -> int:
        """How many events a request should hold at most: few while clips travel with them, or may have to."""
        return MAX_BATCH_LINES if self._is_shared and self._folder.is_told else UPLOAD_BATCH_LINES

    def post(self, ndjson: bytes) -> Answer:
        """As every transport; the answer is that of /ready while the backend is not ready."""
        try:
            # A server that does not tell may be a proxy that answers until its backend is there.
            if self._is_shared is None or not self._folder.is_told or self._folder.read_id() != self._found:
                self._look()
            return (self._plain if self._is_shared else self._uploading).post(ndjson)
        except NotReady as error:
            return error.answer
        except NoAnswer:
            self._is_shared = None  # another backend may answer next
            raise

    def _look(self) -> None:
        found = self._folder.read_id()
        is_shared = self._folder.is_shared()
        if not is_shared and self._is_shared is not False:
            folder = self._folder.media_dir
            log.info("the backend reads another media folder than %s: clips go there with events", folder)
        self._is_shared, self._found = is_shared, found
