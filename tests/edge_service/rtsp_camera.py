"""A camera that speaks RTSP: run with Debian's Python, which has GStreamer's server; see `--help`."""

import argparse
import itertools
import sys
from typing import Any


def main() -> None:
    """Serve until it is killed."""
    parser = argparse.ArgumentParser(description="Serve rtsp://127.0.0.1:PORT/cam, 15 frames a second.")
    parser.add_argument("port")
    parser.add_argument("--width", type=int, default=320, help="pixels (default: %(default)s)")
    parser.add_argument("--udp", action="store_true", help="send over UDP alone (default: as the client asks)")
    parser.add_argument("--lose-every", type=int, metavar="N", help="lose every N-th RTP packet (default: none)")
    serve(**vars(parser.parse_args()))


def serve(port: str, width: int, *, udp: bool, lose_every: int | None) -> None:
    """Serve as the flags say."""
    # Debian's packages alone have it; they are not in the project's environment.
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    server: Any = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory: Any = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height=240,framerate=15/1"
        " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 )"
    )
    factory.set_shared(True)
    if udp:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    if lose_every:

        def lose(_factory: object, media: Any) -> None:  # noqa: ANN401 - GStreamer's types are not known here
            numbers = itertools.count(1)
            kept, lost = Gst.PadProbeReturn.OK, Gst.PadProbeReturn.DROP
            payloader = media.get_element().get_by_name("pay0")
            # After the payloader: the packets that are left keep their numbers, as they do when a network loses some.
            payloader.set_property("aggregate-mode", 0)
            payloader.get_static_pad("src").add_probe(
                Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST,
                lambda _pad, _info: lost if next(numbers) % lose_every == 0 else kept,
            )

        factory.connect("media-configure", lose)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
