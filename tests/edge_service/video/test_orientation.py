"""The eight ways in which a picture may be turned and mirrored, held against ffmpeg, which shows as players do."""

import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from edge_service.clips.cut import cut
from edge_service.video.file_source import FileSource
from edge_service.video.orientation import UPRIGHT, Orientation
from edge_service.video.packet_ring import PacketRing
from tests.edge_service.tiny_videos import draw_video
from tests.requirements import need_program

WIDTH, HEIGHT = 96, 64
WAYS = list(product((0, 90, 180, -90), (False, True), (False, True)))


def as_ffmpeg_shows(path: Path, width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The first picture, height x width x 3, BGR."""
    command = [need_program("ffmpeg"), "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo"]
    shown = subprocess.run([*command, "-pix_fmt", "bgr24", "-"], check=True, capture_output=True)
    return np.frombuffer(shown.stdout, np.uint8).reshape(height, width, 3)


@pytest.mark.parametrize(("rotation_deg", "hflip", "vflip"), WAYS)
def test_the_picture_and_its_clip_are_as_players_show_them(
    rotation_deg: int, hflip: bool, vflip: bool, tmp_path: Path
) -> None:
    path = draw_video(
        tmp_path / "a.mp4", size=(WIDTH, HEIGHT), seconds=1, rotation_deg=rotation_deg, hflip=hflip, vflip=vflip
    )
    ring = PacketRing(60)
    frame = next(iter(source := FileSource(path, fps=25, ring=ring)))
    expected = as_ffmpeg_shows(path, frame.width, frame.height).astype(int)
    assert (frame.width, frame.height) == ((HEIGHT, WIDTH) if rotation_deg in (90, -90) else (WIDTH, HEIGHT))
    assert np.mean(np.abs(frame.image() - expected)) < 3
    for _ in source:
        pass
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(cut(ring.select(0, 1), 0, 1, 0.5).mp4)
    assert np.mean(np.abs(as_ffmpeg_shows(clip, frame.width, frame.height) - expected)) < 8


def test_every_way_is_another_one() -> None:
    picture = np.arange(6).reshape(2, 3)
    ways = [Orientation(*flags) for flags in product((False, True), repeat=3)]
    assert len({way.applied(picture).tobytes() + bytes(way.applied(picture).shape) for way in ways}) == 8
    assert UPRIGHT.applied(picture).tolist() == picture.tolist()
