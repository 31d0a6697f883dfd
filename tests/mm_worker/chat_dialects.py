"""A local server that plays recorded dialects of the OpenAI chat API, each request's answer in the test's hand."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER: dict[str, Any] = {
    "verdict": "not_cleaned",
    "confidence": 0.8,
    "summary": "A person looks at a phone.",
    "seen": [{"frame": 1, "what": "a person with a phone"}],
}
MODEL = "qwen2.5vl:7b"


@dataclass(frozen=True, slots=True)
class Played:
    """What the server does with a request: waits for `after`, then answers, or, with no `body`, cuts the connection."""

    body: bytes | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: Callable[[], object] = lambda: None
    promised_bytes: int | None = None


def completion(choice: object, **around: object) -> Played:
    """A chat completion with one `choice`, as Ollama gives it, some of what stands around it changed."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": f"{MODEL}-q4",
        "choices": [choice],
        "usage": usage,
    }
    return Played(json.dumps(body | around).encode())


def says(content: str | None, finish_reason: str | None = "stop", **message: object) -> Played:
    """A chat completion in which the model says `content`."""
    said = {"role": "assistant", "content": content, **message}
    return completion({"index": 0, "message": said, "finish_reason": finish_reason})


def answers(**changes: object) -> Played:
    """A good answer, some of its keys changed."""
    return says(json.dumps(ANSWER | changes))


def fails(status: int, message: str = "no", **headers: str) -> Played:
    """An error in OpenAI's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Played(json.dumps({"error": {"message": message, "type": "x"}}).encode(), status, named)


CUT = Played(None)


@dataclass
class ChatDialect:
    """`play` has the answers in their order, the last one for ever; `asked` has the requests' bodies and headers."""

    play: list[Played]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_for(self, body: dict[str, Any], headers: dict[str, str]) -> Played:
        with self.lock:
            self.asked.append(body)
            self.headers.append(headers)
            return self.play.pop(0) if len(self.play) > 1 else self.play[0]

    @property
    def formats(self) -> list[str | None]:
        """How each request asked for the reply's format."""
        return [body.get("response_format", {}).get("type") for body in self.asked]


@contextmanager
def speaking(*play: Played) -> Iterator[ChatDialect]:
    """Serve on a free port."""
    dialect = ChatDialect(list(play))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Otherwise head and body wait for each other's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            played = dialect.next_for(body | {"path": self.path}, dict(self.headers))
            played.after()
            if played.body is None:
                self.close_connection = True
                return
            self.send_response(played.status)
            self.send_header("Content-Length", str(played.promised_bytes or len(played.body)))
            for name, value in played.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(played.body)
            self.close_connection = played.promised_bytes is not None

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        dialect.url = f"http://127.0.0.1:{server.server_port}/v1"
        try:
            yield dialect
        finally:
            server.shutdown()
            thread.join()
