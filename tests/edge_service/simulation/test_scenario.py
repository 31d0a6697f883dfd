"""The scenario: people who act as the rules of the machines want to see them."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.process import REPOSITORY
from backend_api.contract.events import EventType
from edge_service.config import load_config
from edge_service.evaluation.scenario_truth import scenario_truth, true_stays
from edge_service.rules.machine import Machine, Point, RuleTimes
from edge_service.rules.zone import is_in_zone
from edge_service.simulation.scenario import Activity, Scenario, uniform

MACHINES = load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines
SEEDS = [0, 1, 7, 42]


def machine(*zone: Point) -> Machine:
    return Machine("bench_01", "Bench 1", zone, RuleTimes())


def test_it_is_a_function_of_seed_and_time() -> None:
    times = [index / 7 for index in range(1000)]
    scenario = Scenario(42, MACHINES)
    in_order = {time_s: scenario.people_at(time_s) for time_s in times}
    Random(0).shuffle(times)
    assert all(Scenario(42, MACHINES).people_at(time_s) == in_order[time_s] for time_s in times)
    assert any(Scenario(43, MACHINES).people_at(time_s) != in_order[time_s] for time_s in times)


@pytest.mark.parametrize("seed", SEEDS)
def test_people_are_in_the_picture_once_and_move_no_faster_than_people(seed: int) -> None:
    scenario = Scenario(seed, MACHINES)
    before: dict[str, tuple[float, float]] = {}
    for index in range(1200):
        people = scenario.people_at(index / 10)
        assert max(Counter(person.key for person in people).values(), default=1) == 1
        now = {}
        for person in people:
            box = person.box
            assert 0 <= box.left < box.right <= 1
            assert 0 <= box.top < box.bottom <= 1
            x, y = now[person.key] = (box.left + box.right) / 2, box.bottom
            known_x, known_y = before.get(person.key, (x, y))
            assert abs(x - known_x) + abs(y - known_y) < 0.07
        before = now


@pytest.mark.parametrize("seed", SEEDS)
def test_people_come_and_go_by_an_edge_of_the_picture(seed: int) -> None:
    scenario = Scenario(seed, MACHINES)
    before = {person.key: person for person in scenario.people_at(0)}
    for index in range(1, 2400):
        now = {person.key: person for person in scenario.people_at(index / 20)}
        for key in now.keys() ^ before.keys():
            box = (now.get(key) or before[key]).box
            assert box.left < 0.02 or box.right > 0.98
        before = now


@pytest.mark.parametrize("seed", SEEDS)
def test_stays_are_uses_wipes_or_passings(seed: int) -> None:
    scenario = Scenario(seed, MACHINES)
    stays = {machine.machine_id: true_stays(scenario.people_at, machine, 250) for machine in MACHINES}
    lengths_s = [ended - began for intervals in stays.values() for began, ended in intervals if ended < 250]
    assert len(lengths_s) > 15
    for length_s in lengths_s:
        assert 0.3 < length_s < 2 or 4.0 <= length_s <= 5.0 or 14 <= length_s <= 22.001
    for intervals in stays.values():
        for (began, left), (back, ended) in pairwise(intervals):
            if 4 <= ended - back <= 5:
                assert left - began >= 14
                assert 5 < back - left < 8.001


@pytest.mark.parametrize("seed", SEEDS)
def test_who_wipes_is_the_one_who_used_it(seed: int) -> None:
    scenario = Scenario(seed, MACHINES)
    users = set()
    for index in range(4000):
        for person in scenario.people_at(index / 10):
            if person.activity is Activity.USING:
                users.add(person.key)
            assert person.activity is not Activity.WIPING or person.key in users


@pytest.mark.parametrize("rules", [MACHINES[0].rules, RuleTimes()], ids=["demo", "default"])
@pytest.mark.parametrize("seed", range(8))
def test_the_first_48_seconds_show_every_type_of_event(seed: int, rules: RuleTimes) -> None:
    first = MACHINES[0]
    moments = scenario_truth(seed, [replace(first, rules=rules)], 48).moments()
    assert 1 < moments[0].time_s < 4
    assert {moment.event_type for moment in moments if moment.time_s < 40} == set(EventType)


@pytest.mark.parametrize("seed", [7, 42])
def test_some_wipe_before_they_leave_and_do_not_come_back(seed: int) -> None:
    """The pictures of their last seconds show it, as the truth says."""
    scenario = Scenario(seed, MACHINES)
    sessions = [
        (machine, session)
        for machine in MACHINES
        for session in scenario_truth(seed, MACHINES, 1000).machines[machine.machine_id]
        if session.left
    ]
    first = [session for _, session in sessions if session.wiped_before_leaving]
    assert 0.1 < len(first) / len(sessions) < 0.45
    for machine, session in sessions:
        for before_s in (2.0, 3.0, 4.0):
            users = [
                person.activity
                for person in scenario.people_at(session.end_s - before_s)
                if is_in_zone(person.box, machine.zone, machine.anchor)
            ]
            assert users == [Activity.WIPING if session.wiped_before_leaving else Activity.USING]
    assert all(session.attempt_s is None or not session.wiped_before_leaving for _, session in sessions)


def test_the_shipped_seed_shows_every_way_to_leave_a_machine() -> None:
    sessions = [one for uses in scenario_truth(42, MACHINES, 120).machines.values() for one in uses if one.left]
    assert sum(one.wiped_before_leaving for one in sessions) == 2
    assert sum(one.attempt_s is not None for one in sessions) == 3
    assert any(one.attempt_s is None and not one.wiped_before_leaving for one in sessions)


def test_the_shipped_seed_shows_a_use_without_wiping_and_one_that_the_video_ends_in() -> None:
    sessions = scenario_truth(42, MACHINES, 120).machines.values()
    assert any(one.left and one.attempt_s is None for uses in sessions for one, _ in pairwise(uses))
    assert any(uses[-1].end_s == 120 and uses[-1].end_s - uses[-1].start_s > 7 for uses in sessions)


@pytest.mark.parametrize(
    "zone",
    [
        pytest.param(((0, 0), (1, 0), (1, 1), (0, 1)), id="the whole picture"),
        pytest.param(((0.4, 0.0), (0.6, 0.0), (0.6, 0.2), (0.4, 0.2)), id="at the top"),
        pytest.param(((0.0, 0.5), (0.1, 0.5), (0.1, 1.0), (0.0, 1.0)), id="in a corner"),
        pytest.param(((0.9, 0.2), (0.2, 0.3), (0.9, 0.9), (0.5, 0.35)), id="with a notch"),
    ],
)
def test_any_zone_is_used_and_wiped(zone: tuple[Point, ...]) -> None:
    machines = [machine(*zone)]
    moments = scenario_truth(3, machines, 48).moments()
    assert {moment.event_type for moment in moments} == set(EventType)


def test_machines_do_not_change_each_others_visitors() -> None:
    alone, together = Scenario(5, MACHINES[:1]), Scenario(5, MACHINES)
    for index in range(600):
        ours = [person for person in together.people_at(index / 5) if person.key.startswith(MACHINES[0].machine_id)]
        assert list(alone.people_at(index / 5)) == ours


def test_far_ahead_is_as_near_as_the_beginning() -> None:
    scenario = Scenario(42, [replace(MACHINES[0])])
    assert any(scenario.people_at(1e6 + index) for index in range(60))


@given(st.floats(-1e6, 1e6), st.floats(0.001, 1e6), st.lists(st.integers() | st.text()))
def test_chance_lies_within_its_bounds_and_depends_on_the_key_alone(
    low: float, width: float, key: list[int | str]
) -> None:
    number = uniform(low, low + width, *key)
    assert low <= number <= low + width
    assert uniform(low, low + width, *key) == number


def test_chance_stays_the_same_from_version_to_version() -> None:
    assert uniform(0, 1, 42, "treadmill_01/0", "enter") == 0.48860904461789423


def test_keys_of_chance_that_read_alike_differ() -> None:
    assert len({uniform(0, 1, *key) for key in ((1, 23), (12, 3), ("1", 23), ("123",), (123,))}) == 5


def test_chance_is_spread_evenly() -> None:
    numbers = [uniform(0, 1, index) for index in range(4000)]
    assert all(340 < sum(tenth <= 10 * number < tenth + 1 for number in numbers) < 460 for tenth in range(10))
