"""Verdicts against people's reviews, from the database to the report."""

from pathlib import Path

from backend_api.base.clock import SystemClock
from backend_api.contract.verdicts import Agree
from tests.backend_api.events import make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.processes import Running, script


def test_the_report_stands_beside_the_yardstick(tmp_path: Path) -> None:
    db = tmp_path / "app.db"
    command = [*script("mm_worker/evaluate.py"), "--db", str(db)]
    with Running(command) as evaluation:
        assert evaluation.wait() == 2
    assert "start the backend first" in evaluation.output

    store = fresh_store(db, SystemClock())
    events = [make_event(at_s=at_s) for at_s in range(4)]
    store.events.add(events)
    for event, agree in zip(events, (Agree.YES, Agree.YES, Agree.NO, Agree.UNSURE), strict=True):
        claim = store.enrichments.claim(30.0)
        assert claim is not None
        assert store.enrichments.finish(claim, make_result(model="tiny", prompt_version="wiped-1-abc"))
        assert store.reviews.add(event.event_id, agree, "", "ann")
    store.close()
    with Running(command) as evaluation:
        assert evaluation.wait() == 0
    assert "tiny, prompt wiped-1-abc" in evaluation.output
    assert "reviewed and decided: 3" in evaluation.output
    assert "sensitivity  100.0% [34.2%, 100.0%]  (2 of 2 cleaned)" in evaluation.output
    assert "specificity  0.0% [0.0%, 79.3%]  (0 of 1 not cleaned)" in evaluation.output
    assert "sensitivity 92.1%, specificity 98.3%" in evaluation.output
    assert "sensitivity 85.2%, specificity 99.4%" in evaluation.output
