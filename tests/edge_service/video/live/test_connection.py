"""What every connection to a live camera keeps to: one over HTTP, and a webcam; RTSP is tried with a real server."""

import io
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from av.video.frame import VideoFrame

from backend_api.base.clock import SystemClock
from backend_api.base.process import UsageError
from edge_service.video.address import CameraAddress, Webcam
from edge_service.video.live import network_camera
from edge_service.video.live.connection import AccessDenied, Connect, ConnectionLost, RawPacket
from edge_service.video.live.network_camera import connect_camera
from edge_service.video.live.webcam import connect_webcam
from edge_service.video.orientation import UPRIGHT, Orientation
from edge_service.video.packets import StreamFormat, new_decoder
from tests.edge_service.tiny_videos import draw_video, paint
from tests.processes import free_port

SECRET = "s3cret"
COUNT = 75


@contextmanager
def camera(
    data: bytes, kind: str = "video/mp2t", *, hangs: bool = False, length: bool = False, playlist: str | None = None
) -> Iterator[str]:
    """The address of a camera that sends `data`, and then hangs or hangs up; or of a `playlist` that names it."""
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if playlist is not None and self.path.startswith("/live"):
                self._send("application/vnd.apple.mpegurl", playlist.encode())
            else:
                self._send(kind, data)

        def _send(self, kind: str, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            if length:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                self.wfile.write(data)
                if hangs:
                    release.wait(30)
            except ConnectionError:
                return

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://admin:{SECRET}@127.0.0.1:{server.server_address[1]}/live?token={SECRET}"
    finally:
        release.set()
        server.shutdown()
        server.server_close()
        serving.join()


def connect_to(url: str) -> Connect:
    return lambda: connect_camera(CameraAddress(url), SystemClock())


class FakeCapture:
    """A webcam that is there for COUNT pictures."""

    def __init__(self, _index: int) -> None:
        self._pictures = iter(range(COUNT))
        self.is_released = False

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def read(self) -> tuple[bool, object]:
        number = next(self._pictures, None)
        return (False, None) if number is None else (True, paint(number, (97, 65)))

    def release(self) -> None:
        self.is_released = True


@pytest.fixture
def transport_stream(tmp_path: Path) -> bytes:
    return draw_video(tmp_path / "live.ts", options={"bf": "0"}).read_bytes()


@contextmanager
def http(data: bytes) -> Iterator[Connect]:
    with camera(data) as url:
        yield connect_to(url)


@contextmanager
def webcam(_data: bytes) -> Iterator[Connect]:
    yield lambda: connect_webcam(Webcam(0), FakeCapture)


def decode(stream_format: StreamFormat, packets: list[RawPacket]) -> list[VideoFrame]:
    decoder = new_decoder(stream_format)
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    return frames + decoder.decode(None)


@pytest.mark.parametrize("open_camera", [http, webcam])
def test_the_contract(open_camera: Callable[[bytes], AbstractContextManager[Connect]], transport_stream: bytes) -> None:
    with open_camera(transport_stream) as connect, connect() as connection:
        stream_format = connection.format
        assert (stream_format.codec, stream_format.width, stream_format.height) == ("h264", 96, 64)
        coming = iter(connection)
        packets = list(islice(coming, COUNT))
        assert len(packets) == COUNT
        assert packets[0].is_key
        assert len(decode(stream_format, packets)) == COUNT
        with pytest.raises(ConnectionLost):
            next(coming)


@pytest.mark.parametrize(
    ("filter_text", "expected"),
    [
        ("rotate=0", UPRIGHT),
        ("rotate=90", Orientation(is_transposed=True, reverses_rows=True)),
        ("rotate=180", Orientation(reverses_columns=True, reverses_rows=True)),
        ("flip=horizontal", Orientation(reverses_columns=True)),
    ],
)
def test_the_first_key_picture_says_how_the_camera_hangs(
    filter_text: str, expected: Orientation, tmp_path: Path
) -> None:
    data = hung(tmp_path, f"h264_metadata=display_orientation=insert:{filter_text}")
    with http(data) as connect, connect() as connection:
        formats = [packet.format or connection.format for packet in islice(connection, COUNT)]
    assert {id(stream_format) for stream_format in formats} == {id(formats[0])}
    assert formats[0].orientation == expected


def hung(folder: Path, filter_text: str) -> bytes:
    """An MPEG-TS as a camera sends it whose encoder says in the stream itself, by `filter_text`, how it is turned."""
    upright = draw_video(folder / "upright.ts", options={"bf": "0"})
    with av.open(str(upright)) as source, av.open(str(folder / "hung.ts"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        bitstream = BitStreamFilterContext(filter_text, source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            for filtered in bitstream.filter(packet if packet.size else None):
                filtered.stream = stream
                target.mux(filtered)
    return (folder / "hung.ts").read_bytes()


def test_a_webcam_gives_its_pictures_and_is_released() -> None:
    captures: list[FakeCapture] = []

    def open_capture(index: int) -> FakeCapture:
        captures.append(FakeCapture(index))
        return captures[0]

    with connect_webcam(Webcam(0), open_capture) as connection:
        packet = next(iter(connection))
        assert packet.stamp_s is None
        (frame,) = decode(connection.format, [packet])
    picture = frame.to_ndarray(format="bgr24").astype(int)
    assert np.mean(np.abs(picture - paint(0, (97, 65))[:64, :96])) < 12
    assert captures[0].is_released


def test_without_a_webcam_it_is_lost() -> None:
    class Missing(FakeCapture):
        def isOpened(self) -> bool:  # noqa: N802
            return False

    with pytest.raises(ConnectionLost, match="plug it in"), connect_webcam(Webcam(3), Missing):
        pass


@pytest.mark.parametrize(("hangs", "problem"), [(True, "stopped sending pictures"), (False, "Input/output error")])
def test_a_camera_that_stalls_or_hangs_up_is_lost(
    hangs: bool, problem: str, transport_stream: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hangs:
        monkeypatch.setattr(network_camera, "_READ_S", 1.0)
    packets: list[RawPacket] = []
    with camera(transport_stream, hangs=hangs) as url, connect_to(url)() as connection:
        with pytest.raises(ConnectionLost, match=problem):
            packets.extend(connection)
        assert len(packets) >= COUNT - 1


def test_motion_jpeg_tells_no_time() -> None:
    picture = io.BytesIO()
    with av.open(picture, "w", format="mpjpeg") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.codec_context.width, stream.codec_context.height, stream.codec_context.pix_fmt = 96, 64, "yuvj420p"
        for number in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(paint(number, (96, 64)), format="bgr24")))
    with (
        camera(picture.getvalue(), "multipart/x-mixed-replace;boundary=ffmpeg") as url,
        connect_to(url)() as connection,
    ):
        assert [packet.stamp_s for packet in islice(connection, 3)] == [None] * 3


def test_a_recording_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = draw_video(tmp_path / "a.mp4", container_options={"movflags": "+faststart"})
    with (
        camera(path.read_bytes(), "video/mp4", length=True) as url,
        pytest.raises(UsageError, match="download it") as refused,
        connect_to(url)(),
    ):
        pass
    assert SECRET not in str(refused.value)


def test_an_hls_playlist_is_refused_with_the_cure(transport_stream: bytes) -> None:
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3.0,\nfirst.ts\n#EXTINF:3.0,\nsecond.ts\n"
    with (
        camera(transport_stream, length=True, playlist=playlist) as url,
        pytest.raises(UsageError, match="give the camera's rtsp:// address") as refused,
        connect_to(url)(),
    ):
        pass
    assert SECRET not in str(refused.value)


def test_a_camera_that_is_not_there_is_lost_without_a_word_of_its_credentials() -> None:
    url = f"rtsp://admin:{SECRET}@127.0.0.1:{free_port()}/x"
    with pytest.raises(ConnectionLost) as lost, connect_to(url)():
        pass
    assert str(lost.value) == "Connection refused"


def test_a_web_page_is_refused_with_the_cure() -> None:
    page = b"\n<!DOCTYPE html><html><body>Please log in" + b" " * 5000 + b"</body></html>"
    with (
        camera(page, "text/html", length=True) as url,
        pytest.raises(UsageError, match="is a web page and no video; give the camera's rtsp:// address") as refused,
        connect_to(url)(),
    ):
        pass
    assert SECRET not in str(refused.value)


def test_a_snapshot_is_refused_with_the_cure() -> None:
    _, picture = cv2.imencode(".jpg", paint(0, (640, 480)))
    with (
        camera(picture.tobytes(), "image/jpeg", length=True) as url,
        pytest.raises(
            UsageError, match="is a single picture and no video; give the camera's rtsp:// address"
        ) as refused,
        connect_to(url)(),
    ):
        pass
    assert SECRET not in str(refused.value)


def test_what_is_no_video_is_lost() -> None:
    with camera(bytes(range(256)) * 40, "text/plain") as url, pytest.raises(ConnectionLost), connect_to(url)():
        pass


@contextmanager
def denying(answer: bytes) -> Iterator[int]:
    """The port of a server that gives `answer` to everything that is asked."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline():
                if line.lower().startswith(b"cseq"):
                    sequence = line
                if line == b"\r\n":
                    self.wfile.write(answer.replace(b"CSEQ\r\n", sequence if b"CSEQ" in answer else b""))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("http", b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=cam\r\nContent-Length: 0\r\n\r\n"),
        ("http", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        ("rtsp", b'RTSP/1.0 401 Unauthorized\r\nCSEQ\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'),
    ],
)
def test_a_camera_that_wants_another_password_says_so(scheme: str, answer: bytes) -> None:
    with (
        denying(answer) as port,
        pytest.raises(AccessDenied, match=r"refuses the user name or the password .*%2F") as denied,
        connect_to(f"{scheme}://admin:{SECRET}@127.0.0.1:{port}/1")(),
    ):
        pass
    assert SECRET not in str(denied.value)


def test_the_wall_clock_is_what_ffmpeg_counts_on_from_sender_reports() -> None:
    """struct AVProducerReferenceTime { int64_t wallclock, in microseconds; int flags; } and padding."""
    told = struct.pack("=qii", 1_795_719_848_874_029, 24, 0)
    assert network_camera._wall_s(told) == pytest.approx(1_795_719_848.874029)
    assert network_camera._wall_s(told[:4]) is None
