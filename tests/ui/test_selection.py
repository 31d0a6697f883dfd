"""What a click on the table meant."""

import pytest

from ui.selection import picked_row


@pytest.mark.parametrize(
    ("rows", "cell_rows", "current", "expected"),
    [
        ([], [], None, None),
        ([], [2], None, 2),  # a cell, nothing open
        ([1], [], None, 1),  # a box, nothing open
        ([1], [2], 1, 2),  # a cell of another row
        ([3], [2], 2, 3),  # a box of another row, the old cell still focused
        ([2], [2], 2, 2),  # a cell of the open row
        ([], [2], 2, None),  # the open row's box, unticked
        ([], [], 2, None),
    ],
)
def test_the_row_that_was_meant(
    rows: list[int], cell_rows: list[int], current: int | None, expected: int | None
) -> None:
    assert picked_row(rows, cell_rows, current) == expected
