"""The caller of the request that is answered now: a key, and the person whom it acts for."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from backend_api.contract.people import Permission, Person, Role
from backend_api.contract.values import Value

Said = TypeVar("Said", bound=Value)


@dataclass(frozen=True, slots=True)
class Caller:
    """A key by its name, with its role, and the `stores` that it is limited to; None for all.

    With a `person`, who is signed in at the dashboard, role and stores are what key and person have in common.
    """

    key: str
    role: Role
    stores: frozenset[str] | None = None
    person: Person | None = None

    @property
    def subject(self) -> str:
        """The subject of a sentence about what the caller may not do."""
        return "this key" if self.person is None else self.person.name

    def sees(self, store_id: str | None) -> bool:
        """Whether the store is one of the caller's; None stands for the whole installation."""
        return self.stores is None or store_id in self.stores

    def may(self, permissions: frozenset[Permission]) -> bool:
        """Whether the role has one of `permissions`; an admin's has what nobody else's has, too."""
        return self.role is Role.ADMIN or bool(permissions & self.role.permissions)


current_caller: ContextVar[Caller | None] = ContextVar("current_caller", default=None)
"""The caller; None where no keys are asked for, and where nobody is answered."""


def in_their_name(said: Said) -> Said:
    """What somebody `said`, whose field `who` is the name of the person who is signed in, if anybody is."""
    person = present_person()
    return said if person is None else said.model_copy(update={"who": person.name})


def present_person() -> Person | None:
    """Who is signed in at the dashboard and asks; None where that is nobody."""
    caller = current_caller.get()
    return None if caller is None else caller.person


def sees(store_id: str | None) -> bool:
    """Whether the present caller may see the store; None stands for the whole installation."""
    caller = current_caller.get()
    return caller is None or caller.sees(store_id)
