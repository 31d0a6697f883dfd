"""The bucket of an S3-compatible store: where clips and pictures lie for backends and workers on several computers.

Invariant: a name in the index (index.py) leads to a complete object that holds what was declared, and no object is ever
replaced. So the object is put first, only where none is (If-None-Match: *), and only then the name is written down;
what was put twice is compared by its SHA-256. A removal is written down first, then the object goes, then the name.
"""

import errno
import hashlib
import secrets
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from backend_api.base.process import UsageError
from backend_api.media.index import IndexedFile, MediaIndex
from backend_api.media.media import MediaAway, StoredFile
from backend_api.media.objects import Objects

# Larger uploads go one after another: each is held in memory while it travels.
_LARGE_BYTES = 32 * 1024**2
# As much as the backend takes as an upload.
_MOST_BYTES = 1024**3
_NAMES_A_REQUEST = 1_000
_PROBE = "probe"


class MediaBucket:
    """The bucket behind `store`, as Media describes it; `index` says what lies there.

    With `redirects` clients get their files from the bucket by addresses that it signs.
    """

    folder: Path | None = None

    def __init__(self, objects: Objects, index: MediaIndex, *, redirects: bool = False) -> None:
        self._objects = objects
        self._index = index
        self._redirects = redirects
        self._large = threading.Lock()

    @property
    def name(self) -> str:
        """Its address."""
        return self._objects.name

    def probe(self) -> None:
        """Put, read, list and delete an object. Raises UsageError, in a line, when the store is not what is needed."""
        name = f"{_PROBE}/{secrets.token_hex(8)}"
        try:
            self._objects.put_new(name, b"probe", "0")
            try:
                is_new = self._objects.put_new(name, b"another", "1")
                found = b"".join(self._objects.open(name, 1, 3))
                listed = [one.name for part in self._objects.pages(_PROBE) for one in part]
            finally:
                self._objects.delete([name])
        except OSError as error:
            raise UsageError(f"{error}; look at --media-dir, and at AWS_* in the environment") from error
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
            self._objects.look(_PROBE)
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
        return self._objects.open(self._find(name).object_name, start, end)

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
        return self._objects.sign(self._find(name).object_name)

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
            is_new = self._objects.put_new(name, temporary, sha256)
        if not is_new and self._objects.sha256_of(name) != sha256:
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
        for start in range(0, len(wanted), _NAMES_A_REQUEST):
            going = self._index.find(wanted[start : start + _NAMES_A_REQUEST])
            self._index.mark(going)
            self._delete_unused(list(going.values()))
            self._index.drop(going)

    def entries(self) -> Iterator[tuple[str, int]]:
        """As the index has them, with those whose removal was begun."""
        return self._index.entries()

    def strays(self) -> Iterator[tuple[str, float]]:
        """The objects that no name leads to: each and when it was put, in seconds since 1970."""
        for part in self._objects.pages():
            known = self._index.objects([one.name for one in part])
            yield from ((one.name, one.put_s) for one in part if one.name not in known)

    def take_up(self, name: str) -> None:
        """Write down the object `name`, which no name leads to: after a crash, or since a folder was copied here."""
        found = self._objects.look(name)
        self._index.add(IndexedFile(name, name, found.size_bytes, self._objects.sha256_of(name)))

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
            is_new = self._objects.put_new(object_name, data, sha256)
            if is_new or self._objects.sha256_of(object_name) == sha256:
                return IndexedFile(name, object_name, len(data), sha256)
        raise _another(beside)

    def _delete_unused(self, files: Collection[IndexedFile]) -> None:
        used = self._index.in_use({file.sha256 for file in files})
        self._objects.delete(sorted({file.object_name for file in files} - used))

    def _fetch(self, file: IndexedFile, path: Path) -> None:
        if file.size_bytes > _MOST_BYTES:
            raise OSError(errno.EFBIG, f"{file.size_bytes} bytes, and {_MOST_BYTES} is the most", file.name)
        with path.open("wb") as target:
            for chunk in self._objects.open(file.object_name, 0, file.size_bytes):
                target.write(chunk)


def _another(name: str) -> FileExistsError:
    return FileExistsError(errno.EEXIST, f"another {name} is there already; files are never replaced", name)
