"""Keeping the pictures for the model beside the clip, so that a person can look at the very same pictures.

It is done before the model is asked: a verdict never waits for its pictures.
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from backend_api.contract.media import frame_name
from backend_api.media.media import Media
from mm_worker.frames.pictures import Picture

log = logging.getLogger(__name__)


def keep_pictures(media: Media, event_id: UUID, pictures: Sequence[Picture]) -> None:
    """Keep the pictures as the event's frames 1, 2, ...; a failure to keep them is logged and no more.

    The same clip gives the same pictures: those that are there already are left alone.
    """
    wanted = {frame_name(event_id, number): picture.jpeg for number, picture in enumerate(pictures, start=1)}
    try:
        try:
            media.replace_all(wanted)
        except FileNotFoundError:
            # A backend that starts at this very moment takes a temporary file for a killed worker's.
            media.replace_all(wanted)
    except OSError as error:
        log.warning("the frames of %s could not be kept: %s; the verdict goes without", event_id, error.strerror)
