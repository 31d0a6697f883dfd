"""Access: a key for every call but those of OPEN_PATHS, or a signed URL for media."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_api.base.api_key import VARIABLE, check_key
from backend_api.base.followed_file import FollowedFile
from backend_api.base.process import UsageError
from backend_api.contract.people import ACTING_FOR, Permission, Person, Role
from backend_api.store.owners import Owners
from backend_api.web.access_rules import FIGURES_PATHS, READING_METHODS, Rule, rule_of, store_in
from backend_api.web.access_rules import Scope as RuleScope
from backend_api.web.caller import Caller, current_caller
from backend_api.web.keys_file import KeyEntry
from backend_api.web.openapi import OPEN_PATHS
from backend_api.web.problems import problem_response
from backend_api.web.signed_urls import SignedUrls

_MIN_KEY_CHARACTERS = 16
# Dots, as they stand in for a key in the README, are none.
_MIN_DIFFERENT_CHARACTERS = 5
# RFC 6750, section 3.
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gym machine events"'}
_ACTING_FOR = ACTING_FOR.lower().encode()
_DASHBOARD_CURE = "make one with `python backend_api/keys.py --add NAME --role dashboard`, and give it to the dashboard"


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its digest, with its name and its role; with `stores` for those alone."""

    name: str
    digest: bytes
    role: Role
    stores: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys; without any, everybody on this computer may do everything."""

    known: tuple[Key, ...] = ()

    @classmethod
    def of(
        cls,
        writing: Sequence[str],
        reading: Sequence[str],
        environment: Mapping[str, str],
        named: Sequence[KeyEntry] | None = None,
        *,
        must_write: bool = True,
    ) -> Self:
        """The keys of the flags `--api-key` and `--read-key`, the one of GYM_API_KEY, and those of the file of --keys.

        Raises UsageError for one that a header cannot carry, one that is soon guessed, and read-only ones without
        another, unless they need none that may write: a key that is taken back while the backend runs is gone at once.
        So does a file without a key, which is not the same as no file (`named` is None then): nothing would be asked
        for, and go on so when keys are added.
        """
        from_outside = environment.get(VARIABLE, "")
        given: list[tuple[str, str, Role]] = [("--api-key", key, Role.ADMIN) for key in writing]
        given += [("--read-key", key, Role.VIEWER) for key in reading]
        given += [(VARIABLE, from_outside, Role.ADMIN)] if from_outside else []
        for name, key, _ in given:
            _check_strength(check_key(key, name), name)
        keys = cls(
            tuple(Key(name.removeprefix("--"), _digest(key.encode()), role) for name, key, role in given)
            + tuple(_of_file(entry) for entry in named or ())
        )
        if must_write and not keys and (keys.known or named is not None):
            raise UsageError(
                f"--read-key and --keys without an edge's or an admin's key would leave no key that may send events; "
                f"give {VARIABLE} too, or a key with the role edge"
            )
        return keys

    def __bool__(self) -> bool:
        return any(Permission.REPORT in key.role.permissions for key in self.known)

    def find(self, authorization: bytes) -> Key | None:
        """The key in the value of an Authorization header, if it is known; it takes as long whatever key is in it."""
        scheme, _, key = authorization.strip().partition(b" ")
        digest = _digest(key.strip())
        # Digests of one length, all compared: neither where keys differ nor how long they are shows in the time.
        found = [known for known in self.known if hmac.compare_digest(digest, known.digest)]
        if scheme.lower() != b"bearer" or not found:
            return None
        return max(found, key=lambda known: len(known.role.permissions))


def _of_file(entry: KeyEntry) -> Key:
    stores = None if entry.stores is None else frozenset(entry.stores)
    return Key(entry.name, bytes.fromhex(entry.sha256), entry.role, stores)


def _check_strength(key: str, source: str) -> None:
    if len(key) < _MIN_KEY_CHARACTERS or len(set(key)) < _MIN_DIFFERENT_CHARACTERS:
        raise UsageError(
            f"{source} is soon guessed: give a key of at least {_MIN_KEY_CHARACTERS} characters, such as "
            "`openssl rand -hex 32` makes"
        )


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


class AccessControl:
    """Answers 401 without a key that is known and 403 to what its caller may not do; else hands on to `app`.

    `keys` are the present ones where the file of keys is not `followed`; without `urls`, which are signed, none are
    asked for. `owners` tell whose an event, a use or an alert is.
    """

    def __init__(
        self, app: ASGIApp, keys: Keys, followed: FollowedFile[Keys] | None, urls: SignedUrls | None, owners: Owners
    ) -> None:
        self._app = app
        self._keys = keys
        self._followed = followed
        self._urls = urls
        self._owners = owners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._caller(scope)
            if caller is not None:
                await self._check(caller, scope)
        except _Refused as refused:
            headers = _CHALLENGE if refused.status == 401 else {}
            await problem_response(refused.status, refused.detail, headers=headers)(scope, receive, send)
            return
        token = current_caller.set(caller)
        try:
            await self._app(scope, receive, send)
        finally:
            current_caller.reset(token)

    async def _caller(self, scope: Scope) -> Caller | None:
        """The caller; None where no keys are asked for. Raises _Refused."""
        person = _person(scope)
        if self._urls is None:
            if person is not None:
                raise _Refused(403, f"a backend without keys cannot keep a person to a role: {_DASHBOARD_CURE}")
            return None
        key = (await self._present_keys()).find(_one_header(scope, b"authorization") or b"")
        if key is None:
            return self._signer(scope, self._urls)
        return _acting(key, person)

    async def _present_keys(self) -> Keys:
        if self._followed is None:
            return self._keys
        if self._followed.is_due():
            await run_in_threadpool(self._followed.read_again)
        return self._followed.value

    async def _check(self, caller: Caller, scope: Scope) -> None:
        """Raise _Refused when the caller may not do this."""
        rule = rule_of(scope["method"], scope["path"])
        if not caller.may(rule.permissions):
            raise _Refused(403, _why_not(caller, rule))
        if caller.stores is None or rule.scope is RuleScope.OWN:
            return
        whose = f"{caller.subject} may see {', '.join(sorted(caller.stores)) or 'no store'} alone"
        if rule.scope is RuleScope.EVERYWHERE:
            raise _Refused(403, f"{whose}, and what is asked for is of all stores")
        if rule.scope is RuleScope.STORE:
            if store_in(scope["query_string"].decode("ascii", "replace")) not in caller.stores:
                example = next(iter(sorted(caller.stores)), "...")
                raise _Refused(403, f"{whose}: ask with store_id={example}")
        elif await run_in_threadpool(self._owner, rule) not in caller.stores:
            raise _Refused(403, f"{whose}, and there is no such {rule.scope.value}")

    def _owner(self, rule: Rule) -> str | None:
        """The store of what the path names."""
        subject = rule.subject or ""
        match rule.scope:
            case RuleScope.EVENT:
                return self._owners.of_event(UUID(subject))
            case RuleScope.SESSION:
                return self._owners.of_session(UUID(subject))
            case RuleScope.ALERT:
                return self._owners.of_alert(int(subject))
        return subject

    def _signer(self, scope: Scope, urls: SignedUrls) -> Caller:
        query = scope["query_string"].decode("ascii", "replace")
        signer = urls.signer(scope["path"], query) if query and scope["method"] in READING_METHODS else None
        if signer is None:
            raise _Refused(401, "this call needs a key: send Authorization: Bearer with one of the backend's keys")
        return signer


class _Refused(Exception):
    """A call that is not handed on."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def _one_header(scope: Scope, name: bytes) -> bytes | None:
    values = [value for given, value in scope["headers"] if given == name]
    return values[0] if len(values) == 1 else None


