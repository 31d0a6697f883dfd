"""The outbox keeps its promise: what was appended waits, in order, until it is acknowledged."""

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backend_api.base.process import REPOSITORY, UsageError
from backend_api.contract.events import MAX_BATCH_BYTES
from edge_service.outbox.batch import Refusal
from edge_service.outbox.outbox import Outbox, OutboxFull
from edge_service.outbox.sealed_line import event_body, seal
from tests.edge_service.crashing_disk import QuickDisk
from tests.edge_service.opened_outbox import NO_LIMIT, numbers, open_outbox, read_all
from tests.edge_service.outbox_events import make_event


def test_events_come_out_as_they_went_in_until_they_are_acknowledged(tmp_path: Path) -> None:
    with open_outbox(tmp_path / "new" / "folder") as outbox:
        for number in range(5):
            outbox.append(make_event(number))
        batch = outbox.read(2, NO_LIMIT)
        assert batch is not None
        assert batch.ndjson() == b"".join(event_body(make_event(number)) + b"\n" for number in (0, 1))
        assert numbers(outbox.read(3, NO_LIMIT)) == [0, 1, 2]
        assert outbox.depth == 5
        outbox.acknowledge(batch)
        assert outbox.depth == 3
        assert numbers(read_all(outbox)) == [2, 3, 4]


def test_a_restart_goes_on_where_the_last_run_ended(tmp_path: Path) -> None:
    with open_outbox(tmp_path) as outbox:
        for number in range(5):
            outbox.append(make_event(number))
        batch = outbox.read(2, NO_LIMIT)
        assert batch is not None
        outbox.acknowledge(batch)
    with open_outbox(tmp_path) as outbox:
        assert outbox.depth == 3
        assert numbers(read_all(outbox)) == [2, 3, 4]


def test_a_batch_keeps_to_its_bytes_but_has_one_event_at_least(tmp_path: Path) -> None:
    with open_outbox(tmp_path) as outbox:
        for number in range(3):
            outbox.append(make_event(number))
        event_bytes = len(event_body(make_event(0))) + 1
        assert numbers(outbox.read(10, 2 * event_bytes)) == [0, 1]
        assert numbers(outbox.read(10, 2 * event_bytes - 1)) == [0]
        assert numbers(outbox.read(10, 1)) == [0]


def test_a_part_of_a_batch_can_be_acknowledged(tmp_path: Path) -> None:
    with open_outbox(tmp_path) as outbox:
        for number in range(3):
            outbox.append(make_event(number))
        batch = read_all(outbox)
        assert batch is not None
        outbox.acknowledge(batch.first(2))
        assert outbox.depth == 1
        assert numbers(read_all(outbox)) == [2]


def test_the_signal_says_that_there_is_something_to_send(tmp_path: Path) -> None:
    with open_outbox(tmp_path) as outbox:
        assert read_all(outbox) is None
        assert not outbox.signal.is_set()
        outbox.append(make_event(0))
        assert outbox.signal.is_set()
    with open_outbox(tmp_path) as outbox:
        assert outbox.signal.is_set()


def test_the_file_shrinks_when_its_events_are_acknowledged(tmp_path: Path) -> None:
    with open_outbox(tmp_path, max_bytes=100_000) as outbox:
        sizes_bytes = []
        for number in range(600):
            outbox.append(make_event(number))
            batch = outbox.read(1, NO_LIMIT)
            assert numbers(batch) == [number]
            assert batch is not None
            outbox.acknowledge(batch)
            sizes_bytes.append(outbox.path.stat().st_size)
        assert max(sizes_bytes) < 30_000
        assert outbox.depth == 0


def test_when_it_is_full_it_refuses_says_so_once_and_goes_on_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with open_outbox(tmp_path, max_bytes=5_000) as outbox:
        taken = 4_900 // len(seal(b"event", event_body(make_event(10))))
        for number in range(taken):
            outbox.append(make_event(number))
        with pytest.raises(OutboxFull, match=r"cam_01.jsonl.*5000 bytes"):
            outbox.append(make_event(99))
        with pytest.raises(OutboxFull):
            outbox.append(make_event(100))
        assert outbox.refused == 2
        assert outbox.depth == taken
        assert outbox.path.stat().st_size <= 5_000
        batch = read_all(outbox)
        assert numbers(batch) == [*range(taken)]
        assert batch is not None
        outbox.acknowledge(batch)
        outbox.append(make_event(101))
        assert numbers(read_all(outbox)) == [101]
    assert len(caplog.messages) == 2
    assert "refuses new events" in caplog.messages[0]
    assert "takes events again; 2 were refused" in caplog.messages[1]


def test_an_event_that_no_request_can_hold_is_a_mistake(tmp_path: Path) -> None:
    with open_outbox(tmp_path) as outbox, pytest.raises(ValueError, match="more than the backend takes"):
        outbox.append(make_event(0, padding=MAX_BATCH_BYTES))


def test_an_event_that_comes_while_the_sender_finds_none_is_not_overlooked(tmp_path: Path) -> None:
    with open_outbox(tmp_path) as outbox:

        class AppendedJustBefore(threading.Event):
            def clear(self) -> None:
                outbox.append(make_event(0))
                super().clear()

        outbox.signal = AppendedJustBefore()
        assert outbox.read(1, NO_LIMIT) is not None or outbox.signal.is_set()


def test_what_the_backend_refused_is_kept_with_its_answer_once(tmp_path: Path) -> None:
    with open_outbox(tmp_path) as outbox:
        refusal = Refusal(event_body(make_event(1)), 422, "machine_id: unknown")
        outbox.reject([refusal])
        outbox.reject([refusal])
    with open_outbox(tmp_path) as outbox:
        outbox.reject([refusal])
        record = json.loads(outbox.rejected_path.read_text())
    assert (record["status"], record["error"]) == (422, "machine_id: unknown")
    assert record["event"] == json.loads(event_body(make_event(1)))


def test_a_second_edge_with_the_same_camera_is_refused(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from backend_api.base.durable_files import Disk; from edge_service.outbox.outbox import Outbox\n"
        "with Outbox.open(Path(sys.argv[1]), 'cam_01', Disk()):\n    print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(UsageError, match=r"cam_01.*cam_01\.lock.*--camera-id"):
            open_outbox(tmp_path)
        with Outbox.open(tmp_path, "cam_02", QuickDisk()):
            pass
        other.kill()
    with open_outbox(tmp_path) as outbox:
        assert outbox.depth == 0


def test_a_folder_that_cannot_be_one_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file/outbox.*--outbox-dir"):
        open_outbox(tmp_path / "file" / "outbox")


def test_a_failed_start_lets_go_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "cam_01.jsonl").mkdir()
    with pytest.raises(UsageError):
        open_outbox(tmp_path)
    (tmp_path / "cam_01.jsonl").rmdir()
    with open_outbox(tmp_path) as outbox:
        assert outbox.depth == 0


def test_one_thread_appends_while_another_sends(tmp_path: Path) -> None:
    # Small enough for the file to be exchanged several times, large enough for all events.
    with open_outbox(tmp_path, max_bytes=200_000) as outbox:
        seen: list[int] = []

        def send() -> None:
            while len(seen) < 300:
                outbox.signal.wait()
                while batch := outbox.read(20, NO_LIMIT):
                    seen.extend(numbers(batch))
                    outbox.acknowledge(batch)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        for number in range(300):
            outbox.append(make_event(number))
        sender.join(timeout=60)
        assert seen == [*range(300)]
        assert outbox.depth == 0
