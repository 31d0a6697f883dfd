"""The transport of an edge on another machine: the clips first, then their events, then the local copies go.

A clip that the backend has, and an event that it has, may be sent again without harm; so a crash after any step is
repaired by repeating the request. A clip that is no longer here was sent, and its event acknowledged, before.

No file is removed that may be the backend's own. One that it did not have before it was sent is not. One that it had
was sent before a crash, or lies in a folder that both read: that is asked about, after it was sent.
"""

import base64
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from backend_api.base.durable_files import Disk
from backend_api.base.http_client import Answer
from backend_api.contract.events import BatchResult, Event
from backend_api.contract.media import clip_name, thumbnail_name
from edge_service.delivery.answers import detail, is_denied, is_temporary
from edge_service.delivery.backend_client import Put, Transport

# Few events a request: while their clips travel, nothing else does.
UPLOAD_BATCH_LINES = 8

log = logging.getLogger(__name__)


class UploadingTransport:
    """Sends what lies in `media_dir` through `call` before the events go through `transport`.

    `is_shared` says whether the backend reads `media_dir` itself.
    """

    def __init__(
        self, transport: Transport, call: Put, media_dir: Path, disk: Disk, is_shared: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._call = call
        self._media_dir = media_dir
        self._disk = disk
        self._is_shared = is_shared
        # There already, in case the events did not get through: spares sending the clip again. True is for what the
        # backend had before it was sent.
        self._uploaded: dict[Path, bool] = {}

    def post(self, ndjson: bytes) -> Answer:
        """As every transport; the answer is a failed upload's when the same request may succeed later.

        A file that the backend refuses for good stays here, and its event goes without it.
        """
        # An event stands twice where a run was repeated before its events were sent.
        files = list(dict.fromkeys(_files(self._media_dir, ndjson.splitlines())))
        for path, address, media_type in files:
            answer = self._upload(path, address, media_type)
            if answer is not None:
                return answer
        answer = self._transport.post(ndjson)
        if answer.status == 200:
            self._remove_settled(files, answer)
        return answer

    def _upload(self, path: Path, address: str, media_type: str) -> Answer | None:
        """Send the file, if it is here; the answer when it has to be sent again, None when all is done."""
        if path in self._uploaded:
            return None
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
                file.seek(0)
                headers = {
                    "Content-Type": media_type,
                    "Content-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
                }
                answer = self._call.put(address, file, headers)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.error("%s stays here, it cannot be read: %s; its event goes without it", path, error.strerror)
            return None
        if is_temporary(answer.status) or is_denied(answer.status):
            return answer
        if answer.status in {200, 201}:
            self._uploaded[path] = answer.status == 200
        else:
            log.error("%s stays here, the backend refuses it: %s", path, detail(answer))
        return None

    def _remove_settled(self, files: "Sequence[tuple[Path, str, str]]", answer: Answer) -> None:
        """Remove what was uploaded and whose event is stored; what is rejected keeps its clip beside its reason."""
        try:
            rejected = {line.event_id for line in BatchResult.model_validate_json(answer.body).rejected}
        except ValidationError:
            return  # no backend of ours: the sender will say so
        settled = [path for path, _, _ in files if path in self._uploaded and path.stem not in rejected]
        keeps_what_it_had = any(self._uploaded[path] for path in settled) and self._is_shared()
        for path in settled:
            had = self._uploaded.pop(path)
            if not (had and keeps_what_it_had):
                self._remove(path)

    def _remove(self, path: Path) -> None:
        try:
            self._disk.remove(path)
        except OSError as error:
            log.warning("%s was uploaded but cannot be removed: %s", path, error.strerror)


def _files(media_dir: Path, lines: Sequence[bytes]) -> Iterator[tuple[Path, str, str]]:
    """The uploads for the events: file, address and media type, the clip last, in the events' order."""
    for line in lines:
        try:
            event = Event.model_validate_json(line)
        except ValidationError:
            continue  # of a later version; the backend will say what is wrong with it
        address = f"/media/{event.event_id}"
        yield media_dir / thumbnail_name(event.event_id), f"{address}/thumbnail", "image/jpeg"
        if event.clip is not None:
            yield media_dir / clip_name(event.event_id), address, "video/mp4"
