"""Keeping the pictures for the model in the media folder, so that a person can look at the very same pictures.

In this order, so that a name never leads to half a file: every picture under a temporary name, fsync; then the renames;
then fsync of the folder. It is done before the model is asked: a verdict never waits for its pictures.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from backend_api.media.folder import MediaFolder, temporary_path
from mm_worker.frames.pictures import Picture

log = logging.getLogger(__name__)


def keep_pictures(media: MediaFolder, event_id: UUID, pictures: Sequence[Picture]) -> None:
    """Write the pictures as the event's frames 1, 2, ...; a failure to write them is logged and no more.

    The same clip gives the same pictures: those that are there already are left alone.
    """
    wanted = {media.frame_path(event_id, number): picture.jpeg for number, picture in enumerate(pictures, start=1)}
    try:
        try:
            _put(wanted, media.folder)
        except FileNotFoundError:
            # A backend that starts at this very moment takes a temporary file for a killed worker's.
            _put(wanted, media.folder)
    except OSError as error:
        log.warning("the frames of %s could not be kept: %s; the verdict goes without", event_id, error.strerror)


def _put(wanted: Mapping[Path, bytes], folder: Path) -> None:
    missing = {path: jpeg for path, jpeg in wanted.items() if _content(path) != jpeg}
    temporaries = {path: temporary_path(path) for path in missing}
    try:
        _write_all({temporaries[path]: jpeg for path, jpeg in missing.items()})
        for path, temporary in temporaries.items():
            temporary.replace(path)
    except OSError:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise
    if missing:
        _sync_folder(folder)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _write_all(contents: Mapping[Path, bytes]) -> None:
    """At the same time, because file systems put what is waited for together on the disk together."""
    with ThreadPoolExecutor(max_workers=max(1, len(contents)), thread_name_prefix="frames") as executor:
        for written in [executor.submit(_write, path, data) for path, data in contents.items()]:
            written.result()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
