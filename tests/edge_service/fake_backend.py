"""A backend without a network: takes batches as the real one does, or answers what a test has put in line."""

import json
from collections import deque
from collections.abc import Callable, Iterable

from backend_api.base.http_client import Answer, NoAnswer
from backend_api.contract.events import BatchResult, RejectedLine

Reaction = Answer | NoAnswer | Callable[[bytes], Answer]


class FakeBackend:
    """A transport. `script` is what becomes of the next requests; those after them are stored.

    `stored` are the numbers of the events in the order of their arrival, each once. The events with a number in
    `refused` are rejected with the status that it gives; a request with a number in `poison` is refused as a whole.
    """

    def __init__(
        self, script: Iterable[Reaction] = (), refused: dict[int, int] | None = None, poison: Iterable[int] = ()
    ) -> None:
        self.script = deque(script)
        self.refused = refused or {}
        self.poison = set(poison)
        self.stored: list[int] = []
        self.duplicates = 0
        self.sizes: list[int] = []

    def post(self, ndjson: bytes) -> Answer:
        self.sizes.append(len(ndjson.splitlines()))
        reaction = self.script.popleft() if self.script else self.take
        if isinstance(reaction, NoAnswer):
            raise reaction
        return reaction if isinstance(reaction, Answer) else reaction(ndjson)

    def take(self, ndjson: bytes) -> Answer:
        """Store what is new in `ndjson`, and answer as the contract says."""
        events = [json.loads(line) for line in ndjson.splitlines()]
        if any(event["attributes"]["number"] in self.poison for event in events):
            return Answer(400, b"poison")
        rejected: list[RejectedLine] = []
        before, duplicates = len(self.stored), 0
        for line, event in enumerate(events, start=1):
            number = event["attributes"]["number"]
            if number in self.refused:
                rejected.append(
                    RejectedLine(line=line, event_id=event["event_id"], status=self.refused[number], error="no")
                )
            elif number in self.stored:
                duplicates += 1
            else:
                self.stored.append(number)
        self.duplicates += duplicates
        result = BatchResult(stored=len(self.stored) - before, duplicates=duplicates, rejected=rejected)
        return Answer(200, result.model_dump_json().encode())

    def take_and_cut(self, ndjson: bytes) -> Answer:
        """Store what is new in `ndjson`, but let nobody know."""
        self.take(ndjson)
        raise NoAnswer("no answer within 10 s")
