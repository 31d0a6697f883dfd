"""Fetching a file of weights: resumed where it was cut, verified, and in place all at once.

Invariant: the file in place is whole and has the catalogue's hash. A download is appended to a file beside it, `.part`;
once that is whole it is verified, put on the disk, and given its name. A part whose hash is wrong is removed.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3

from backend_api.base.clock import Clock
from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError
from edge_service.weights.catalogue import Weights

MAX_BYTES = 1_000_000_000
"""No file of weights is taken that is larger."""

_CONNECT_S, _READ_S = 10.0, 30.0
_CHUNK_BYTES = 64 * 1024
# A server that drips is let go after this time unless it has sent so much a second.
_DRIP_S, _LEAST_BYTES_PER_S = 60.0, 1000.0
_ATTEMPTS = 5
_PAUSE_S = 2.0

log = logging.getLogger(__name__)


class _Cut(Exception):
    """The transfer ended before the file was whole; what came is kept. The text is the reason."""


def is_whole(path: Path, weights: Weights) -> bool:
    """Whether `path` is the file of `weights`. Raises OSError when it is there and cannot be read."""
    return path.is_file() and _sha256(path) == weights.sha256


def fetch(weights: Weights, folder: Path, clock: Clock, disk: Disk, url: str | None = None) -> Path:
    """Have the file of `weights`, from its own address or from `url`, in `folder`, and give its path.

    One that is there and whole is not fetched again; one that was cut is resumed. Raises FatalError, with the cure,
    when no server gives the right file, and OSError.
    """
    path = folder / weights.file_name
    if is_whole(path, weights):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    address = url or weights.url
    said = shown(address)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _download(address, part, weights, clock)
            break
        except (_Cut, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            reason = _in_words(error)
            if attempt == _ATTEMPTS:
                raise FatalError(
                    f"{said}: {reason}; what came is kept and resumed the next time; without internet fetch it"
                    f" elsewhere and give the file with --from"
                ) from error
            log.warning("%s: %s; trying again", said, reason)
            clock.wait(threading.Event(), _PAUSE_S * attempt)
    return _put_in_place(part, path, weights, said, disk)


def shown(url: str) -> str:
    """`url` as it may be told: without a user, a password, and what a ? begins, which may be a signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{'?...' if parts.query else ''}"


def take(weights: Weights, source: Path, folder: Path, disk: Disk) -> Path:
    """Copy the file `source`, which must be that of `weights`, into `folder`. Raises FatalError and OSError."""
    size_bytes = source.stat().st_size
    if size_bytes > MAX_BYTES or (found := _sha256(source)) != weights.sha256:
        wrong = f"larger than {MAX_BYTES} bytes" if size_bytes > MAX_BYTES else f"sha256 {found}"
        raise FatalError(
            f"{source}: is not the file {weights.file_name} of {weights.url} ({wrong}, not {weights.sha256});"
            " another network is named with --model as it is"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / weights.file_name
    disk.replace(path, source.read_bytes())
    return path


def _download(url: str, part: Path, weights: Weights, clock: Clock) -> None:
    """Append what is missing to `part`. Raises _Cut, FatalError for a refusal, and the HTTP library's errors."""
    most = weights.size_bytes or MAX_BYTES
    have = part.stat().st_size if part.exists() else 0
    if have > most or (have == most and weights.size_bytes):
        if _sha256(part) == weights.sha256:
            return
        part.unlink()
        have = 0
    with _answer(url, have) as response:
        if response.status_code == 416:  # there is no more, or it is another file
            if _sha256(part) != weights.sha256:
                part.unlink()
                raise _Cut("the server has another file than before")
            return
        goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code != 200 and not (response.status_code == 206 and goes_on):
            raise _refusal(response)
        have = have if response.status_code == 206 else 0
        with part.open("ab") as file:
            if response.status_code == 200:
                file.truncate(0)
            _copy(response, file, most - have, clock)
    if weights.size_bytes and part.stat().st_size < weights.size_bytes:
        raise _Cut("the connection was cut before the file was whole")


@contextmanager
def _answer(url: str, have: int) -> Iterator[requests.Response]:
    """The answer to a request for all but the first `have` bytes; redirects are followed, from TLS to TLS alone."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(_CONNECT_S, _READ_S)) as response:
        if urlsplit(url).scheme == "https" and urlsplit(response.url).scheme != "https":
            raise FatalError(
                f"{shown(url)}: leads to {shown(response.url)}, which is not encrypted; nothing was fetched"
            )
        yield response


def _refusal(response: requests.Response) -> Exception:
    """What to raise for a status that is no file: a server's own fault may pass, a client's does not."""
    if response.status_code >= 500 or response.status_code in (206, 408, 429):
        return _Cut(f"the server answered {response.status_code}")
    return FatalError(
        f"{shown(response.url)}: the server answered {response.status_code}; give another address with --from"
    )


def _copy(response: requests.Response, file: BinaryIO, most: int, clock: Clock) -> None:
    """Write the body to `file`, at most `most` bytes. Raises _Cut when it is larger or comes too slowly."""
    began_s, came = clock.monotonic_s(), 0
    while chunk := response.raw.read1(_CHUNK_BYTES):
        came += len(chunk)
        if came > most:
            raise FatalError(
                f"{shown(response.url)}: has more than the {most} bytes that the file has; nothing was installed"
            )
        file.write(chunk)
        passed_s = clock.monotonic_s() - began_s
        if passed_s > _DRIP_S and came < _LEAST_BYTES_PER_S * passed_s:
            raise _Cut(f"only {came} bytes came in {passed_s:.0f} s")
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and came < int(length):
        raise _Cut("the connection was cut before the file was whole")


def _put_in_place(part: Path, path: Path, weights: Weights, address: str, disk: Disk) -> Path:
    found = _sha256(part)
    if found != weights.sha256:
        part.unlink()
        raise FatalError(
            f"{address}: is another file than expected (sha256 {found}, not {weights.sha256}); nothing was installed"
        )
    disk.publish(part, path)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_words(error: Exception) -> str:
    if isinstance(error, _Cut):
        return str(error)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.TooManyRedirects):
        return "leads from one address to the next without end"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "the connection was cut before the file was whole"
