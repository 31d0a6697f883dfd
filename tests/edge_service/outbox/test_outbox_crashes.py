"""The outbox, killed at every write, fsync, rename and unlink, finds all that it promised."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from backend_api.base.durable_files import Disk
from edge_service.delivery.batch_delivery import Courier, Idle
from edge_service.outbox.outbox import Outbox, OutboxFull
from tests.edge_service.crashing_disk import Crash, CrashingDisk, FullDisk, QuickDisk, SmallDisk
from tests.edge_service.fake_backend import FakeBackend
from tests.edge_service.outbox_events import make_event
from tests.fake_clock import FakeClock

# Small enough for the file to be exchanged several times on the way.
MAX_BYTES = 12_000
EVENTS = 30
REFUSED = {4: 422, 5: 409, 17: 422}
POISON = {10}
SET_ASIDE = {*REFUSED, *POISON}


def work(folder: Path, disk: Disk, backend: FakeBackend, promised: list[int], first: int = 0) -> None:
    """Append events from number `first` on and deliver them now and then, reopening the outbox half-way."""
    for begin, end in ((first, EVENTS // 2), (max(first, EVENTS // 2), EVENTS)):
        with Outbox.open(folder, "cam_01", disk, max_bytes=MAX_BYTES) as outbox:
            for number in range(begin, end):
                with suppress(OutboxFull):
                    outbox.append(make_event(number))
                    promised.append(number)
                if number % 7 == 6:
                    courier = Courier(outbox, backend, FakeClock(), "backend")
                    for _ in range(4):
                        courier.deliver_batch()


def deliver_all(folder: Path, disk: Disk, backend: FakeBackend) -> None:
    with Outbox.open(folder, "cam_01", disk, max_bytes=MAX_BYTES) as outbox:
        courier = Courier(outbox, backend, FakeClock(), "backend")
        while courier.deliver_batch() != Idle():
            pass
        assert outbox.depth == 0


def rejected_numbers(folder: Path, kind: str = "rejected") -> list[int]:
    path = folder / f"cam_01.{kind}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["event"]["attributes"]["number"] for line in lines]


def check(folder: Path, backend: FakeBackend, promised: list[int]) -> None:
    """Each promised event is stored or set aside, once and in order; an append that was cut short may be there."""
    arrived = sorted([*backend.stored, *rejected_numbers(folder)])
    assert arrived[: len(promised)] == promised
    assert len(arrived) <= len(promised) + 1
    assert len(set(arrived)) == len(arrived)
    assert backend.stored == sorted(backend.stored)
    assert set(rejected_numbers(folder)) == SET_ASIDE & set(arrived)


def operations_of(folder: Path) -> int:
    disk = CrashingDisk(folder, None)
    backend = FakeBackend(refused=REFUSED, poison=POISON)
    work(folder, disk, backend, [])
    disk.restore()
    assert (folder / "cam_01.jsonl").stat().st_size < MAX_BYTES
    deliver_all(folder, QuickDisk(), backend)
    check(folder, backend, list(range(EVENTS)))
    return disk.operations


@pytest.mark.parametrize("power_cut", [False, True], ids=["killed", "power cut"])
@pytest.mark.parametrize("half", [False, True], ids=["before a write", "half-way"])
def test_a_crash_at_any_operation_loses_and_doubles_nothing(tmp_path: Path, half: bool, power_cut: bool) -> None:
    operations = operations_of(tmp_path / "undisturbed")
    assert operations > 100
    for crash_at in range(operations):
        folder = tmp_path / str(crash_at)
        folder.mkdir()
        backend, promised = FakeBackend(refused=REFUSED, poison=POISON), list[int]()
        disk = CrashingDisk(folder, crash_at, half=half, power_cut=power_cut)
        with pytest.raises(Crash):
            work(folder, disk, backend, promised)
        disk.restore()
        deliver_all(folder, QuickDisk(), backend)
        check(folder, backend, promised)


@pytest.mark.parametrize("power_cut", [False, True], ids=["killed", "power cut"])
def test_a_crash_of_the_recovery_loses_nothing_either(tmp_path: Path, power_cut: bool) -> None:
    for first_crash in range(10, 100, 18):
        for second_crash in range(12):
            folder = tmp_path / f"{first_crash}-{second_crash}"
            folder.mkdir()
            backend, promised = FakeBackend(refused=REFUSED, poison=POISON), list[int]()
            for crash_at in (first_crash, second_crash):
                disk = CrashingDisk(folder, crash_at, half=True, power_cut=power_cut)
                with pytest.raises(Crash):
                    work(folder, disk, backend, promised, first=len(promised) + 1 if promised else 0)
                disk.restore()
            deliver_all(folder, QuickDisk(), backend)
            arrived = {*backend.stored, *rejected_numbers(folder)}
            assert set(promised) <= arrived
            assert backend.stored == sorted(backend.stored)


@pytest.mark.parametrize("power_cut", [False, True], ids=["killed", "power cut"])
@pytest.mark.parametrize("damage", ["header", "line", "header and offset"])
def test_damage_is_set_aside_once_whenever_the_crash_comes(tmp_path: Path, damage: str, power_cut: bool) -> None:
    crash_at = 0
    while True:
        folder = tmp_path / str(crash_at)
        backend = FakeBackend()
        with Outbox.open(folder, "cam_01", QuickDisk()) as outbox:
            for number in range(8):
                outbox.append(make_event(number))
            batch = outbox.read(2, 100_000)
            assert batch is not None
            outbox.acknowledge(batch)
        spoil(outbox.path, damage)
        disk = CrashingDisk(folder, crash_at, half=True, power_cut=power_cut)
        try:
            deliver_all(folder, disk, backend)
        except Crash:
            disk.restore()
            deliver_all(folder, QuickDisk(), backend)
        else:
            break
        assert backend.stored == ([2, 3, 4, 6, 7] if damage == "line" else [*range(8)])
        records = (folder / "cam_01.damaged.jsonl").read_text().splitlines()
        assert len(records) == 1
        crash_at += 1
    assert crash_at > 8


def spoil(path: Path, damage: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    index = 6 if damage == "line" else 0
    lines[index] = lines[index].replace(b"crc32", b"crc\xff2")
    path.write_bytes(b"".join(lines) + b'{"crc32":"0123')
    if damage == "header and offset":
        path.with_suffix(".offset").write_bytes(b"0")


def test_a_full_disk_refuses_events_but_harms_none(tmp_path: Path) -> None:
    probe = FullDisk(10**9, 10**9)
    work(tmp_path / "undisturbed", probe, FakeBackend(refused=REFUSED, poison=POISON), [])
    # The first operations are those of opening, where a full disk is a mistake to be mended first.
    for first in range(8, probe.operations):
        folder = tmp_path / str(first)
        with Outbox.open(folder, "cam_01", QuickDisk()):
            pass
        backend, promised = FakeBackend(refused=REFUSED, poison=POISON), list[int]()
        disk = FullDisk(first, first + 6)
        with Outbox.open(folder, "cam_01", disk, max_bytes=MAX_BYTES) as outbox:
            for number in range(EVENTS):
                try:
                    outbox.append(make_event(number))
                except OutboxFull:
                    continue
                finally:
                    if number % 7 == 6:
                        courier = Courier(outbox, backend, FakeClock(), "backend")
                        for _ in range(4):
                            courier.deliver_batch()
                promised.append(number)
            assert outbox.refused == EVENTS - len(promised)
        deliver_all(folder, QuickDisk(), backend)
        arrived = sorted([*backend.stored, *rejected_numbers(folder)])
        assert arrived == promised
        assert backend.stored == sorted(backend.stored)


@pytest.mark.parametrize("most_lines", [1000, 8], ids=["large requests", "small requests"])
def test_a_disk_that_the_outbox_itself_has_filled_is_empty_again_when_all_is_sent(
    tmp_path: Path, most_lines: int
) -> None:
    backend, promised = FakeBackend(), list[int]()
    with Outbox.open(tmp_path, "cam_01", SmallDisk(tmp_path, 40)) as outbox:
        courier = Courier(outbox, backend, FakeClock(), "backend", most_lines=lambda: most_lines)
        for number in range(1_000):
            # The backend is away for most of the time, so that the disk fills again and again.
            with suppress(OutboxFull):
                outbox.append(make_event(number))
                promised.append(number)
            if number % 450 == 449:
                while courier.deliver_batch() != Idle():
                    pass
        assert outbox.refused > 100
        assert promised[-1] == 999
        assert outbox.path.stat().st_size < 100_000
    deliver_all(tmp_path, QuickDisk(), backend)
    assert backend.stored == promised


def test_a_full_outbox_has_room_after_its_events_are_sent_wherever_a_crash_came(tmp_path: Path) -> None:
    crash_at, is_crashing = 0, True
    while is_crashing:
        folder = tmp_path / str(crash_at)
        with Outbox.open(folder, "cam_01", QuickDisk(), max_bytes=MAX_BYTES) as outbox, suppress(OutboxFull):
            for number in range(1_000):
                outbox.append(make_event(number))
        disk = CrashingDisk(folder, crash_at)
        backend = FakeBackend()
        try:
            deliver_all(folder, disk, backend)
            is_crashing = False
        except Crash:
            disk.restore()
        deliver_all(folder, QuickDisk(), backend)
        with Outbox.open(folder, "cam_01", QuickDisk(), max_bytes=MAX_BYTES) as outbox:
            outbox.append(make_event(1_000))
            assert outbox.depth == 1
        crash_at += 1
    assert crash_at > 8
