"""Chance: evenly spread, and a function of its key alone."""

from hypothesis import given
from hypothesis import strategies as st

from edge_service.simulation.chance import uniform


@given(st.floats(-1e6, 1e6), st.floats(0.001, 1e6), st.lists(st.integers() | st.text()))
def test_it_lies_within_its_bounds_and_depends_on_the_key_alone(low: float, width: float, key: list[int | str]) -> None:
    number = uniform(low, low + width, *key)
    assert low <= number <= low + width
    assert uniform(low, low + width, *key) == number


def test_it_stays_the_same_from_version_to_version() -> None:
    assert uniform(0, 1, 42, "treadmill_01/0", "enter") == 0.48860904461789423


def test_keys_that_read_alike_differ() -> None:
    assert len({uniform(0, 1, *key) for key in ((1, 23), (12, 3), ("1", 23), ("123",), (123,))}) == 5


def test_it_is_spread_evenly() -> None:
    numbers = [uniform(0, 1, index) for index in range(4000)]
    assert all(340 < sum(tenth <= 10 * number < tenth + 1 for number in numbers) < 460 for tenth in range(10))
