"""Sessions of the dashboard as browsers hold them, without the browsers: websockets that ask again and again.

Streamlit's server tells a page which of its fragments to run anew and how often; the page asks for each run.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from streamlit.proto.AutoRerun_pb2 import AutoRerun
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from backend_api.base.clock import SystemClock

_MAX_MESSAGE_BYTES = 64 * 1024**2
_CLOCK = SystemClock()


@dataclass
class OpenSession:
    """One open page; `run_s` are the seconds from asking for each run to its end, that of the whole page first."""

    connection: ClientConnection
    page: str
    run_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _refreshing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _finished: asyncio.Event = field(default_factory=asyncio.Event)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: int, page: str) -> AsyncIterator[Self]:
        """The page of the dashboard at `port`, drawn to the end."""
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        async with connect(address, subprotocols=[Subprotocol("streamlit")], max_size=_MAX_MESSAGE_BYTES) as connection:
            session = cls(connection, page)
            reading = asyncio.create_task(session._read())
            try:
                await session.run()
                yield session
            finally:
                session._stop_refreshing(list(session._refreshing))
                reading.cancel()

    @property
    def fragment_ids(self) -> list[str]:
        """The fragments that the page is to run anew again and again."""
        return list(self._refreshing)

    async def run(self, fragment_id: str = "") -> float:
        """Ask for a run of the page, or of one fragment of it; how many seconds it took until it had ended."""
        message = BackMsg()
        message.rerun_script.page_name = self.page
        message.rerun_script.fragment_id = fragment_id
        message.rerun_script.is_auto_rerun = bool(fragment_id)
        message.rerun_script.context_info.timezone = "Europe/Berlin"
        message.rerun_script.context_info.url = f"http://127.0.0.1/{self.page}"
        async with self._one_at_a_time:
            asked_s = _CLOCK.monotonic_s()
            self._finished.clear()
            await self.connection.send(message.SerializeToString())
            await self._finished.wait()
            self.run_s.append(_CLOCK.monotonic_s() - asked_s)
        return self.run_s[-1]

    async def _read(self) -> None:
        async for data in self.connection:
            assert isinstance(data, bytes)
            message = ForwardMsg.FromString(data)
            match message.WhichOneof("type"):
                case "new_session" if not message.metadata.run.fragment_ids:  # a run of the whole page
                    self._stop_refreshing(list(self._refreshing))
                case "stop_auto_rerun":
                    self._stop_refreshing(message.stop_auto_rerun.fragment_ids)
                case "auto_rerun":
                    fragment_id = message.auto_rerun.fragment_id
                    self._stop_refreshing([fragment_id])
                    self._refreshing[fragment_id] = asyncio.create_task(self._refresh(message.auto_rerun))
                case "script_finished":
                    self._finished.set()
                case "session_event":
                    self.failures.append(str(message.session_event))

    async def _refresh(self, wanted: AutoRerun) -> None:
        while True:
            await asyncio.sleep(wanted.interval)
            await self.run(wanted.fragment_id)

    def _stop_refreshing(self, fragment_ids: Sequence[str]) -> None:
        for fragment_id in fragment_ids:
            if task := self._refreshing.pop(fragment_id, None):
                task.cancel()
