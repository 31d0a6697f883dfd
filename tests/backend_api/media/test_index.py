"""The index of a bucket, on each database: names that share an object, and removals that are begun, then ended."""

import pytest

from backend_api.media.index import IndexedFile, MediaIndex
from backend_api.store.store import Store

pytestmark = pytest.mark.both_databases
FIRST = IndexedFile("a.mp4", "a.mp4", 100, "a" * 64)


@pytest.fixture
def index(store: Store) -> MediaIndex:
    return MediaIndex(store.database)


def test_a_name_is_written_down_once(index: MediaIndex) -> None:
    assert index.add(FIRST)
    assert not index.add(IndexedFile("a.mp4", "other", 1, "b" * 64))
    assert index.find(["a.mp4", "b.mp4"]) == {"a.mp4": FIRST}
    assert index.objects(["a.mp4", "other"]) == {"a.mp4"}


def test_a_name_shares_the_object_of_another_that_stays(index: MediaIndex) -> None:
    index.add(FIRST)
    assert not index.share("b.mp4", 99, FIRST.sha256)
    assert index.share("b.mp4", 100, FIRST.sha256)
    assert index.find(["b.mp4"])["b.mp4"].object_name == "a.mp4"
    assert sorted(index.entries()) == [("a.mp4", 50), ("b.mp4", 50)]
    index.mark(["a.mp4"])
    assert index.in_use([FIRST.sha256]) == {"a.mp4"}
    index.mark(["b.mp4"])
    assert index.in_use([FIRST.sha256]) == set()
    assert not index.share("c.mp4", 100, FIRST.sha256)


def test_a_removal_that_was_begun_is_seen_until_it_is_ended(index: MediaIndex) -> None:
    index.add(FIRST)
    index.drop(["a.mp4"])
    assert index.find(["a.mp4"]), "only what was marked goes"
    index.mark(["a.mp4"])
    assert index.find(["a.mp4"])["a.mp4"].is_going
    assert [name for name, _ in index.entries()] == ["a.mp4"]
    index.drop(["a.mp4"])
    assert index.find(["a.mp4"]) == {}


def test_a_name_may_lead_to_another_object(index: MediaIndex) -> None:
    index.add(FIRST)
    other, new = IndexedFile("a.mp4", "a.bbb.mp4", 7, "b" * 64), IndexedFile("c.jpg", "c.jpg", 1, "c" * 64)
    index.lead([other, new])
    assert index.find(["a.mp4", "c.jpg"]) == {"a.mp4": other, "c.jpg": new}
