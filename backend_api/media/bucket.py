"""The bucket of an S3-compatible store: where clips and pictures lie for backends and workers on several computers.

Invariant: a name in the index (index.py) leads to a complete object that holds what was declared, and no object is ever
replaced. So the object is put first, only where none is (If-None-Match: *), and only then the name is written down;
what was put twice is compared by its SHA-256. A removal is written down first, then the object goes, then the name.

obstore is imported here alone: who has a folder does not need it.
"""

import errno
import hashlib
import re
import secrets
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from backend_api.base.process import UsageError
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.index import IndexedFile, MediaIndex
from backend_api.media.media import MediaAway, StoredFile

# A thread of the backend waits so long at most: obstore's own 180 s would take all of them.
_CONNECT = timedelta(seconds=5)
_REQUEST = timedelta(seconds=30)
_RETRIES = 2
_RETRIES_FOR = timedelta(seconds=10)
# An address stays valid for so long; a browser keeps it for an hour (web/file_response.py).
_URL_VALID = timedelta(hours=2)
# Larger uploads go one after another: each is held in memory while it travels.
_LARGE_BYTES = 32 * 1024**2
# As much as the backend takes as an upload.
_MOST_BYTES = 1024**3
_CHUNK_BYTES = 256 * 1024
_OBJECTS_A_REQUEST = 1_000
_PROBE = "probe"
_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}
_SHA256 = "sha256"
_STATUS = re.compile(r"status code: (\d{3}[A-Za-z ]{0,40})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")


def connect(address: BucketAddress, environment: Mapping[str, str]) -> S3Store:
    """The store at `address`; its keys and its endpoint come from AWS_* of the process's environment.

    Nothing is asked yet. Raises UsageError when these make no sense.
    """
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or ""
    try:
        return S3Store(
            address.bucket,
            prefix=address.prefix or None,
            checksum_algorithm="SHA256",
            client_options={
                "allow_http": urlsplit(endpoint).scheme == "http",
                "connect_timeout": _CONNECT,
                "timeout": _REQUEST,
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRIES_FOR},
        )
    except (BaseError, ValueError) as error:
        raise UsageError(f"{address} cannot be used: {_reason(error)}; look at AWS_* in the environment") from error


@dataclass(frozen=True, slots=True)
class _Object:
    """An object that is there."""

    size_bytes: int
    sha256: str | None


