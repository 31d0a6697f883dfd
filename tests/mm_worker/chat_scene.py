"""A model behind a local chat server, with a database for what it is asked."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from mm_worker.vlm.budget import Budget, Caps, Prices
from mm_worker.vlm.chat_server import ChatServer
from mm_worker.vlm.openai_vlm import OpenAiVlm
from mm_worker.vlm.prompt import DEFAULT_END_PROMPT, DEFAULT_PROMPT, Prompts, load_prompt
from tests.backend_api.events import make_event
from tests.mm_worker.chat_dialects import MODEL, ChatDialect, Played, speaking
from tests.mm_worker.scene import Scene

KEY = "sk-very-secret"
PROMPTS = Prompts(load_prompt(DEFAULT_PROMPT), load_prompt(DEFAULT_END_PROMPT))
PROMPT = PROMPTS.attempt


@contextmanager
def asking(
    scene: Scene,
    url: str,
    caps: Caps = Caps(),  # noqa: B008 - a frozen value
    *,
    key: str | None = KEY,
    total_s: float = 30.0,
) -> Iterator[OpenAiVlm]:
    """A model at `url` for questions about the first four seconds, whose million tokens cost 1 in and 10 out."""
    scene.store.events.add([make_event(at_s=at_s) for at_s in range(4)])
    server = ChatServer(url, key, scene.clock, connect_s=30.0, total_s=total_s, connections=2)
    with closing(server):
        yield OpenAiVlm(server, MODEL, PROMPTS, Budget(scene.store, scene.clock, caps, Prices(1.0, 10.0)))


@contextmanager
def talking(scene: Scene, *play: Played) -> Iterator[tuple[OpenAiVlm, ChatDialect]]:
    """A model whose server plays `play`."""
    with speaking(*play) as dialect, asking(scene, dialect.url) as vlm:
        yield vlm, dialect
