"""A look that somebody asks for: the newest picture, who was detected in it, and what the rules make of it.

The loop notes what it sees, and hands over the newest moment of which all that is to be hidden is known.
The picture itself is decoded and drawn in the thread that asked, so that the loop is never late.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend_api.base.lasting import explain_unforeseen
from backend_api.contract.cameras import MAX_MACHINES, MAX_STILL_BYTES
from backend_api.contract.looks import MAX_PEOPLE, MAX_ZONES_OF_A_PERSON, LookAnswer, SeenMachine, SeenPerson, SeenState
from edge_service.clips.pictures import still_of
from edge_service.detection.detector import Box, Detection
from edge_service.privacy.masking import NO_PICTURES, Masking
from edge_service.privacy.sightings import SETTLE_S
from edge_service.rules.machine import Machine
from edge_service.rules.machine_state import MachineState
from edge_service.rules.zone import contains, is_in_zone
from edge_service.tracking.tracker import Track
from edge_service.video.frame import Frame
from edge_service.video.frame_maker import picture_at
from edge_service.video.packet_ring import PacketRing

_NO_PICTURE = "the picture of this moment did not come, or could not be decoded; ask again"
_TOO_LARGE = "the picture is too large to be sent"
# A picture that waits for its masks is older than the wish by this, and by what a look takes to come.
_BETWEEN_LOOKS_S = 1.0
# The stream that is kept may be slower than the one that is looked at: its picture is of so much before at most.
_OLDEST_S = 2.0
_PROBLEM_CHARACTERS = 300

log = logging.getLogger(__name__)


class LookSlot:
    """Hands looks from the loop of a camera, whichever runs at present, to a thread that asks; neither waits."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        """Set when there is an answer to be taken."""
        self._lock = threading.Lock()
        self._wanted: int | None = None
        self._made: tuple[int, Callable[[], LookAnswer]] | None = None
        self._hindrance: str | None = None

    @property
    def wanted(self) -> int | None:
        """The number of the look that is asked for; None while none is."""
        return self._wanted

    def want(self, number: int | None) -> None:
        """Ask for the look of that number, or for none any more."""
        with self._lock:
            self._wanted = number if self._made is None else None
            self._refuse_if_hindered()

    def give(self, number: int, make: Callable[[], LookAnswer]) -> None:
        """Answer the look of that number by what `make` gives, which is called in the thread that asked."""
        with self._lock:
            self._wanted, self._made = None, (number, make)
        self.arrived.set()

    def hinder(self, reason: str | None) -> None:
        """From now on the answer is that there is no picture, for that reason; None: there are pictures again."""
        with self._lock:
            self._hindrance = reason
            self._refuse_if_hindered()

    def take(self) -> LookAnswer | None:
        """The answer; None while there is none. One that cannot be made says so."""
        with self._lock:
            made, self._made = self._made, None
        if made is None:
            return None
        number, make = made
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - the person who asked is told, and can ask again
            problem = f"the look cannot be made: {explain_unforeseen(error)}"
            log.error("%s", problem)
            return LookAnswer(number=number, problem=problem[:_PROBLEM_CHARACTERS])

    def _refuse_if_hindered(self) -> None:
        number, reason = self._wanted, self._hindrance
        if number is not None and reason is not None:
            self._wanted = None
            self._made = number, lambda: LookAnswer(number=number, problem=reason[:_PROBLEM_CHARACTERS])
            self.arrived.set()


@dataclass(frozen=True, slots=True)
class _Moment:
    """A frame that was looked at: media time, who was found, and which of them are people; then the machines."""

    time_s: float
    detections: Sequence[Detection]
    people: Sequence[Track]
    states: Mapping[str, MachineState]


class Looks:
    """One run's part: it is told of each frame, in the loop's thread, and answers what `slot` wants.

    `timestamp` gives the wall-clock time of a media time. A file's newest picture is the one that is played now, a
    camera's the newest that came: `is_live`.
    """

    def __init__(
        self,
        slot: LookSlot,
        machines: Sequence[Machine],
        masking: Masking,
        ring: PacketRing,
        timestamp: Callable[[float], datetime],
        *,
        is_live: bool,
    ) -> None:
        self._slot = slot
        self._machines = tuple(machines)
        self._masking = masking
        self._ring = ring
        self._timestamp = timestamp
        self._is_live = is_live
        self._settle_s = SETTLE_S if masking.follows else 0.0
        self._moments: deque[_Moment] = deque()
        self._asked: int | None = None
        self._since_s = float("-inf")

    def note(
        self,
        frame: Frame,
        detections: Sequence[Detection],
        people: Sequence[Track],
        states: Mapping[str, MachineState],
    ) -> None:
        """Detection looked at `frame`; answer what is wanted, once all is known that bears on a picture of since."""
        self._slot.hinder(None)
        of = frame.looked_at or frame
        self._moments.append(_Moment(of.time_s, detections, people, dict(states)))
        while len(self._moments) > 1 and self._moments[1].time_s <= of.time_s - self._settle_s:
            self._moments.popleft()
        number = self._slot.wanted
        if number != self._asked:
            self._asked = number
            self._since_s = self._ring.complete_s - self._settle_s if self._is_live else float("-inf")
        if number is not None:
            self._answer(number)

    def miss(self, problem: str | None) -> None:
        """No frame came, because of the `problem`, if there is one."""
        if problem is not None:
            self._slot.hinder(f"no pictures come: {problem}")

    def end(self) -> None:
        """The video came to its end."""
        self._slot.hinder("its video came to its end")

    def _answer(self, number: int) -> None:
        settled = [one for one in self._moments if self._masking.is_settled(one.time_s)]
        slack_s = _BETWEEN_LOOKS_S if self._settle_s else 0.0
        if not settled or settled[-1].time_s < self._since_s - slack_s:
            return
        moment = settled[-1]
        packets = self._ring.select(moment.time_s, moment.time_s)
        masks = self._masking.masks(moment.time_s - _OLDEST_S, moment.time_s)
        answer = self._without_picture(number, moment)

        def make() -> LookAnswer:
            if not self._masking.keeps_pictures:
                return answer.model_copy(update={"problem": NO_PICTURES})
            found = picture_at(packets, moment.time_s)
            if found is None or moment.time_s - found[1] > _OLDEST_S:
                return answer.model_copy(update={"problem": _NO_PICTURE})
            # Masked as of its own moment: the stream that is kept may be slower than the one that is looked at.
            jpeg = still_of(found[0], masks, found[1])
            if len(jpeg) > MAX_STILL_BYTES:
                return answer.model_copy(update={"problem": _TOO_LARGE})
            return answer.model_copy(update={"picture": jpeg})

        self._slot.give(number, make)

    def _without_picture(self, number: int, moment: _Moment) -> LookAnswer:
        followed = {track.box for track in moment.people}
        people = [self._person(track.box, track.score, track.track_id) for track in moment.people]
        people += [self._person(one.box, one.score, None) for one in moment.detections if one.box not in followed]
        return LookAnswer(
            number=number,
            seen_at=self._timestamp(moment.time_s),
            people=tuple(sorted((one for one in people if one), key=lambda one: -one.score)[:MAX_PEOPLE]),
            machines=tuple(
                seen_machine(machine.machine_id, moment.states[machine.machine_id], moment.time_s)
                for machine in self._machines[:MAX_MACHINES]
            ),
        )

    def _person(self, box: Box, score: float, track_id: int | None) -> SeenPerson | None:
        """Somebody as it is told; None for somebody in an area that nobody may look into."""
        middle = (box.left + box.right) / 2
        places = ((middle, box.bottom), (middle, (box.top + box.bottom) / 2))
        if any(contains(area, place) for area in self._masking.config.areas for place in places):
            return None
        inside = [m.machine_id for m in self._machines if is_in_zone(box, m.zone, m.anchor)]
        return SeenPerson(
            left=_share(box.left),
            top=_share(box.top),
            right=_share(box.right),
            bottom=_share(box.bottom),
            score=round(min(1.0, max(0.0, score)), 3),
            track_id=track_id,
            zones=tuple(inside[:MAX_ZONES_OF_A_PERSON]),
        )


def seen_machine(machine_id: str, state: MachineState, time_s: float) -> SeenMachine:
    """The machine at `time_s` seconds of media time, with what may soon change it."""
    session, presence = state.session, state.presence
    is_occupied = session is not None and session.left_s is None
    there_s = gone_s = None
    if presence.streak is not None and presence.is_present and not is_occupied:
        there_s = time_s - presence.streak.began_s
    elif presence.streak is not None and is_occupied and not presence.is_present:
        gone_s = presence.unseen_s(time_s)
    kind, since_s = SeenState.FREE, None
    if session is not None:
        kind = SeenState.IN_USE if session.left_s is None else SeenState.TO_BE_CLEANED
        since_s = session.start_s if session.left_s is None else session.left_s
    return SeenMachine(
        machine_id=machine_id,
        state=kind,
        for_s=None if since_s is None else _seconds(time_s - since_s),
        there_s=None if there_s is None else _seconds(there_s),
        gone_s=None if gone_s is None else _seconds(gone_s),
        is_attempted=session is not None and session.is_attempted,
    )


def _share(number: float) -> float:
    return round(min(1.0, max(0.0, number)), 4)


def _seconds(number: float) -> float:
    return round(max(0.0, number), 1)
