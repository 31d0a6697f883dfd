"""Looks: one at a time, shared by whoever asks meanwhile, and told as overdue when no edge answers."""

from datetime import timedelta

import pytest

from backend_api.contract.looks import LOOK_TIMEOUT_S, Look, LookAnswer, LookRequest, LookStatus, SeenPerson
from backend_api.store.camera_looks import CameraLooks
from backend_api.store.store import Store
from tests.fake_clock import FakeClock

PLACE = ("gym_demo", "cam_01")
ANN, BOB = LookRequest(who="ann"), LookRequest(who="bob")
PERSON = SeenPerson(left=0.1, top=0.2, right=0.3, bottom=0.9, score=0.8, track_id=7, zones=("bike_01",))

pytestmark = pytest.mark.both_databases


def test_several_people_share_a_look(store: Store, clock: FakeClock) -> None:
    assert (store.looks.find(*PLACE), store.looks.wanted(*PLACE)) == (None, None)
    asked = store.looks.ask(*PLACE, ANN)
    clock.advance(3)
    assert store.looks.ask(*PLACE, BOB) == asked == store.looks.find(*PLACE)
    assert (asked.status, asked.who, store.looks.wanted(*PLACE)) == (LookStatus.WANTED, "ann", asked.number)
    assert store.looks.wanted("gym_demo", "cam_02") is None

    answer = LookAnswer(number=asked.number, seen_at=clock.now(), picture=b"jpeg", people=(PERSON,))
    assert store.looks.answer(*PLACE, answer)
    found = store.looks.find(*PLACE)
    assert found is not None
    assert (found.status, found.people, found.still_at) == (LookStatus.ANSWERED, (PERSON,), clock.now())
    still = store.setups.find_still(*PLACE)
    assert still is not None
    assert (still.jpeg, still.at) == (b"jpeg", found.still_at)
    assert store.looks.wanted(*PLACE) is None
    assert not store.looks.answer(*PLACE, answer)  # twice

    clock.advance(1)
    assert store.looks.ask(*PLACE, BOB) == found  # not 5 s old
    clock.advance(2)
    assert store.looks.ask(*PLACE, LookRequest(who="bob", max_age_s=60)) == found
    assert store.looks.ask(*PLACE, BOB).number == found.number + 1


def test_a_look_that_nobody_answers_is_overdue_and_may_still_be_answered(store: Store, clock: FakeClock) -> None:
    asked = store.looks.ask(*PLACE, ANN)
    clock.advance(LOOK_TIMEOUT_S - 0.001)
    assert store.looks.wanted(*PLACE) == asked.number
    clock.advance(0.3)
    assert store.looks.wanted(*PLACE) is None
    found = store.looks.find(*PLACE)
    assert found is not None
    assert found.status is LookStatus.OVERDUE
    assert not store.looks.answer(*PLACE, LookAnswer(number=asked.number + 1))
    assert store.looks.answer(*PLACE, LookAnswer(number=asked.number, problem="no pictures"))
    found = store.looks.find(*PLACE)
    assert found is not None
    assert (found.status, found.still_at, found.problem) == (LookStatus.ANSWERED, None, "no pictures")
    assert store.setups.find_still(*PLACE) is None


def test_an_overdue_look_is_asked_for_again(store: Store, clock: FakeClock) -> None:
    first = store.looks.ask(*PLACE, LookRequest(max_age_s=60))
    clock.advance(LOOK_TIMEOUT_S)
    again = store.looks.ask(*PLACE, LookRequest(max_age_s=60))
    assert (again.number, store.looks.wanted(*PLACE)) == (first.number + 1, first.number + 1)
    assert not store.looks.answer(*PLACE, LookAnswer(number=first.number))


def test_a_clock_that_is_put_back_keeps_nobody_from_asking(store: Store, clock: FakeClock) -> None:
    first = store.looks.ask(*PLACE, ANN)
    clock.jump_wall_clock(-3600)
    assert store.looks.wanted(*PLACE) is None
    assert store.looks.ask(*PLACE, ANN).number == first.number + 1


def test_a_look_goes_with_its_camera_and_with_its_age(store: Store, clock: FakeClock) -> None:
    store.looks.ask(*PLACE, ANN)
    store.setups.drop_stills(clock.now() - timedelta(seconds=1))
    assert store.looks.find(*PLACE) is not None
    store.setups.drop_stills(clock.now() + timedelta(seconds=1))
    assert store.looks.find(*PLACE) is None
    store.looks.ask(*PLACE, ANN)
    store.cameras.forget(*PLACE)
    assert store.looks.find(*PLACE) is None


def test_a_look_that_another_backend_is_asked_for_is_heard_of_soon(store: Store, clock: FakeClock) -> None:
    other = CameraLooks(store.database, clock)
    assert other.wanted(*PLACE) is None
    asked = store.looks.ask(*PLACE, ANN)
    clock.advance(0.25)
    assert other.wanted(*PLACE) == asked.number
    assert store.looks.answer(*PLACE, LookAnswer(number=asked.number))
    clock.advance(0.25)
    assert other.wanted(*PLACE) is None


@pytest.mark.parametrize("is_first", [True, False])
def test_a_look_that_another_asks_for_at_the_same_time_is_shared(
    store: Store, clock: FakeClock, is_first: bool
) -> None:
    if not is_first:
        store.looks.ask(*PLACE, ANN)
        clock.advance(60)

    class Slow(CameraLooks):
        """One that somebody else overtakes, and who is answered, between its reading and its writing."""

        overtaken = False

        def find(self, store_id: str, camera_id: str) -> Look | None:
            found = super().find(store_id, camera_id)
            if not self.overtaken:
                self.overtaken = True
                faster = store.looks.ask(store_id, camera_id, ANN)
                assert store.looks.answer(store_id, camera_id, LookAnswer(number=faster.number, problem="dark"))
            return found

    shared = Slow(store.database, clock).ask(*PLACE, BOB)
    assert (shared.who, shared.status, shared.problem) == ("ann", LookStatus.ANSWERED, "dark")
    assert (shared, shared.number) == (store.looks.find(*PLACE), 1 if is_first else 2)
