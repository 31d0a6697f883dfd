"""Who looked: each fetch of a clip, a picture or an export, and each change, is written down before it is answered.

Invariant: with keys, no clip, picture or export is answered, and nothing changed by people, without its line. A file a
day (UTC), to which lines are only ever added; it goes when it is older than clips are kept. The clock alone is not
believed: a day is as old as the log itself shows, to within a day. So a clock that is set far ahead, and back, takes
nothing along.
"""

import errno
import json
import logging
import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from backend_api.base.clock import Clock
from backend_api.contract.people import Permission
from backend_api.web.access_rules import READING_METHODS, rule_of, store_in
from backend_api.web.caller import Caller, current_caller
from backend_api.web.problems import problem_response

WATCHED = re.compile(r"/media/[^/]+(/thumbnail|/frames/[^/]+)?|/cameras/[^/]+/still|/events/export\.csv")
_NAME = re.compile(r"audit-(\d{4}-\d\d-\d\d)\.jsonl")

log = logging.getLogger(__name__)


class AuditLog:
    """The files in `folder`; those older than `keep_days` go, None keeps all."""

    def __init__(self, folder: Path, clock: Clock, keep_days: float | None = None) -> None:
        self._folder = folder
        self._clock = clock
        self._keep_days = keep_days
        self._day: date | None = None

    def note(self, who: Caller | None, what: str, method: str, client: str, store_id: str | None = None) -> None:
        """Write down that `who`, a key and the person whom it acts for, fetches or changes `what`. Raises OSError.

        `store_id` is the store whose it is where `what` does not say so: cameras are called alike in many.
        """
        now = self._clock.now().astimezone(UTC)
        if now.date() != self._day:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._forget(now)
            self._day = now.date()
        line = {
            "at": now.isoformat(timespec="milliseconds"),
            "key": who.key if who else "?",
            **({"person": who.person.person_id} if who and who.person else {}),
            "method": method,
            "what": what,
            **({"store_id": store_id} if store_id else {}),
            "client": client,
        }
        _append(self._path(now.date()), json.dumps(line).encode() + b"\n")

    def lines(self) -> Iterator[bytes]:
        """Every line there is, the oldest first."""
        for _, path in self._files():
            with path.open("rb") as file:
                yield from file

    def _forget(self, now: datetime) -> None:
        """Remove the days that are too old: by the clock, and by the newest day of lines before today's.

        Somebody looks on most days, so that the second is hardly ever behind; where nobody did, an old day goes on the
        second day on which somebody looks again.
        """
        files = self._files()
        earlier = [day for day, _ in files if day < now.date()]
        if self._keep_days is None or not earlier:
            return
        now = min(now, _begin(max(earlier)) + timedelta(days=2))
        for day, path in files:
            # A day goes as a whole, once its last line is old enough.
            if _begin(day) + timedelta(days=self._keep_days + 1) < now:
                path.unlink(missing_ok=True)
                log.info("%s: removed, older than clips are kept", path)

    def _files(self) -> list[tuple[date, Path]]:
        if not self._folder.is_dir():
            return []
        found = ((_NAME.fullmatch(path.name), path) for path in sorted(self._folder.iterdir()))
        return [(date.fromisoformat(match[1]), path) for match, path in found if match is not None]

    def _path(self, day: date) -> Path:
        return self._folder / f"audit-{day.isoformat()}.jsonl"


def _append(path: Path, line: bytes) -> None:
    """Add the whole `line`, or nothing of it. Raises OSError: of a disk with little room left for a part of it, too."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size_bytes = os.fstat(descriptor).st_size
        if os.write(descriptor, line) < len(line):
            os.ftruncate(descriptor, size_bytes)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def _begin(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _is_watched(method: str, path: str) -> bool:
    if method in READING_METHODS:
        return method != "OPTIONS" and WATCHED.fullmatch(path) is not None
    # What a person changes, or asks a camera for, which then takes a picture of whoever is there; no edge's reports.
    # What the table of rules does not know, such as an id in capitals, is changed by an admin.
    return rule_of(method, path).permissions != {Permission.REPORT}


class AuditTrail:
    """Hands each request on to `app`, once it stands in the log if it must; it lies within the check of keys."""

    def __init__(self, app: ASGIApp, audit: AuditLog) -> None:
        self._app = app
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and _is_watched(scope["method"], scope["path"]):
            try:
                client = (scope.get("client") or ("?",))[0]
                store_id = store_in(scope["query_string"].decode("ascii", "replace"))
                self._audit.note(current_caller.get(), scope["path"], scope["method"], client, store_id)
            except OSError as error:
                detail = (
                    f"who asks cannot be written down ({error.strerror}), so nothing is shown or changed; make room"
                )
                await problem_response(507, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)
