"""Who somebody is by the claims of a sign-in, and the mistakes of the file of people."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_api.base.process import UsageError
from backend_api.contract.people import ACTING_FOR, MAX_HEADER_CHARACTERS, Person, Role
from ui.client.people import NoRole, People, PersonEntry, SignInEnded, find_person, load_people

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
ADA = {"email": "Ada@Example.org", "email_verified": True, "name": "Ada", "iat": NOW.timestamp() - 60, "sub": "u1"}
LISTED = People(people=(PersonEntry("ada@example.org", Role.REVIEWER, ("gym_1", "gym_2")),))
CLAIMED = People(role_claim="roles", stores_claim="gyms")


def test_a_listed_person_has_the_files_role_and_stores() -> None:
    found = find_person(ADA | {"roles": ["manager"]}, LISTED, NOW)
    assert found == Person(person_id="Ada@Example.org", name="Ada", role=Role.REVIEWER, store_ids=("gym_1", "gym_2"))
    named = People(people=(PersonEntry("ada@example.org", Role.VIEWER, name="A. Lovelace"),))
    assert find_person(ADA, named, NOW).name == "A. Lovelace"


@pytest.mark.parametrize("verified", [False, None, "no", 1, "TRUE"])
def test_an_address_that_is_not_verified_is_nobodys(verified: object) -> None:
    with pytest.raises(NoRole, match="email_verified"):
        find_person(ADA | {"email_verified": verified}, LISTED, NOW)


def test_ids_other_than_addresses_are_taken_as_they_are() -> None:
    by_sub = People(people=(PersonEntry("u1", Role.VIEWER),), id_claim="sub")
    assert find_person({"sub": "u1", "iat": NOW.timestamp()}, by_sub, NOW).name == "u1"
    with pytest.raises(NoRole, match="ask whoever runs this dashboard"):
        find_person({"sub": "U1", "iat": NOW.timestamp()}, by_sub, NOW)


@pytest.mark.parametrize(
    ("roles", "gyms", "role", "stores"),
    [
        ("viewer", "gym_1", Role.VIEWER, ("gym_1",)),
        (["viewer", "manager", "offline_access"], ["gym_1", "gym_2"], Role.MANAGER, ("gym_1", "gym_2")),
    ],
)
def test_claims_tell_role_and_stores(roles: object, gyms: object, role: Role, stores: tuple[str, ...]) -> None:
    found = find_person(ADA | {"roles": roles, "gyms": gyms}, CLAIMED, NOW)
    assert (found.role, found.store_ids) == (role, stores)
    everywhere = find_person(ADA | {"roles": roles}, People(role_claim="roles"), NOW)
    assert everywhere.store_ids is None


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": "manager"},  # which stores is not said: none
        {"roles": "manager", "gyms": []},
        {"roles": "manager", "gyms": [7]},
        {"roles": "admin", "gyms": "gym_1"},
        {"roles": "dashboard", "gyms": "gym_1"},
        {"roles": {"manager": True}, "gyms": "gym_1"},
        {"roles": "manager", "gyms": "../gym"},
        {"gyms": "gym_1"},
    ],
)
def test_who_is_told_no_role_or_no_store_sees_nothing(claims: dict[str, object]) -> None:
    with pytest.raises(NoRole, match="You have no role here"):
        find_person(ADA | claims, CLAIMED, NOW)


def test_a_sign_in_ends(tmp_path: Path) -> None:
    find_person(ADA | {"iat": NOW.timestamp() - 12 * 3600}, LISTED, NOW)
    with pytest.raises(SignInEnded, match="12 hours"):
        find_person(ADA | {"iat": NOW.timestamp() - 12 * 3600 - 1}, LISTED, NOW)
    for missing in (None, "yesterday", True):
        with pytest.raises(NoRole, match="iat"):
            find_person(ADA | {"iat": missing}, LISTED, NOW)
    find_person(ADA | {"iat": NOW.timestamp() + 200}, LISTED, NOW)  # the clocks differ a little
    for endless in (NOW.timestamp() + 400, NOW.timestamp() * 1000, float("inf"), float("nan")):
        with pytest.raises(NoRole, match="later"):
            find_person(ADA | {"iat": endless}, LISTED, NOW)


def test_a_name_that_cannot_be_shown_gives_way_to_the_id() -> None:
    for name in ("a\nb", " ", "x" * 300, 7, None):
        assert find_person(ADA | {"name": name}, LISTED, NOW).name == "Ada@Example.org"
    with pytest.raises(NoRole, match="cannot be shown"):
        find_person(
            {"sub": "a\x00", "iat": NOW.timestamp(), "r": "viewer"}, People(role_claim="r", id_claim="sub"), NOW
        )


@given(st.text(max_size=250), st.text(max_size=250), st.sampled_from(Role))
def test_a_header_carries_every_person_and_nothing_else(person_id: str, name: str, role: Role) -> None:
    try:
        person = Person(person_id=person_id, name=name, role=role, store_ids=("gym_1",) * 100)
    except ValueError:
        return
    header = person.header()
    assert header.isascii()
    assert header.isprintable()
    assert len(header) <= MAX_HEADER_CHARACTERS
    assert Person.from_header(header) == person
    assert Person.from_header(header[:-1]) is None
    assert ACTING_FOR.isascii()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("people: [{id: a, role: admin}]", r"people\[0\].role.*viewer, reviewer, manager"),
        ("people: [{id: a, role: viewer}, {id: A, role: viewer}]", r"people\[1\].id.*second time"),
        ("people: [{id: a, role: viewer, stores: []}]", "stores"),
        ("people: [{id: a, role: viewer, stores: [a/b]}]", "stores"),
        ("people: [{id: a}]", "role is missing"),
        ("people: []", "nobody has a role"),
        ("people: [{id: a, role: viewer}]\nstores_claim: gyms", "p.yaml:2: stores_claim"),
        ("people: [{id: a, role: viewer}]\nsession_hours: 0", "greater than 0"),
        ("people: [{id: a, role: viewer}]\nsession_hours: 1000", "at most 720"),
        ("poeple: []", "unknown key"),
        ("", "is empty"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path: Path, text: str, mistake: str) -> None:
    (path := tmp_path / "p.yaml").write_text(text)
    with pytest.raises(UsageError, match=mistake):
        load_people(path)
