"""The media folder: where an event's clip and pictures lie unless there is a bucket for them.

Files are put there under their final name only when they are complete, and are never changed afterwards. Until then
they have a temporary name that nobody else gives; the backend removes left-over ones at its start.
"""

import errno
import hashlib
import logging
import os
import re
import stat
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from uuid import UUID, uuid4

from backend_api.base.durable_files import NO_ROOM, Disk, make_writable, probe_writable, temporary_path
from backend_api.base.process import UsageError
from backend_api.contract.media import FOLDER_ID_NAME, clip_name, frame_name, thumbnail_name
from backend_api.media.media import StoredFile

# Those that `temporary_path` gives; an edge gives others, and removes its leftovers itself.
_EVENT_FILE = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.frame_\d+)?\.(mp4|jpg)"
_TEMPORARY = re.compile(rf"({_EVENT_FILE}|{re.escape(FOLDER_ID_NAME)})\.[0-9a-f]{{8}}\.tmp")

# The files of one instant come within a request or two of their edge, beside those of other edges.
_REMEMBERED = 256
_CHUNK_BYTES = 64 * 1024

log = logging.getLogger(__name__)


class MediaFolder:
    """The folder at `folder`, as Media describes it; `disk` writes."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk = disk or Disk()
        # The SHA-256 of the uploads that came last; several threads put files at once.
        self._kept: OrderedDict[Path, str] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.folder)

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

    def clip_path(self, event_id: UUID) -> Path:
        """Where the event's clip lies, if there is one: MP4."""
        return self.folder / clip_name(event_id)

    def thumbnail_path(self, event_id: UUID) -> Path:
        """Where the event's thumbnail lies, if there is one: JPEG."""
        return self.folder / thumbnail_name(event_id)

    def frame_path(self, event_id: UUID, number: int) -> Path:
        """Where the frame lies that the model was shown as its `number`th, from 1, if there is one: JPEG."""
        return self.folder / frame_name(event_id, number)

    def check(self) -> UUID:
        """Write into the folder; the id that lies there."""
        probe_writable(self.folder)
        return self.find_id()

    def has(self, names: Collection[str]) -> set[str]:
        """Those that are there now; a look at the file system each, microseconds on a local disk."""
        return {name for name in names if self._has(name)}

    def find(self, name: str) -> StoredFile:
        """The file, of which the first byte was read: whatever is promised is there."""
        path = self.folder / name
        try:
            found = path.stat()
            is_one = stat.S_ISREG(found.st_mode) and found.st_size > 0
            if is_one:
                with path.open("rb", buffering=0) as file:
                    file.read(1)
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "there is no such folder", str(self.folder)) from error
            raise
        if not is_one:
            raise FileNotFoundError(errno.ENOENT, "the file of its name is empty or no regular one", str(path))
        # Files are replaced whole, never changed, so these two tell one from another.
        return StoredFile(found.st_size, f"{found.st_mtime_ns:x}-{found.st_size:x}")

    def open_range(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes, read as they are asked for."""
        file = (self.folder / name).open("rb")

        def read() -> Iterator[bytes]:
            with file:
                file.seek(start)
                left_bytes = end - start
                while left_bytes > 0 and (chunk := file.read(min(left_bytes, _CHUNK_BYTES))):
                    left_bytes -= len(chunk)
                    yield chunk

        return read()

    def local(self, name: str) -> AbstractContextManager[Path]:
        """The file itself."""
        return nullcontext(self.folder / name)

    def url(self, _name: str) -> str | None:
        """None: nobody else has the files."""
        return None

    def temporary_path(self, name: str) -> Path:
        """In the folder, where it needs no more than another name."""
        return temporary_path(self.folder / name)

    def put_new(self, temporary: Path, name: str, sha256: str) -> bool:
        """Fsync, link, fsync the folder: of two uploads at once the first to be whole counts.

        Events of one instant share a clip: a file that was uploaded lately under another name takes no room again.
        """
        path = self.folder / name
        with self._lock:
            twins = [kept for kept, digest in self._kept.items() if digest == sha256 and kept != path]
        any(_share(twin, temporary, path) for twin in reversed(twins))
        is_new = self._disk.publish_new(temporary, path)
        if not is_new and file_sha256(path) != sha256:
            raise FileExistsError(errno.EEXIST, f"another {name} is there already; files are never replaced", str(path))
        with self._lock:
            self._kept[path] = sha256
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
        return is_new

    def replace_all(self, contents: Mapping[str, bytes]) -> None:
        """Write them all, then name them all; those that are there already with the same content are left alone."""
        wanted = {self.folder / name: data for name, data in contents.items()}
        self._disk.replace_all({path: data for path, data in wanted.items() if _content(path) != data})

    def remove(self, names: Collection[str]) -> None:
        """Unlink, then fsync the folder once."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        if names:
            self._disk.sync_folder(self.folder)

    def entries(self) -> Iterator[tuple[str, int]]:
        """What is in the folder itself; nothing when it is missing."""
        try:
            entries = os.scandir(self.folder)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # removed in between
                yield entry.name, found.st_size // max(1, found.st_nlink)

    def _leave(self, folder_id: UUID) -> None:
        self._disk.replace_all({self.folder / FOLDER_ID_NAME: f"{folder_id}\n".encode("ascii")})

    def _has(self, name: str) -> bool:
        """Whether the file is there now; one look at the file system, microseconds on a local disk."""
        try:
            # pathlib would take five times as long, and every event that is answered asks this.
            return stat.S_ISREG(os.stat(f"{self.folder}/{name}").st_mode)  # noqa: PTH116
        except OSError:
            return False


def file_sha256(path: Path) -> str:
    """The SHA-256 of the file at `path`, in hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _share(existing: Path, temporary: Path, path: Path) -> bool:
    """Make `temporary`, which is to become `path`, a name of the file `existing`, which holds the same.

    False, and `temporary` as it was, where that cannot be: `existing` is gone, or the file system has no hard links.
    """
    link = temporary_path(path)
    try:
        link.hardlink_to(existing)
        link.replace(temporary)
    except OSError:
        link.unlink(missing_ok=True)
        return False
    return True
