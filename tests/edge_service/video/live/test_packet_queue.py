"""Between the thread that reads a camera and the one that watches."""

from hypothesis import given
from hypothesis import strategies as st

from edge_service.video.live.packet_queue import PacketQueue
from tests.edge_service.encoded_packets import made_up_packet


def test_gives_what_was_put_and_says_when_there_is_something() -> None:
    queue = PacketQueue()
    packets = [made_up_packet(0, is_key=True), made_up_packet(100)]
    for packet in packets:
        queue.put(packet)
    assert queue.arrived.is_set()
    assert queue.take() == packets
    assert not queue.arrived.is_set()
    assert queue.take() == []


@given(st.lists(st.tuples(st.sampled_from(["put", "put", "key", "take"]), st.integers(1, 400)), max_size=60))
def test_it_is_bounded_and_what_is_taken_can_be_decoded(steps: list[tuple[str, int]]) -> None:
    queue, number, last = PacketQueue(max_bytes=1000), 0, -1
    queue.put(made_up_packet(0, is_key=True, size_bytes=1))
    for step, size_bytes in [*steps, ("take", 0)]:
        if step != "take":
            number += 1
            queue.put(made_up_packet(number, is_key=step == "key", size_bytes=size_bytes))
            continue
        packets = queue.take()
        assert sum(len(packet.data) for packet in packets) <= 1000
        for packet in packets:
            assert packet.is_key or packet.pts == last + 1
            last = packet.pts
