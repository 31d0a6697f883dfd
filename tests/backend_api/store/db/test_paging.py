"""Cursors: what was encoded comes back, and nothing else is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.store.db.paging import BadCursor, Position, decode_cursor, encode_cursor

MS = st.integers(min_value=-(2**62), max_value=2**62)


@given(MS, MS, st.text())
def test_a_cursor_is_read_as_it_was_written(ts_ms: int, seq: int, scope: str) -> None:
    assert decode_cursor(encode_cursor(Position(ts_ms, seq), scope), scope) == Position(ts_ms, seq)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(text, "all")


def test_a_cursor_belongs_to_its_list() -> None:
    cursor = encode_cursor(Position(1, 2), "all")
    with pytest.raises(BadCursor, match="other filters"):
        decode_cursor(cursor, "some")


def test_a_cursor_of_another_version_is_refused() -> None:
    with pytest.raises(BadCursor, match="another version"):
        decode_cursor("Ag" + encode_cursor(Position(1, 2), "all")[2:], "all")


def test_a_cursor_needs_no_escaping_in_an_address() -> None:
    assert encode_cursor(Position(-1, 2), "all").replace("-", "").replace("_", "").isalnum()
