"""Where clips and pictures lie, as everybody else sees it: a folder (folder.py) or a bucket (bucket.py).

A name is that of a whole file. It is given once what it names is complete, and is never given to another upload.
"""

import errno
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID


class MediaAway(OSError):
    """A bucket does not answer, or not as it should; trying again later makes sense. `strerror` says what happened."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.EIO, text)

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there: its bytes, and a `tag` that no other content of its name has."""

    size_bytes: int
    tag: str


class Media(Protocol):
    """Clips and pictures by name (contract/media.py). All methods may be called from any thread.

    Each raises OSError: FileNotFoundError when a file is not there, MediaAway when a bucket cannot be asked now, or the
    database, in which its index lies.
    """

    @property
    def name(self) -> str:
        """The name by which people know it."""

    @property
    def folder(self) -> Path | None:
        """The folder of this computer in which each file lies under its name; None for a bucket."""

    def check(self) -> UUID:
        """Look whether files can be put there; its id, which an edge compares with that of its own folder."""

    def has(self, names: Collection[str]) -> set[str]:
        """Those of `names` that are there now."""

    def find(self, name: str) -> StoredFile:
        """The file of that name, which is not empty and can be read."""

    def open_range(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to, and without, `end` of the file; errors that are known at once are raised."""

    def local(self, name: str) -> AbstractContextManager[Path]:
        """A path of this computer where the file can be read until the end of the context; none is there if it is not.

        Nobody may change it, nor rely on its name.
        """

    def url(self, name: str) -> str | None:
        """An address with which a client gets the file from elsewhere for an hour at least; None to send it ourselves.

        The file need not be there.
        """

    def temporary_path(self, name: str) -> Path:
        """Where on this computer to write what `put_new` is to name; another place at each call."""

    def put_new(self, temporary: Path, name: str, sha256: str) -> bool:
        """Give the finished file `temporary`, whose SHA-256 (hex) is `sha256`, the new name `name`.

        It survives a power cut when this returns. False when the very same file was there before. Raises
        FileExistsError when another one is there: it is never replaced. The caller removes `temporary`.
        """

    def replace_all(self, contents: Mapping[str, bytes]) -> None:
        """Put files in place, also of others of the same names: a reader sees the old or the new one, never half."""

    def remove(self, names: Collection[str]) -> None:
        """Remove files, for good when this returns; that some are not there is no error."""

    def entries(self) -> Iterator[tuple[str, int]]:
        """Name and size of every file in no order; what several names share is counted once, spread over them."""
