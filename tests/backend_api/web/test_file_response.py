"""Range headers: which part of a file they ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.web.file_response import Slice, Unsatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", Slice(0, 1)),
        ("bytes=0-9", Slice(0, 10)),
        ("bytes=5-", Slice(5, 10)),
        ("bytes=5-100", Slice(5, 10)),
        ("bytes=-3", Slice(7, 10)),
        ("bytes=-100", Slice(0, 10)),
        ("Bytes = 2 - 3", Slice(2, 4)),
    ],
)
def test_one_range(header: str, expected: Slice) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=1--2"),
        *("bytes=٣-", "bytes=" + "9" * 5000 + "-"),
    ],
)
def test_what_is_no_range_is_ignored(header: str) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_outside_the_file(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 10)


@given(st.text() | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(1, 1000))
def test_whatever_comes_the_slice_lies_in_the_file(header: str, size_bytes: int) -> None:
    try:
        part = parse_range(header, size_bytes)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part.start < part.end <= size_bytes
