"""Decoding by hardware: played here, where there is none; what it is said to be, and the processor in its place."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from edge_service.video import hardware
from edge_service.video.file_source import FileSource
from edge_service.video.group_decoder import Decoding
from edge_service.video.hardware import HardwareDecoding, HwaccelName
from edge_service.video.packet_ring import PacketRing
from tests.edge_service import tiny_videos


class Played:
    """A decoder of a graphics card, as PyAV's look, that the processor plays."""

    def __init__(self, codec: str, *, is_hwaccel: bool = True, pix_fmt: str = "cuda") -> None:
        self.real: Any = av.CodecContext.create(codec, "r")
        self.is_hwaccel, self.pix_fmt = is_hwaccel, pix_fmt

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("real", "is_hwaccel", "pix_fmt"):
            object.__setattr__(self, name, value)
        else:
            setattr(self.real, name, value)

    def decode(self, packet: Any) -> Any:  # noqa: ANN401 - as PyAV's
        return self.real.decode(packet)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_videos.draw_video(tmp_path_factory.mktemp("hardware") / "a.mp4", rate=Fraction(10), key_every=10)


def watch(video: Path, decoding: HardwareDecoding) -> list[tuple[float, bytes]]:
    source = FileSource(video, fps=5, ring=PacketRing(60), decoding=Decoding(hardware=decoding))
    return [(frame.time_s, frame.image().tobytes()) for frame in source]


@pytest.fixture(autouse=True)
def a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "hwdevices_available", lambda: ["qsv", "cuda"])
    monkeypatch.setattr(hardware, "_create", lambda codec, _: Played(codec))


@pytest.mark.parametrize(("wanted", "runs_on"), [("cuda", "cuda"), ("qsv", "qsv"), ("auto", "cuda"), ("none", "cpu")])
def test_what_works_is_used_and_its_pictures_are_the_same(
    video: Path,
    wanted: HwaccelName,
    runs_on: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    decoding = HardwareDecoding(wanted)
    assert decoding.is_there == (wanted != "none")
    seen = watch(video, decoding)
    assert seen == watch(video, HardwareDecoding("none"))
    assert (decoding.runs_on, decoding.why_not) == (runs_on, None)
    assert (f"pictures are decoded by {runs_on}" in caplog.text) == (wanted != "none")


@pytest.mark.parametrize(
    ("create", "why_not"),
    [
        (av.error.PermissionError(1, "Operation not permitted"), "not by cuda: Operation not permitted; is there such"),
        ({"is_hwaccel": False}, "not by cuda: this PyAV decodes no h264 by it"),
        ({"pix_fmt": "yuv420p"}, "not by cuda: it cannot decode this kind of picture, and FFmpeg took the processor"),
    ],
)
def test_where_it_does_not_work_the_processor_decodes_with_a_word(
    video: Path,
    create: Exception | dict[str, Any],
    why_not: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def played(codec: str, _: str) -> Played:
        if isinstance(create, Exception):
            raise create
        return Played(codec, **create)

    plain = watch(video, HardwareDecoding("none"))
    monkeypatch.setattr(hardware, "_create", played)
    decoding = HardwareDecoding("cuda")
    assert watch(video, decoding) == plain
    assert decoding.runs_on == "cpu"
    assert str(decoding.why_not).startswith(why_not)
    assert caplog.text.count(f"pictures are decoded by the processor (CPU), {why_not}") == 1


def test_what_this_pyav_lacks_is_said_with_what_it_has() -> None:
    decoding = HardwareDecoding("vaapi")
    assert not decoding.is_there
    assert decoding.why_not == "not by vaapi: this PyAV has it not; it has qsv, cuda"


def test_hardware_that_is_lost_or_cannot_decode_the_codec_is_left_for_the_processor(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding = HardwareDecoding("cuda")
    monkeypatch.setattr(hardware, "_create", lambda codec, _: Played(codec, is_hwaccel=False))
    assert watch(video, decoding)
    assert (decoding.runs_on, decoding.why_not) == ("cpu", "not by cuda: it decodes no h264 here")


def test_auto_is_quiet_where_there_is_none(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    monkeypatch.undo()
    monkeypatch.setattr(hardware, "hwdevices_available", list)
    decoding = HardwareDecoding("auto")
    assert (decoding.is_there, decoding.runs_on, decoding.why_not) == (False, "cpu", None)
    assert [record.levelname for record in caplog.records] == ["INFO"]
