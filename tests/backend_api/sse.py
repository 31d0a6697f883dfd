"""A reader of server-sent events over a socket, for tests: as strict as a browser, and as slow as it likes."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self

TIMEOUT_S = 30.0
# Signs of life come every 15 s; a message that was stored is told of long before.
MAX_SILENT = 3


@dataclass(frozen=True, slots=True)
class Message:
    """One message that has data."""

    id: str
    kind: str
    data: str


class StreamReader:
    """A connection to GET `path` of 127.0.0.1:`port`; `last_id` is what a browser would come back with."""

    def __init__(self, port: int, path: str = "/events/stream", headers: Mapping[str, str] | None = None) -> None:
        self.last_id = ""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        lines = [
            f"GET {path} HTTP/1.0",
            "Host: 127.0.0.1",
            *(f"{key}: {value}" for key, value in (headers or {}).items()),
        ]
        self._file = self._socket.makefile("rb")
        try:
            self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
            self.head = self._read_head()
            self._first = next(self._blocks(), None)
        except BaseException:
            self.close()
            raise

    def _read_head(self) -> str:
        lines = []
        while (line := self._file.readline()) != b"\r\n":
            if not line:
                raise ConnectionError("the backend hung up before it had answered")
            lines.append(line.decode())
        return "".join(lines)

    def messages(self) -> Iterator[Message]:
        """Messages until the server ends the stream. Raises AssertionError when nothing comes but signs of life."""
        silent = 0
        for block in self._blocks():
            if "data" in block:
                silent = 0
                yield Message(block["id"], block["event"], block["data"])
            else:
                silent += 1
                assert silent < MAX_SILENT, f"{silent} signs of life, and no message behind the id {self.last_id}"

    def take(self, count: int) -> list[Message]:
        """The next `count` messages. Raises ConnectionError when the backend ends the stream before."""
        found = list(islice(self.messages(), count))
        if len(found) < count:
            raise ConnectionError(f"the backend ended the stream after {len(found)} of {count} messages")
        return found

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _blocks(self) -> Iterator[dict[str, str]]:
        block: dict[str, str] = {}
        while line := self._file.readline():
            name, colon, value = line.decode().rstrip("\n").partition(": ")
            if colon:
                block[name or "comment"] = value
            else:
                self.last_id = block.get("id", self.last_id)
                yield block
                block = {}
