"""Opening hours are read as people type them, and a mistake is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.stores import Opening, StoreSettings
from ui.setup.hours_text import (
    WEEKDAYS,
    NotUnderstood,
    hours_text,
    read_hours,
    read_settings,
    read_special,
    special_text,
)

NO_DAYS = dict.fromkeys(WEEKDAYS, "")
clocks = st.integers(0, 1439).map(lambda at: f"{at // 60:02}:{at % 60:02}")
openings = st.tuples(clocks, clocks | st.just("24:00")).filter(lambda pair: pair[0] != pair[1])


@given(pair=openings)
def test_what_is_shown_is_read_as_the_same(pair: tuple[str, str]) -> None:
    opening = Opening(opens=pair[0], closes=pair[1])
    assert read_hours(hours_text((opening,)), "Monday") == (opening,)
    days = read_special(f"2026-12-24: {hours_text((opening,))}\n\n2026-12-25 closed\n")
    assert read_special(special_text(days)) == days
    assert [len(day.openings) for day in days] == [1, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6-22", "06:00-22:00"),
        ("06:00 – 12:00, 16:00 to 24:00", "06:00-12:00, 16:00-24:00"),  # noqa: RUF001 - people type dashes
        ("22-2", "22:00-02:00"),
        (" Closed ", "closed"),
        ("", "closed"),
    ],
)
def test_people_write_hours_in_several_ways(text: str, expected: str) -> None:
    assert hours_text(read_hours(text, "Monday")) == expected


@pytest.mark.parametrize(
    ("days", "special", "complaint"),
    [
        ({"monday": "all day"}, "", "Monday: 'all day' is no opening; write 06:00-22:00"),
        ({"monday": "6-25"}, "", "Monday: '6-25' is no opening; times go from 00:00 to 23:59"),
        ({"monday": "6-6"}, "", "a whole day is 00:00 to 24:00"),
        ({"monday": "6-12, 11-14"}, "", "11:00 to 14:00 begins before 06:00 to 12:00 is over"),
        ({"monday": "6-22"}, "Christmas: closed", "'Christmas: closed' is no special day"),
        ({"monday": "6-22"}, "2026-02-30: closed", "2026-02-30"),
        ({"monday": "6-22"}, "2026-12-24: closed\n2026-12-24: 6-7", "more than once"),
        ({}, "2026-12-24: closed", "Special_days are exceptions"),
    ],
)
def test_a_mistake_is_named(days: dict[str, str], special: str, complaint: str) -> None:
    with pytest.raises(NotUnderstood, match=complaint):
        read_settings("Gym", "UTC", NO_DAYS | days, special)


def test_without_any_hours_the_gym_has_none() -> None:
    assert read_settings(" Gym ", "UTC", NO_DAYS, "") == StoreSettings(name="Gym", tz="UTC")
    settings = read_settings("Gym", "UTC", NO_DAYS | {"friday": "closed"}, "")
    assert settings.hours is not None
    assert settings.hours.friday == ()
    with pytest.raises(NotUnderstood, match="Name"):
        read_settings("", "UTC", NO_DAYS, "")
    with pytest.raises(NotUnderstood, match="time zone"):
        read_settings("Gym", "", NO_DAYS, "")
