"""Whoever has asked is answered, also when the server stops before the answer is known."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from backend_api.contract.values import Problem
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from backend_api.web.metrics import Metrics
from backend_api.web.request_log import RequestLog
from tests.fake_clock import FakeClock
from tests.own_loop import run_alone


@pytest.mark.parametrize("has_begun", [False, True])
def test_who_still_waits_when_the_server_stops_is_told_so(
    store: Store, media: MediaFolder, clock: FakeClock, has_begun: bool
) -> None:
    sent: list[Message] = []

    async def ask() -> None:
        is_busy = asyncio.Event()

        async def wait_for_ever(_scope: Scope, receive: Receive, send: Send) -> None:
            if has_begun:
                await send({"type": "http.response.start", "status": 200, "headers": []})
            is_busy.set()
            await receive()

        async def receive() -> Message:
            never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
            return await never

        async def send(message: Message) -> None:
            sent.append(message)

        observation = RequestLog(wait_for_ever, Metrics(store, media, clock), clock, keeps_log=False)
        asking = asyncio.create_task(observation({"type": "http", "method": "GET", "path": "/"}, receive, send))
        await is_busy.wait()
        asking.cancel()
        await asking

    if has_begun:
        with pytest.raises(asyncio.CancelledError):
            run_alone(ask())
        assert len(sent) == 1  # what has begun cannot become another answer
    else:
        run_alone(ask())
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        assert sent[0]["status"] == Problem.model_validate_json(sent[1]["body"]).status == 503
