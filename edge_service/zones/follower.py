"""Following the zones while the edge runs: what is drawn in the dashboard goes into the file, and the file is obeyed.

Invariant: a running edge is never left without zones. Zones that cannot be read, written or taken are said, and the
edge goes on with those that it has. When a person has changed the file since it was read last, a wish from the
dashboard, which does not know of that, is refused.
"""

import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, Self, TypeVar

from pydantic import ValidationError

from backend_api.base.clock import Clock
from backend_api.base.http_client import Answer, NoAnswer
from backend_api.base.lasting import explain_unforeseen, keep_running
from backend_api.base.process import UsageError, speaking_as
from backend_api.contract.looks import LOOK_HEADER, LookAnswer
from backend_api.contract.zone_versions import ZoneRefusal, ZoneStatus, ZoneVersion
from edge_service.zones.zone_file import ZoneFile

LOOK_S = 2.0
"""So often the file is looked at and the backend asked; for its zones, and whether somebody wants a look."""
_PROBLEM_CHARACTERS = 500
_NUMBER = re.compile("[0-9]{1,15}", re.ASCII)

log = logging.getLogger(__name__)

_C = TypeVar("_C")


class Backend(Protocol):
    """The backend, from any thread."""

    def get(self, path: str) -> Answer:
        """The answer to GET `path`. Raises NoAnswer."""
        ...

    def put(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """The answer to PUT `path`. Raises NoAnswer."""
        ...


class Looks(Protocol):
    """Looks at what the camera sees now, for people who ask the backend for one."""

    @property
    def arrived(self) -> threading.Event:
        """Set when there is an answer to be taken."""
        ...

    def want(self, number: int | None) -> None:
        """Ask for the look of that number, or for none any more."""
        ...

    def take(self) -> LookAnswer | None:
        """The answer; None while there is none."""
        ...


class ZoneFollower(Generic[_C]):
    """Looks after the zones of a camera in a thread of its own, from when it is entered until it is left, and hands on
    the looks that people ask for: the backend says so beside the zones, and is answered as soon as there is an answer.

    `load` gives what the file holds, and raises UsageError; `in_use` is what the camera is watched with.
    """

    def __init__(
        self,
        file: ZoneFile,
        load: Callable[[], _C],
        in_use: _C,
        backend: Backend,
        store_id: str,
        camera_id: str,
        clock: Clock,
        *,
        looks: Looks,
        speaker: str = "",
    ) -> None:
        self._file = file
        self._load = load
        self._in_use = in_use
        self._backend = backend
        self._looks = looks
        self._zones = f"/cameras/{camera_id}/zones"
        self._look = f"/cameras/{camera_id}/look"
        self._of_store = f"?store_id={store_id}"
        self._clock = clock
        self._speaker = speaker
        self._state = file.state()
        self._next: _C | None = None
        # The camera's thread takes while this one compares: what the file holds must not be lost between the two.
        self._taking = threading.Lock()
        self._problem: str | None = None
        self._settled: set[int] = set()
        self._trouble: str | None = None
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._over.clear()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="zones")
        self._executor.submit(self._keep_following)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looks.arrived.set()
        self._executor.shutdown()

    @property
    def problem(self) -> str | None:
        """Why the file cannot be obeyed at present, or nothing followed, in a line."""
        return self._problem or self._trouble

    @property
    def has_news(self) -> bool:
        """Whether there is something to take."""
        return self._next is not None

    def take(self) -> _C | None:
        """What the camera is to be watched with from now on; None when that has not changed."""
        with self._taking:
            taken, self._next = self._next, None
            if taken is not None:
                self._in_use = taken
            return taken

    def give_back(self, in_use: _C, problem: str) -> None:
        """The zones that were taken cannot be used, because of the `problem`: the camera goes on with `in_use`."""
        with self._taking:
            self._in_use = in_use
        self._note(problem)

    def look(self) -> None:
        """Look at the file, then ask the backend."""
        is_touched = self._file.state() != self._state
        if is_touched:
            self._obey()
        try:
            wanted = self._wanted()
            if wanted is not None:
                self._take_over(wanted, is_touched=is_touched)
        except NoAnswer:
            return  # the heartbeat says so

    def _keep_following(self) -> None:
        with speaking_as(self._speaker):
            keep_running(self._run, "zones are not followed", self._clock, self._over, self._note_trouble)

    def _run(self) -> None:
        due_s = self._clock.monotonic_s() + LOOK_S
        while not self._over.is_set():
            if self._clock.wait(self._looks.arrived, due_s - self._clock.monotonic_s()):
                self._looks.arrived.clear()
                self.answer()
            else:
                self.look()
                self._trouble = None
                due_s = self._clock.monotonic_s() + LOOK_S

    def _note_trouble(self, trouble: str) -> None:
        self._trouble = trouble

    def answer(self) -> None:
        """Send the backend the look that it wants, if there is one; one that is lost is wanted again."""
        answer = self._looks.take()
        if answer is None:
            return
        body = answer.model_dump_json().encode()
        try:
            said = self._backend.put(self._look + self._of_store, body, {"Content-Type": "application/json"})
        except NoAnswer:
            return  # the heartbeat says so
        if said.status >= 400:
            log.warning("the look %d is refused: answered %d", answer.number, said.status)

    def _obey(self) -> None:
        """Take what the file holds now."""
        self._state = self._file.state()
        try:
            found = self._load()
        except UsageError as error:
            self._note(f"{error}; the zones from before are still watched")
            return
        except Exception as error:  # noqa: BLE001 - as with any other file that cannot be taken
            self._note(f"{self._file.path}: {explain_unforeseen(error)}; the zones from before are still watched")
            return
        if self._problem is not None:
            log.info("%s: can be read again", self._file.path)
        self._problem = None
        with self._taking:
            self._next = found if found != self._in_use else None

    def _wanted(self) -> ZoneVersion | None:
        """The version that the backend wants the edge to take; None where there is none that it can understand."""
        answer = self._backend.get(self._zones + self._of_store)
        number = answer.headers.get(LOOK_HEADER.lower(), "")
        self._looks.want(int(number) if _NUMBER.fullmatch(number) else None)
        if answer.status != 200:
            return None  # nobody has drawn anything, or it is of an earlier release
        try:
            newest = ZoneVersion.model_validate_json(answer.body)
        except ValidationError as error:
            log.debug("what %s answers is of another release: %s", self._zones, error)
            return None
        is_news = newest.status is ZoneStatus.WANTED and newest.version not in self._settled
        return newest if is_news else None

    def _take_over(self, wanted: ZoneVersion, *, is_touched: bool) -> None:
        problem = self._problem
        if is_touched and problem is None:
            problem = "the file on the edge's computer was changed at the same time; look at its zones first"
        if problem is not None:
            self._refuse(wanted, problem)
            return
        try:
            self._file.put(wanted.zones)
        except UsageError as error:
            self._refuse(wanted, str(error))
            return
        except Exception as error:  # noqa: BLE001 - the person who drew them is told, and can draw others
            self._refuse(wanted, f"the edge could not write them: {explain_unforeseen(error)}")
            return
        self._settled.add(wanted.version)
        log.info("the zones of %s, version %d, are written to %s", wanted.who, wanted.version, self._file.path)
        self._obey()

    def _refuse(self, wanted: ZoneVersion, problem: str) -> None:
        log.warning("the zones of %s, version %d, are refused: %s", wanted.who, wanted.version, problem)
        refusal = ZoneRefusal(version=wanted.version, problem=problem[:_PROBLEM_CHARACTERS])
        body = refusal.model_dump_json().encode()
        answer = self._backend.put(f"{self._zones}/refusal{self._of_store}", body, {"Content-Type": "application/json"})
        if answer.status < 500:
            self._settled.add(wanted.version)

    def _note(self, problem: str) -> None:
        if problem != self._problem:
            log.error("%s", problem)
        self._problem = problem
