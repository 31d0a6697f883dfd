"""The last seconds of encoded video."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket
from tests.edge_service.encoded_packets import made_up_packet


def fill(ring: PacketRing, seconds: int, *, key_every: int = 20) -> None:
    """Ten packets a second."""
    for number in range(seconds * 10):
        ring.append(made_up_packet(number * 100, is_key=number % key_every == 0))


def times_ms(packets: tuple[EncodedPacket, ...]) -> list[int]:
    return [packet.pts for packet in packets]


def test_gives_from_the_key_picture_before_the_start_to_the_last_picture_at_the_end() -> None:
    ring = PacketRing(reach_s=60)
    fill(ring, 10)
    assert times_ms(ring.select(3.5, 5.0)) == list(range(2000, 5001, 100))
    assert times_ms(ring.select(4.0, 4.05)) == [4000]


def test_gives_what_there_is_when_less_is_there_than_asked() -> None:
    ring = PacketRing(reach_s=60)
    assert ring.select(0, 10) == ()
    fill(ring, 2)
    assert times_ms(ring.select(-3, 50)) == list(range(0, 2000, 100))


def test_keeps_nothing_before_the_first_key_picture() -> None:
    ring = PacketRing(reach_s=60)
    ring.append(made_up_packet(0))
    assert ring.select(0, 1) == ()
    ring.append(made_up_packet(100, is_key=True))
    assert times_ms(ring.select(0, 1)) == [100]
    assert ring.began_s == pytest.approx(0.1)


def test_the_leading_pictures_of_an_open_group_are_left_out() -> None:
    ring = PacketRing(reach_s=60)
    decoding_order = [(0, True), (100, False), (400, True), (200, False), (300, False), (500, False)]
    for position, (time_ms, is_key) in enumerate(decoding_order):
        ring.append(made_up_packet(time_ms, is_key=is_key, dts_ms=position * 100 - 200))
    assert times_ms(ring.select(0.45, 1)) == [400, 500]
    assert times_ms(ring.select(0.0, 1)) == [0, 100, 400, 200, 300, 500]


def test_pictures_that_the_last_one_refers_to_come_with_it() -> None:
    ring = PacketRing(reach_s=60)
    for time_ms, dts_ms in ((0, -200), (300, -100), (100, 0), (200, 100), (600, 200), (400, 300), (500, 400)):
        ring.append(made_up_packet(time_ms, is_key=time_ms == 0, dts_ms=dts_ms))
    assert times_ms(ring.select(0, 0.1)) == [0, 300, 100]


def test_is_complete_up_to_the_decoding_time() -> None:
    ring = PacketRing(reach_s=60)
    ring.append(made_up_packet(0, is_key=True, dts_ms=-200))
    ring.append(made_up_packet(300, dts_ms=-100))
    assert ring.complete_s == pytest.approx(-0.1)
    ring.append(made_up_packet(100, dts_ms=100))
    assert ring.complete_s == pytest.approx(0.1)


@given(st.floats(1, 12), st.integers(1, 40))
def test_reaches_back_as_far_as_asked_and_hardly_further(reach: float, key_every: int) -> None:
    ring = PacketRing(reach)
    fill(ring, 20, key_every=key_every)
    everything = ring.select(0, 100)
    assert everything[0].is_key
    assert everything[0].time_s <= 19.9 - reach or everything[0].time_s == 0
    assert everything[0].time_s > 19.9 - reach - key_every / 10 - 0.1


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=80))
def test_never_holds_more_bytes_than_allowed_and_begins_with_a_key_picture(packets: list[tuple[int, bool]]) -> None:
    ring = PacketRing(reach_s=1000, max_bytes=3000)
    for number, (size_bytes, is_key) in enumerate(packets):
        ring.append(made_up_packet(number * 100, is_key=is_key, size_bytes=size_bytes))
        held = ring.select(0, 1000)
        # A packet takes more than its data: many small ones count, too.
        assert sum(len(packet.data) for packet in held) < ring.size_bytes <= 3000 or not held
        assert len(held) <= 3000 // 256
        assert not held or held[0].is_key
