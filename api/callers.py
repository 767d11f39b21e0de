"""Who calls: bearer tokens and login sessions, and what each caller may see.

A secret is 256 random bits. The database holds its SHA-256 and nothing else, so that a stolen
backup opens no door. What a secret allows is remembered for a few seconds in each process: a
revocation takes hold everywhere within that time.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from dispatch.domain.words import CrewId
from dispatch.errors import Forbidden, NotAuthenticated, NotFound
from dispatch.store import access
from dispatch.store.constraints import in_our_words
from dispatch.store.transaction import reading

COOKIE = "relight_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_PREFIX = "rl_"  # noqa: S105 (lets a scanner recognise a leaked token)
CACHE_S = 3.0
CACHE_SIZE = 10_000
LONGEST_SECRET = 200


class Role(StrEnum):
    """What somebody is here for."""

    AGENT = "agent"
    DISPATCHER = "dispatcher"
    CREW = "crew"
    SUPERVISOR = "supervisor"
    INTEGRATION = "integration"
    ADMIN = "admin"
    WALL = "wall"
    """A screen on the wall: reads the board, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request; no districts means every district, `ends_at` None: not by itself."""

    name: str
    role: Role
    districts: frozenset[str]
    crew_id: CrewId | None = None
    login: str | None = None
    csrf: str | None = None
    ends_at: datetime | None = None

    def sees(self, district_id: str | None) -> bool:
        """Whether a thing of that district exists for this caller; one of no district does."""
        return not self.districts or district_id is None or district_id in self.districts

    @property
    def scope(self) -> frozenset[str] | None:
        """The districts as reads want them: None for all."""
        return self.districts or None

    def may_change(self, districts: Collection[str]) -> bool:
        """Whether a thing of several districts is all this caller's."""
        return not self.districts or self.districts.issuperset(districts)

    def must_see(self, district_id: str | None, what: str, **ids: object) -> None:
        """Raise what an unknown id would raise unless the caller may know of the thing."""
        if not self.sees(district_id):
            raise NotFound(what, **ids)

    @property
    def sees_phones(self) -> bool:
        """Whether whole telephone numbers are shown; a crew's own orders are a case apart."""
        return self.role in {Role.AGENT, Role.DISPATCHER, Role.ADMIN}

    @property
    def sees_access(self) -> bool:
        """Whether it reads how to get to a customer's place, such as where the key is."""
        return self.sees_phones

    def phone(self, number: str | None) -> str | None:
        """A telephone number as this caller may read it."""
        return number if number is None or self.sees_phones else masked(number)

    @property
    def crew(self) -> CrewId:
        """The crew this caller speaks for; `Forbidden` for anybody else."""
        if self.crew_id is None:
            raise Forbidden("this token or login belongs to no crew")
        return self.crew_id


def masked(number: str) -> str:
    """138****1234 for 13800001234; of a short number only the last two digits."""
    if len(number) < 8:  # noqa: PLR2004
        return "****" + number[-2:]
    return f"{number[:3]}****{number[-4:]}"


def new_secret() -> str:
    """Make a secret of 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """What the database keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def csrf_of(secret: str) -> str:
    """The word a page of this session sends with every change; it does not give the secret away."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def issue(
    engine: Engine,
    *,
    label: str,
    role: Role,
    districts: Iterable[str] = (),
    crew_id: str | None = None,
    login: str | None = None,
    now: datetime,
    lasts: timedelta | None = None,
) -> str:
    """Store a new token (or, with `login`, a session) and give its secret, this once."""
    secret = new_secret()
    grant = access.Grant(
        kind=access.TOKEN if login is None else access.SESSION,
        label=label,
        role=role.value,
        districts=frozenset(districts),
        crew_id=crew_id,
        login=login,
        created_at=now,
        expires_at=None if lasts is None else now + lasts,
    )
    with in_our_words(), engine.begin() as connection:
        access.add_grant(connection, digest_of(secret), grant)
    return secret


class Callers:
    """Looks secrets up, and remembers for a few seconds what it found."""

    def __init__(self, engine: Engine, *, cache_s: float = CACHE_S) -> None:
        self._engine = engine
        self._lasts = timedelta(seconds=cache_s)
        self._found: OrderedDict[bytes, tuple[datetime, access.Grant | None]] = OrderedDict()
        self._lock = Lock()

    async def identify(self, request: Request) -> Caller | None:
        """Who sent `request`: a bearer token first, else the session cookie; None for nobody.

        Raises
        ------
        NotAuthenticated
            A secret came with the request and is not valid.
        Forbidden
            A change came with a session cookie but without the page's CSRF word.
        """
        bearer = _bearer(request)
        if bearer is not None:
            grant = await self._grant(bearer)
            if grant is None or grant.kind != access.TOKEN:
                raise NotAuthenticated("this token is unknown, expired or revoked")
            return _caller(grant, None)
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        grant = await self._grant(cookie)
        if grant is None or grant.kind != access.SESSION:
            return None
        expected = csrf_of(cookie)
        if request.method not in SAFE_METHODS:
            sent = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(sent.encode(), expected.encode()):
                raise Forbidden(f"the header {CSRF_HEADER} of this session's pages is missing")
        return _caller(grant, expected)

    def forget(self, secret: str) -> None:
        """Look a secret up anew the next time."""
        with self._lock:
            self._found.pop(digest_of(secret), None)

    async def _grant(self, secret: str) -> access.Grant | None:
        if len(secret) > LONGEST_SECRET:
            return None
        digest, now = digest_of(secret), datetime.now(UTC)
        with self._lock:
            known = self._found.get(digest)
            if known is not None and now - known[0] < self._lasts:
                return known[1]
            if known is not None:  # one looks it up, the others go by the old answer meanwhile
                self._found[digest] = (now, known[1])
        grant = await run_in_threadpool(self._find, digest, now)
        with self._lock:
            self._found[digest] = (now, grant)
            self._found.move_to_end(digest)
            while len(self._found) > CACHE_SIZE:
                self._found.popitem(last=False)
        return grant

    def _find(self, digest: bytes, now: datetime) -> access.Grant | None:
        with reading(self._engine) as connection:
            return access.find_grant(connection, digest, now)


def _bearer(request: Request) -> str | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated("expected `Authorization: Bearer TOKEN`")
    return secret.strip()


def _caller(grant: access.Grant, csrf: str | None) -> Caller:
    return Caller(
        name=grant.login or grant.label,
        role=Role(grant.role),
        districts=grant.districts,
        crew_id=None if grant.crew_id is None else CrewId(grant.crew_id),
        login=grant.login,
        csrf=csrf,
        ends_at=grant.expires_at,
    )


async def current_caller(request: Request) -> Caller:
    """The caller whom the guard let in; async, for a plain function would cost a thread."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise NotAuthenticated("this call needs a token or a login")
    return caller


Calling = Annotated[Caller, Depends(current_caller)]
