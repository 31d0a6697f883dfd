"""Reading a camera that goes and comes back: what arrives, when it is shown, and what is said of it."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from backend_api.base.process import UsageError
from edge_service.video.live.connection import AccessDenied, Connection
from edge_service.video.live.packet_queue import PacketQueue
from edge_service.video.live.reader import MAX_DELAY_S, LiveReader
from edge_service.video.packets import EncodedPacket
from tests.edge_service.scripted_camera import ScriptedCamera, Sends, evenly, format_of, raw_packets
from tests.fake_clock import FakeClock

Drawn = Callable[[str], Path]


def read(*script: Sends | str, clock: FakeClock | None = None) -> tuple[LiveReader, list[EncodedPacket]]:
    """What a reader has of a camera once the script is over."""
    clock = clock or FakeClock()
    camera, queue = ScriptedCamera(script, clock), PacketQueue()
    reader = LiveReader(camera.connect, "rtsp://cam/1", queue, clock, Random(1), clock.monotonic_s())
    camera.end = reader.close
    reader.run()
    return reader, queue.take()


@pytest.mark.parametrize("kind", ["no_b_frames", "b_frames", "variable_rate", "mpeg4"])
def test_every_packet_comes_once_at_the_time_of_its_arrival(kind: str, drawn: Drawn) -> None:
    raw = raw_packets(drawn(kind))
    reader, packets = read(Sends(format_of(drawn(kind)), evenly(raw)))
    assert [packet.data for packet in packets] == [packet.data for packet in raw]
    assert reader.captured == len(raw)
    assert packets[0].time_s == pytest.approx(0.04, abs=0.13)
    assert packets[-1].time_s == pytest.approx(len(raw) * 0.04, abs=0.3)
    assert all(before.dts < after.dts for before, after in pairwise(packets) if before.dts and after.dts)
    assert all(packet.dts is not None and packet.pts >= packet.dts for packet in packets)
    shown = sorted(packet.pts for packet in packets)
    assert len(set(shown)) == len(shown)


def test_without_stamps_it_is_the_arrival(drawn: Drawn) -> None:
    raw = [replace(packet, stamp_s=None) for packet in raw_packets(drawn("no_b_frames"))]
    _, packets = read(Sends(format_of(drawn("no_b_frames")), evenly(raw)))
    assert [packet.time_s for packet in packets] == pytest.approx([0.04 * n for n in range(1, 76)])


def test_a_first_picture_without_a_stamp_keeps_its_place(drawn: Drawn) -> None:
    first, *rest = raw_packets(drawn("no_b_frames"))
    raw = [replace(first, stamp_s=None), *rest]
    _, packets = read(Sends(format_of(drawn("no_b_frames")), evenly(raw)))
    assert packets[0].is_key
    assert [packet.time_s for packet in packets] == pytest.approx([0.04 * n for n in range(1, 76)])


def test_what_comes_before_the_first_key_picture_is_counted_and_left_out(drawn: Drawn) -> None:
    raw = raw_packets(drawn("no_b_frames"))[10:]
    reader, packets = read(Sends(format_of(drawn("no_b_frames")), evenly(raw)))
    assert packets[0].is_key
    assert (reader.captured, len(packets)) == (65, 50)


def test_a_camera_that_is_lost_is_connected_again_and_time_goes_on(
    drawn: Drawn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sends = Sends(format_of(drawn("no_b_frames")), evenly(raw_packets(drawn("no_b_frames"))), then="reset by peer")
    clock = FakeClock()
    reader, packets = read(sends, *["connection refused"] * 30, replace(sends, then=None), clock=clock)
    assert (reader.captured, reader.connections) == (150, 2)
    assert packets[74].format is packets[75].format
    assert packets[75].time_s == pytest.approx(sum(clock.waits_s[:31]) + 76 * 0.04)
    assert max(clock.waits_s) <= MAX_DELAY_S
    assert [record.getMessage() for record in caplog.records] == [
        "rtsp://cam/1: sends h264 96x64 yuv420p, 25 frames a second",
        "rtsp://cam/1: reset by peer; trying again until pictures come",
        "rtsp://cam/1: sends pictures again",
        "rtsp://cam/1: the camera ended the stream; trying again until pictures come",
    ]


def test_a_camera_that_is_away_at_the_start_is_told_once(drawn: Drawn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sends = Sends(format_of(drawn("no_b_frames")), evenly(raw_packets(drawn("no_b_frames"))))
    reader, _ = read("connection refused", "no answer", "connection refused", sends)
    assert reader.connections == 1
    assert reader.problem == "the camera ended the stream"
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "connection refused; trying again until pictures come",
        "sends h264 96x64 yuv420p, 25 frames a second",
        "the camera ended the stream; trying again until pictures come",
    ]


def test_other_parameters_of_the_codec_are_another_format(drawn: Drawn) -> None:
    kinds = ["no_b_frames", "ntsc", "ntsc"]
    _, packets = read(*(Sends(format_of(drawn(kind)), evenly(raw_packets(drawn(kind)))) for kind in kinds))
    formats = [packet.format for packet in packets if packet.is_key]
    assert formats[0] is not formats[3]
    assert formats[3] is formats[-1]


def test_what_a_server_repeats_after_a_reconnection_is_left_out(drawn: Drawn) -> None:
    raw = raw_packets(drawn("no_b_frames"))
    stream_format = format_of(drawn("no_b_frames"))
    # All three seconds at once: the last second is new, the rest was seen.
    _, packets = read(Sends(stream_format, evenly(raw)), Sends(stream_format, [(0.0, packet) for packet in raw]))
    assert len(packets) < 150
    assert all(before.time_s < after.time_s for before, after in pairwise(packets))


def test_an_address_that_is_no_camera_ends_it() -> None:
    def refuse() -> ScriptedCamera:
        raise UsageError("is a recording")

    clock = FakeClock()
    reader = LiveReader(refuse, "x", PacketQueue(), clock, Random(1), clock.monotonic_s())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is a recording"):
        reader.run()


def test_what_was_a_camera_once_is_tried_again_whatever_it_answers(
    drawn: Drawn, caplog: pytest.LogCaptureFixture
) -> None:
    sends = Sends(format_of(drawn("no_b_frames")), evenly(raw_packets(drawn("no_b_frames"))))
    clock, queue, answers = FakeClock(), PacketQueue(), iter([True, False, True, True])
    camera = ScriptedCamera([sends, sends], clock)

    def connect() -> AbstractContextManager[Connection]:
        if next(answers):
            return camera.connect()
        raise UsageError("http://cam/1: is a recording")

    reader = LiveReader(connect, "http://cam/1", queue, clock, Random(1), clock.monotonic_s())
    camera.end = reader.close
    reader.run()
    assert reader.connections == 2
    assert "http://cam/1: the camera ended the stream; trying again" in caplog.text


def test_a_camera_that_denies_its_password_is_asked_seldom(caplog: pytest.LogCaptureFixture) -> None:
    clock, tries = FakeClock(), 0

    def deny() -> AbstractContextManager[Connection]:
        nonlocal tries
        tries += 1
        if tries == 7:
            reader.close()
        raise AccessDenied("refuses the user name or the password")

    reader = LiveReader(deny, "rtsp://cam/1", PacketQueue(), clock, Random(1), clock.monotonic_s())
    reader.run()
    # At most seven times within half an hour, of which many cameras lock a user out.
    assert clock.waits_s == [60.0, 300.0, 900.0, 1800.0, 1800.0, 1800.0]
    assert reader.problem == "refuses the user name or the password"
    assert len(caplog.records) == 1


def test_the_camera_s_wall_clock_says_how_far_media_time_is_ahead_of_it(drawn: Drawn) -> None:
    raw = raw_packets(drawn("no_b_frames"))
    told = [replace(packet, wall_s=1e9 + 0.04 * number) for number, packet in enumerate(raw)]
    told[50] = replace(told[50], wall_s=0.0)  # one report is wrong
    later = [
        replace(packet, stamp_s=(packet.stamp_s or 0.0) + 3.0, wall_s=(packet.wall_s or 0.0) + 3.0) for packet in told
    ]
    stream_format = format_of(drawn("no_b_frames"))
    reader, packets = read(Sends(stream_format, evenly([*told, *later])))
    assert reader.wall_offset_s == pytest.approx(packets[0].time_s - 1e9, abs=0.01)
    few, _ = read(Sends(stream_format, evenly(told)))
    assert few.wall_offset_s is None
    silent, _ = read(Sends(stream_format, evenly(raw * 2)))
    assert silent.wall_offset_s is None
