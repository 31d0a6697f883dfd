"""What a server may ask for by Retry-After, and what its errors may look like."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.clock import SystemClock
from backend_api.process import UsageError
from mm_worker.chat_answer import error_message
from mm_worker.chat_server import ChatServer, retry_after_s

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 17 ", 17.0),
        ("9" * 30, 86_400.0),
        ("Sat, 31 Jan 2026 09:01:30 GMT", 90.0),
        ("Sat, 31 Jan 2026 08:00:00 GMT", 0.0),
        ("Sat, 31 Jan 2099 08:00:00 GMT", 86_400.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@given(header=st.text(max_size=40))
def test_whatever_a_header_says_it_is_no_time_or_one_within_a_day(header: str) -> None:
    seconds = retry_after_s(header, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "no such model", "code": 5}}', "no such model"),
        (b'{"error": "model \\"x\\" not found"}', 'model "x" not found'),
        (b'[{"error": {"message": "quota"}}]', "quota"),
        (b'{"detail": [{"message": "bad"}]}', "bad"),
        (b"<h1>Bad\n gateway</h1>", "<h1>Bad gateway</h1>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
        (b"null", "null"),
        (b"[" * 100_000, "[" * 197 + "..."),
    ],
)
def test_an_errors_message_is_one_short_line(body: bytes, said: str) -> None:
    assert error_message(body) == said


@given(body=st.binary(max_size=60))
def test_any_body_has_a_message_of_one_line(body: bytes) -> None:
    assert len(error_message(body).splitlines()) <= 1


@pytest.mark.parametrize("url", ["", "x", "ftp://x/v1", "http://", "http://x:99999/v1", "http://x/v1?key=1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--vlm-url"):
        ChatServer(url, None, SystemClock(), connect_s=1, total_s=1, connections=1)
