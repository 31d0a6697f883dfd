"""When a camera counts as blind, or as too slow for the rules."""

from edge_service.pipeline.sight import BLIND_S, Sight


def test_what_is_looked_at_often_is_well_seen() -> None:
    sight = Sight(0.0)
    for number in range(100):
        sight.look(number / 5, number * 5, number / 5)
        assert sight.fault is None


def test_pictures_that_come_and_are_not_looked_at_make_it_blind_until_one_is() -> None:
    sight = Sight(0.0)
    sight.look(0.0, 1, 0.0)
    for second in range(1, 40):
        sight.wait(1 + 15 * second, float(second))
        assert (sight.fault is not None) == (second >= BLIND_S)
    assert sight.fault is not None
    assert sight.fault.startswith("blind for 39 s: 585 pictures came and none could be looked at")
    sight.look(40.0, 601, 40.0)
    assert sight.fault is None


def test_a_camera_that_was_never_seen_is_blind_too() -> None:
    sight = Sight(100.0)
    sight.wait(500, 100.0 + BLIND_S)
    assert sight.fault is not None


def test_a_camera_that_is_away_is_not_blind() -> None:
    sight = Sight(0.0)
    sight.look(0.0, 5, 0.0)
    sight.wait(5, 3600.0)
    assert sight.fault is None


def test_pictures_too_far_apart_for_the_rules_are_a_fault() -> None:
    sight = Sight(0.0)
    for number in range(4):
        sight.look(4.0 * number, number, 4.0 * number)
        assert sight.fault is None
    for number in range(4, 9):
        sight.look(4.0 * number, number, 4.0 * number)
    assert sight.fault is not None
    assert "a picture only every 4.0 s, which is too seldom for the rules" in sight.fault
    for number in range(5):
        sight.look(40 + number / 5, 10 + number, 40 + number / 5)
    assert sight.fault is None


def test_an_outage_now_and_then_is_none() -> None:
    sight, time_s = Sight(0.0), 0.0
    for number in range(100):
        time_s += 9.0 if number % 10 == 0 else 0.2
        sight.look(time_s, number, time_s)
        assert sight.fault is None
