"""Which role may call which route, and of which stores (pure): one table, by method and path.

A path that is not in the table is of the whole installation: to read for who may look at everything, and to change for
admins alone. So a route that is added later is closed to whoever is limited until somebody has thought about it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qs

from backend_api.contract.people import Permission

FIGURES, LOOK, REVIEW, MANAGE, REPORT = Permission
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Scope(Enum):
    """How the store of what is asked for is known."""

    EVERYWHERE = "everywhere"
    """It is of all stores."""
    STORE = "store"
    """The query names it, as store_id."""
    PLACE = "place"
    """The path names it."""
    EVENT = "event"
    """It is the event's."""
    SESSION = "session"
    """It is the session's."""
    ALERT = "alert"
    """It is the alert's."""
    OWN = "own"
    """The answer holds the caller's stores alone."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One of `permissions` is needed, and `scope` tells whose it is; `subject` is the id in the path, if it has one."""

    permissions: frozenset[Permission]
    scope: Scope
    subject: str | None = None


_UUID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_GET, _POST, _PUT, _DELETE = READING_METHODS, {"POST"}, {"PUT"}, {"DELETE"}
_ADMINS = frozenset[Permission]()
FIGURES_PATHS = ("/board", "/stats", "/stats/compliance", "/stats/days")
"""Without events and pictures."""
_TABLE: tuple[tuple[Collection[str], str, frozenset[Permission], Scope], ...] = (
    (_GET, "|".join(FIGURES_PATHS), frozenset({FIGURES}), Scope.STORE),
    (_GET, "/events|/events/export[.]csv|/sessions|/machines|/cameras|/alerts|/floor", frozenset({LOOK}), Scope.STORE),
    (_GET, "/cameras/[^/]+/zones", frozenset({LOOK, REPORT}), Scope.STORE),
    (_GET, "/cameras/[^/]+/(?:setup|still|look|zones/history)", frozenset({LOOK}), Scope.STORE),
    (_GET, f"/events/{_UUID}(?:/reviews)?", frozenset({LOOK}), Scope.EVENT),
    (_GET, f"/media/{_UUID}(?:/thumbnail|/frames/[0-9]{{1,2}})?", frozenset({LOOK}), Scope.EVENT),
    (_GET, f"/sessions/{_UUID}/corrections", frozenset({LOOK}), Scope.SESSION),
    (_GET, "/stores", frozenset({LOOK}), Scope.OWN),
    (_GET, "/audit", frozenset({MANAGE}), Scope.EVERYWHERE),
    (_POST, f"/events/{_UUID}/review", frozenset({REVIEW}), Scope.EVENT),
    (_POST, f"/sessions/{_UUID}/correction", frozenset({REVIEW}), Scope.SESSION),
    (_POST, "/alerts/([0-9]{1,16})/acknowledge", frozenset({REVIEW}), Scope.ALERT),
    (_POST, "/reviews/draws", frozenset({REVIEW}), Scope.EVERYWHERE),
    (_POST, f"/events/{_UUID}/retry", frozenset({MANAGE}), Scope.EVENT),
    (_POST, "/cameras/[^/]+/look", frozenset({LOOK}), Scope.STORE),
    (_PUT, "/cameras/[^/]+/zones", frozenset({MANAGE}), Scope.STORE),
    (_DELETE, "/cameras/[^/]+", frozenset({MANAGE}), Scope.STORE),
    (_PUT, "/stores/([^/]+)", frozenset({MANAGE}), Scope.PLACE),
    (_POST, "/alerts/targets/[^/]+/(?:test|snooze)", frozenset({MANAGE}), Scope.EVERYWHERE),
    (_POST, "/events|/events/batch", frozenset({REPORT}), Scope.EVERYWHERE),
    (_PUT, f"/media/{_UUID}(?:/thumbnail)?", frozenset({REPORT}), Scope.EVERYWHERE),
    (_PUT, "/cameras|/cameras/[^/]+(?:/setup|/still|/look|/zones/refusal)?", frozenset({REPORT}), Scope.EVERYWHERE),
)
_RULES = tuple((methods, re.compile(path), permissions, scope) for methods, path, permissions, scope in _TABLE)


def rule_of(method: str, path: str) -> Rule:
    """The rule of a call."""
    for methods, pattern, permissions, scope in _RULES:
        if method in methods and (match := pattern.fullmatch(path)) is not None:
            return Rule(permissions, scope, match[1] if pattern.groups else None)
    return Rule(frozenset({LOOK}) if method in READING_METHODS else _ADMINS, Scope.EVERYWHERE)


def store_in(query: str) -> str | None:
    """The one store that the query string names, as the routes read it; None where it names none, or several."""
    fields = parse_qs(query, max_num_fields=100, keep_blank_values=True) if query.count("&") < 100 else {}
    given = fields.get("store_id", [])
    return given[0] if len(given) == 1 else None
