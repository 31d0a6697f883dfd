"""What --video may name: a file, the address of a camera, or a webcam's number."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_SCHEMES = ("rtsp", "rtsps", "http", "https")


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera in the network. Only `url` holds its credentials: as text the address hides them, and its query too."""

    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """rtsp, rtsps, http or https."""
        return urlsplit(self.url).scheme.lower()

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return f"{self.scheme}://{host}{parts.path}{'?...' if parts.query else ''}"


@dataclass(frozen=True, slots=True)
class Webcam:
    """A camera at this computer; `index` counts from 0."""

    index: int

    def __str__(self) -> str:
        return f"webcam {self.index}"


LiveAddress = CameraAddress | Webcam
VideoAddress = Path | LiveAddress


def parse_video(text: str) -> VideoAddress:
    """What `text` names: digits alone are a webcam, what has a scheme is an address, all else is a file.

    Raises ValueError whose text says what is wrong and the cure, and tells no credentials.
    """
    if text.isascii() and text.isdecimal():
        return Webcam(int(text))
    if "://" not in text:
        return Path(text)
    scheme = text.partition("://")[0]
    if scheme.lower() not in _SCHEMES:
        raise ValueError(f"{scheme}:// is no kind of video source: give a file, {', '.join(_SCHEMES)}://..., or 0")
    if not _has_host(text):
        raise ValueError(f"names no camera: write it like {scheme.lower()}://user:password@192.168.1.20/stream")
    return CameraAddress(text)


def identity(address: VideoAddress) -> str:
    """The name that is the same from every working directory and tells no credentials."""
    return str(address.resolve() if isinstance(address, Path) else address)


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
