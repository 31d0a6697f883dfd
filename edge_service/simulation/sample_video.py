"""The mark of the drawn gym: it tells the sample, whose people the mock detector knows, from a real video."""

from pathlib import Path

import av

METADATA = {"title": "Sample of gym-mvp-local, a gym that does not exist"}
"""The metadata of the sample's container."""


def is_sample(path: Path) -> bool:
    """Whether the file at `path` is a video that sample.py drew; False for one that cannot be read."""
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            return container.metadata.items() >= METADATA.items()
    except (OSError, av.error.FFmpegError):
        return False
