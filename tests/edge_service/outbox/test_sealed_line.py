"""Lines that give back what was put in, or say that they cannot."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_service.outbox.sealed_line import damage_line, event_body, line_bytes, refusal_line, seal, unseal
from tests.edge_service.outbox_events import make_event

_LINE = seal(b"event", event_body(make_event(1)))


def test_a_line_is_one_json_object_with_its_event() -> None:
    event = make_event(1)
    assert _LINE.endswith(b"\n")
    assert type(event).model_validate(json.loads(_LINE)["event"]) == event
    assert unseal(b"event", _LINE) == event_body(event)


def test_equal_events_have_equal_bytes_in_whatever_order_their_attributes_came() -> None:
    one = make_event(1)
    other = one.model_copy(update={"attributes": dict(reversed(one.attributes.items()))})
    assert event_body(one) == event_body(other)


def test_a_number_that_is_none_is_refused() -> None:
    event = make_event(1).model_copy(update={"attributes": {"occupied_s": float("nan")}})
    with pytest.raises(ValueError, match="JSON"):
        event_body(event)


def test_no_text_in_an_event_can_break_its_line() -> None:
    event = make_event(1).model_copy(update={"clip_error": "a\nb\r\u2028c \ud800 ü"})
    assert event_body(event).isascii()
    assert len(seal(b"event", event_body(event)).splitlines()) == 1


@given(st.integers(0, len(_LINE) * 8 - 1))
def test_any_flipped_bit_is_noticed(bit: int) -> None:
    damaged = bytearray(_LINE)
    damaged[bit // 8] ^= 1 << bit % 8
    assert unseal(b"event", bytes(damaged)) is None


@given(st.integers(0, len(_LINE) - 1))
def test_any_missing_end_is_noticed(length: int) -> None:
    assert unseal(b"event", _LINE[:length]) is None


@given(st.binary(max_size=60))
def test_foreign_bytes_are_no_line(data: bytes) -> None:
    assert unseal(b"event", data) is None


def test_a_line_is_read_under_its_own_name_alone() -> None:
    assert unseal(b"base", _LINE) is None


@given(st.integers(0, 100))
def test_the_length_of_a_line_is_known_beforehand(body_bytes: int) -> None:
    assert line_bytes(b"event", body_bytes) == len(seal(b"event", b"1" * body_bytes))


@given(st.binary(max_size=60), st.integers(0, 10**12))
def test_damaged_bytes_can_be_had_back(data: bytes, position: int) -> None:
    record = json.loads(damage_line(position, data))
    assert record["text"].encode("utf-8", "surrogateescape") == data
    assert record["position"] == position


def test_a_refusal_keeps_event_and_answer() -> None:
    line = refusal_line(422, 'machine_id: "?"\n', b'{"a":1}')
    assert json.loads(line) == {"status": 422, "error": 'machine_id: "?"\n', "event": {"a": 1}}
    assert len(line.splitlines()) == 1
