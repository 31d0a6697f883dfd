"""Moving clips and pictures from a folder into a bucket, or back.

Invariant: the source is only read, a name in the target is that of a whole file, and at the end each name leads to the
same bytes in both. The ordered steps: each file that the target does not have is copied beside its name and named once
it is whole; then all of both are read, and compared by their SHA-256. After a stop in between the same again goes on
with the files that are not there.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from backend_api.base.process import FatalError
from backend_api.media.media import Media
from backend_api.media.usage import owner_of

# A bucket answers each file after a while, and many at once.
_AT_ONCE = 8
_FILES_A_STEP = 1_000

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MovedMedia:
    """What is in the target now, the same as in the source, of which `copied` were copied by this run.

    The source promises the files `lost`, and cannot give them.
    """

    files: int
    size_bytes: int
    copied: int
    lost: tuple[str, ...]


def move_media(source: Media, target: Media) -> MovedMedia:
    """Copy every clip and picture of `source`, which nobody writes meanwhile, into `target`; compare all in the end.

    Raises FatalError when the two differ in the end, or another file has a name in the target, and OSError as Media
    does.
    """
    copied = size_bytes = files = 0
    lost: list[str] = []
    with ThreadPoolExecutor(_AT_ONCE, "move") as threads:
        for names in _steps(source):
            there = target.has(names)
            new = [name for name in names if name not in there]
            copied += sum(threads.map(_each(_copy, source, target), new))
            log.info("%d files copied, %d were there", copied, len(there))
        for names in _steps(source):
            for name, found in zip(names, threads.map(_each(_compare, source, target), names), strict=True):
                if found is None:
                    lost.append(name)
                else:
                    files, size_bytes = files + 1, size_bytes + found
            log.info("%d files compared", files)
    return MovedMedia(files, size_bytes, copied, tuple(lost))


def _steps(source: Media) -> Iterator[list[str]]:
    """The names of events' files, some at a time; not of those whose removal has begun."""
    names = (name for name, _ in source.entries() if owner_of(name) is not None)
    while part := list(islice(names, _FILES_A_STEP)):
        there = source.has(part)
        yield [name for name in part if name in there]


def _each(work: Callable[[Media, Media, str], T], source: Media, target: Media) -> Callable[[str], T]:
    return lambda name: work(source, target, name)


def _copy(source: Media, target: Media, name: str) -> bool:
    """Whether it was copied: not when the source has lost it."""
    digest, temporary = hashlib.sha256(), target.temporary_path(name)
    try:
        with temporary.open("wb") as file:
            for chunk in _content(source, name):
                digest.update(chunk)
                file.write(chunk)
        target.put_new(temporary, name, digest.hexdigest())
    except FileNotFoundError:
        return False
    except FileExistsError as error:
        raise FatalError(f"{target.name}: {error.strerror}; remove it there, or give an empty --media-to") from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _compare(source: Media, target: Media, name: str) -> int | None:
    """The bytes of a file that both have; None when the source has lost it."""
    try:
        expected = _digest(source, name)
    except FileNotFoundError:
        return None
    try:
        found = _digest(target, name)
    except FileNotFoundError as error:
        raise FatalError(f"{name} is not in {target.name} any more; run it again: it goes on") from error
    if found != expected:
        raise FatalError(
            f"{name} has {expected[0]} bytes in {source.name} and {found[0]} in {target.name}, and they are not the "
            "same; remove it in the target, and run it again"
        )
    return expected[0]


def _digest(media: Media, name: str) -> tuple[int, str]:
    digest, size_bytes = hashlib.sha256(), 0
    for chunk in _content(media, name):
        digest.update(chunk)
        size_bytes += len(chunk)
    return size_bytes, digest.hexdigest()


def _content(media: Media, name: str) -> Iterator[bytes]:
    return media.open_range(name, 0, media.find(name).size_bytes)
