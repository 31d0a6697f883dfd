"""The outbox against a plain list: whatever is done to both, they hold the same events."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_service.outbox.outbox import Outbox, OutboxFull
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.opened_outbox import numbers
from tests.edge_service.outbox_events import make_event

# Room for about fifteen events, so that it is full now and then and its file is exchanged often.
MAX_BYTES = 8_000


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.outbox = self.open()
        self.next_number = 0
        self.taken: list[int] = []
        self.waiting: list[int] = []
        self.refused = 0

    def open(self) -> Outbox:
        return Outbox.open(self.folder, "cam_01", QuickDisk(), max_bytes=MAX_BYTES)

    def teardown(self) -> None:
        self.outbox.close()
        shutil.rmtree(self.folder)

    @rule(padding=st.integers(0, 600))
    def append(self, padding: int) -> None:
        try:
            self.outbox.append(make_event(self.next_number, padding=padding))
        except OutboxFull:
            self.refused += 1
        else:
            self.taken.append(self.next_number)
            self.waiting.append(self.next_number)
        self.next_number += 1

    @rule(max_lines=st.integers(1, 30), max_bytes=st.integers(1, 10_000))
    def read(self, max_lines: int, max_bytes: int) -> None:
        found = numbers(self.outbox.read(max_lines, max_bytes))
        assert found == self.waiting[: len(found)]
        assert bool(found) == bool(self.waiting)
        assert len(found) <= max_lines

    @rule(max_lines=st.integers(1, 30), data=st.data())
    def acknowledge(self, max_lines: int, data: st.DataObject) -> None:
        batch = self.outbox.read(max_lines, 10**6)
        if batch is not None:
            count = data.draw(st.integers(1, len(batch.events)))
            self.outbox.acknowledge(batch.first(count))
            del self.waiting[:count]

    @rule(torn=st.binary(max_size=50).filter(lambda data: b"\n" not in data))
    def restart(self, torn: bytes) -> None:
        self.outbox.close()
        with self.outbox.path.open("ab") as file:
            file.write(torn)
        self.outbox = self.open()
        self.refused = 0

    @precondition(lambda self: (self.folder / "cam_01.offset").exists())
    @rule()
    def restart_and_forget_what_was_sent(self) -> None:
        self.outbox.close()
        (self.folder / "cam_01.offset").unlink()
        self.outbox = self.open()
        self.refused = 0
        found = numbers(self.outbox.read(10**6, 10**9))
        assert len(found) >= len(self.waiting)
        assert found == self.taken[len(self.taken) - len(found) :]
        self.waiting = found

    @invariant()
    def it_holds_what_waits_within_its_bound(self) -> None:
        assert self.outbox.depth == len(self.waiting)
        assert self.outbox.refused == self.refused
        assert self.outbox.path.stat().st_size <= MAX_BYTES + 50


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=60, stateful_step_count=40)
