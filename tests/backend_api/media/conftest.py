"""Media of each kind, so that one suite holds all of them to the same promises."""

import pytest

from backend_api.media.bucket import MediaBucket
from backend_api.media.folder import MediaFolder
from backend_api.media.media import Media


@pytest.fixture(params=["folder", "bucket"])
def any_media(request: pytest.FixtureRequest, media: MediaFolder) -> Media:
    """The folder, then the bucket."""
    if request.param == "folder":
        return media
    bucket: MediaBucket = request.getfixturevalue("bucket")
    return bucket
