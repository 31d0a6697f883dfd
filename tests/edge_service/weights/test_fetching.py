"""Fetching weights from servers of all kinds: what is in place afterwards is whole and right, or nothing is."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_api.base.durable_files import Disk
from backend_api.base.process import FatalError
from edge_service.weights.catalogue import CATALOGUE, Weights, fetched
from edge_service.weights.fetching import fetch, is_whole, take
from tests.fake_clock import FakeClock

CONTENT = bytes(range(256)) * 400
Answer = Callable[[BaseHTTPRequestHandler, int], None]


class SlowClock(FakeClock):
    """Five minutes go by whenever somebody looks."""

    def monotonic_s(self) -> float:
        self.advance(300)
        return super().monotonic_s()


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """The address of a server on this computer, and the Range header of each request that came so far."""
    ranges: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ranges.append(self.headers.get("Range", ""))
            answer(self, len(ranges))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/a.onnx", ranges
        finally:
            server.shutdown()
            thread.join()


def send(to: BaseHTTPRequestHandler, status: int, body: bytes = b"", *, length: int | None = None, **more: str) -> None:
    to.send_response(status)
    to.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in more.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()
    to.wfile.write(body)


def whole(to: BaseHTTPRequestHandler, _number: int) -> None:
    send(to, 200, CONTENT)


def resumable(to: BaseHTTPRequestHandler, begin: int, *, upto: int = len(CONTENT)) -> None:
    """All from `begin` on, of which only `upto` comes."""
    content_range = f"bytes {begin}-{len(CONTENT) - 1}/{len(CONTENT)}"
    status = 206 if begin else 200
    send(to, status, CONTENT[begin:upto], length=len(CONTENT) - begin, Content_Range=content_range)


@pytest.fixture(params=["size known", "size unknown"])
def weights(request: pytest.FixtureRequest) -> Weights:
    size_bytes = len(CONTENT) if request.param == "size known" else None
    return replace(CATALOGUE["yolox_nano"], size_bytes=size_bytes, sha256=hashlib.sha256(CONTENT).hexdigest())


def has(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_and_is_not_fetched_twice(weights: Weights, tmp_path: Path) -> None:
    with serving(whole) as (url, ranges):
        for _ in range(2):
            path = fetch(weights, tmp_path / "models", FakeClock(), Disk(), url)
    assert path.read_bytes() == CONTENT
    assert has(path.parent) == ["yolox_nano.onnx"]
    assert ranges == [""]
    assert fetched(path.parent) == path


def test_redirects_are_followed(weights: Weights, tmp_path: Path) -> None:
    def answer(to: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            send(to, 302, Location="/elsewhere")
        else:
            whole(to, number)

    with serving(answer) as (url, _):
        assert is_whole(fetch(weights, tmp_path, FakeClock(), Disk(), url), weights)


def test_what_was_cut_is_resumed_where_it_was_cut(weights: Weights, tmp_path: Path) -> None:
    def answer(to: BaseHTTPRequestHandler, number: int) -> None:
        begin = (number - 1) * 30_000
        resumable(to, begin, upto=min(begin + 30_000, len(CONTENT)))

    with serving(answer) as (url, ranges):
        clock = FakeClock()
        assert is_whole(fetch(weights, tmp_path, clock, Disk(), url), weights)
    assert ranges == ["", "bytes=30000-", "bytes=60000-", "bytes=90000-"]
    assert clock.waits_s == [2, 4, 6]


def test_a_server_that_cannot_resume_begins_anew(weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "yolox_nano.onnx.part").write_bytes(b"x" * 50)
    with serving(whole) as (url, ranges):
        assert is_whole(fetch(weights, tmp_path, FakeClock(), Disk(), url), weights)
    assert ranges == ["bytes=50-"]


def test_another_file_is_refused_and_nothing_stays(weights: Weights, tmp_path: Path) -> None:
    with (
        serving(lambda to, _: send(to, 200, CONTENT[::-1])) as (url, _),
        pytest.raises(FatalError, match=r"is another file than expected .*; nothing was installed"),
    ):
        fetch(weights, tmp_path, FakeClock(), Disk(), url)
    assert has(tmp_path) == []


def test_a_part_of_another_file_is_begun_anew(weights: Weights, tmp_path: Path) -> None:
    """It is as long as the right one, or longer: the server has no more."""
    (tmp_path / "yolox_nano.onnx.part").write_bytes(b"x" * len(CONTENT))

    def answer(to: BaseHTTPRequestHandler, number: int) -> None:
        if to.headers.get("Range"):
            send(to, 416)
        else:
            whole(to, number)

    with serving(answer) as (url, _):
        assert is_whole(fetch(weights, tmp_path, FakeClock(), Disk(), url), weights)


@pytest.mark.parametrize(
    "answer",
    [
        lambda to, _: send(to, 404),
        lambda to, _: send(to, 503),
        lambda to, _: send(to, 200, CONTENT[::-1]),
    ],
)
def test_no_secret_of_an_address_is_told(answer: Answer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        serving(answer) as (url, ranges),
        pytest.raises(FatalError, match=r"http://127\.0\.0\.1:\d+/a\.onnx\?\.\.\.: ") as caught,
    ):
        fetch(
            CATALOGUE["yolox_nano"],
            tmp_path,
            FakeClock(),
            Disk(),
            f"{url.replace('//', '//ann:s3cret@')}?signature=s3cret",
        )
    assert ranges
    assert "s3cret" not in f"{caught.value}{caplog.text}"


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1), (503, 5), (429, 5)])
def test_a_refusal_is_one_line_and_only_what_may_pass_is_asked_again(
    status: int, asked: int, weights: Weights, tmp_path: Path
) -> None:
    with (
        serving(lambda to, _: send(to, status)) as (url, ranges),
        pytest.raises(FatalError, match=str(status)) as caught,
    ):
        fetch(weights, tmp_path, FakeClock(), Disk(), url)
    assert "--from" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(ranges) == asked


def test_a_server_that_drips_is_let_go(weights: Weights, tmp_path: Path) -> None:
    with (
        serving(whole) as (url, _),
        pytest.raises(FatalError, match=r"only \d+ bytes came in \d+ s; what came is kept"),
    ):
        fetch(weights, tmp_path, SlowClock(), Disk(), url)


def test_a_longer_file_than_expected_is_no_reason_to_fill_the_disk(tmp_path: Path) -> None:
    known = replace(CATALOGUE["yolox_nano"], size_bytes=1000)
    with serving(whole) as (url, _), pytest.raises(FatalError, match="more than the 1000 bytes"):
        fetch(known, tmp_path, FakeClock(), Disk(), url)
    assert not (tmp_path / "yolox_nano.onnx").exists()
    assert (tmp_path / "yolox_nano.onnx.part").stat().st_size <= 1000


def test_no_server_is_one_line(weights: Weights, tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"127\.0\.0\.1:9/a\.onnx: no connection; .* give the file with --from"):
        fetch(weights, tmp_path, FakeClock(), Disk(), "http://127.0.0.1:9/a.onnx")


def test_a_file_is_taken_when_it_is_the_right_one(weights: Weights, tmp_path: Path) -> None:
    source = tmp_path / "from a stick"
    source.write_bytes(CONTENT)
    assert take(weights, source, tmp_path / "models", Disk()).read_bytes() == CONTENT
    source.write_bytes(CONTENT + b"?")
    with pytest.raises(FatalError, match=r"is not the file yolox_nano\.onnx .*--model"):
        take(weights, source, tmp_path / "others", Disk())
    assert not (tmp_path / "others").exists()


@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
def test_wherever_it_is_cut_it_comes_whole_or_not_at_all(
    cuts: list[int], weights: Weights, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("models")

    def answer(to: BaseHTTPRequestHandler, number: int) -> None:
        begin = int((to.headers.get("Range") or "bytes=0-")[6:-1])
        upto = cuts[number - 1] if number <= len(cuts) else len(CONTENT)
        if begin >= len(CONTENT):
            send(to, 416)
        else:
            resumable(to, begin, upto=max(begin, upto))

    with serving(answer) as (url, _):
        assert is_whole(fetch(weights, folder, FakeClock(), Disk(), url), weights)
    assert has(folder) == ["yolox_nano.onnx"]