def _person(scope: Scope) -> Person | None:
    """The person of the header, if there is one. Raises _Refused for one that cannot be read, and for several."""
    if not any(name == _ACTING_FOR for name, _ in scope["headers"]):
        return None
    value = _one_header(scope, _ACTING_FOR)
    person = None if value is None else Person.from_header(value.decode("ascii", "replace"))
    if person is None:
        raise _Refused(400, f"{ACTING_FOR} names no person; update dashboard and backend to the same release")
    return person


def _acting(key: Key, person: Person | None) -> Caller:
    """The caller with `key`, who may act for `person` when it is a dashboard's. Raises _Refused."""
    if key.role is not Role.DASHBOARD:
        if person is not None:
            raise _Refused(403, f"only a key with the role dashboard may act for a person: {_DASHBOARD_CURE}")
        return Caller(key.name, key.role, key.stores)
    if person is None:
        raise _Refused(403, f"a key with the role dashboard may do nothing by itself: name a person in {ACTING_FOR}")
    stores = key.stores
    if person.store_ids is not None:
        theirs = frozenset(person.store_ids)
        stores = theirs if stores is None else stores & theirs
    return Caller(key.name, person.role, stores, person)


def _why_not(caller: Caller, rule: Rule) -> str:
    if caller.role is Role.FIGURES:
        return f"{caller.subject} may see figures alone: {', '.join(FIGURES_PATHS)}"
    roles = [role for role in Role if role is Role.ADMIN or rule.permissions & role.permissions]
    return f"{caller.subject} has the role {caller.role}, and this takes {' or '.join(roles)}"
