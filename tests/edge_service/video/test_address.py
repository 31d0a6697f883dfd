"""What --video may name, and that no address tells its credentials."""

from pathlib import Path

import pytest

from edge_service.video.address import CameraAddress, Webcam, identity, parse_video

SECRETS = "rtsp://admin:s3cret@10.0.0.5:554/ch1?user=admin&password=s3cret"


@pytest.mark.parametrize(
    "text", ["sample.mp4", "./0", "a:b.mp4", "rtsp", "/x y.mkv", "²", "a@b.mp4", "./a:b@c", "/a:b@c"]
)
def test_a_file(text: str) -> None:
    assert parse_video(text) == Path(text)


@pytest.mark.parametrize(
    "text", ["rtsp://cam/1", "RTSP://cam", "rtsps://[::1]:322/x", "http://c/v", "https://c/v.m3u8"]
)
def test_a_camera(text: str) -> None:
    assert parse_video(text) == CameraAddress(text)


def test_a_webcam() -> None:
    assert parse_video("0") == Webcam(0)
    assert str(parse_video("12")) == "webcam 12"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ftp://a:s3cret@cam/x", "ftp:// is no kind"),
        ("rtmp://a:s3cret@cam/x", "rtmp:// is no kind"),
        ("rtsp://", "names no camera"),
        ("rtsp://a:s3cret@/x", "names no camera"),
        ("rtsp://cam:99999/s3cret", "names no camera"),
        ("rtsp://admin:2024/s3cret@host", "has an @ behind the first .*write / as %2F"),
        ("rtsp://admin:s3cret?x@host/1", "has an @ behind the first"),
        ("rtsp://admin:s3cret#x@host/1", "has an @ behind the first"),
        ("http://host/video?user=a@b&password=s3cret", "has an @ behind the first .*an @ anywhere else as %40"),
        ("admin:s3cret@192.168.1.20/stream", "no scheme before them: write rtsp:// there"),
        ("rtsp:admin:s3cret@cam/1", "no scheme before them"),
        ("rtsp:/admin:s3cret@cam/1", "no scheme before them: .* or ./ before the name of a file"),
    ],
)
def test_what_is_none_is_refused_with_the_cure_and_without_its_secrets(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        parse_video(text)
    assert "s3cret" not in str(refused.value)


def test_credentials_are_in_no_text_of_an_address() -> None:
    address = parse_video(SECRETS)
    assert str(address) == identity(address) == "rtsp://10.0.0.5:554/ch1?..."
    assert "s3cret" not in f"{address!r} {address}"
    assert isinstance(address, CameraAddress)
    assert address.url == SECRETS


def test_a_file_is_the_same_from_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert identity(Path("a.mp4")) == identity(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "rtsp://10.0.0.5:554/user=admin&password=s3cret&channel=1&stream=0.sdp?real_stream",
            "rtsp://10.0.0.5:554/...?...",
        ),
        ("rtsp://10.0.0.5/user=admin_password=s3cret_channel=1_stream=0.sdp", "rtsp://10.0.0.5/..."),
        ("rtsp://10.0.0.5/live/password%3ds3cret/1", "rtsp://10.0.0.5/live/..."),
        ("rtsp://10.0.0.5/Streaming/Channels/101", "rtsp://10.0.0.5/Streaming/Channels/101"),
        ("rtsp://a:s3cret%2F@10.0.0.5/1", "rtsp://10.0.0.5/1"),
    ],
)
def test_a_password_in_a_path_is_hidden_too(url: str, shown: str) -> None:
    address = parse_video(url)
    assert str(address) == identity(address) == shown
    assert "s3cret" not in f"{address!r} {address}"
