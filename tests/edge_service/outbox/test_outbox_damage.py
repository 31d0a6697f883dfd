"""An outbox whose files were damaged, cut, exchanged or forgotten loses no more than what was hit."""

import json
from pathlib import Path

import pytest

from tests.edge_service.opened_outbox import NO_LIMIT, numbers, open_outbox, read_all
from tests.edge_service.outbox_events import make_event


def split_lines(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


def fill(folder: Path, count: int) -> Path:
    with open_outbox(folder) as outbox:
        for number in range(count):
            outbox.append(make_event(number))
        return outbox.path


def test_a_torn_last_line_of_any_length_is_cut_off(tmp_path: Path) -> None:
    path = fill(tmp_path, 3)
    whole = path.read_bytes()
    last_bytes = len(whole.splitlines(keepends=True)[-1])
    for length in range(len(whole) - last_bytes, len(whole)):
        path.write_bytes(whole[:length])
        with open_outbox(tmp_path) as outbox:
            assert outbox.depth == 2
            outbox.append(make_event(7))
            assert numbers(read_all(outbox)) == [0, 1, 7]
    assert not (tmp_path / "cam_01.damaged.jsonl").exists()


def test_any_flipped_bit_costs_the_lines_that_it_hits_and_no_other(tmp_path: Path) -> None:
    path = fill(tmp_path, 3)
    whole = path.read_bytes()
    lines = split_lines(whole)
    damaged_path = tmp_path / "cam_01.damaged.jsonl"
    # The very last byte is left out: a line without its line break is one that was never finished.
    line_breaks = [index for index, byte in enumerate(whole[:-1]) if byte == ord("\n")]
    for index in sorted({*range(0, len(whole) - 1, 5), *line_breaks}):
        spoiled = bytearray(whole)
        spoiled[index] ^= 1 << index % 8
        path.write_bytes(spoiled)
        damaged_path.unlink(missing_ok=True)
        with open_outbox(tmp_path) as outbox:
            found = numbers(read_all(outbox))
        left = split_lines(bytes(spoiled))
        aside = [json.loads(line)["text"] for line in damaged_path.read_text().splitlines()]
        assert found == [number for number, line in enumerate(lines[1:]) if line in left]
        assert len(found) >= 1
        assert [text.encode("utf-8", "surrogateescape") for text in aside] == [
            line for line in left if line not in lines
        ]


def test_damage_is_set_aside_once_however_often_it_is_read(tmp_path: Path) -> None:
    path = fill(tmp_path, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b"\x00" * 100 + b"\n"
    path.write_bytes(b"".join(lines))
    for _ in range(3):
        with open_outbox(tmp_path) as outbox:
            for _ in range(2):
                assert numbers(read_all(outbox)) == [0, 2, 3]
    assert len((tmp_path / "cam_01.damaged.jsonl").read_text().splitlines()) == 1
    with open_outbox(tmp_path) as outbox:
        batch = read_all(outbox)
        assert batch is not None
        outbox.acknowledge(batch)
        assert outbox.depth == 0


@pytest.mark.parametrize("offset", [None, b"", b"rubbish", b"\x00" * 60])
def test_a_forgotten_position_sends_again_what_is_in_the_file(tmp_path: Path, offset: bytes | None) -> None:
    fill(tmp_path, 3)
    with open_outbox(tmp_path) as outbox:
        batch = outbox.read(2, NO_LIMIT)
        assert batch is not None
        outbox.acknowledge(batch)
    path = tmp_path / "cam_01.offset"
    if offset is None:
        path.unlink()
    else:
        path.write_bytes(offset)
    with open_outbox(tmp_path) as outbox:
        assert outbox.depth == 3
        assert numbers(read_all(outbox)) == [0, 1, 2]


def test_a_position_inside_a_line_is_of_another_file(tmp_path: Path) -> None:
    with open_outbox(tmp_path / "other") as outbox:
        outbox.append(make_event(0))
        batch = read_all(outbox)
        assert batch is not None
        outbox.acknowledge(batch)
    with open_outbox(tmp_path) as outbox:
        outbox.append(make_event(1, padding=9))
    (tmp_path / "other" / "cam_01.offset").rename(tmp_path / "cam_01.offset")
    with open_outbox(tmp_path) as outbox:
        assert numbers(read_all(outbox)) == [1]


@pytest.mark.parametrize("remains", ["nothing", "header and one event", "events without a header"])
def test_a_position_that_belongs_to_another_file_skips_nothing(tmp_path: Path, remains: str) -> None:
    path = fill(tmp_path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    with open_outbox(tmp_path) as outbox:
        batch = read_all(outbox)
        assert batch is not None
        outbox.acknowledge(batch)
    kept = {"nothing": [], "header and one event": lines[:2], "events without a header": lines[1:]}[remains]
    path.write_bytes(b"".join(kept))
    expected = [0, 1, 2][: sum(b'"event"' in line for line in kept)]
    with open_outbox(tmp_path) as outbox:
        for number in range(10, 20):
            outbox.append(make_event(number))
    with open_outbox(tmp_path) as outbox:
        assert numbers(read_all(outbox)) == [*expected, *range(10, 20)]
    assert not (tmp_path / "cam_01.damaged.jsonl").exists()
