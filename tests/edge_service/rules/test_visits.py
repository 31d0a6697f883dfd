"""Visits of single tracks to a zone: what goes on, what is new, what is forgotten, what makes a stay."""

import pytest

from edge_service.rules.visits import Sample, Sighting, Visit, credible, extended, is_stay


def seen(time_s: float, *numbers: int, score: float = 0.75) -> Sample:
    return Sample(time_s, 0.2, tuple(Sighting(number, score) for number in numbers))


def test_a_sample_names_its_first_and_adds_up_the_scores() -> None:
    sample = Sample(1.0, 0.2, (Sighting(4, 0.5), Sighting(2, 0.25)))
    assert (sample.track_id, sample.boxes, sample.score_sum) == (4, 2, 0.75)
    assert (Sample(1.0, 0.2).track_id, Sample(1.0, 0.2).boxes, Sample(1.0, 0.2).score_sum) == (None, 0, 0)


def test_each_track_has_its_own_visit_and_one_that_was_long_away_a_new_one() -> None:
    visits = extended((), [seen(1.0, 1, 2), seen(2.0, 1), seen(4.25, 1), seen(4.5, 2)])
    assert visits == (
        Visit(1, 1.0, 4.25, 3, 2.25, dwelt_s=1.0, square_sum=3 * 0.75**2),
        Visit(2, 1.0, 1.0, 1, 0.75, square_sum=0.75**2),
        Visit(2, 4.5, 4.5, 1, 0.75, square_sum=0.75**2),
    )


def test_of_too_many_the_shortest_are_forgotten() -> None:
    stayed = extended((), [seen(0.0, 1), seen(2.0, 1)])
    visits = extended(stayed, [seen(2.1, number) for number in range(2, 500)])
    assert len(visits) == 64
    assert visits[0] == stayed[0]


def test_what_is_old_or_doubtful_is_not_credible_and_what_is_new_gets_its_time() -> None:
    old, doubtful = Visit(1, 0, 3, 4, 3.2, dwelt_s=3), Visit(2, 0, 9, 10, 3.0, dwelt_s=9)
    new, sure = Visit(3, 8.5, 9, 2, 0.6, dwelt_s=0.5), Visit(4, 4, 9, 10, 4.0, dwelt_s=5)
    assert credible((old, doubtful, new, sure), 4.0, 0.4) == (new, sure)


def test_a_stay_needs_one_visit_that_is_long_and_sure_at_once() -> None:
    long_doubtful, short_sure = Visit(1, 0, 9, 10, 3.0, dwelt_s=9), Visit(2, 0, 2, 10, 9.0, dwelt_s=2)
    assert not is_stay((long_doubtful, short_sure), 5, 0.4)
    assert is_stay((long_doubtful, short_sure), 2, 0.4)
    assert is_stay((long_doubtful, short_sure), 9, 0.3)


def test_a_stay_needs_a_track_that_is_sure_also_beyond_this_visit() -> None:
    (visit,) = extended((), [Sample(time_s, 0.5, (Sighting(1, 0.5, 0.38),), 2.0) for time_s in (0.0, 2.0, 4.0, 6.0)])
    assert not is_stay((visit,), 5, 0.4)
    assert is_stay(extended((visit,), [Sample(8.0, 0.5, (Sighting(1, 0.7, 0.41),), 2.0)]), 5, 0.4)


def test_what_lies_between_two_sightings_counts_for_half_a_second_at_most() -> None:
    (often,) = extended((), [seen(0.2 * number, 1) for number in range(26)])
    assert often.dwelt_s == pytest.approx(5.0)
    (seldom,) = extended((), [seen(float(number), 1) for number in range(6)])
    assert seldom.dwelt_s == pytest.approx(2.5)


def test_where_frames_are_further_apart_the_time_between_two_counts_whole() -> None:
    (visit,) = extended((), [Sample(2.0 * number, 0.5, (Sighting(1, 0.8),), 2.0) for number in range(6)])
    assert visit.dwelt_s == pytest.approx(10.0)


def test_a_visit_moves_with_its_time_line() -> None:
    assert Visit(1, 2.0, 5.0, 4, 2.0).shifted(-2.0) == Visit(1, 0.0, 3.0, 4, 2.0)
    assert Visit(1, 2.0, 5.0, 4, 2.0).score == 0.5
