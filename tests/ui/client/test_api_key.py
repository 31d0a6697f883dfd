"""The dashboard and the backend's key."""

import pytest

from backend_api.base.process import UsageError
from tests.backend_api.base.scripted_server import answering
from tests.processes import free_port
from ui.client.api import BackendApi, Unreachable
from ui.client.settings import Settings


def test_the_key_comes_from_the_environment_and_is_never_shown() -> None:
    settings = Settings.from_environment({"GYM_API_KEY": "a-key"})
    assert settings.api_key == "a-key"
    assert "a-key" not in repr(settings)
    assert Settings.from_environment({"GYM_API_KEY": ""}).api_key is None


def test_a_key_that_cannot_be_sent_is_named_but_not_repeated() -> None:
    with pytest.raises(UsageError, match="GYM_API_KEY") as raised:
        Settings.from_environment({"GYM_API_KEY": "two words"})
    assert "two words" not in str(raised.value)


def test_the_key_goes_with_every_call_and_into_no_message() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        api = BackendApi(server.url, "a-key")
        api.check_health()
        api.close()
    assert "Authorization: Bearer a-key\r\n" in server.requests[0]
    with pytest.raises(Unreachable) as raised:
        BackendApi(f"http://127.0.0.1:{free_port()}", "a-key").check_health()
    assert "a-key" not in str(raised.value)
