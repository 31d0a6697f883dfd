"""Where a chat server may be, and with which key: refused in one line that does not show it."""

import pytest

from backend_api.base.clock import SystemClock
from backend_api.base.process import UsageError
from mm_worker.vlm.chat_server import ChatServer


def server(url: str, key: str | None = None) -> ChatServer:
    return ChatServer(url, key, SystemClock(), connect_s=1, total_s=1, connections=1)


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://x/v1", "http://", "http://x:99999/v1", "http://x/v1?key=1", f"http://x/{'y' * 500}"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--vlm-url"):
        server(url)


@pytest.mark.parametrize(
    "url", ["http://x/v1?key=sk-hidden", "http://u:sk-hidden@x/v1?a=1", "ftp://x/v1?key=sk-hidden"]
)
def test_a_key_in_an_address_is_not_shown(url: str) -> None:
    with pytest.raises(UsageError, match="--vlm-url") as raised:
        server(url)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("key", ["sk-hidden\nsk-hidden", "sk-hidden\x00", "sk-hiddén", "sk-hidden\u20ac"])
def test_a_key_that_can_stand_in_no_header_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(UsageError, match="GYM_VLM_KEY") as raised:
        server("http://127.0.0.1:9/v1", key)
    assert "hidd" not in str(raised.value)
