"""Draws of verdicts: none twice, one seed for each model and prompt, in the order in which they were proposed."""

import pytest

from backend_api.contract.verdicts import Verdict
from backend_api.store.review_draws import Asked, read_candidates, read_draws
from backend_api.store.store import Store
from tests.backend_api.events import make_event, make_result
from tests.fake_clock import FakeClock

pytestmark = pytest.mark.both_databases

ASKED, OTHER = Asked("mock", "1"), Asked("mock", "2")


def judged(store: Store, count: int) -> list[int]:
    """The numbers of events that were called cleaned."""
    for number in range(count):
        store.events.add([make_event(at_s=number)])
        claim = store.enrichments.claim(60)
        assert claim is not None
        store.enrichments.finish(claim, make_result())
    with store.database.read() as connection:
        return sorted(read_candidates(connection, ASKED, Verdict.CLEANED).values())


def drawn(store: Store, asked: Asked) -> list[int]:
    with store.database.snapshot() as connection:
        return [one.seq for one in read_draws(connection, asked).drawn]


def test_draws_are_kept_in_order_and_no_verdict_is_drawn_twice(store: Store, clock: FakeClock) -> None:
    seqs = judged(store, 4)
    seed = store.draws.seed(ASKED)
    assert store.draws.add(ASKED, seed, [(seqs[2], Verdict.CLEANED), (seqs[0], Verdict.CLEANED)]) == 2
    clock.advance(5)
    assert store.draws.seed(ASKED) == seed
    assert store.draws.add(ASKED, seed, [(seqs[1], Verdict.CLEANED), (seqs[0], Verdict.CLEANED)]) == 1
    assert drawn(store, ASKED) == [seqs[2], seqs[0], seqs[1]]
    with store.database.snapshot() as connection:
        found = read_draws(connection, ASKED)
    assert (found.seed, found.last_at) == (seed, clock.now())
    assert store.draws.add(ASKED, seed, [(seqs[0], Verdict.CLEANED)]) == 0


def test_of_two_first_draws_at_the_same_moment_one_gives_the_seed(store: Store) -> None:
    seqs = judged(store, 2)
    first, second = store.draws.seed(ASKED), store.draws.seed(ASKED)
    assert first != second
    assert store.draws.add(ASKED, first, [(seqs[0], Verdict.CLEANED)]) == 1
    assert store.draws.add(ASKED, second, [(seqs[1], Verdict.CLEANED)]) == 0
    assert store.draws.seed(ASKED) == first
    assert drawn(store, ASKED) == [seqs[0]]


def test_each_model_and_prompt_is_drawn_from_by_itself(store: Store) -> None:
    seqs = judged(store, 1)
    for asked in (ASKED, OTHER):
        assert store.draws.add(asked, store.draws.seed(asked), [(seqs[0], Verdict.CLEANED)]) == 1
    assert store.draws.seed(ASKED) != store.draws.seed(OTHER)
    assert drawn(store, ASKED) == drawn(store, OTHER) == seqs
