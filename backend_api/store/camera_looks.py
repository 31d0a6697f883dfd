"""Looks: what each camera saw when somebody asked for it last, and whom its edge has yet to answer.

Invariant: a camera is asked for one look at a time, and once in LookRequest.max_age_s at most: whoever asks meanwhile
shares it. Its picture takes the place of the camera's still in the transaction that keeps the answer.
"""

import threading
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ClauseElement, Row, bindparam, select, update

from backend_api.base.clock import Clock
from backend_api.base.instants import from_ms, to_ms
from backend_api.contract.looks import LOOK_TIMEOUT_S, Look, LookAnswer, LookRequest, LookStatus
from backend_api.contract.values import to_milliseconds
from backend_api.store.camera_setups import KEEP_STILL
from backend_api.store.camera_status import CameraKey
from backend_api.store.cameras import KEY, of_camera
from backend_api.store.db.database import Database
from backend_api.store.db.statements import DialectInsert, Statement
from backend_api.store.db.tables import camera_looks


def _ask(insert: DialectInsert) -> ClauseElement:
    """A look in the place of the one before it, unless somebody else has asked for one since that was read."""
    names = ("number", "asked_at_ms", "who", "answered_at_ms", "still_at_ms", "body")
    inserting = insert(camera_looks).values({name: bindparam(f"new_{name}") for name in (*KEY, *names)})
    new = inserting.excluded
    return inserting.on_conflict_do_update(
        index_elements=KEY, set_={name: new[name] for name in names}, where=camera_looks.c.number == new.number - 1
    )


_ASK = Statement(_ask)
_ANSWER = Statement(
    update(camera_looks)
    .where(
        camera_looks.c.store_id == bindparam("new_store_id"),
        camera_looks.c.camera_id == bindparam("new_camera_id"),
        camera_looks.c.number == bindparam("of_number"),
        camera_looks.c.answered_at_ms.is_(None),
    )
    .values({name: bindparam(f"new_{name}") for name in ("answered_at_ms", "still_at_ms", "body")})
)
_TIMEOUT = timedelta(seconds=LOOK_TIMEOUT_S)
_GOOD_FOR_S = 0.25


class CameraLooks:
    """All methods may be called from any thread; each raises StoreBusy or StoreFull as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # Who is to be told what, and since when that is known; other backends on this database ask, too.
        self._lock = threading.Lock()
        self._wanted: dict[CameraKey, int] | None = None
        self._read_s = 0.0

    def ask(self, store_id: str, camera_id: str, request: LookRequest) -> Look:
        """Ask the camera's edge, unless it is asked already, or has answered lately enough; the look that there is."""
        now = to_milliseconds(self._clock.now())
        last = self.find(store_id, camera_id)
        if last is not None and _serves(last, now, request.max_age_s):
            return last
        asked = Look(
            store_id=store_id,
            camera_id=camera_id,
            number=1 if last is None else last.number + 1,
            asked_at=now,
            who=request.who,
            status=LookStatus.WANTED,
            answered_at=None,
            still_at=None,
            seen_at=None,
            people=(),
            machines=(),
            problem=None,
        )
        values = {"new_number": asked.number, "new_asked_at_ms": to_ms(now), "new_who": asked.who}
        blank = {"new_answered_at_ms": None, "new_still_at_ms": None, "new_body": None}
        with self._database.write() as transaction:
            is_ours = _ASK.count(transaction, of_camera(store_id, camera_id) | values | blank) > 0
        self._forget_wanted()
        # Somebody else has asked meanwhile, here or at another backend: theirs is shared.
        return asked if is_ours else self.ask(store_id, camera_id, request)

    def find(self, store_id: str, camera_id: str) -> Look | None:
        """The camera's last look; None when nobody ever asked for one."""
        query = select(camera_looks).where(camera_looks.c.store_id == store_id, camera_looks.c.camera_id == camera_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _look(row, self._clock.now())

    def wanted(self, store_id: str, camera_id: str) -> int | None:
        """The number of the look that the camera's edge has yet to answer; None when it owes none.

        All edges ask for theirs every other second: one search for all of them is good for a quarter of one.
        """
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._wanted is None or now_s - self._read_s >= _GOOD_FOR_S:
                self._wanted, self._read_s = self._read_wanted(), now_s
            return self._wanted.get((store_id, camera_id))

    def _read_wanted(self) -> dict[CameraKey, int]:
        now = self._clock.now()
        query = select(*camera_looks.c["store_id", "camera_id", "number"]).where(
            camera_looks.c.asked_at_ms.between(to_ms(now - _TIMEOUT), to_ms(now)),
            camera_looks.c.answered_at_ms.is_(None),
        )
        with self._database.read() as connection:
            return {(row.store_id, row.camera_id): row.number for row in connection.execute(query)}

    def _forget_wanted(self) -> None:
        with self._lock:
            self._wanted = None

    def answer(self, store_id: str, camera_id: str, answer: LookAnswer) -> bool:
        """Keep what an edge answers, however late; False when its number is not that of an unanswered look.

        A power cut may undo it: the next look comes when somebody asks.
        """
        now_ms = to_ms(self._clock.now())
        here = of_camera(store_id, camera_id)
        values = {
            "of_number": answer.number,
            "new_answered_at_ms": now_ms,
            "new_still_at_ms": None if answer.picture is None else now_ms,
            "new_body": answer.model_dump_json(exclude={"picture"}),
        }
        with self._database.write(survives_power_cut=False) as transaction:
            if _ANSWER.count(transaction, here | values) == 0:
                return False
            if answer.picture is not None:
                KEEP_STILL.run(transaction, here | {"new_still_at_ms": now_ms, "new_still": answer.picture})
        self._forget_wanted()
        return True


def _serves(look: Look, now: datetime, max_age_s: float) -> bool:
    """Whether `look` is under way, or was asked for less than `max_age_s` ago; not if the clock was put back since."""
    age_s = (now - look.asked_at).total_seconds()
    return look.status is LookStatus.WANTED or (look.status is LookStatus.ANSWERED and 0 <= age_s < max_age_s)


def _look(row: Row[Any], now: datetime) -> Look:
    asked_at = from_ms(row.asked_at_ms)
    status = LookStatus.ANSWERED
    if row.answered_at_ms is None:
        status = LookStatus.WANTED if timedelta(0) <= now - asked_at < _TIMEOUT else LookStatus.OVERDUE
    answer = LookAnswer(number=row.number) if row.body is None else LookAnswer.model_validate_json(row.body)
    return Look(
        store_id=row.store_id,
        camera_id=row.camera_id,
        number=row.number,
        asked_at=asked_at,
        who=row.who,
        status=status,
        answered_at=None if row.answered_at_ms is None else from_ms(row.answered_at_ms),
        still_at=None if row.still_at_ms is None else from_ms(row.still_at_ms),
        seen_at=answer.seen_at,
        people=answer.people,
        machines=answer.machines,
        problem=answer.problem,
    )
