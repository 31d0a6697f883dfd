"""Who and what was seen at one moment, in words."""

from backend_api.contract.looks import SeenState
from tests.ui.setup.test_look import machine, person
from ui.text.seen import people_words, state_words


def test_states_and_people_in_words() -> None:
    assert state_words(machine()) == "free"
    assert state_words(machine(there_s=4.0)) == "free, somebody there for 4 s"
    busy = machine(SeenState.IN_USE, for_s=75.0, gone_s=3.0)
    assert state_words(busy) == "in use for 1 min 15 s, nobody there for 3 s"
    wiped = machine(SeenState.TO_BE_CLEANED, for_s=12.0, is_attempted=True)
    assert state_words(wiped) == "to be cleaned for 12 s, attempt seen"
    assert people_words((), {}) == "Nobody was seen."
    two = (person(), person(5, 0.8, ()))
    assert people_words(two, {}) == "2 people were seen: number 4 (0.90) at bike_01; number 5 (0.80) at no machine."
    many = tuple(person(number) for number in range(20))
    assert people_words(many, {}).endswith("; 14 more.")
    doubtful = people_words((person(None, 0.1, ()),) * 2, {})
    assert doubtful == "Nobody was seen for certain. 2 boxes too doubtful to be somebody."
