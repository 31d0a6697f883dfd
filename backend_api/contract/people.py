"""The roles of people and keys, the permissions of each, and the header in which the dashboard names a person."""

import json
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationError

from backend_api.contract.values import Name, Value

ACTING_FOR = "Gym-Acting-For"
"""The header that only a key with the role `dashboard` may send."""
MAX_HEADER_CHARACTERS = 12_000
"""Less than servers take of all headers together (uvicorn: 64 KiB; many proxies: 16 KiB)."""
MAX_PERSON_STORES = 100
MAX_PERSON_CHARACTERS = 200


class Permission(StrEnum):
    """One kind of thing that may be done."""

    FIGURES = "figures"
    """See figures: no event, no picture."""
    LOOK = "look"
    """See everything but who looked."""
    REVIEW = "review"
    """Review verdicts, correct uses, acknowledge alerts."""
    MANAGE = "manage"
    """Change zones, stores and cameras' lists, snooze and test targets, ask a model again, see who looked."""
    REPORT = "report"
    """Send what an edge sends."""


class Role(StrEnum):
    """The role of a person or a key. People are viewers, reviewers or managers."""

    FIGURES = "figures"
    VIEWER = "viewer"
    REVIEWER = "reviewer"
    MANAGER = "manager"
    EDGE = "edge"
    DASHBOARD = "dashboard"
    ADMIN = "admin"

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions of the role; those of a dashboard are its people's alone."""
        return _PERMISSIONS[self]


_FIGURES = frozenset({Permission.FIGURES})
_VIEWER = _FIGURES | {Permission.LOOK}
_REVIEWER = _VIEWER | {Permission.REVIEW}
_MANAGER = _REVIEWER | {Permission.MANAGE}
_PERMISSIONS = {
    Role.FIGURES: _FIGURES,
    Role.VIEWER: _VIEWER,
    Role.REVIEWER: _REVIEWER,
    Role.MANAGER: _MANAGER,
    Role.EDGE: frozenset({Permission.REPORT}),
    Role.DASHBOARD: frozenset[Permission](),
    Role.ADMIN: frozenset(Permission),
}
PEOPLES_ROLES = (Role.VIEWER, Role.REVIEWER, Role.MANAGER)
"""The roles that a person may have, the one that may least first."""


def _of_a_person(role: Role) -> Role:
    if role not in PEOPLES_ROLES:
        raise ValueError(f"{role} is no role of a person")
    return role


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("holds characters that cannot be shown, or none")
    return text


PersonText = Annotated[str, Field(min_length=1, max_length=MAX_PERSON_CHARACTERS), AfterValidator(_printable)]


class Person(Value):
    """A person who is signed in at the dashboard: `person_id` as the sign-in service knows it, `name` as people do.

    `store_ids` are the stores that the person may see; null for all.
    """

    person_id: PersonText
    name: PersonText
    role: Annotated[Role, AfterValidator(_of_a_person)]
    store_ids: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MAX_PERSON_STORES)] | None = None

    def may(self, permission: Permission, *, everywhere: bool = False) -> bool:
        """Whether the person's role has `permission`; with `everywhere`, in the whole installation."""
        return permission in self.role.permissions and not (everywhere and self.store_ids is not None)

    def header(self) -> str:
        """The value of the header: JSON in ASCII."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), separators=(",", ":"))

    @classmethod
    def from_header(cls, value: str) -> Self | None:
        """The person whom the header's `value` names; None when it names none."""
        if len(value) > MAX_HEADER_CHARACTERS:
            return None
        try:
            return cls.model_validate_json(value)
        except ValidationError:
            return None
