"""Whether people sign in, at which service, and who sits before this session; roles are kept by the backend, too."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from backend_api.base.clock import SystemClock
from backend_api.base.followed_file import FollowedFile
from backend_api.base.http_client import HttpClient, NoAnswer
from backend_api.base.process import REPOSITORY, UsageError
from backend_api.contract.people import Permission, Person
from ui.client.api import BackendError
from ui.client.people import NoRole, People, SignInEnded, find_person, load_people

PEOPLE = "GYM_PEOPLE"
SECRETS = ".streamlit/secrets.toml"
LEAST_SECRET_CHARACTERS = 32
_NEEDED = ("client_id", "client_secret", "server_metadata_url")
_CALLBACK = "/oauth2callback"
_LOOK_S = 5.0


class SignedOut(Exception):
    """Nobody is signed in; the text says why where that is worth saying."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The sign-in service: the name of its section in the secrets, None for [auth] itself; `origin` is the page's."""

    name: str | None
    metadata_url: str
    origin: str

    def trouble(self) -> str | None:
        """Why nobody can sign in just now; None when the service answers."""
        parts = urlsplit(self.metadata_url)
        client = HttpClient(
            f"{parts.scheme}://{parts.netloc}",
            SystemClock(),
            source="server_metadata_url",
            read_s=_LOOK_S,
            total_s=_LOOK_S,
        )
        try:
            answer = client.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        except NoAnswer as error:
            return f"The sign-in service at {parts.netloc} does not answer ({error}). Try again in a while."
        finally:
            client.close()
        if answer.status != 200:
            return f"The sign-in service at {parts.netloc} answers with {answer.status}. Ask whoever runs it."
        return None


def provider() -> Provider | None:
    """The service at which people sign in; None where nobody has to. Raises UsageError with the cure."""
    auth = st.secrets.get("auth") if st.secrets.load_if_toml_exists() else None
    if not auth and not os.environ.get(PEOPLE):
        return None
    if not auth:
        raise UsageError(f"{PEOPLE} is set, but {SECRETS} has no section [auth], or cannot be read; write it")
    if find_spec("authlib") is None or find_spec("httpx") is None:
        raise UsageError("people sign in, which needs Authlib: run `pip install -r requirements-signin.txt`")
    if not os.environ.get(PEOPLE):
        raise UsageError(
            f"{SECRETS} has a section [auth], but {PEOPLE} is not set; name the file of people's roles there"
        )
    if not os.environ.get("GYM_API_KEY"):
        raise UsageError(
            "people sign in, but GYM_API_KEY is not set; make a key with `python backend_api/keys.py --add dashboard "
            "--role dashboard`, and set it"
        )
    return _provider(auth)


def _provider(auth: Mapping[str, object]) -> Provider:
    if len(str(auth.get("cookie_secret", ""))) < LEAST_SECRET_CHARACTERS:
        raise UsageError(
            f"{SECRETS}: cookie_secret in [auth] is missing or shorter than {LEAST_SECRET_CHARACTERS} characters; "
            "write what `openssl rand -hex 32` gives"
        )
    callback = urlsplit(str(auth.get("redirect_uri", "")))
    if callback.scheme not in ("http", "https") or not callback.netloc or not callback.path.endswith(_CALLBACK):
        raise UsageError(
            f"{SECRETS}: redirect_uri in [auth] is no address of this dashboard; write one such as "
            f"https://gym.example{_CALLBACK}"
        )
    named = {name: part for name, part in auth.items() if isinstance(part, Mapping) and name != "client_kwargs"}
    given: dict[str | None, Mapping[str, object]] = {None: auth} if "client_id" in auth else {}
    given.update(named)
    if len(given) != 1:
        raise UsageError(
            f"{SECRETS}: [auth] names {len(given)} sign-in services; give exactly one, since roles go by its ids"
        )
    [(name, section)] = given.items()
    missing = [key for key in _NEEDED if not section.get(key)]
    if missing:
        raise UsageError(f"{SECRETS}: [auth{f'.{name}' if name else ''}] has no {' and no '.join(missing)}; write it")
    return Provider(name, str(section["server_metadata_url"]), f"{callback.scheme}://{callback.netloc}")


@st.cache_resource(show_spinner=False)
def _followed(path: str) -> FollowedFile[People]:
    place = Path(path) if Path(path).is_absolute() else REPOSITORY / path
    return FollowedFile(place, lambda: load_people(place), SystemClock().monotonic_s)


def present_person() -> Person | None:
    """The person before this session; None where nobody has to sign in.

    Raises SignedOut, NoRole, and UsageError with the cure.
    """
    if provider() is None:
        return None
    followed = _followed(os.environ[PEOPLE])
    if followed.is_due():
        followed.read_again()
    claims: Mapping[str, object] = st.user.to_dict()
    if claims.get("is_logged_in") is not True:
        raise SignedOut
    try:
        return find_person(claims, followed.value, SystemClock().now())
    except SignInEnded as error:
        raise SignedOut(str(error)) from error


class NobodyThere(BackendError):
    """The person may no longer see what a page asks for: the page has to be drawn again, and says why."""


def person_here() -> Person | None:
    """The same for what a page asks, once it is drawn. Raises NobodyThere."""
    try:
        return present_person()
    except (SignedOut, NoRole, UsageError) as error:
        raise NobodyThere(str(error) or "Nobody is signed in any more.") from error


def may(permission: Permission, *, everywhere: bool = False) -> bool:
    """Whether the person may do this, with `everywhere` in all stores; everybody may where nobody signs in."""
    person = person_here()
    return person is None or person.may(permission, everywhere=everywhere)


def signed_in_name() -> str | None:
    """The name of the person; None where nobody signs in, and people say by themselves who they are."""
    person = person_here()
    return None if person is None else person.name


def own_stores() -> tuple[str, ...] | None:
    """The stores that the person is limited to; None for all."""
    person = person_here()
    return None if person is None else person.store_ids
