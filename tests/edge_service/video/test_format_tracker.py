"""New parameters of the codec in the middle: every picture is decoded, and clips before and after are whole."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from av.stream import Stream

from edge_service.clips.cut import cut
from edge_service.video.file_probe import probe
from edge_service.video.file_source import FileSource
from edge_service.video.format_tracker import FormatTracker
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import MAX_SIDE_PX, PictureTooLarge, bounded
from tests.edge_service.tiny_videos import draw_video

FIRST, SECOND = (96, 64), (160, 96)
SECONDS = 2
Tag = tuple[int, int, bytes]


def tags(data: bytes) -> Iterator[Tag]:
    """Kind, milliseconds and body of each tag of an FLV file (Adobe's specification, annex E)."""
    at = 13
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4])
        yield data[at], int.from_bytes(data[at + 7 : at + 8] + data[at + 4 : at + 7]), data[at + 11 : at + 11 + size]
        at += 15 + size


def tag(kind: int, time_ms: int, body: bytes) -> bytes:
    stamp = time_ms.to_bytes(4)
    head = bytes([kind]) + len(body).to_bytes(3) + stamp[1:] + stamp[:1] + bytes(3)
    return head + body + (11 + len(body)).to_bytes(4)


def joined_flv(folder: Path, first: Path, second: Path) -> Path:
    """As a server sends a camera whose encoder begins anew: a new sequence header between two pictures."""
    data = first.read_bytes()
    later = b"".join(tag(kind, at + SECONDS * 1000, body) for kind, at, body in tags(second.read_bytes()) if kind == 9)
    # Without what says how long it is, and the mark of its end.
    kept = [(kind, at, body) for kind, at, body in tags(data) if kind == 9 and body[1] != 2]
    path = folder / "joined.flv"
    path.write_bytes(data[:13] + b"".join(tag(*part) for part in kept) + later)
    return path


def joined_ts(folder: Path, first: Path, second: Path) -> Path:
    path = folder / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    return path


@pytest.fixture(params=["flv", "ts"])
def joined(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two seconds of 96x64 and two of 160x96, with B frames in the second."""
    suffix = request.param
    parts = [
        draw_video(tmp_path / f"{name}.{suffix}", size=size, seconds=SECONDS, options={"bf": bf})
        for name, size, bf in (("a", FIRST, "0"), ("b", SECOND, "2"))
    ]
    join = joined_flv if suffix == "flv" else joined_ts
    return join(tmp_path, *parts)


def test_every_picture_before_and_after_is_seen_in_its_size(joined: Path, caplog: pytest.LogCaptureFixture) -> None:
    ring = PacketRing(60)
    source = FileSource(joined, fps=25, ring=ring)
    sizes = [(frame.width, frame.height) for frame in source if frame.image().shape == (frame.height, frame.width, 3)]
    assert sizes == [FIRST] * 50 + [SECOND] * 50
    assert "damaged" not in caplog.text
    formats = {id(packet.format): packet.format for packet in ring.select(0, 60)}
    assert [(f.width, f.height) for f in formats.values()] == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("start_s", "end_s", "size", "count"), [(0, 1.97, FIRST, 50), (2, 4.5, SECOND, 50), (0, 4.5, SECOND, 100)]
)
def test_clips_before_after_and_across_are_whole(
    joined: Path, start_s: float, end_s: float, size: tuple[int, int], count: int
) -> None:
    ring = PacketRing(60)
    for _ in FileSource(joined, fps=5, ring=ring):
        pass
    clip = cut(ring.select(start_s, end_s), start_s, end_s, end_s - 1)
    assert (clip.width, clip.height) == size
    with av.open(io.BytesIO(clip.mp4), "r") as container:
        frames = list(container.decode(video=0))
    assert {(frame.width, frame.height) for frame in frames} == {size}
    assert count - 2 <= len(frames) <= count + 2  # containers round, and begin at their own time


def test_it_repeats(joined: Path) -> None:
    assert sum(1 for _ in FileSource(joined, fps=25, loop=2, ring=PacketRing(5))) == 200


def test_what_says_the_same_again_is_no_other_format(tmp_path: Path) -> None:
    ring = PacketRing(60)
    path = draw_video(tmp_path / "a.ts", size=FIRST, seconds=3)
    twice = tmp_path / "twice.ts"
    with twice.open("wb") as file:
        for _ in range(2):
            with path.open("rb") as part:
                shutil.copyfileobj(part, file)
    for _ in FileSource(twice, fps=5, ring=ring):
        pass
    assert len({id(packet.format) for packet in ring.select(0, 60)}) == 1


def test_pictures_have_a_largest_size() -> None:
    bounded(MAX_SIDE_PX, MAX_SIDE_PX)
    with pytest.raises(PictureTooLarge, match="9000x100 pixels, more than 8192 a side"):
        bounded(9000, 100)


def test_the_length_of_a_slice_is_no_start_code(tmp_path: Path) -> None:
    """In MP4 units have lengths before them: one of 0x127 bytes looks like the start of parameters (00 00 01 27)."""
    path = draw_video(tmp_path / "a.mp4")
    stream_format = probe(path)
    units = b"".join(length.to_bytes(4) + b"\x65".ljust(length, b"\xaa") for length in (0x127, 0x128, 0x100))
    with av.open(str(path)) as container:
        tracker = FormatTracker(container.streams.video[0], stream_format)
        packet: av.Packet[Stream] = av.Packet(len(units))
        packet.update(units)
        packet.is_keyframe = True
        assert tracker.format_of(packet) is stream_format
