"""A polygon as the configuration writes it: a list of points [x, y] in 0..1 of the picture, checked."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from backend_api.contract.zones import zone_problem
from edge_service.rules.machine import Point

MAX_CORNERS = 100


def _is_pair(value: object) -> object:
    if isinstance(value, list) and len(value) != 2:
        raise ValueError(f"has {len(value)} numbers; a point is [x, y]")
    return value


def _simple(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if problem := zone_problem(points):
        raise ValueError(problem)
    return points


_Coordinate = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Point = Annotated[tuple[_Coordinate, _Coordinate], BeforeValidator(_is_pair)]
Polygon = Annotated[tuple[_Point, ...], Field(max_length=MAX_CORNERS), AfterValidator(_simple)]
"""A simple polygon of 3 to MAX_CORNERS corners."""