class MediaBucket:
    """The bucket behind `store`, as Media describes it; `index` says what lies there.

    With `redirects` clients get their files from the bucket by addresses that it signs.
    """

    folder: Path | None = None

    def __init__(self, address: BucketAddress, store: S3Store, index: MediaIndex, *, redirects: bool = False) -> None:
        self.address = address
        self._store = store
        self._index = index
        self._redirects = redirects
        self._large = threading.Lock()

    @property
    def name(self) -> str:
        """Its address."""
        return str(self.address)

    def probe(self) -> None:
        """Put, read, list and delete an object. Raises UsageError, in a line, when the store is not what is needed."""
        name = f"{_PROBE}/{secrets.token_hex(8)}"
        try:
            self._put(name, b"probe", "0")
            try:
                is_new = self._put(name, b"another", "1")
                found = b"".join(self._open(name, 1, 3))
                listed = [entry["path"] for part in obstore.list(self._store, _PROBE) for entry in part]
            finally:
                self._delete([name])
        except OSError as error:
            raise UsageError(f"{error}; look at --media-dir, and at AWS_* in the environment") from error
        except BaseError as error:
            raise UsageError(f"{self.name}: {_reason(error)}; look at --media-dir, and at AWS_*") from error
        if is_new:
            raise UsageError(
                f"{self.name}: the store overwrites what is there although it is told not to (If-None-Match: *), so "
                "that clips could be replaced; use a store that keeps to it, or a newer version of it"
            )
        if found != b"ro" or not any(path.endswith(name) for path in listed):
            raise UsageError(f"{self.name}: the store does not answer ranges, or does not list; use another one")

    def check(self) -> UUID:
        """Ask for an object that is not there; an id that no folder has, and all backends of a bucket share."""
        with suppress(FileNotFoundError):
            self._look(_PROBE)
        return uuid5(NAMESPACE_URL, self.name)

    def has(self, names: Collection[str]) -> set[str]:
        """One query for all of them; the bucket is not asked."""
        return {name for name, file in self._index.find(names).items() if not file.is_going}

    def find(self, name: str) -> StoredFile:
        """As the index has it; the bucket is not asked."""
        file = self._find(name)
        return StoredFile(file.size_bytes, file.sha256[:32])

    def open_range(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes as they come."""
        return self._open(self._find(name).object_name, start, end)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A copy in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="gym-media-") as folder:
            path = Path(folder) / name
            try:
                self._fetch(self._find(name), path)
            except FileNotFoundError:
                path.unlink(missing_ok=True)
            yield path

    def url(self, name: str) -> str | None:
        """An address signed for two hours, where clients are sent there."""
        if not self._redirects:
            return None
        with self._asking():
            return obstore.sign(self._store, "GET", self._find(name).object_name, _URL_VALID)

    def temporary_path(self, name: str) -> Path:
        """In the computer's folder for temporary files."""
        return Path(tempfile.gettempdir()) / f"{name}.{secrets.token_hex(8)}.tmp"

    def put_new(self, temporary: Path, name: str, sha256: str) -> bool:
        """Share an object that holds the same, or put one; then write the name down."""
        known = self._index.find([name]).get(name)
        if known is not None:
            return self._is_same(known, sha256)
        size_bytes = temporary.stat().st_size
        if self._index.share(name, size_bytes, sha256):
            return True
        with self._large if size_bytes > _LARGE_BYTES else nullcontext():
            is_new = self._put(name, temporary, sha256)
        if not is_new and self._sha256(name) != sha256:
            raise _another(name)
        if self._index.add(IndexedFile(name, name, size_bytes, sha256)):
            return is_new
        known = self._index.find([name]).get(name)
        return known is None or self._is_same(known, sha256)

    def replace_all(self, contents: Mapping[str, bytes]) -> None:
        """Put other objects beside those that are there, let the names lead to them, then remove the old ones."""
        known = self._index.find(contents)
        new = [
            self._put_beside(name, data, known.get(name))
            for name, data in contents.items()
            if name not in known or known[name].is_going or known[name].sha256 != hashlib.sha256(data).hexdigest()
        ]
        self._index.lead(new)
        self._delete_unused([known[file.name] for file in new if file.name in known])

    def remove(self, names: Collection[str]) -> None:
        """Mark, delete the objects, drop the rows; so many at a time."""
        wanted = list(names)
        for start in range(0, len(wanted), _OBJECTS_A_REQUEST):
            going = self._index.find(wanted[start : start + _OBJECTS_A_REQUEST])
            self._index.mark(going)
            self._delete_unused(list(going.values()))
            self._index.drop(going)

    def entries(self) -> Iterator[tuple[str, int]]:
        """As the index has them, with those whose removal was begun."""
        return self._index.entries()

    def strays(self) -> Iterator[tuple[str, float]]:
        """The objects that no name leads to: each and when it was put, in seconds since 1970."""
        with self._asking():
            for part in obstore.list(self._store, chunk_size=_OBJECTS_A_REQUEST):
                known = self._index.objects([entry["path"] for entry in part])
                yield from ((e["path"], e["last_modified"].timestamp()) for e in part if e["path"] not in known)

    def take_up(self, name: str) -> None:
        """Write down the object `name`, which no name leads to: after a crash, or since a folder was copied here."""
        found = self._look(name)
        self._index.add(IndexedFile(name, name, found.size_bytes, self._sha256(name)))

    def _find(self, name: str) -> IndexedFile:
        file = self._index.find([name]).get(name)
        if file is None or file.is_going:
            raise FileNotFoundError(errno.ENOENT, "the bucket's index does not have it", name)
        return file

    def _is_same(self, known: IndexedFile, sha256: str) -> bool:
        """False, since it is not new. Raises FileExistsError when it is another one, MediaAway when it is going."""
        if known.is_going:
            raise MediaAway(f"{known.name} is being removed from {self.name}")
        if known.sha256 != sha256:
            raise _another(known.name)
        return False

    def _put_beside(self, name: str, data: bytes, known: IndexedFile | None) -> IndexedFile:
        sha256 = hashlib.sha256(data).hexdigest()
        path = Path(name)
        beside = f"{path.stem}.{sha256[:16]}{path.suffix}"
        # The second is for an object that was put under its name before a crash.
        for object_name in (name, beside) if known is None else (beside,):
            is_new = self._put(object_name, data, sha256)
            if is_new or self._sha256(object_name) == sha256:
                return IndexedFile(name, object_name, len(data), sha256)
        raise _another(beside)

    def _delete_unused(self, files: Collection[IndexedFile]) -> None:
        used = self._index.in_use({file.sha256 for file in files})
        self._delete(sorted({file.object_name for file in files} - used))

    def _put(self, name: str, content: bytes | Path, sha256: str) -> bool:
        """Whether the object is new: one that is there stays as it is."""
        attributes = {"Content-Type": _TYPES.get(Path(name).suffix, "application/octet-stream"), _SHA256: sha256}
        try:
            with self._asking():
                obstore.put(self._store, name, content, attributes=attributes, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def _look(self, name: str) -> _Object:
        with self._asking():
            found = obstore.get(self._store, name, options={"head": True})
            return _Object(found.meta["size"], found.attributes.get(_SHA256))

    def _sha256(self, name: str) -> str:
        """The SHA-256 of the object `name`: what its uploader said, else what it holds."""
        found = self._look(name)
        if found.sha256 is not None:
            return found.sha256
        digest = hashlib.sha256()
        for chunk in self._open(name, 0, found.size_bytes):
            digest.update(chunk)
        return digest.hexdigest()

    def _open(self, name: str, start: int, end: int) -> Iterator[bytes]:
        with self._asking():
            chunks = obstore.get(self._store, name, options={"range": (start, end)}).stream(_CHUNK_BYTES)

        def read() -> Iterator[bytes]:
            with self._asking():
                yield from map(bytes, chunks)

        return read()

    def _fetch(self, file: IndexedFile, path: Path) -> None:
        if file.size_bytes > _MOST_BYTES:
            raise OSError(errno.EFBIG, f"{file.size_bytes} bytes, and {_MOST_BYTES} is the most", file.name)
        with path.open("wb") as target:
            for chunk in self._open(file.object_name, 0, file.size_bytes):
                target.write(chunk)

    def _delete(self, names: list[str]) -> None:
        if names:
            with self._asking():
                obstore.delete(self._store, names)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Raises MediaAway, without a key in its text, for what only another try can put right."""
        try:
            yield
        except (FileNotFoundError, AlreadyExistsError, MediaAway):
            raise
        except NotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, "there is no such object") from error
        except (BaseError, OSError) as error:
            raise MediaAway(f"{self.name} does not answer as it should: {_reason(error)}") from error


def _another(name: str) -> FileExistsError:
    return FileExistsError(errno.EEXIST, f"another {name} is there already; files are never replaced", name)


def _reason(error: Exception) -> str:
    """What the store said, in short: its whole answer may hold the key's name, and what was signed."""
    text = str(error)
    said = [match[1].strip() for match in (_STATUS.search(text), _CODE.search(text)) if match]
    if said:
        return ", ".join(said)
    return "it cannot be reached" if isinstance(error, BaseError) else str(getattr(error, "strerror", None) or error)
