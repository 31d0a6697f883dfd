"""An export holds what the list shows, in cells that no spreadsheet calculates."""

import csv
import io
import json

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from backend_api.contract.events import EventType, StoredEvent
from backend_api.contract.verdicts import Verdict
from backend_api.store.store import Store
from backend_api.web.routes.export import COLUMNS, harmless
from tests.backend_api.api import fields, post_batch, problem
from tests.backend_api.events import make_event, make_result


def exported(client: TestClient, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"/events/export.csv{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "events.csv" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert response.text.splitlines()[0] == ",".join(COLUMNS)
    return rows


def test_all_pages_of_a_list_are_exported_in_its_order(client: TestClient) -> None:
    kinds = list(EventType)
    post_batch(client, *(make_event(at_s=number, event_type=kinds[number % 4]) for number in range(600)))
    query = "?order=asc&event_type=CLEANING_ATTEMPT&event_type=MACHINE_OCCUPIED_END"
    listed = client.get(f"/events{query}&limit=500").json()["items"]
    assert [row["event_id"] for row in exported(client, query)] == [item["event_id"] for item in listed]
    assert len(exported(client)) == 600


def test_a_line_tells_what_the_event_and_the_model_say(client: TestClient, store: Store) -> None:
    event = make_event(clip_error='a "quoted", reason\nin two lines', attributes={"seconds_into_window": 8.5})
    store.events.add([event])
    claim = store.enrichments.claim(60)
    assert claim is not None
    store.enrichments.finish(claim, make_result(verdict=Verdict.NOT_CLEANED, summary='=HYPERLINK("http://x")'))
    [row] = exported(client)
    stored = StoredEvent.model_validate_json(client.get(f"/events/{event.event_id}").content)
    assert row["ts"] == "2026-01-31T09:00:00.000Z"
    assert row["clip_error"] == stored.clip_error
    assert json.loads(row["attributes"]) == stored.attributes
    assert (row["mm_status"], row["verdict"], row["model"]) == ("DONE", "not_cleaned", "mock")
    assert row["verdict_summary"] == '\'=HYPERLINK("http://x")'


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert harmless(text).removeprefix("'") in (text.replace("\0", ""), text.replace("\0", "").removeprefix("'"))


def test_nothing_found_is_a_table_without_lines(client: TestClient) -> None:
    assert exported(client, "?store_id=nowhere") == []


@pytest.mark.parametrize(("query", "expected"), [("limit=5", ["limit"]), ("since=now", ["since"])])
def test_a_wrong_query_is_refused(client: TestClient, query: str, expected: list[str]) -> None:
    assert fields(problem(client.get(f"/events/export.csv?{query}"), 422)) == expected
