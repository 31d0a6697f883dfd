"""To a client of HTTP/1.0 an answer whose length nobody knows ends where the connection does (RFC 9112, 6.3).

uvicorn sends everybody chunks, which are new in HTTP/1.1.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def unchunked(app: ASGIApp, cycle: RequestResponseCycle) -> ASGIApp:
    """`app`, whose answer to the request of `cycle` is sent as it is. The connection is closed behind it anyway."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        is_of_unknown_length = False

        async def send_unchunked(message: Message) -> None:
            nonlocal is_of_unknown_length
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                is_of_unknown_length = b"content-length" not in names
            if is_of_unknown_length:
                # As if this part alone had been announced.
                cycle.chunked_encoding = False
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, send_unchunked)

    return run
