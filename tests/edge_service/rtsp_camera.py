"""A camera that speaks RTSP: run with Debian's Python, which has GStreamer's server; `rtsp_camera.py PORT [WIDTH]`."""

import sys
from typing import Any


def main() -> None:
    """Serve rtsp://127.0.0.1:PORT/cam, WIDTH (320) pixels wide, 15 frames a second, until it is killed."""
    # Debian's packages alone have it; they are not in the project's environment.
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]

    port, width = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "320"
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
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
