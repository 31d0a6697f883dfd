"""A look: the newest picture, masked, with who was found in it, as fresh as what is hidden in it allows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import cv2
import numpy as np
import pytest

from backend_api.contract.looks import LookAnswer, SeenMachine, SeenState
from edge_service.detection.detector import Box, Detection
from edge_service.pipeline.looks import Looks, LookSlot, seen_machine
from edge_service.privacy.masking import NO_PICTURES, Masking
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.privacy.sightings import SETTLE_S
from edge_service.rules.machine_state import MachineState, Session
from edge_service.rules.presence import Presence, Streak
from edge_service.tracking.tracker import Track
from edge_service.video.packet_ring import PacketRing
from tests.edge_service.encoded_packets import ring_of
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.scripted import machine
from tests.edge_service.tiny_videos import draw_video, paint

FPS = 5
AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
MACHINE = machine()
IN_ZONE, OUTSIDE = Box(0.35, 0.4, 0.45, 0.7), Box(0.8, 0.4, 0.9, 0.7)
FREE = {MACHINE.machine_id: MachineState()}


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> PacketRing:
    """Ten seconds, five pictures a second, each of its own colour, key pictures two seconds apart."""
    path = tmp_path_factory.mktemp("looks") / "a.mp4"
    return ring_of(draw_video(path, rate=Fraction(FPS), seconds=10, key_every=10, options={"bf": "0"}))


class Camera:
    """The camera's loop, as far as looks see of it."""

    def __init__(self, ring: PacketRing, privacy: PrivacyConfig = PrivacyConfig(), *, is_live: bool = False) -> None:  # noqa: B008 - a value
        self.slot = LookSlot()
        self.masking = Masking(privacy, [MACHINE], fps=FPS)
        self.looks = Looks(
            self.slot, [MACHINE], self.masking, ring, lambda time_s: AT + timedelta(seconds=time_s), is_live=is_live
        )

    def see(self, number: int, detections: Sequence[Detection] = (), people: Sequence[Track] = ()) -> LookAnswer | None:
        frame = blank_frame(number / FPS)
        self.masking.look(frame, frame.time_s, people, detections)
        self.looks.note(frame, detections, people, FREE)
        return self.slot.take()

    def answer(self, numbers: range) -> tuple[LookAnswer, int]:
        """The first answer that comes, and at which frame."""
        for number in numbers:
            if (answer := self.see(number)) is not None:
                return answer, number
        raise AssertionError("no answer")


