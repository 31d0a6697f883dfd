"""Which media go: limits are kept, nothing more goes than must, and in the right order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend_api.media.retention_policy import Clocks, EventMedia, KeepLimits, choose, counts_from, plan

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
        assert all(media.counts_from >= NOW - timedelta(days=limits.days) for media in left)
    if limits.size_bytes is not None:
        assert sum(media.size_bytes for media in left) <= limits.size_bytes
    assert split(left, limits) == ([], left)


@given(MEDIA, LIMITS)
def test_what_goes_for_room_had_to_and_went_in_order(kept: list[EventMedia], limits: KeepLimits) -> None:
    gone, left = split(kept, limits)
    young = [m for m in gone if limits.days is None or m.counts_from >= NOW - timedelta(days=limits.days)]
    ranks = [(media.is_reviewed, media.is_waiting, media.counts_from) for media in young]
    assert ranks == sorted(ranks)
    assert all(ranks[-1] <= (m.is_reviewed, m.is_waiting, m.counts_from) for m in left if ranks)
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


def test_an_event_is_as_old_as_the_later_of_its_time_and_its_arrival() -> None:
    hour, month = timedelta(hours=1), timedelta(days=30)
    assert counts_from(NOW, NOW + hour) == NOW + hour
    assert counts_from(NOW - month, NOW) == NOW
    assert counts_from(NOW + hour, NOW) == NOW + hour
    # An edge whose clock is years ahead keeps nothing for years.
    assert counts_from(NOW + month, NOW) == NOW


def aged(*days: int) -> list[EventMedia]:
    return [EventMedia(UUID(int=number), NOW - timedelta(days=age), 10) for number, age in enumerate(days)]


WEEK = KeepLimits(days=7)


def steady(ahead: timedelta = timedelta()) -> Clocks:
    return Clocks(NOW + ahead, NOW)


def test_half_goes_and_more_waits_for_a_word() -> None:
    half, more = aged(8, 9, 1, 2), aged(8, 9, 10, 2)
    assert len(plan(half, (), WEEK, steady()).removals) == 2
    sweep = plan(more, (), WEEK, steady())
    assert (sweep.removals, sweep.held_back) == (
        (),
        "the clips and pictures of 3 of 4 events are too old or too much",
    )
    allowed = plan(more, (), WEEK, steady(), is_allowed=True)
    assert (len(allowed.removals), allowed.held_back) == (3, None)
    assert plan(aged(1, 1), (), KeepLimits(size_bytes=5), steady()).held_back is not None


def test_files_of_no_event_count_like_others() -> None:
    unknown = [UUID(int=100 + number) for number in range(3)]
    assert list(plan(aged(1, 2, 3), unknown, WEEK, steady()).unknown) == unknown
    sweep = plan(aged(1, 2), unknown, WEEK, steady())
    assert (sweep.unknown, sweep.held_back) == ((), "3 of 5 events with clips or pictures are in no database")
    assert list(plan([], unknown, WEEK, steady(), is_allowed=True).unknown) == unknown


def test_what_a_jump_of_the_clock_made_too_old_waits_and_what_was_too_old_before_goes() -> None:
    kept = aged(8, 6, 5, 1, 0)
    sweep = plan(kept, (), WEEK, steady(timedelta(days=3)))
    assert [removal.event_id.int for removal in sweep.removals] == [0]
    assert sweep.held_back == "the clock jumped ahead by 3 days, 0:00:00, which made the clips of 2 events too old"
    assert len(plan(kept, (), WEEK, steady(timedelta(days=3)), is_allowed=True).removals) == 3
    assert plan(kept, (), WEEK, steady(timedelta(seconds=59))).held_back is None


@given(MEDIA, LIMITS, st.integers(-40, 40), st.integers(0, 40))
def test_without_a_word_no_sweep_takes_more_than_half(
    kept: list[EventMedia], limits: KeepLimits, ahead_days: int, unknown: int
) -> None:
    ids = [UUID(int=1000 + number) for number in range(unknown)]
    sweep = plan(kept, ids, limits, steady(timedelta(days=ahead_days)))
    assert 2 * (len(sweep.removals) + len(sweep.unknown)) <= len(kept) + unknown
    at_most = set(choose(kept, limits, NOW + timedelta(days=max(0, ahead_days)))) if limits.size_bytes is None else None
    assert at_most is None or set(sweep.removals) <= at_most
    everything = plan(kept, ids, limits, steady(timedelta(days=ahead_days)), is_allowed=True)
    assert list(everything.removals) == list(choose(kept, limits, NOW + timedelta(days=ahead_days)))
    if sweep.held_back is None:
        assert list(sweep.removals) == list(everything.removals)
