"""Encoded packets and what decodes them."""

import gc
from pathlib import Path

from edge_service.video.packets import begins_whole, decode_all
from tests.edge_service.encoded_packets import ring_of
from tests.edge_service.tiny_videos import draw_video


def test_a_decoder_goes_at_once_with_all_its_pictures(tmp_path: Path) -> None:
    packets = ring_of(draw_video(tmp_path / "video.mp4")).select(0, 1)
    # A decoder in a circle of references keeps 20 MB of Full HD until Python looks for circles, which it does seldom.
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        assert begins_whole(packets[0])
        assert list(decode_all(packets))
        gc.collect()
        # Other threads of the tests may have left circles of their own.
        assert [one for one in gc.garbage if type(one).__module__.startswith("av.")] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
