"""Opening a video file: which of its streams is watched, in what format it is, and what is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from backend_api.base.process import UsageError
from edge_service.video.orientation import orientation_of
from edge_service.video.packets import PictureTooLarge, StreamFormat, bounded, detached, moving_pictures, pixel_aspect

_ASSUMED_FRAME_RATE = Fraction(25)


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file at `path` and its first moving-picture stream. Raises UsageError when there is none to be read."""
    _check_is_file(path)
    try:
        # "file:" keeps a colon in a name from being taken for a protocol; genpts fills in what AVI leaves out.
        container = av.open(f"file:{path}", container_options={"fflags": "+genpts"})
    except av.error.PermissionError as error:
        raise UsageError(f"{path}: may not be read; give yourself the right to read it") from error
    except av.error.FFmpegError as error:
        raise UsageError(
            f"{path}: is no video, or is damaged ({error.strerror}); name a file that a video player plays"
        ) from error
    with container:
        yield container, _moving_pictures(container, path)


def probe(path: Path) -> StreamFormat:
    """The format of the video at `path`, of which the first frame is decoded.

    Raises UsageError when the file is missing, is no video, holds no moving pictures, or none of them can be decoded.
    """
    with open_video(path) as (container, stream):
        frame = _first_frame(container, stream)
        if frame is None:
            raise UsageError(f"{path}: no frame could be decoded, it is damaged; name a file that a video player plays")
        if frame.pts is None:
            raise UsageError(f"{path}: has no time stamps; write them with: ffmpeg -i {path.name} {path.stem}.mp4")
        return StreamFormat(
            codec=stream.codec.canonical_name,
            pixel_format=frame.format.name,
            width=frame.width,
            height=frame.height,
            time_base=stream.time_base or Fraction(1, 1000),
            frame_rate=_frame_rate(stream),
            sample_aspect_ratio=pixel_aspect(stream.sample_aspect_ratio),
            orientation=orientation_of(frame),
            template=detached(stream),
        )


def _frame_rate(stream: VideoStream) -> Fraction:
    """Frames a second, between one an hour and a thousand."""
    rate = stream.average_rate or stream.guessed_rate or _ASSUMED_FRAME_RATE
    return rate if Fraction(1, 3600) <= rate <= 1000 else _ASSUMED_FRAME_RATE


def read_length_s(path: Path) -> float | None:
    """How long the video at `path` is by what its container says, in seconds; None when it does not say.

    Raises UsageError as `open_video` does.
    """
    with open_video(path) as (container, _):
        return None if container.duration is None else container.duration / av.time_base


def _check_is_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        problem = "is a folder" if path.is_dir() else "is no file" if path.exists() else "does not exist"
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a video file that can be read") from error
    raise UsageError(f"{path}: {problem}; name a video file with --video, or with video in the configuration")


def _moving_pictures(container: InputContainer, path: Path) -> VideoStream:
    stream = moving_pictures(container)
    if stream is None:
        raise UsageError(f"{path}: has no video stream; name a file with moving pictures in it")
    if stream.codec_context is None:
        raise UsageError(f"{path}: is in a codec that cannot be decoded here; convert it to H.264 with ffmpeg")
    try:
        bounded(stream.codec_context.width, stream.codec_context.height)
    except PictureTooLarge as error:
        cure = f"scale it down with: ffmpeg -i {path.name} -vf scale=1920:-2 small.mp4"
        raise UsageError(f"{path}: {error}; {cure}") from error
    return stream


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            if frames:
                return frames[0]
    except av.error.FFmpegError:  # the file breaks off before its first frame
        return None
    return None
