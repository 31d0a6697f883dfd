"""Which media go: limits are kept, nothing more goes than must, and in the right order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend_api.media.retention_policy import EventMedia, KeepLimits, choose

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
MEDIA = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 50), st.booleans(), st.booleans()).map(
        lambda given: (NOW - timedelta(days=given[0]), *given[1:])
    ),
    max_size=30,
).map(lambda rows: [EventMedia(UUID(int=number), *row) for number, row in enumerate(rows)])
LIMITS = st.builds(KeepLimits, st.none() | st.integers(1, 100), st.none() | st.integers(0, 500))


def split(kept: list[EventMedia], limits: KeepLimits) -> tuple[list[EventMedia], list[EventMedia]]:
    """What goes, in its order, and what stays."""
    by_id = {media.event_id: media for media in kept}
    gone = [by_id[removal.event_id] for removal in choose(kept, limits, NOW)]
    return gone, [media for media in kept if media not in gone]


@given(MEDIA, LIMITS)
def test_what_stays_keeps_the_limits_and_a_second_look_removes_nothing(
    kept: list[EventMedia], limits: KeepLimits
) -> None:
    gone, left = split(kept, limits)
    assert len(gone) + len(left) == len(kept)
    if limits.days is not None:
        assert all(media.ts >= NOW - timedelta(days=limits.days) for media in left)
    if limits.size_bytes is not None:
        assert sum(media.size_bytes for media in left) <= limits.size_bytes
    assert split(left, limits) == ([], left)


@given(MEDIA, LIMITS)
def test_what_goes_for_room_had_to_and_went_in_order(kept: list[EventMedia], limits: KeepLimits) -> None:
    gone, left = split(kept, limits)
    young = [m for m in gone if limits.days is None or m.ts >= NOW - timedelta(days=limits.days)]
    ranks = [(media.is_reviewed, media.is_waiting, media.ts) for media in young]
    assert ranks == sorted(ranks)
    assert all(ranks[-1] <= (m.is_reviewed, m.is_waiting, m.ts) for m in left if ranks)
    if young:
        assert limits.size_bytes is not None
        assert sum(media.size_bytes for media in [*left, young[-1]]) > limits.size_bytes


@given(MEDIA)
def test_without_limits_everything_stays(kept: list[EventMedia]) -> None:
    assert not KeepLimits()
    assert split(kept, KeepLimits()) == ([], kept)


def test_age_knows_no_exception_and_room_spares_what_was_reviewed() -> None:
    def media(number: int, days: int, *, is_reviewed: bool = False, is_waiting: bool = False) -> EventMedia:
        return EventMedia(UUID(int=number), NOW - timedelta(days=days), 10, is_waiting, is_reviewed)

    kept = [media(1, 9, is_reviewed=True), media(2, 3, is_reviewed=True), media(3, 2, is_waiting=True), media(4, 1)]
    gone, _ = split(kept, KeepLimits(days=7, size_bytes=10))
    assert [each.event_id.int for each in gone] == [1, 4, 3]
