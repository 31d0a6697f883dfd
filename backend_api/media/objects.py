"""The objects of an S3-compatible store below one address, and what may go wrong with them, in our words.

obstore is imported here alone: who has a folder does not need it.
"""

import errno
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from backend_api.base.process import UsageError
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.media import MediaAway

# A thread of the backend waits so long at most: obstore's own 180 s would take all of them.
_CONNECT = timedelta(seconds=5)
_REQUEST = timedelta(seconds=30)
_RETRIES = 2
_RETRIES_FOR = timedelta(seconds=10)
# An address stays valid for so long; a browser keeps it for an hour (web/file_response.py).
_URL_VALID = timedelta(hours=2)
_CHUNK_BYTES = 256 * 1024
_OBJECTS_A_REQUEST = 1_000
# Of 10,000 parts at most, each in a request of its own.
_PART_BYTES = 16 * 1024**2
_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}
_SHA256 = "sha256"
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_STATUS = re.compile(r"status code: (\d{3}[A-Za-z ]{0,40})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is there; `sha256` is what its uploader said, `put_s` when it was put, in seconds since 1970."""

    name: str
    size_bytes: int
    put_s: float
    sha256: str | None = None


class Objects:
    """The objects at `address`. Every method raises MediaAway, without a key in its text, when another try may help."""

    def __init__(self, address: BucketAddress, store: S3Store) -> None:
        self.address = address
        self._store = store

    @classmethod
    def connect(cls, address: BucketAddress, environment: Mapping[str, str]) -> "Objects":
        """The store at `address`; its keys and its endpoint come from AWS_* of the process's environment.

        Nothing is asked yet. Raises UsageError when these are missing, or make no sense.
        """
        # The library would look for some in the network of a cloud.
        if not all(environment.get(name) for name in _KEYS):
            raise UsageError(f"{address} needs keys; set {' and '.join(_KEYS)} in the environment")
        endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or ""
        try:
            store = S3Store(
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
        return cls(address, store)

    @property
    def name(self) -> str:
        """Its address."""
        return str(self.address)

    def put_new(self, name: str, content: bytes | Path, sha256: str) -> bool:
        """Whether the object is new: one that is there stays as it is. It travels in one request."""
        attributes = {"Content-Type": _TYPES.get(Path(name).suffix, "application/octet-stream"), _SHA256: sha256}
        try:
            with self._asking():
                obstore.put(self._store, name, content, attributes=attributes, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def put(self, name: str, content: bytes | Path) -> None:
        """Put an object, of any size, also in place of one that is there: whole, or not at all."""
        with self._asking():
            obstore.put(self._store, name, content, chunk_size=_PART_BYTES)

    def look(self, name: str) -> StoredObject:
        """The object of that name. Raises FileNotFoundError."""
        with self._asking():
            found = obstore.get(self._store, name, options={"head": True})
            put_s = found.meta["last_modified"].timestamp()
            return StoredObject(name, found.meta["size"], put_s, found.attributes.get(_SHA256))

    def sha256_of(self, name: str) -> str:
        """The SHA-256 of the object `name`: what its uploader said, else what it holds."""
        found = self.look(name)
        if found.sha256 is not None:
            return found.sha256
        digest = hashlib.sha256()
        for chunk in self.open(name, 0, found.size_bytes):
            digest.update(chunk)
        return digest.hexdigest()

    def open(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """Its bytes from `start` up to, and without, `end`, as they come; FileNotFoundError is raised at once."""
        with self._asking():
            chunks = obstore.get(self._store, name, options={"range": (start, end)}).stream(_CHUNK_BYTES)

        def read() -> Iterator[bytes]:
            with self._asking():
                yield from map(bytes, chunks)

        return read()

    def pages(self, below: str | None = None) -> Iterator[list[StoredObject]]:
        """All objects, or those below the folder `below`, some at a time, in the order of their names."""
        with self._asking():
            for part in obstore.list(self._store, below, chunk_size=_OBJECTS_A_REQUEST):
                yield [StoredObject(one["path"], one["size"], one["last_modified"].timestamp()) for one in part]

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; that some are not there is no error."""
        if names:
            with self._asking():
                obstore.delete(self._store, names)

    def sign(self, name: str) -> str:
        """An address with which anybody gets it for two hours."""
        with self._asking():
            return obstore.sign(self._store, "GET", name, _URL_VALID)

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


def _reason(error: Exception) -> str:
    """What the store said, in short: its whole answer may hold the key's name, and what was signed."""
    text = str(error)
    said = [match[1].strip() for match in (_STATUS.search(text), _CODE.search(text)) if match]
    if said:
        return ", ".join(said)
    return "it cannot be reached" if isinstance(error, BaseError) else str(getattr(error, "strerror", None) or error)
