"""The assignment problem: the pairing of two groups that has the greatest total gain."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def assign(gains: Array) -> list[tuple[int, int]]:
    """Pairs (row, column) of the matrix `gains`, each row and column at most once, of the greatest sum.

    Gains are at least 0; pairs of gain 0 are left out. Method: Kuhn's Hungarian method by shortest augmenting paths,
    O(rows² x columns); exact, so that the same frame gives the same pairs everywhere.
    """
    if gains.size == 0:
        return []
    if gains.shape[0] > gains.shape[1]:
        return sorted((row, column) for column, row in assign(gains.T))
    rows = _solve(-np.asarray(gains, np.float64))
    return sorted((int(row), column) for column, row in enumerate(rows) if row >= 0 and gains[row, column] > 0)


def _solve(costs: Array) -> Array:
    """By column the row that it is given to, or -1; `costs` has no more rows than columns."""
    count, columns = costs.shape
    row_price, column_price = np.zeros(count), np.zeros(columns + 1)
    # The last column is not there: it holds the row that is being placed.
    row_of = np.full(columns + 1, -1)
    for row in range(count):
        row_of[columns] = row
        _augment(costs, row_price, column_price, row_of)
    return row_of[:columns]


def _augment(costs: Array, row_price: Array, column_price: Array, row_of: Array) -> None:
    """Place one more row, moving others along the cheapest path to a free column; changes the last three in place."""
    columns = costs.shape[1]
    distance, came_from = np.full(columns, np.inf), np.full(columns, columns)
    done = np.zeros(columns + 1, bool)
    at = columns
    while row_of[at] >= 0:
        done[at] = True
        row = row_of[at]
        reduced = costs[row] - row_price[row] - column_price[:columns]
        better = ~done[:columns] & (reduced < distance)
        distance[better], came_from[better] = reduced[better], at
        at = int(np.argmin(np.where(done[:columns], np.inf, distance)))
        step = distance[at]
        row_price[row_of[done]] += step
        column_price[done] -= step
        distance[~done[:columns]] -= step
    while at != columns:
        before = came_from[at]
        row_of[at] = row_of[before]
        at = before
