"""A real connection to one of the backend's protocols, with an application of the test's behind it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]
TIMEOUT_S = 60


def talk(protocol: type[HttpToolsProtocol], app: Any, client: Client, keep_alive_s: int = TIMEOUT_S) -> bytes:  # noqa: ANN401
    """What `client` makes of a connection to `app` through `protocol`. Raises TimeoutError."""

    async def run() -> bytes:
        async with _connected(protocol, app, keep_alive_s) as (reader, writer):
            return await asyncio.wait_for(client(reader, writer), TIMEOUT_S)

    return asyncio.run(run())


@asynccontextmanager
async def _connected(
    protocol: type[HttpToolsProtocol],
    app: Any,  # noqa: ANN401
    keep_alive_s: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = Config(app, log_config=None, ws="none", timeout_keep_alive=keep_alive_s)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()
