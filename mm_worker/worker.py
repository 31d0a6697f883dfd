"""Entry script of the worker: `python mm_worker/worker.py --db ./data/app.db --seed 123`."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

import logging  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import threading  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from contextlib import ExitStack, closing  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from functools import partial  # noqa: E402

from backend_api.base.clock import Clock, SystemClock  # noqa: E402
from backend_api.base.process import EXIT_DONE, FatalError, UsageError, run_process, stop_on_signals  # noqa: E402
from backend_api.base.watchdog import Watchdog  # noqa: E402
from backend_api.media.place import open_media  # noqa: E402
from backend_api.store.db.errors import StoreBusy, StoreFull  # noqa: E402
from backend_api.store.db.migrate import DatabaseNotReady  # noqa: E402
from backend_api.store.store import Store  # noqa: E402
from mm_worker.jobs.admission import Admission  # noqa: E402
from mm_worker.jobs.presence import Presence, present  # noqa: E402
from mm_worker.jobs.worker_loop import (  # noqa: E402
    JobOutcome,
    Pace,
    RetryPolicy,
    Worker,
)
from mm_worker.options import Options, parse_options  # noqa: E402
from mm_worker.vlm import mock_vlm  # noqa: E402
from mm_worker.vlm.budget import Budget, Caps, Prices  # noqa: E402
from mm_worker.vlm.chat_server import ChatServer  # noqa: E402
from mm_worker.vlm.openai_vlm import OpenAiVlm  # noqa: E402
from mm_worker.vlm.prompt import Prompts, load_prompt  # noqa: E402
from mm_worker.vlm.vlm import Vlm  # noqa: E402

log = logging.getLogger(__name__)

KEY_VARIABLE = "GYM_VLM_KEY"


@dataclass(frozen=True, slots=True)
class Chat:
    """A model behind a chat server, and how it is asked."""

    server: ChatServer
    model: str
    prompts: Prompts


@dataclass(frozen=True, slots=True)
class Model:
    """A model to ask; `name` as it is requested, `close` when nobody asks any more.

    `prompt_version` is that of the question about an attempt, `end_prompt_version` of the one about the end of a use.
    """

    vlm: Vlm
    admission: Admission
    name: str
    prompt_version: str
    end_prompt_version: str
    described: str
    close: Callable[[], None] = lambda: None


def main() -> int:
    """Work until stopped, or until nothing is left to do. Raises UsageError, FatalError."""
    options = parse_options()
    stop = stop_on_signals()
    clock = SystemClock()
    chat = set_up_chat(options, clock)
    watchdog = Watchdog(clock, os.environ)
    store = open_store(options, clock, stop, watchdog.feed)
    if store is not None:
        with closing(store):
            _work(options, chat, store, clock, stop, watchdog)
    return EXIT_DONE


def open_store(
    options: Options, clock: Clock, stop: threading.Event, feed: Callable[[], None] = lambda: None
) -> Store | None:
    """The store, as soon as the backend has made it; None when stopped before. Only the backend makes databases.

    Raises UsageError when the database cannot be used, with `drain` also when there is none yet.
    """
    is_announced = False
    while not stop.is_set():
        feed()
        try:
            return Store.open(options.db, clock, create=False)
        except DatabaseNotReady as error:
            if options.drain:
                raise
            if not is_announced:
                log.info("waiting for the backend: %s", error)
                is_announced = True
        clock.wait(stop, options.poll_s)
    return None


def set_up_chat(options: Options, clock: Clock) -> Chat | None:
    """The server and the prompt of `options`, None for the mock. Raises UsageError when either cannot be used."""
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
    return Chat(server, options.vlm_model, Prompts(load_prompt(options.prompt), load_prompt(options.end_prompt)))


def set_up_model(options: Options, chat: Chat | None, store: Store, clock: Clock, rng: random.Random) -> Model:
    """The model of `options`, its requests written down in `store`."""
    if chat is None:
        vlm = mock_vlm.MockVlm(options.seed)
        described = f"{mock_vlm.MODEL}, seed {options.seed}"
        versions = mock_vlm.PROMPT_VERSION, mock_vlm.END_PROMPT_VERSION
        return Model(vlm, Admission(clock, rng), mock_vlm.MODEL, *versions, described)
    budget = Budget(store, clock, _caps(options), _prices(options))
    attempt, end = chat.prompts.attempt.version, chat.prompts.end.version
    return Model(
        OpenAiVlm(chat.server, chat.model, chat.prompts, budget),
        Admission(clock, rng, budget),
        chat.model,
        attempt,
        end,
        f"{chat.model} at {chat.server.url}, prompts {attempt} and {end}",
        chat.server.close,
    )


def run_threads(workers: Sequence[Worker], stop: threading.Event, *, drain: bool) -> Counter[JobOutcome]:
    """Run every worker to its end; what became of all claims. An error of one stops the others, and is raised then."""

    def run(worker: Worker) -> Counter[JobOutcome]:
        try:
            return worker.run(drain=drain)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(max_workers=len(workers), thread_name_prefix="worker") as executor:
        running = [executor.submit(run, worker) for worker in workers]
    return sum((done.result() for done in running), Counter[JobOutcome]())


def _work(
    options: Options, chat: Chat | None, store: Store, clock: Clock, stop: threading.Event, watchdog: Watchdog
) -> None:
    # The backend makes the folder before the database.
    if isinstance(options.media_dir, Path) and not options.media_dir.is_dir():
        raise UsageError(f"there is no media folder {options.media_dir}; give the backend's --media-dir")
    media = open_media(options.media_dir, store.database)
    rng = random.SystemRandom()
    model = set_up_model(options, chat, store, clock, rng)
    what = "attempts and the ends of uses" if options.judge_ends else "attempts"
    _set_judging(options, store)
    _ask_again(options, store, model)
    log.info("judging the %s in %s, clips from %s, model %s", what, options.db, options.media_dir, model.described)
    parts = [f"worker {number}" for number in range(options.concurrency)]
    workers = [
        Worker(
            store,
            media,
            model.vlm,
            model.admission,
            clock=clock,
            stop=stop,
            pace=Pace(lease_s=options.lease_s, poll_s=options.poll_s),
            retry=RetryPolicy(max_attempts=options.max_attempts),
            rng=rng,
            feed=partial(watchdog.feed, part),
        )
        for part in parts
    ]
    began_s = clock.monotonic_s()
    try:
        with ExitStack() as stack:
            for part in parts:
                stack.enter_context(watchdog.watching(part))
            stack.enter_context(
                present(Presence(store, model.admission.caps, model.admission.reached, clock), drain=options.drain)
            )
            outcomes = run_threads(workers, stop, drain=options.drain)
    finally:
        model.close()
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in JobOutcome)
    log.info("worked for %.0f s: %s", clock.monotonic_s() - began_s, counts)


def _set_judging(options: Options, store: Store) -> None:
    """Do what --judge-ends says. Raises FatalError."""
    try:
        taken_back = store.enrichments.judge_ends(is_on=options.judge_ends)
    except (StoreBusy, StoreFull) as error:
        raise FatalError(f"--judge-ends: {error}; start the worker again when that is over") from error
    if taken_back:
        log.info("questions about the ends of uses that nobody asks any more: %d", taken_back)


def _ask_again(options: Options, store: Store, model: Model) -> None:
    """Do what --rerun says. Raises UsageError for an event that has no verdict to be given again, FatalError."""
    try:
        for wanted in options.rerun:
            if wanted == "all":
                # Nothing about the ends of uses is asked unasked.
                of_end = model.end_prompt_version if options.judge_ends else None
                count = store.enrichments.rerun_others(model.name, model.prompt_version, of_end)
                log.info("events to be judged again, their verdict being of another model or prompt: %d", count)
            elif not store.enrichments.rerun(wanted):
                raise UsageError(
                    f"--rerun {wanted}: there is no such event, or it still waits for its first verdict; GET /events"
                    " lists what there is"
                )
    except (StoreBusy, StoreFull) as error:
        raise FatalError(f"--rerun: {error}; start the worker again when that is over") from error


def _caps(options: Options) -> Caps:
    return Caps(options.max_calls_per_day, options.max_tokens_per_day, options.max_cost_per_day)


def _prices(options: Options) -> Prices | None:
    if options.price_input is None or options.price_output is None:
        return None
    return Prices(options.price_input, options.price_output)


if __name__ == "__main__":
    run_process(main)
