"""Turns: never more at once than there are places, and nobody overtakes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_service.detection.turns import Turns


@pytest.mark.parametrize("places", [1, 2])
def test_never_more_have_a_turn_than_there_are_places(places: int) -> None:
    turns, inside, most, lock = Turns(places), 0, 0, threading.Lock()
    meeting = threading.Barrier(places)

    def work() -> None:
        nonlocal inside, most
        with turns.taken():
            with lock:
                inside += 1
                most = max(most, inside)
            meeting.wait(60)  # all places are taken at once, again and again
            with lock:
                inside -= 1

    with ThreadPoolExecutor(8) as executor:
        for future in [executor.submit(work) for _ in range(40)]:
            future.result()
    assert most == places


def test_one_that_comes_back_at_once_waits_behind_the_others() -> None:
    turns, order = Turns(1), list[str]()
    waits = {name: threading.Event() for name in "bc"}

    def take(name: str) -> None:
        waits[name].set()
        with turns.taken():
            order.append(name)

    with ThreadPoolExecutor(2) as executor:
        with turns.taken():
            for position, name in enumerate("bc", start=1):
                executor.submit(take, name)
                while turns.waiting < position:
                    waits[name].wait(0.001)
        with turns.taken():
            order.append("a")
    assert order == ["b", "c", "a"]


def test_a_turn_that_failed_is_passed_on() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.taken():
        _ = 1 / 0
    with turns.taken():
        assert turns.waiting == 0


def test_a_thread_that_has_a_turn_goes_on_in_it_and_passes_it_on_at_the_end_of_the_outer_block() -> None:
    turns, order = Turns(1), list[str]()

    def take() -> None:
        with turns.taken():
            order.append("b")

    with ThreadPoolExecutor(1) as executor, turns.taken():
        executor.submit(take)
        while not turns.waiting:
            threading.Event().wait(0.001)
        with turns.taken():
            order.append("a")
        order.append("a")
    assert order == ["a", "a", "b"]
