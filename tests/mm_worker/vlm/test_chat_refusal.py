"""What a chat server's errors mean: a refused format, nobody let in, when to come back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_worker.vlm.chat_answer import error_message
from mm_worker.vlm.chat_refusal import FormatRefused, refusal
from mm_worker.vlm.vlm import ServerAway, ServerTrouble, VlmError

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
# As the servers give them: the body of the error, shortened.
OLLAMA = b'{"error": {"message": "this model does not support image input", "type": "api_error", "code": null}}'
LM_STUDIO = b"""{"error": "'response_format.type' must be 'json_schema' or 'text'"}"""
VLLM = b'{"object": "error", "message": "At most 1 image(s) may be provided in one request.", "code": 400}'
LLAMA_CPP = b'{"error": {"code": 500, "message": "image input is not supported - hint: provide the mmproj"}}'
LLAMA_CPP_PYTHON = b"""{"error": {"message": "[{'loc': ('body', 'response_format', 'type')}]", "type": "x"}}"""
FAST_API = b"""{"detail": [{"loc": ["body", "response_format"], "msg": "Input should be 'text'"}]}"""
GEMINI = (
    b'[{"error": {"code": 429, "message": "You exceeded your current quota", "details": ['
    b'{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}]}}]'
)
OPENAI = b'{"error": {"message": "Unsupported value: temperature", "type": "invalid_request_error", "param": null}}'
OPENROUTER = b'{"error": {"code": 402, "message": "Insufficient credits"}}'


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, OLLAMA, FormatRefused, "HTTP 400 this model does not support image input"),
        (400, LM_STUDIO, FormatRefused, "must be 'json_schema' or 'text'"),
        (400, VLLM, FormatRefused, "At most 1 image"),
        (400, OPENAI, FormatRefused, "Unsupported value"),
        (422, FAST_API, FormatRefused, "Input should be 'text'"),
        (500, LLAMA_CPP_PYTHON, FormatRefused, "response_format"),
        (500, LLAMA_CPP, ServerTrouble, "provide the mmproj"),
        (408, b"", ServerTrouble, "HTTP 408"),
        (302, b"", ServerAway, "check --vlm-url"),
        (402, OPENROUTER, ServerAway, "Insufficient credits; the account is used up"),
        (405, b"Method Not Allowed", ServerAway, "check --vlm-url"),
        (429, GEMINI, ServerAway, "You exceeded your current quota"),
        (413, b"<h1>Too large</h1>", ServerAway, "HTTP 413 <h1>Too large</h1>; the server, or a proxy before it"),
        (418, b"", VlmError, "HTTP 418"),
    ],
)
def test_what_a_status_means(status: int, body: bytes, kind: type[Exception], said: str) -> None:
    raised = refusal("http://x/v1", status, body, None, NOW)
    assert type(raised) is kind
    assert said in str(raised)


def test_a_time_to_wait_stands_in_the_header_or_in_the_body() -> None:
    def wait_s(header: str | None, body: bytes) -> float | None:
        raised = refusal("http://x/v1", 429, body, header, NOW)
        assert isinstance(raised, VlmError)
        return raised.retry_after_s

    assert wait_s(None, GEMINI) == 34.07
    assert wait_s("0", GEMINI) == 0
    assert wait_s(None, GEMINI.replace(b"34.07s", b"999999999s")) == 86_400
    for said in (b"soon", b"-3s", b"s", b"nan"):
        assert wait_s(None, GEMINI.replace(b"34.07s", said)) is None
    assert wait_s(None, b"[" * 100_000) is None


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
