"""people.yaml: who has which role at the dashboard; and the person that signed in with some claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from backend_api.base.yaml_file import Text, read_yaml, section
from backend_api.contract.people import MAX_PERSON_STORES, PEOPLES_ROLES, Person, PersonText, Role
from backend_api.contract.values import Name

MAX_PEOPLE = 2000
MAX_SESSION_HOURS = 720.0
_EMAIL = "email"
# Clocks differ; a sign-in from further ahead, or at no time, would never end.
_MOST_AHEAD_S = 300.0


class NoRole(Exception):
    """A person who is signed in and may see nothing; the text says why, and whom to ask."""


class SignInEnded(Exception):
    """A sign-in that is too old; the text says so."""


def _role(value: object) -> object:
    if value not in PEOPLES_ROLES:
        raise ValueError(f"{value!r} is no role of a person; write one of {', '.join(PEOPLES_ROLES)}")
    return Role(str(value))


def _name(text: str) -> str:
    return TypeAdapter(Name).validate_python(text)


def _person_text(text: str) -> str:
    return TypeAdapter(PersonText).validate_python(text)


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person by the value of the claim `id_claim`; `stores` are those that they may see, None for all."""

    id: Annotated[Text, AfterValidator(_person_text)]
    role: Annotated[Role, BeforeValidator(_role)]
    stores: (
        Annotated[tuple[Annotated[Text, AfterValidator(_name)], ...], Field(min_length=1, max_length=MAX_PERSON_STORES)]
        | None
    ) = None
    name: Annotated[Text, AfterValidator(_person_text)] | None = None


@dataclass(frozen=True, slots=True)
class People:
    """The people, and the claims of the sign-in service that tell the rest.

    `id_claim` tells who somebody is; an `email` counts only where the service says that it is verified. Whoever is not
    listed has the role of `role_claim` and the stores of `stores_claim`, where these are named. A sign-in holds for
    `session_hours`.
    """

    people: Annotated[tuple[Annotated[PersonEntry, section(PersonEntry)], ...], Field(max_length=MAX_PEOPLE)] = ()
    id_claim: Text = _EMAIL
    name_claim: Text = "name"
    role_claim: Text | None = None
    stores_claim: Text | None = None
    session_hours: Annotated[float, Field(gt=0, le=MAX_SESSION_HOURS, allow_inf_nan=False)] = 12.0


_FILE = TypeAdapter(Annotated[People, section(People)])


def load_people(path: Path) -> People:
    """The people in the file at `path`. Raises UsageError that names file, line and key."""
    file = read_yaml(path, "GYM_PEOPLE", needs="people")
    found = file.read(_FILE)
    ids = [_comparable(entry.id, found.id_claim) for entry in found.people]
    for number, known in enumerate(ids):
        if known in ids[:number]:
            raise file.error(("people", number, "id"), f"{known} stands here a second time; remove one")
    if found.role_claim is None and not found.people:
        raise file.error((), "nobody has a role: list people, or name a role_claim")
    if found.role_claim is None and found.stores_claim is not None:
        raise file.error(("stores_claim",), "tells nothing without a role_claim; name one, or remove the line")
    return found


def find_person(claims: Mapping[str, object], people: People, now: datetime) -> Person:
    """The person who signed in with `claims`. Raises SignInEnded, and NoRole."""
    _check_age(claims.get("iat"), people, now)
    person_id = claims.get(people.id_claim)
    if not isinstance(person_id, str) or not person_id.strip():
        raise NoRole(_missing(people.id_claim))
    verified = claims.get("email_verified")
    if people.id_claim == _EMAIL and not (verified is True or verified == "true"):
        raise NoRole(
            f"You have no role here: the sign-in service does not say that {person_id} is really your address "
            "(email_verified). Ask whoever runs it, or this dashboard."
        )
    known = _comparable(person_id, people.id_claim)
    entry = next((one for one in people.people if _comparable(one.id, people.id_claim) == known), None)
    role, stores = (entry.role, entry.stores) if entry is not None else _claimed(claims, people)
    if role is None or stores == ():
        raise NoRole(
            f"You have no role here: ask whoever runs this dashboard for one. You are signed in as {person_id}."
        )
    name = (entry.name if entry else None) or claims.get(people.name_claim)
    for shown in (name, person_id):
        try:
            return Person(person_id=person_id, name=shown, role=role, store_ids=stores)
        except ValidationError:
            continue
    raise NoRole(
        f"You have no role here: your {people.id_claim} cannot be shown. Ask whoever runs the sign-in service."
    )


def _check_age(signed_in_s: object, people: People, now: datetime) -> None:
    """Raises SignInEnded for a sign-in of long ago, and NoRole for one whose time is not known."""
    if isinstance(signed_in_s, bool) or not isinstance(signed_in_s, int | float):
        raise NoRole(_missing("iat"))
    age_s = now.timestamp() - signed_in_s
    if not age_s >= -_MOST_AHEAD_S:
        raise NoRole(
            "You have no role here: the sign-in service says that you sign in later than now (iat). Ask whoever runs "
            "it to set its clock, or this dashboard's."
        )
    if age_s > people.session_hours * 3600:
        raise SignInEnded(f"A sign-in holds for {people.session_hours:g} hours, and yours is older.")


def _claimed(claims: Mapping[str, object], people: People) -> tuple[Role | None, tuple[str, ...] | None]:
    """The role and the stores that the service tells; no role where it tells none."""
    if people.role_claim is None:
        return None, None
    said = _texts(claims.get(people.role_claim))
    role = next((role for role in reversed(PEOPLES_ROLES) if role in said), None)
    return role, None if people.stores_claim is None else _texts(claims.get(people.stores_claim))


def _texts(value: object) -> tuple[str, ...]:
    """What a claim says: one text, or a list of them."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(one for one in values if isinstance(one, str))


def _comparable(person_id: str, id_claim: str) -> str:
    """Addresses of mail are the same in capitals; other ids are not."""
    return person_id.strip().casefold() if id_claim == _EMAIL else person_id.strip()


def _missing(claim: str) -> str:
    return (
        f"You have no role here: the sign-in service does not say your {claim}. Ask whoever runs it to add that claim."
    )
