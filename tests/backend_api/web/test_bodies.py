"""A long body that takes long to read keeps nobody else waiting."""

import asyncio
import json
import threading
from typing import Any

import pytest
from fastapi import Request
from pydantic import BaseModel, ConfigDict, field_validator

from backend_api.web.bodies import read_json, read_report
from tests.own_loop import run_alone

_OTHERS_WERE_ANSWERED = threading.Event()


class _Slow(BaseModel):
    """Its check takes until somebody else was answered."""

    model_config = ConfigDict(extra="forbid")
    text: str

    @field_validator("text")
    @classmethod
    def _check(cls, text: str) -> str:
        if not _OTHERS_WERE_ANSWERED.wait(5):
            raise ValueError("nobody else was answered meanwhile")
        return text


def _request(body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "PUT", "headers": [(b"content-type", b"application/json")]}, receive)


@pytest.mark.parametrize(("read", "more"), [(read_json, {}), (read_report, {}), (read_report, {"newer": 1})])
def test_others_are_answered_while_a_long_body_is_read(read: Any, more: dict[str, int]) -> None:  # noqa: ANN401
    _OTHERS_WERE_ANSWERED.clear()
    body = json.dumps({"text": "a" * 100_000} | more).encode()

    async def read_and_answer_others() -> bool:
        async def answer_others() -> None:
            _OTHERS_WERE_ANSWERED.set()

        reading = asyncio.ensure_future(read(_request(body), _Slow, 200_000))
        await asyncio.sleep(0)
        await asyncio.gather(reading, answer_others())
        return "aaa" in str(reading.result())

    assert run_alone(read_and_answer_others())
