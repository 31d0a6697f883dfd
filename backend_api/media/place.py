"""Where --media-dir says that clips and pictures lie: a folder, or a bucket."""

import argparse
import os
from pathlib import Path

from backend_api.base.arguments import folder
from backend_api.base.process import UsageError
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.folder import MediaFolder
from backend_api.media.index import MediaIndex
from backend_api.media.media import Media
from backend_api.store.db.database import Database

MediaPlace = Path | BucketAddress


def media_place(text: str) -> MediaPlace:
    """The folder or bucket that a flag names."""
    if not text.startswith("s3:"):
        return folder(text)
    try:
        return BucketAddress.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_media_flag(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--media-dir`, whose value is a MediaPlace, None when it is not given; `what` says what lies there."""
    parser.add_argument(
        "--media-dir", type=media_place, metavar="PLACE", help=f"{what} (default: media beside the database)"
    )


def open_media(place: MediaPlace, database: Database, *, is_probed: bool = False, redirects: bool = False) -> Media:
    """What lies at `place`; of a bucket `database` holds the index.

    A folder is taken as it is. A bucket is tried out when `is_probed`: the backend does that, which is to refuse one
    that replaces objects. Raises UsageError.
    """
    if isinstance(place, Path):
        return MediaFolder(place)
    try:
        from backend_api.media.bucket import MediaBucket
        from backend_api.media.objects import Objects
    except ImportError as error:
        raise UsageError(
            f"--media-dir {place} needs what is not installed ({error}): pip install -r requirements-chain.txt"
        ) from error
    bucket = MediaBucket(Objects.connect(place, os.environ), MediaIndex(database), redirects=redirects)
    if is_probed:
        bucket.probe()
    return bucket