def shows(answer: LookAnswer, number: int) -> bool:
    """Whether its picture is that of the frame."""
    assert answer.picture is not None
    seen = cv2.imdecode(np.frombuffer(answer.picture, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    size = seen.shape[1], seen.shape[0]
    apart = [np.abs(seen.astype(float) - paint(one, size)).mean() for one in range(50)]
    return int(np.argmin(apart)) == number


def test_nobody_is_answered_who_does_not_ask_and_who_asks_once(ring: PacketRing) -> None:
    camera = Camera(ring)
    assert [camera.see(number) for number in range(3)] == [None] * 3
    camera.slot.want(7)
    answer, number = camera.answer(range(3, 6))
    assert (answer.number, number, answer.seen_at) == (7, 3, AT + timedelta(seconds=3 / FPS))
    assert shows(answer, 3)
    assert [camera.see(number) for number in range(4, 7)] == [None] * 3


def test_it_tells_people_with_their_numbers_and_doubtful_boxes_without_one(ring: PacketRing) -> None:
    camera = Camera(ring)
    camera.slot.want(1)
    answer = camera.see(
        1,
        [Detection(OUTSIDE, 0.2), Detection(IN_ZONE, 0.9), Detection(Box(-0.2, 0, 1.3, 1), 0.15)],
        [Track(4, IN_ZONE, 0.9)],
    )
    assert answer is not None
    found = [(person.track_id, person.score, person.zones) for person in answer.people]
    assert found == [(4, 0.9, (MACHINE.machine_id,)), (None, 0.2, ()), (None, 0.15, ())]
    assert (answer.people[2].left, answer.people[2].right) == (0.0, 1.0)
    assert answer.machines == (seen_machine(MACHINE.machine_id, MachineState(), 0.2),)


def test_nobody_is_told_of_who_is_in_a_black_area(ring: PacketRing) -> None:
    corner = ((0.7, 0.3), (1.0, 0.3), (1.0, 0.8), (0.7, 0.8))
    camera = Camera(ring, PrivacyConfig(areas=(corner,)))
    camera.slot.want(1)
    answer = camera.see(1, [Detection(OUTSIDE, 0.8)], [Track(1, OUTSIDE, 0.8), Track(2, IN_ZONE, 0.7)])
    assert answer is not None
    assert [person.track_id for person in answer.people] == [2]
    picture = cv2.imdecode(np.frombuffer(answer.picture or b"", np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    height, width = picture.shape[:2]
    assert picture[int(0.5 * height), int(0.85 * width)].max() < 40


def test_a_masked_picture_is_the_newest_of_which_all_is_known(ring: PacketRing) -> None:
    """It is at hand at once: a camera that hides people has been looked at for long enough."""
    camera = Camera(ring, PrivacyConfig(mask="heads"))
    settle = round(SETTLE_S * FPS)
    assert [camera.see(number) for number in range(settle + 8)] == [None] * (settle + 8)
    camera.slot.want(1)
    answer, number = camera.answer(range(settle + 8, settle + 12))
    assert number == settle + 8
    assert shows(answer, number - settle)
    assert answer.seen_at == AT + timedelta(seconds=(number - settle) / FPS)


def seen_behind(ring: PacketRing, frames: int) -> LookAnswer:
    """The look at a moment so many frames after the ring's last picture, on which somebody left the red corner."""
    camera = Camera(ring, PrivacyConfig(mask="people"))
    settled = 49 + frames + round(SETTLE_S * FPS)
    for number in range(40, settled):
        box = Box(0.0, 0.0, 0.25, 0.25) if number <= 49 else OUTSIDE
        assert camera.see(number, [Detection(box, 0.9)], [Track(1 + (number > 49), box, 0.9)]) is None
    camera.slot.want(1)
    answer = camera.see(settled)
    assert answer is not None
    return answer


def test_where_the_main_stream_is_behind_people_are_hidden_where_its_picture_shows_them(ring: PacketRing) -> None:
    picture = cv2.imdecode(np.frombuffer(seen_behind(ring, 8).picture or b"", np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    blue, _, red = picture[: picture.shape[0] // 5, : picture.shape[1] // 5].reshape(-1, 3).mean(axis=0)
    assert abs(red - blue) < 20


def test_where_the_main_stream_stands_still_its_last_picture_is_none_of_now(ring: PacketRing) -> None:
    answer = seen_behind(ring, 25)
    assert (answer.picture, "did not come" in str(answer.problem)) == (None, True)


def test_without_pictures_there_is_none_and_it_says_why(ring: PacketRing) -> None:
    camera = Camera(ring, PrivacyConfig(pictures="none"))
    camera.slot.want(1)
    answer = camera.see(1, [Detection(IN_ZONE, 0.9)], [Track(4, IN_ZONE, 0.9)])
    assert answer is not None
    assert (answer.picture, answer.problem, len(answer.people)) == (None, NO_PICTURES, 1)


def test_of_a_live_camera_it_is_no_older_than_the_wish(ring: PacketRing) -> None:
    """Groups of pictures that were kept back come first, and are not what somebody sees now."""
    camera = Camera(ring, is_live=True)
    camera.slot.want(1)
    answer, number = camera.answer(range(50))
    assert number == 49  # the newest in the ring
    assert shows(answer, 49)


def test_of_a_frame_that_was_not_decoded_the_one_that_was_looked_at_in_its_place_is_shown(ring: PacketRing) -> None:
    camera = Camera(ring)
    camera.slot.want(1)
    camera.looks.note(replace(blank_frame(2.6), looked_at=blank_frame(2.0)), [], [], FREE)
    answer = camera.slot.take()
    assert answer is not None
    assert answer.seen_at == AT + timedelta(seconds=2)
    assert shows(answer, 10)


def test_a_picture_that_is_no_longer_there_is_said() -> None:
    camera = Camera(PacketRing(60))
    camera.slot.want(1)
    answer = camera.see(1)
    assert answer is not None
    assert (answer.picture, "ask again" in str(answer.problem)) == (None, True)


def test_a_camera_that_sends_nothing_or_has_ended_says_so_until_there_are_pictures(ring: PacketRing) -> None:
    camera = Camera(ring)
    camera.looks.miss(None)
    camera.slot.want(1)
    assert camera.slot.take() is None
    camera.looks.miss("is silent")
    answer = camera.slot.take()
    assert answer is not None
    assert answer.problem == "no pictures come: is silent"
    assert camera.slot.arrived.is_set()
    camera.slot.want(2)  # while it lasts
    assert camera.slot.take() == LookAnswer(number=2, problem="no pictures come: is silent")
    camera.slot.want(3)
    camera.slot.take()
    camera.see(1)
    camera.slot.want(4)
    answer = camera.see(2)
    assert answer is not None
    assert (answer.number, answer.problem) == (4, None)
    camera.looks.end()
    camera.slot.want(5)
    assert camera.slot.take() == LookAnswer(number=5, problem="its video came to its end")


def test_a_wish_that_is_given_up_is_not_answered(ring: PacketRing) -> None:
    camera = Camera(ring)
    camera.slot.want(1)
    camera.slot.want(None)
    assert camera.see(1) is None


def test_a_machine_as_its_rules_have_it() -> None:
    def presence(*, is_present: bool) -> Presence:
        return Presence(is_present=is_present, streak=Streak(38.0, 40.0, 3, 2.4, 1))

    def seen(session: Session | None, *, is_present: bool) -> SeenMachine:
        return seen_machine("a", MachineState(presence(is_present=is_present), session), 42.0)

    there, gone = seen(None, is_present=True), seen(Session(10.0), is_present=False)
    assert (there.state, there.for_s, there.there_s, there.gone_s) == (SeenState.FREE, None, 4.0, None)
    assert (gone.state, gone.for_s, gone.there_s, gone.gone_s) == (SeenState.IN_USE, 32.0, None, 2.0)
    wiped = seen(Session(10.0, 30.0, is_attempted=True), is_present=False)
    assert (wiped.state, wiped.for_s, wiped.is_attempted, wiped.gone_s) == (SeenState.TO_BE_CLEANED, 12.0, True, None)
