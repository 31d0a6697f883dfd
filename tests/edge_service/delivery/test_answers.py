"""What each kind of answer means for the events."""

import json

import pytest

from backend_api.base.http_client import Answer
from backend_api.contract.events import BatchResult, RejectedLine
from edge_service.delivery.answers import Refused, Taken, TryAgain, judge
from tests.fake_clock import FakeClock

NOW = FakeClock().now()


def result(stored: int, duplicates: int, *rejected: tuple[int, int]) -> Answer:
    lines = [RejectedLine(line=line, event_id=f"id-{line}", status=status, error="why") for line, status in rejected]
    return Answer(
        200, BatchResult(stored=stored, duplicates=duplicates, rejected=lines).model_dump_json().encode(), None
    )


def test_all_that_was_stored_or_had_already_is_settled() -> None:
    assert judge(result(2, 3), 5, NOW) == Taken(5, [], None)


def test_what_was_rejected_for_good_is_settled_too() -> None:
    outcome = judge(result(1, 0, (3, 409), (2, 422)), 3, NOW)
    assert isinstance(outcome, Taken)
    assert outcome.count == 3
    assert [line.line for line in outcome.rejected] == [2, 3]
    assert outcome.stuck is None


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 507])
def test_nothing_is_settled_beyond_a_line_that_may_succeed_later(status: int) -> None:
    outcome = judge(result(2, 0, (5, 422), (3, status), (1, 422)), 5, NOW)
    assert isinstance(outcome, Taken)
    assert outcome.count == 2
    assert [line.line for line in outcome.rejected] == [1]
    assert outcome.stuck is not None
    assert f"{status} to event id-3 (why)" in outcome.stuck


@pytest.mark.parametrize("status", [401, 403, 408, 425, 429, 500, 502, 503, 504, 507, 599])
def test_a_passing_trouble_is_tried_again_after_the_pause_that_was_asked_for(status: int) -> None:
    body = json.dumps({"title": "Busy", "status": status, "detail": "come\nback later"}).encode()
    assert judge(Answer(status, body, "7"), 2, NOW) == TryAgain(f"answered {status} (come back later)", 7.0)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422, 451, 499])
def test_any_other_4xx_refuses_the_request_for_good(status: int) -> None:
    assert judge(Answer(status, b"<p>no</p>", None), 2, NOW) == Refused(status, "<p>no</p>")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>Welcome to the guest Wi-Fi</html>"),
        Answer(200, b""),
        Answer(200, b"{}"),
        Answer(200, b"\xff\xfe"),
        Answer(204, b""),
        Answer(201, result(2, 0).body),
        Answer(301, b""),
        Answer(302, b"<a href='/login'>"),
        result(1, 0),
        result(3, 0),
        result(1, 0, (3, 422)),
        result(0, 0, (1, 422), (1, 422)),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:30]!r}",
)
def test_an_answer_that_is_not_the_contracts_settles_nothing(answer: Answer) -> None:
    outcome = judge(answer, 2, NOW)
    assert isinstance(outcome, TryAgain)
    assert "no batch result" in outcome.reason


def test_a_long_answer_is_cut_in_messages() -> None:
    outcome = judge(Answer(500, b"x" * 10**6), 1, NOW)
    assert isinstance(outcome, TryAgain)
    assert len(outcome.reason) < 400
