"""Entry script of the worker: `python mm_worker/worker.py --db ./data/app.db --seed 123`."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

import logging  # noqa: E402
import random  # noqa: E402
import threading  # noqa: E402
from contextlib import closing  # noqa: E402

from backend_api.base.clock import Clock, SystemClock  # noqa: E402
from backend_api.base.process import EXIT_DONE, FatalError, UsageError, run_process, stop_on_signals  # noqa: E402
from backend_api.media.folder import MediaFolder  # noqa: E402
from backend_api.store.errors import StoreBusy, StoreFull  # noqa: E402
from backend_api.store.migrate import DatabaseNotReady  # noqa: E402
from backend_api.store.store import Store  # noqa: E402
from mm_worker.jobs.retry import RetryPolicy  # noqa: E402
from mm_worker.jobs.setting_up import Chat, Model, set_up_chat, set_up_model  # noqa: E402
from mm_worker.jobs.together import run_together  # noqa: E402
from mm_worker.jobs.worker_loop import Outcome, Pace, Worker  # noqa: E402
from mm_worker.options import Options, parse_options  # noqa: E402

log = logging.getLogger(__name__)


def main() -> int:
    """Work until stopped, or until nothing is left to do. Raises UsageError for what can't be used, FatalError."""
    options = parse_options()
    stop = stop_on_signals()
    clock = SystemClock()
    chat = set_up_chat(options, clock)
    store = open_store(options, clock, stop)
    if store is not None:
        with closing(store):
            _work(options, chat, store, clock, stop)
    return EXIT_DONE


def open_store(options: Options, clock: Clock, stop: threading.Event) -> Store | None:
    """The store, as soon as the backend has made it; None when stopped before. Only the backend makes databases.

    Raises UsageError when the database can't be used, with `drain` also when it isn't there yet.
    """
    is_announced = False
    while not stop.is_set():
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


def _work(options: Options, chat: Chat | None, store: Store, clock: Clock, stop: threading.Event) -> None:
    # The backend makes the folder before the database.
    if not options.media_dir.is_dir():
        raise UsageError(f"there is no media folder {options.media_dir}; give the backend's --media-dir")
    rng = random.SystemRandom()
    model = set_up_model(options, chat, store, clock, rng)
    log.info("judging the attempts in %s, clips from %s, model %s", options.db, options.media_dir, model.described)
    _ask_again(options, store, model)
    workers = [
        Worker(
            store,
            MediaFolder(options.media_dir),
            model.vlm,
            model.gate,
            clock=clock,
            stop=stop,
            pace=Pace(lease_s=options.lease_s, poll_s=options.poll_s),
            retry=RetryPolicy(max_attempts=options.max_attempts),
            rng=rng,
        )
        for _ in range(options.concurrency)
    ]
    began_s = clock.monotonic_s()
    try:
        outcomes = run_together(workers, stop, drain=options.drain)
    finally:
        model.close()
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in Outcome)
    log.info("worked for %.0f s: %s", clock.monotonic_s() - began_s, counts)


def _ask_again(options: Options, store: Store, model: Model) -> None:
    """Do what --rerun says. Raises UsageError for an event that has no verdict to be given again, FatalError."""
    try:
        for wanted in options.rerun:
            if wanted == "all":
                count = store.enrichments.rerun_others(model.name, model.prompt_version)
                log.info("events to be judged again, their verdict being of another model or prompt: %d", count)
            elif not store.enrichments.rerun(wanted):
                raise UsageError(f"--rerun {wanted}: there is no such event, or it still waits for its first verdict")
    except (StoreBusy, StoreFull) as error:
        raise FatalError(f"--rerun: {error}; start the worker again when that is over") from error


if __name__ == "__main__":
    run_process(main)
