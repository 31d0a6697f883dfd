"""Media of each kind, so that one suite holds all of them to the same promises."""

from uuid import uuid4

import pytest

from backend_api.media.bucket import MediaBucket
from backend_api.media.bucket_address import BucketAddress
from backend_api.media.folder import MediaFolder
from backend_api.media.media import Media
from backend_api.media.place import open_media
from backend_api.store.store import Store
from tests.seaweed import BUCKET, BucketServer


@pytest.fixture
def bucket(store: Store, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> MediaBucket:
    """A bucket of this test alone."""
    for name, value in bucket_server.environment.items():
        monkeypatch.setenv(name, value)
    bucket = open_media(BucketAddress(BUCKET, uuid4().hex), store.database)
    assert isinstance(bucket, MediaBucket)
    return bucket


@pytest.fixture(params=["folder", "bucket"])
def any_media(request: pytest.FixtureRequest, media: MediaFolder) -> Media:
    """The folder, then the bucket."""
    if request.param == "folder":
        return media
    bucket: MediaBucket = request.getfixturevalue("bucket")
    return bucket
