"""A database and a media folder that tests damage, and the doctor that looks at them, with time in the test's hand."""

import hashlib
import io
import os
import sqlite3
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend_api.base.database_address import DatabaseAddress
from backend_api.contract.events import ClipInfo, Event, EventType
from backend_api.contract.media import clip_name
from backend_api.doctor import examine
from backend_api.doctor_options import Options
from backend_api.store.store import Store
from tests.backend_api.events import START, make_event
from tests.fake_clock import FakeClock

ORPHAN_AGE_S = 3600.0
SESSION_AGE_S = 600.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of the doctor said, and its exit code."""

    code: int
    lines: list[str]

    @property
    def findings(self) -> list[str]:
        """All but the summary."""
        return self.lines[:-1]


@dataclass(frozen=True, slots=True)
class Scene:
    """The database `db`, which `store` has open all the time as the backend does, and the folder `media`."""

    db: Path
    media: Path
    store: Store
    clock: FakeClock

    def examine(self, *, fix: bool = False) -> Report:
        output = io.StringIO()
        options = Options(
            DatabaseAddress(self.db), self.media, fix=fix, orphan_age_s=ORPHAN_AGE_S, session_age_s=SESSION_AGE_S
        )
        with redirect_stdout(output):
            code = examine(options, self.clock)
        return Report(code, output.getvalue().splitlines())

    def put(self, name: str, content: bytes = b"something", *, age_s: float = 0.0) -> Path:
        """A file in the media folder that was written `age_s` seconds ago."""
        path = self.media / name
        path.write_bytes(content)
        written_s = self.clock.now().timestamp() - age_s
        os.utime(path, (written_s, written_s))
        return path

    def add(self, event_type: EventType, at_s: float = 0.0, *, start: Event | None = None, **fields: Any) -> Event:  # noqa: ANN401
        """Store an event of the session that `start` began; a START begins its own, others belong to none."""
        event = make_event(event_type=event_type, at_s=at_s, **fields)
        if start is not None or event_type is EventType.MACHINE_OCCUPIED_START:
            event = event.model_copy(update={"session_id": (start or event).event_id})
        self.store.events.add([event])
        return event

    def add_session(self, at_s: float = 0.0, **fields: Any) -> list[Event]:  # noqa: ANN401
        """Store a whole session with a judged attempt."""
        start = self.add(EventType.MACHINE_OCCUPIED_START, at_s, **fields)
        left = {"attributes": {"end_reason": "left"}}
        end = self.add(EventType.MACHINE_OCCUPIED_END, at_s + 1, start=start, **fields, **left)
        window = self.add(EventType.CLEANING_WINDOW_OPEN, at_s + 1, start=start, **fields)
        attempt = self.add(EventType.CLEANING_ATTEMPT, at_s + 2, start=start, **fields)
        return [start, end, window, attempt]

    def add_with_clip(self, content: bytes = b"moving pictures", at_s: float = 0.0) -> tuple[Event, Path]:
        """Store a session that has just begun and promises a clip, and put that clip into the folder."""
        clip = ClipInfo(
            start_ts=START,
            end_ts=START,
            codec="h264",
            width=2,
            height=2,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        event = self.add(EventType.MACHINE_OCCUPIED_START, at_s, clip=clip, machine_id=f"machine_{at_s:g}")
        return event, self.put(clip_name(event.event_id), content)

    def sql(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """Go around the store, to damage and to compare."""
        with closing(sqlite3.connect(self.db)) as connection, connection:
            return connection.execute(statement, parameters).fetchall()

    def stored_events(self) -> list[tuple[object, ...]]:
        """The whole table of events, byte for byte."""
        return self.sql("SELECT * FROM events ORDER BY seq")

    def files(self) -> dict[str, bytes]:
        """Everything in the media folder and below, by relative path."""
        paths = sorted(path for path in self.media.rglob("*") if path.is_file())
        return {str(path.relative_to(self.media)): path.read_bytes() for path in paths}

    def states(self) -> list[tuple[object, ...]]:
        """Status and attempts of every enrichment, by the order of their events."""
        return self.sql("SELECT status, attempts FROM enrichments ORDER BY seq")
