"""Which groups of pictures are decoded, which are skipped, and that people never see the difference."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_service.video.frame import Frame
from edge_service.video.group_decoder import WHOLE, Decoding, GroupDecoder, KeyPicture
from edge_service.video.packet_ring import PacketRing
from edge_service.video.packets import EncodedPacket, decode_all
from edge_service.video.picture import to_image
from edge_service.video.sampling import Sampler
from tests.edge_service.encoded_packets import ring_of
from tests.edge_service.tiny_videos import draw_video

FPS = 5.0
LENGTH_S = 10
SMALL_PX = 16
# So that blocks are smoothed, which the quickest preset leaves out.
_BLOCKS = {"preset": "veryfast", "crf": "32", "bf": "0", "x264-params": "scenecut=0"}


class Says:
    """A lookout that is scripted by the times of the key pictures, and decodes each that it is asked for."""

    def __init__(
        self, is_clear: Callable[[float], bool] = lambda _: True, otherwise: KeyPicture = KeyPicture.UNSETTLED
    ) -> None:
        self._is_clear = is_clear
        self._otherwise = otherwise
        self.asked: list[float] = []
        self.since: list[float] = []

    def judge(self, decode_key: Callable[[], Frame | None], since_s: float) -> KeyPicture:
        key = decode_key()
        if key is None:
            return KeyPicture.UNSETTLED
        key.scaled((SMALL_PX, SMALL_PX))
        self.asked.append(key.time_s)
        self.since.append(since_s)
        return KeyPicture.SETTLED if self._is_clear(key.time_s) else self._otherwise


def draw(folder: Path, *, key_every: int = 10, **options: str) -> list[EncodedPacket]:
    path = draw_video(
        folder / "a.mp4", rate=Fraction(10), seconds=LENGTH_S, key_every=key_every, options=_BLOCKS | options
    )
    return list(ring_of(path).select(-1, 60))


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[EncodedPacket]:
    """Ten seconds, ten pictures a second, a key picture every second."""
    return draw(tmp_path_factory.mktemp("groups"))


def decoder_of(decoding: Decoding, ring: PacketRing | None = None) -> GroupDecoder:
    return GroupDecoder(FPS, Sampler(FPS), ring or PacketRing(60), decoding)


def frames_of(packets: Iterable[EncodedPacket], decoding: Decoding) -> Iterator[Frame]:
    ring = PacketRing(60)
    decoder = decoder_of(decoding, ring)
    for packet in packets:
        ring.append(packet)
        yield from decoder.push(packet)
    yield from decoder.finish()


def skipped_times(frames: Iterable[Frame]) -> list[float]:
    return [frame.time_s for frame in frames if frame.looked_at is not None]


def times(frames: Iterable[Frame]) -> list[float]:
    return [frame.time_s for frame in frames]


def economy(lookout: Says, longest_s: float = 3.0) -> Decoding:
    return Decoding(skips_deblocking=True, lookout=lookout, longest_s=longest_s)


def test_between_clear_key_pictures_the_nearer_one_is_looked_at_in_place_of_each_frame(
    packets: list[EncodedPacket],
) -> None:
    lookout = Says()
    frames = list(frames_of(packets, economy(lookout)))
    assert times(frames) == times(frames_of(packets, WHOLE))
    # How far key pictures are apart is known from the third on; what is after the last two clear ones is not known.
    assert skipped_times(frames) == [time_s for time_s in times(frames) if 2.0 <= time_s < 8.0]
    for frame in frames:
        if frame.looked_at is not None:
            assert frame.looked_at.time_s == round(frame.looked_at.time_s)
            assert abs(frame.looked_at.time_s - frame.time_s) <= 0.5
    assert lookout.asked == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert lookout.since == [key_s - 1 for key_s in lookout.asked]


@settings(max_examples=12, deadline=None)
@given(clear=st.lists(st.booleans(), min_size=LENGTH_S, max_size=LENGTH_S))
def test_a_group_is_skipped_only_where_its_key_pictures_and_the_next_group_s_are_clear(
    packets: list[EncodedPacket], clear: list[bool]
) -> None:
    frames = list(frames_of(packets, economy(Says(lambda time_s: clear[round(time_s)]))))
    assert times(frames) == times(frames_of(packets, WHOLE))
    for frame in frames:
        group = int(frame.time_s + 0.001)
        if frame.looked_at is not None:
            assert all(clear[group : group + 3])
        elif 2 <= group < LENGTH_S - 2:
            assert not all(clear[group : group + 3])


def test_where_somebody_is_not_seen_the_group_before_the_last_settled_key_picture_is_skipped_still(
    packets: list[EncodedPacket],
) -> None:
    unseen = Says(lambda time_s: round(time_s) != 6, KeyPicture.UNSEEN)
    frames = list(frames_of(packets, economy(unseen)))
    assert times(frames) == times(frames_of(packets, WHOLE))
    assert skipped_times(frames) == [time_s for time_s in times(frames) if 2.0 <= time_s < 5.0 or 7.0 <= time_s < 8.0]


@pytest.mark.parametrize("clear", [True, False])
def test_of_all_frames_that_were_let_go_of_no_whole_picture_is_held(
    packets: list[EncodedPacket], *, clear: bool
) -> None:
    """In Full HD each takes 3 MB."""
    frames = list[Frame]()
    before = whole_pictures()
    for frame in frames_of(packets, economy(Says(lambda time_s: clear and time_s < 7))):
        frames.append(frame)
        frame.scaled((SMALL_PX, SMALL_PX))
        frame.let_go()
        assert whole_pictures() - before <= 1  # which the decoder's generator gives at present
    assert (len(skipped_times(frames)) > 0) == clear
    assert whole_pictures() == before


def whole_pictures() -> int:
    return sum(isinstance(one, VideoFrame) and one.width > SMALL_PX for one in gc.get_objects())


def test_what_comes_after_the_last_look_of_a_group_is_not_decoded(packets: list[EncodedPacket]) -> None:
    """Damage shows whether it was: all frames are there and as they are without it."""
    damaged = [
        replace(packet, data=bytes(len(packet.data))) if packet.time_s % 1 > 0.85 and 2 < packet.time_s < 9 else packet
        for packet in packets
    ]
    ring, decoding = PacketRing(60), Decoding(skips_deblocking=True, longest_s=3.0)
    decoder = decoder_of(decoding, ring)
    seen: list[Frame] = []
    for packet in damaged:
        ring.append(packet)
        seen += decoder.push(packet)
    seen += decoder.finish()
    wanted = list(frames_of(packets, decoding))
    assert decoder.damaged == 0
    assert times(seen) == times(wanted)
    for frame, other in zip(seen, wanted, strict=True):
        size = frame.width, frame.height
        assert np.array_equal(frame.scaled(size), other.scaled(size))


def clean_images(packets: Sequence[EncodedPacket]) -> dict[float, np.ndarray]:
    return {
        float((frame.pts or 0) * stream_format.time_base): to_image(frame, stream_format)
        for frame, stream_format in decode_all(packets)
    }


@pytest.mark.parametrize("lookout", [None, Says()], ids=["decoded", "skipped"])
def test_people_see_every_picture_as_the_camera_sent_it(packets: list[EncodedPacket], lookout: Says | None) -> None:
    clean = clean_images(packets)
    differs = 0
    for frame in frames_of(packets, Decoding(skips_deblocking=True, lookout=lookout, longest_s=3.0)):
        assert np.array_equal(frame.image(), clean[frame.time_s])
        differs += not np.array_equal(frame.scaled((frame.width, frame.height)), clean[frame.time_s])
    assert differs > 20  # detection does not


@pytest.mark.parametrize("skips_deblocking", [False, True])
def test_the_economy_changes_no_picture_that_detection_gets(
    packets: list[EncodedPacket], *, skips_deblocking: bool
) -> None:
    """What differs from decoding all, and the scores of people with it, comes of blocks that are not smoothed alone."""
    size = packets[0].format.display_size
    clear = Says(lambda time_s: time_s < 5.5 or time_s > 7.5)
    thrifty = Decoding(skips_deblocking=skips_deblocking, lookout=clear, longest_s=3.0)
    seen = {frame.time_s: frame.scaled(size) for frame in frames_of(packets, thrifty) if frame.looked_at is None}
    whole = Decoding(skips_deblocking=skips_deblocking, longest_s=3.0) if skips_deblocking else WHOLE
    wanted = {frame.time_s: frame.scaled(size) for frame in frames_of(packets, whole)}
    assert clear.asked
    assert 20 < len(seen) < len(wanted)
    for time_s, picture in seen.items():
        assert np.array_equal(picture, wanted[time_s])


def test_what_detection_sees_is_near_what_the_camera_sent(packets: list[EncodedPacket]) -> None:
    clean = clean_images(packets)
    for frame in frames_of(packets, Decoding(skips_deblocking=True, longest_s=3.0)):
        seen = frame.scaled((frame.width, frame.height))
        assert np.abs(seen.astype(int) - clean[frame.time_s]).mean() < 6


def test_without_its_packets_a_picture_is_what_detection_saw(packets: list[EncodedPacket]) -> None:
    decoder = decoder_of(Decoding(skips_deblocking=True, longest_s=3.0), PacketRing(60))
    frames = [frame for packet in packets for frame in decoder.push(packet)]
    assert all(np.array_equal(frame.image(), frame.scaled((frame.width, frame.height))) for frame in frames)


@pytest.mark.parametrize(
    ("key_every", "longest_s", "options", "words"),
    [
        (40, 3.0, {}, "its key pictures are 4.0 s apart, and at most 3 s are safe"),
        (2, 3.0, {}, "it would save nothing"),
        (10, 0.9, {}, "its key pictures are 1.0 s apart, and at most 0.9 s are safe"),
        (10, 3.0, {"x264-params": "scenecut=0:intra-refresh=1"}, "its pictures are not whole at a key picture"),
        (10, 3.0, {"bf": "2", "x264-params": "scenecut=0:open-gop=1"}, "its groups of pictures are open"),
    ],
    ids=["far apart", "close", "short rules", "intra refresh", "open groups"],
)
def test_where_groups_are_of_no_use_all_is_decoded_and_the_log_says_why(
    key_every: int,
    longest_s: float,
    options: dict[str, str],
    words: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    packets = draw(tmp_path, key_every=key_every, **options)
    frames = list(frames_of(packets, economy(Says(), longest_s)))
    assert skipped_times(frames) == []
    assert times(frames) == times(frames_of(packets, WHOLE))
    assert words in caplog.text


def test_it_is_said_once_that_groups_are_skipped(
    packets: list[EncodedPacket], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert skipped_times(frames_of(packets, economy(Says())))
    assert [record.message for record in caplog.records] == [
        "economy: while nobody comes to a machine or leaves one only its key pictures are decoded"
    ]


def shown_until(packets: Sequence[EncodedPacket], end_s: float) -> list[EncodedPacket]:
    return [packet for packet in packets if packet.time_s < end_s]


def test_what_is_kept_is_decoded_when_nothing_comes(packets: list[EncodedPacket]) -> None:
    ring, decoder = PacketRing(60), decoder_of(economy(Says()))
    frames: list[Frame] = []
    for packet in shown_until(packets, 5.5):
        ring.append(packet)
        frames += decoder.push(packet)
    assert times(frames)[-1] < 4.0  # a group that may be skipped, and one that has begun
    frames += decoder.release()
    assert times(frames) == [time_s for time_s in times(frames_of(packets, WHOLE)) if time_s < 5.5]
    for packet in packets[55:]:
        frames += decoder.push(packet)
    frames += decoder.finish()
    assert times(frames) == times(frames_of(packets, WHOLE))


def test_groups_with_missing_pictures_are_decoded(packets: list[EncodedPacket]) -> None:
    torn = [packet for packet in packets if not 4.3 <= packet.time_s < 4.9]
    frames = list(frames_of(torn, economy(Says())))
    assert not any(3.0 <= time_s < 6.0 for time_s in skipped_times(frames))
    assert any(time_s < 3.0 for time_s in skipped_times(frames))
    assert times(frames) == times(frames_of(torn, WHOLE))


def test_what_is_dropped_is_not_given(packets: list[EncodedPacket]) -> None:
    decoder = decoder_of(economy(Says()))
    for packet in shown_until(packets, 5.5):
        list(decoder.push(packet))
    decoder.drop()
    frames = [frame for packet in packets[80:] for frame in decoder.push(packet)] + list(decoder.finish())
    assert times(frames)[0] == 8.0
    assert skipped_times(frames) == []


def test_where_it_saves_nothing_it_rests_and_says_so_once(
    packets: list[EncodedPacket], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    lookout = Says(lambda _: False)
    many = [
        replace(packet, pts=packet.pts + shift, dts=(packet.dts or 0) + shift)
        for shift in range(0, 10 * LENGTH_S * 1000, LENGTH_S * 1000)
        for packet in (replace(p, pts=round(p.time_s * 1000), dts=round(p.time_s * 1000)) for p in packets)
    ]
    stream_format = replace(packets[0].format, time_base=Fraction(1, 1000))
    many = [replace(packet, format=stream_format, duration=100) for packet in many]
    frames = list(frames_of(many, economy(lookout)))
    assert len(frames) == 5 * 10 * LENGTH_S
    assert len(lookout.asked) <= 10 + 10 * LENGTH_S / 50 * 10
    assert len(lookout.asked) >= 20  # it is tried again
    assert caplog.text.count("it saves nothing at present") == 1


def test_another_format_begins_afresh(packets: list[EncodedPacket], tmp_path: Path) -> None:
    others = [
        replace(packet, pts=packet.pts + packets[-1].pts + packets[-1].duration, dts=None) for packet in draw(tmp_path)
    ]
    frames = list(frames_of([*packets, *others], economy(Says())))
    assert times(frames) == times(frames_of([*packets, *others], WHOLE))
    assert not any(8.0 <= time_s < 12.0 for time_s in skipped_times(frames))
    assert any(12.0 <= time_s < 18.0 for time_s in skipped_times(frames))


def test_a_camera_whose_groups_change_all_the_time_is_not_told_of_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As with codecs that save bandwidth, whose key pictures come when something moves."""
    caplog.set_level("INFO")
    packets, moved = draw(tmp_path), list[EncodedPacket]()
    for number in range(12):
        # Four groups of a second, then one of five, whose other key pictures are left out.
        part = [p for p in packets if p.time_s < 5 or not p.is_key]
        moved += [replace(p, pts=p.pts + number * 10 * 10240, dts=p.pts + number * 10 * 10240) for p in part]
    frames = list(frames_of(moved, economy(Says())))
    assert skipped_times(frames)
    assert 5 <= len([record for record in caplog.records if record.message.startswith("economy")]) <= 6


def test_while_somebody_waits_for_the_newest_picture_nothing_is_kept_back(packets: list[EncodedPacket]) -> None:
    waits = False
    decoding = replace(economy(Says()), waits=lambda: waits)
    ring = PacketRing(60)
    decoder, late_s = decoder_of(decoding, ring), list[float]()
    found: list[Frame] = []
    for packet in packets:
        ring.append(packet)
        waits = 5.0 <= packet.time_s < 7.0
        frames = list(decoder.push(packet))
        found += frames
        if waits and frames:
            late_s.append(packet.time_s - frames[-1].time_s)
    found += decoder.finish()
    assert max(late_s) < 1 / FPS
    assert times(found) == times(frames_of(packets, WHOLE))
    skipped = skipped_times(found)
    assert not [time_s for time_s in skipped if 4.0 <= time_s < 7.0]
    assert [time_s for time_s in skipped if time_s < 4.0]
