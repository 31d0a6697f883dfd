"""The sources that --video may name: a file, the address of a camera, or a webcam's number."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

# A path up to the first of its parts that gives something a value.
_UP_TO_A_VALUE = re.compile(r"(.*?/)[^/]*?(?:=|%3D)", re.IGNORECASE)
_SCHEMES = ("rtsp", "rtsps", "http", "https")
# A user and a password whose scheme was forgotten, or lost a slash.
_CREDENTIALS = re.compile(r"[^@]*:[^@]*@")


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera in the network. Only `url` holds its credentials: as text the address hides them, and its query too.

    Some cameras want their password in the path, `/user=admin&password=...`: what has an = in it is hidden, too.
    """

    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """rtsp, rtsps, http or https."""
        return urlsplit(self.url).scheme.lower()

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        shown = _UP_TO_A_VALUE.match(parts.path)
        path = parts.path if shown is None else f"{shown[1]}..."
        return f"{self.scheme}://{host}{path}{'?...' if parts.query else ''}"


@dataclass(frozen=True, slots=True)
class Webcam:
    """A camera at this computer; `index` counts from 0."""

    index: int

    def __str__(self) -> str:
        return f"webcam {self.index}"


LiveAddress = CameraAddress | Webcam
VideoAddress = Path | LiveAddress


def parse_video(text: str) -> VideoAddress:
    """The source that `text` names: digits alone are a webcam, what has a scheme is an address, all else is a file.

    Raises ValueError whose text says what is wrong and the cure, and tells no credentials.
    """
    if text.isascii() and text.isdecimal():
        return Webcam(int(text))
    if "://" not in text:
        return _file(text)
    scheme = text.partition("://")[0]
    if scheme.lower() not in _SCHEMES:
        raise ValueError(f"{scheme}:// is no kind of video source: give a file, {', '.join(_SCHEMES)}://..., or 0")
    if "@" in "".join(re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[1:]):
        raise ValueError(
            "has an @ behind the first / ? or #, where no host can be: in a user name and a password write / as %2F,"
            " ? as %3F, # as %23, and an @ anywhere else as %40"
        )
    if not _has_host(text):
        raise ValueError(f"names no camera: write it like {scheme.lower()}://user:password@192.168.1.20/stream")
    return CameraAddress(text)


def identity(address: VideoAddress) -> str:
    """The name that is the same from every working directory and tells no credentials."""
    return str(address.resolve() if isinstance(address, Path) else address)


def _file(text: str) -> Path:
    path = Path(text)
    # As a file it would be looked for, and then named, password and all, as one that is not there.
    if _CREDENTIALS.match(text) and not (path.is_absolute() or text.startswith(".")):
        raise ValueError(
            "has a user and a password, and no scheme before them: write rtsp:// there, or ./ before the name of a file"
        )
    return path


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
