"""Several workers of one process at once, a thread each: while one waits for the model, the others go on."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from mm_worker.jobs.worker_loop import Outcome, Worker


def run_together(workers: Sequence[Worker], stop: threading.Event, *, drain: bool) -> Counter[Outcome]:
    """Run every worker to its end; what became of all claims. An error of one stops the others, and is raised then."""

    def run(worker: Worker) -> Counter[Outcome]:
        try:
            return worker.run(drain=drain)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(max_workers=len(workers), thread_name_prefix="worker") as executor:
        running = [executor.submit(run, worker) for worker in workers]
    return sum((done.result() for done in running), Counter[Outcome]())
