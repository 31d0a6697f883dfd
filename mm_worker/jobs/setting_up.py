"""The model that the command line names, with what it is called and the gate before it."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass

from backend_api.base.clock import Clock
from backend_api.store.store import Store
from mm_worker.jobs.gate import Gate
from mm_worker.options import Options
from mm_worker.vlm import mock_vlm
from mm_worker.vlm.budget import Caps, Ledger, Prices
from mm_worker.vlm.chat_server import ChatServer
from mm_worker.vlm.openai_vlm import OpenAiVlm
from mm_worker.vlm.prompt import Prompt, load_prompt
from mm_worker.vlm.vlm import Vlm

KEY_VARIABLE = "GYM_VLM_KEY"


@dataclass(frozen=True, slots=True)
class Chat:
    """A model behind a chat server, and how it is asked."""

    server: ChatServer
    model: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Model:
    """A model to ask; `name` as it is requested, `close` when nobody asks any more."""

    vlm: Vlm
    gate: Gate
    name: str
    prompt_version: str
    described: str
    close: Callable[[], None] = lambda: None


def set_up_chat(options: Options, clock: Clock) -> Chat | None:
    """The server and the prompt of `options`, None for the mock. Raises UsageError when either can't be used."""
    if options.vlm == "mock" or options.vlm_url is None or options.vlm_model is None:
        return None
    server = ChatServer(
        options.vlm_url,
        os.environ.get(KEY_VARIABLE),
        clock,
        connect_s=options.vlm_connect_s,
        total_s=options.vlm_timeout_s,
        connections=options.concurrency,
    )
    return Chat(server, options.vlm_model, load_prompt(options.prompt))


def set_up_model(options: Options, chat: Chat | None, store: Store, clock: Clock, rng: random.Random) -> Model:
    """The model of `options`, its requests written down in `store`."""
    if chat is None:
        vlm = mock_vlm.MockVlm(options.seed)
        described = f"{mock_vlm.MODEL}, seed {options.seed}"
        return Model(vlm, Gate(clock, rng), mock_vlm.MODEL, mock_vlm.PROMPT_VERSION, described)
    ledger = Ledger(store, clock, _caps(options), _prices(options))
    return Model(
        OpenAiVlm(chat.server, chat.model, chat.prompt, ledger),
        Gate(clock, rng, ledger),
        chat.model,
        chat.prompt.version,
        f"{chat.model} at {chat.server.url}, prompt {chat.prompt.version}",
        chat.server.close,
    )


def _caps(options: Options) -> Caps:
    return Caps(options.max_calls_per_day, options.max_tokens_per_day, options.max_cost_per_day)


def _prices(options: Options) -> Prices | None:
    if options.price_input is None or options.price_output is None:
        return None
    return Prices(options.price_input, options.price_output)
