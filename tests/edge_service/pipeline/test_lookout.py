"""The economy changes no event: drawn scenes with key pictures at every phase, beside full decoding."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend_api.contract.events import EventType
from edge_service.detection.detector import Box, Detection, Detector
from edge_service.pipeline.lookout import KeyLookout, choose_decoding, longest_group_s
from edge_service.rules.engine import RuleEngine
from edge_service.rules.machine import Machine, RuleTimes
from edge_service.rules.rule_event import RuleEvent
from edge_service.simulation.mock_detector import MockDetector
from edge_service.simulation.scenario import Scenario, uniform
from edge_service.tracking.tracker import Tracker
from edge_service.video.file_source import FileSource
from edge_service.video.frame import Frame, Image
from edge_service.video.group_decoder import WHOLE, Decoding, KeyPicture
from edge_service.video.packet_ring import PacketRing
from tests.edge_service.fake_frames import blank_frame
from tests.edge_service.tiny_videos import draw_video

AT_THE_END = (EventType.MACHINE_OCCUPIED_END, EventType.CLEANING_WINDOW_OPEN)
SCORE = 0.4
LENGTH_S = 90
FPS = 5
RULES = RuleTimes(enter_s=6.0, exit_s=3.0, attempt_s=2.0, window_s=30.0)
ZONE = ((0.4, 0.5), (0.6, 0.5), (0.6, 0.9), (0.4, 0.9))
BENCH = Machine("bench_01", "Bench 1", ZONE, RULES)
# A row of three: the first two side by side, where somebody at the one is near the other.
ROW = [
    Machine(f"row_{number}", f"Row {number}", ((x, 0.5), (x + 0.2, 0.5), (x + 0.2, 0.9), (x, 0.9)), RULES)
    for number, x in enumerate((0.1, 0.3, 0.7))
]
# A use that begins and ends may be hardly longer than the two groups that are kept.
QUICK = replace(BENCH, rules=RuleTimes(enter_s=2.1, exit_s=2.0, attempt_s=2.0, window_s=30.0))
# In widths of the picture a second; a person is as wide as a zone is at the most.
_WALKS_PER_S = 0.25
Drawn = Callable[[float], Path]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """A video of tiny pictures, five a second, with a key picture every so many seconds."""
    folder, known = tmp_path_factory.mktemp("economy"), dict[float, Path]()

    def draw(key_every_s: float) -> Path:
        if key_every_s not in known:
            known[key_every_s] = draw_video(
                folder / f"{key_every_s}.mp4",
                size=(32, 32),
                rate=Fraction(FPS),
                seconds=LENGTH_S,
                key_every=round(FPS * key_every_s),
                options={"bf": "0", "x264-params": "scenecut=0"},
            )
        return known[key_every_s]

    return draw


class Counting:
    """A detector whose looks are counted, which sees what another one does `shift_s` later in the file."""

    def __init__(self, detector: Detector, shift_s: float = 0.0) -> None:
        self._detector = detector
        self._shift_s = shift_s
        self.looks = 0

    def detect(self, frame: Frame) -> Sequence[Detection]:
        self.looks += 1
        return self._detector.detect(replace(frame, source_time_s=frame.source_time_s + self._shift_s))


class Walker:
    """A detector that sees somebody walk up to the bench for each visit (begin and end in seconds), and away again."""

    def __init__(self, visits: Sequence[tuple[float, float]], score: float = 0.9) -> None:
        self._visits = visits
        self._score = score

    def detect(self, frame: Frame) -> Sequence[Detection]:
        found = []
        for begin_s, end_s in self._visits:
            away_s = max(0.0, begin_s - frame.source_time_s, frame.source_time_s - end_s)
            x = 0.41 - _WALKS_PER_S * away_s
            if x > -0.1:
                found.append(Detection(Box(x - 0.1, 0.4, x + 0.1, 0.8), self._score))
        return found


class Itinerary:
    """A detector that sees people who go from one machine of the row to another, for (machine, stay in seconds) each.

    They come in from the left, one after another, go out to the right, and one look in twenty misses them.
    """

    def __init__(self, people: Sequence[tuple[float, Sequence[tuple[int, float]]]], seed: int) -> None:
        self._seed = seed
        self._walks = [self._walk(*person) for person in people]

    @staticmethod
    def _walk(begin_s: float, stays: Sequence[tuple[int, float]]) -> tuple[list[float], list[float]]:
        times, places = [begin_s], [-0.2]
        for number, stay_s in stays:
            x = (ROW[number].zone[0][0] + ROW[number].zone[1][0]) / 2
            times += [times[-1] + abs(x - places[-1]) / _WALKS_PER_S + 1e-3]
            times += [times[-1] + stay_s]
            places += [x, x]
        return [*times, times[-1] + (1.2 - places[-1]) / _WALKS_PER_S], [*places, 1.2]

    def detect(self, frame: Frame) -> Sequence[Detection]:
        moment = round(frame.source_time_s * 1000)
        found = []
        for number, (times, places) in enumerate(self._walks):
            x = float(np.interp(frame.source_time_s, times, places, left=-1, right=2))
            if -0.1 < x < 1.1 and uniform(0, 1, self._seed, moment, number, "missed") >= 0.05:
                x += uniform(-0.02, 0.02, self._seed, moment, number, "shaken")
                score = uniform(0.5, 0.95, self._seed, moment, number, "score")
                found.append(Detection(Box(x - 0.08, 0.4 - number / 50, x + 0.08, 0.8 + number / 50), score))
        return found


def tell(
    rules: RuleEngine,
    detector: Detector,
    frames: Iterable[Frame],
    check: Callable[[RuleEvent, float], None] = lambda _event, _time_s: None,
) -> tuple[list[RuleEvent], list[float]]:
    """What the rules tell of `frames`, without the numbers of tracks, and the times of all looks.

    `check` is given each rule event with the time of the look that told it.
    """
    tracker, times, rule_events = Tracker(SCORE), [0.0], list[RuleEvent]()
    for frame in frames:
        times.append(round(frame.time_s, 3))
        told = rules.update(tracker.update(detector.detect(frame), times[-1]), times[-1])
        for rule_event in told:
            check(rule_event, times[-1])
        rule_events += told
    rule_events += rules.finish(times[-1])
    return [replace(rule_event, track_id=None) for rule_event in rule_events], times


def compare(
    video: Path, detector: Detector, shift_s: float = 0.0, machines: Sequence[Machine] = (BENCH,)
) -> tuple[int, int]:
    """The economy gives what looks at all frames give, no later than it says; how many looks either took."""
    whole, thrifty = Counting(detector, shift_s), Counting(detector, shift_s)
    rules = RuleEngine(machines, SCORE)
    lookout = KeyLookout(thrifty, machines, rules, SCORE)
    decoding = Decoding(skips_deblocking=True, lookout=lookout, longest_s=longest_group_s(machines))
    ring = PacketRing(10)

    def check(rule_event: RuleEvent, time_s: float) -> None:
        """The packet ring reaches back for clips by this: the end of a use is told by a picture that has just come."""
        late_s = 0.0 if rule_event.event_type in AT_THE_END else decoding.kept_late_s
        assert ring.complete_s - time_s <= late_s + 1 / FPS

    source = FileSource(video, fps=FPS, ring=ring, decoding=decoding)
    all_frames = (blank_frame(number / FPS) for number in range(FPS * LENGTH_S))
    assert tell(rules, lookout, source, check) == tell(RuleEngine(machines, SCORE), whole, all_frames)
    return whole.looks, thrifty.looks


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), shift_s=st.floats(0, 60), key_every_s=st.sampled_from([1.0, 2.0]))
def test_the_mocked_gym_gives_the_same_events(drawn: Drawn, seed: int, shift_s: float, key_every_s: float) -> None:
    """Boxes are shaken, one in twenty people is missed, and some are seen who are not there."""
    compare(drawn(key_every_s), MockDetector(Scenario(seed, [BENCH]), seed), shift_s)


@settings(max_examples=10, deadline=None)
@given(
    pauses_and_stays=st.lists(st.tuples(st.floats(0.2, 20), st.floats(0.0, 12)), min_size=1, max_size=8),
    key_every_s=st.sampled_from([0.8, 1.4, 2.0]),
    machine=st.sampled_from([BENCH, QUICK]),
)
@example(pauses_and_stays=[(10.7, 2.3), (20.0, 2.4)], key_every_s=2.0, machine=QUICK)
def test_visits_of_any_length_give_the_same_events(
    drawn: Drawn, pauses_and_stays: list[tuple[float, float]], key_every_s: float, machine: Machine
) -> None:
    visits, now_s = list[tuple[float, float]](), 5.0
    for pause_s, stay_s in pauses_and_stays:
        visits.append((now_s + pause_s, now_s + pause_s + stay_s))
        now_s += pause_s + stay_s
    compare(drawn(key_every_s), Walker(visits), machines=[machine])


@settings(max_examples=10, deadline=None)
@given(
    people=st.lists(
        st.tuples(st.floats(0, 40), st.lists(st.tuples(st.integers(0, 2), st.floats(0.0, 30)), min_size=1, max_size=4)),
        min_size=1,
        max_size=2,
    ),
    seed=st.integers(0, 10_000),
    key_every_s=st.sampled_from([0.8, 1.4, 2.0]),
)
def test_people_who_go_from_machine_to_machine_give_the_same_events(
    drawn: Drawn, people: list[tuple[float, list[tuple[int, float]]]], seed: int, key_every_s: float
) -> None:
    compare(drawn(key_every_s), Itinerary(people, seed), machines=ROW)


def test_of_an_empty_room_the_key_pictures_alone_are_looked_at(drawn: Drawn) -> None:
    whole, thrifty = compare(drawn(2.0), Walker([]))
    assert whole == FPS * LENGTH_S
    # Before two groups are known, and after the last key picture, all is.
    assert thrifty <= LENGTH_S / 2 + FPS * 12


def test_a_stay_in_an_empty_room_costs_its_own_groups_and_a_few_around_it(drawn: Drawn) -> None:
    whole, thrifty = compare(drawn(2.0), Walker([(40.0, 55.0)]))
    assert thrifty <= LENGTH_S / 2 + FPS * (12 + 15 + 16)
    assert thrifty < whole - FPS * 20


def lookout_of(walker: Detector, rules: RuleEngine | None = None) -> KeyLookout:
    return KeyLookout(walker, [BENCH], rules or RuleEngine([BENCH], SCORE), SCORE)


@pytest.mark.parametrize(
    ("away_s", "score", "is_clear"),
    [(0.0, 0.9, False), (0.5, 0.9, False), (3.0, 0.9, True), (0.0, 0.25, False), (0.0, 0.15, True)],
    ids=["there", "near", "far", "badly seen", "no person"],
)
def test_somebody_at_a_machine_or_near_it_or_in_doubt_is_not_clear(away_s: float, score: float, is_clear: bool) -> None:
    lookout = lookout_of(Walker([(10.0, 20.0)], score))
    assert (lookout.judge(lambda: blank_frame(10.0 - away_s), 0.0) is KeyPicture.SETTLED) == is_clear


def test_a_key_picture_that_is_damaged_is_not_clear() -> None:
    assert lookout_of(Walker([])).judge(lambda: None, 0.0) is KeyPicture.UNSETTLED


def never() -> Frame:
    raise AssertionError("the key picture need not be decoded")


def test_after_somebody_was_there_no_key_picture_is_even_decoded() -> None:
    lookout = lookout_of(Walker([(10.0, 20.0)]))
    lookout.detect(blank_frame(15.0))
    assert lookout.judge(never, 14.0) is KeyPicture.UNSETTLED
    assert lookout.judge(lambda: blank_frame(40.0), 16.0) is KeyPicture.SETTLED


def row_in_use(until_s: float = 20.0) -> RuleEngine:
    """The rules of the row, whose middle machine somebody who is seen there has used for `until_s` seconds."""
    rules, tracker = RuleEngine(ROW, SCORE), Tracker(SCORE)
    for number in range(round(FPS * until_s)):
        rules.update(tracker.update([AT_ROW_1], number / FPS), number / FPS)
    return rules


def standing(x: float, score: float = 0.9) -> Detection:
    return Detection(Box(x - 0.08, 0.4, x + 0.08, 0.8), score)


AT_ROW_1 = standing(0.4)


class Shows:
    """A detector that finds the same people in each picture."""

    def __init__(self, *found: Detection) -> None:
        self._found = found

    def detect(self, _frame: Frame) -> Sequence[Detection]:
        return self._found


@pytest.mark.parametrize(
    ("found", "picture"),
    [
        ((AT_ROW_1,), KeyPicture.SETTLED),
        ((AT_ROW_1, standing(0.43)), KeyPicture.SETTLED),
        ((standing(0.35),), KeyPicture.SETTLED),
        ((AT_ROW_1, standing(0.97, 0.15)), KeyPicture.SETTLED),
        ((), KeyPicture.UNSEEN),
        ((standing(0.4, 0.3),), KeyPicture.UNSEEN),
        ((standing(0.2),), KeyPicture.UNSETTLED),
        ((AT_ROW_1, standing(0.2)), KeyPicture.UNSETTLED),
        ((AT_ROW_1, standing(0.97)), KeyPicture.UNSETTLED),
        ((AT_ROW_1, standing(0.8, 0.25)), KeyPicture.UNSETTLED),
    ],
    ids=[
        "its user", "two at it", "near the next one", "no person", "gone", "badly seen", "at the next one",
        "another at the next one", "another near one", "maybe another at one",
    ],
)  # fmt: skip
def test_a_machine_in_use_is_settled_while_its_user_is_surely_there_and_nobody_is_at_the_others(
    found: tuple[Detection, ...], picture: KeyPicture
) -> None:
    lookout = KeyLookout(Shows(*found), ROW, row_in_use(), SCORE)
    assert lookout.judge(lambda: blank_frame(20.0), 18.0) is picture


def test_a_user_who_is_out_of_sight_settles_nothing_and_no_key_picture_is_even_decoded() -> None:
    rules = row_in_use()
    rules.update([], 20.0)
    assert KeyLookout(Shows(AT_ROW_1), ROW, rules, SCORE).judge(never, 18.0) is KeyPicture.UNSETTLED


def test_a_stay_that_is_not_known_yet_settles_nothing() -> None:
    lookout = KeyLookout(Shows(AT_ROW_1), ROW, row_in_use(4.0), SCORE)
    lookout.detect(blank_frame(4.0))
    assert lookout.judge(never, 3.0) is KeyPicture.UNSETTLED


def test_what_a_key_picture_settles_a_restart_knows() -> None:
    rules = row_in_use()
    picture = KeyLookout(Shows(AT_ROW_1), ROW, rules, SCORE).judge(lambda: blank_frame(22.0), 18.0)
    assert picture is KeyPicture.SETTLED
    assert RuleEngine.restore(ROW, rules.state(), SCORE).time_s == 22.0


def test_a_long_stay_is_looked_at_in_key_pictures_alone(drawn: Drawn) -> None:
    whole, thrifty = compare(drawn(2.0), Walker([(10.0, 85.0)]))
    assert whole == FPS * LENGTH_S
    # Somebody comes, is known to stay, and leaves: the groups of that, and those at the begin and the end.
    assert thrifty <= LENGTH_S / 2 + FPS * (12 + 22)


def test_a_picture_is_looked_at_once() -> None:
    detector = Counting(Walker([(10.0, 20.0)]))
    lookout = lookout_of(detector)
    key = blank_frame(2.0)
    assert lookout.judge(lambda: key, 0.0) is KeyPicture.SETTLED
    for time_s in (2.0, 2.2, 2.4):
        assert lookout.detect(replace(blank_frame(time_s), looked_at=key)) == []
    lookout.detect(blank_frame(2.0))
    assert detector.looks == 1


@pytest.mark.parametrize("has_witness", [True, False])
def test_a_key_picture_s_background_is_looked_at_before_the_picture_is_let_go_of(*, has_witness: bool) -> None:
    asked = list[tuple[int, int]]()
    shown = blank_frame(2.0, width=960, height=540)

    def scaled(size: tuple[int, int]) -> Image:
        asked.append(size)
        return shown.scaled(size)

    rules = RuleEngine([BENCH], SCORE)
    lookout = KeyLookout(Walker([]), [BENCH], rules, SCORE, has_witness=has_witness)
    assert lookout.judge(lambda: replace(shown, scaled=scaled), 0.0) is KeyPicture.SETTLED
    assert asked == [(96, 54)] * has_witness


def test_groups_may_be_as_long_as_the_shortest_of_the_rules_and_no_clip_begins_far_too_early() -> None:
    other = replace(BENCH, rules=RuleTimes(enter_s=10, exit_s=5, attempt_s=3, window_s=60))
    assert longest_group_s([BENCH, other]) == 2.0
    assert longest_group_s([other]) == 3.0
    assert longest_group_s([replace(BENCH, rules=RuleTimes(enter_s=90, exit_s=60, attempt_s=50))]) == 4.0


def test_all_is_decoded_where_it_is_asked_for_shown_or_masked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    lookout = lookout_of(Walker([]))
    assert choose_decoding("all", lookout, [BENCH], follows_people=False, has_preview=False) == WHOLE
    assert choose_decoding("auto", lookout, [BENCH], follows_people=False, has_preview=True) == WHOLE
    assert choose_decoding("auto", lookout, [BENCH], follows_people=True, has_preview=False).lookout is None
    for words in ("--decode all", "--preview", "privacy.mask"):
        assert words in caplog.text
    assert choose_decoding("auto", lookout, [BENCH], follows_people=False, has_preview=False).lookout is lookout
