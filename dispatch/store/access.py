"""Who may call: users, bearer tokens and login sessions; secrets are stored as SHA-256 only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from dispatch.errors import IdentityTaken, NotFound
from dispatch.store.tables.crews import crew
from dispatch.store.tables.people import access_token, user_account

SESSION = "session"
TOKEN = "token"  # noqa: S105 (a kind, not a secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a secret allows; no districts means every district."""

    kind: str
    label: str
    role: str
    districts: frozenset[str]
    crew_id: str | None = None
    login: str | None = None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can log in."""

    login: str
    name: str
    password_hash: str
    role: str
    districts: frozenset[str]
    crew_id: str | None = None
    disabled_at: datetime | None = None


def find_grant(connection: Connection, digest: bytes, now: datetime) -> Grant | None:
    """Find what a secret allows now: not revoked, not expired, its user not disabled.

    A crew's own lets nobody in while the crew is retired.
    """
    t, u = access_token, user_account
    row = (
        connection.execute(
            select(t)
            .select_from(
                t.outerjoin(u, t.c.login == u.c.login).outerjoin(crew, t.c.crew_id == crew.c.id)
            )
            .where(
                t.c.digest == digest,
                crew.c.retired_at.is_(None),
                t.c.revoked_at.is_(None),
                or_(t.c.expires_at.is_(None), t.c.expires_at > now),
                u.c.disabled_at.is_(None),
            )
        )
        .mappings()
        .first()
    )
    return None if row is None else _grant(row)


def add_grant(connection: Connection, digest: bytes, grant: Grant) -> None:
    """Store a new secret's digest with what it allows."""
    connection.execute(
        insert(access_token).values(
            digest=digest,
            kind=grant.kind,
            label=grant.label,
            role=grant.role,
            districts=sorted(grant.districts),
            crew_id=grant.crew_id,
            login=grant.login,
            created_at=grant.created_at,
            expires_at=grant.expires_at,
        )
    )


def list_tokens(connection: Connection) -> Sequence[Grant]:
    """List every token made on the command line, revoked ones too, oldest first."""
    t = access_token
    rows = connection.execute(
        select(t).where(t.c.kind == TOKEN).order_by(t.c.created_at, t.c.label)
    ).mappings()
    return [_grant(row) for row in rows]


def revoke_token(connection: Connection, label: str, now: datetime) -> int:
    """Revoke every live token of that label; how many there were."""
    t = access_token
    return connection.execute(
        update(t)
        .where(t.c.kind == TOKEN, t.c.label == label, t.c.revoked_at.is_(None))
        .values(revoked_at=now)
    ).rowcount


def revoke_digest(connection: Connection, digest: bytes, now: datetime) -> None:
    """Revoke one secret, as at a logout; an unknown one is ignored."""
    t = access_token
    connection.execute(
        update(t).where(t.c.digest == digest, t.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def find_user(connection: Connection, login: str) -> User | None:
    """Find a user, disabled ones too."""
    u = user_account
    row = connection.execute(select(u).where(u.c.login == login)).mappings().first()
    return None if row is None else _user(row)


def list_users(connection: Connection) -> Sequence[User]:
    """List every user by login."""
    u = user_account
    return [_user(row) for row in connection.execute(select(u).order_by(u.c.login)).mappings()]


def add_user(connection: Connection, user: User) -> None:
    """Store a new user; `IdentityTaken` if the login is in use."""
    if find_user(connection, user.login) is not None:
        raise IdentityTaken(f"there is a user {user.login} already", login=user.login)
    connection.execute(
        insert(user_account).values(
            login=user.login,
            name=user.name,
            password_hash=user.password_hash,
            role=user.role,
            districts=sorted(user.districts),
            crew_id=user.crew_id,
        )
    )


def set_password(connection: Connection, login: str, password_hash: str, now: datetime) -> None:
    """Change a password and end the user's sessions; `NotFound` for an unknown login."""
    _change_user(connection, login, password_hash=password_hash)
    _end_sessions(connection, login, now)


def rehash_password(connection: Connection, login: str, password_hash: str) -> None:
    """Store the same password under newer parameters; sessions go on."""
    _change_user(connection, login, password_hash=password_hash)


def disable_user(connection: Connection, login: str, now: datetime) -> None:
    """Let nobody in under this login any more; `NotFound` for an unknown login."""
    _change_user(connection, login, disabled_at=now)
    _end_sessions(connection, login, now)


def forget_expired_sessions(connection: Connection, before: datetime) -> int:
    """Delete sessions that ended before a moment; tokens stay on record."""
    t = access_token
    return connection.execute(
        t.delete().where(t.c.kind == SESSION, or_(t.c.expires_at < before, t.c.revoked_at < before))
    ).rowcount


def _change_user(connection: Connection, login: str, **values: object) -> None:
    u = user_account
    if connection.execute(update(u).where(u.c.login == login).values(values)).rowcount == 0:
        raise NotFound("user", login=login)


def _end_sessions(connection: Connection, login: str, now: datetime) -> None:
    t = access_token
    connection.execute(
        update(t).where(t.c.login == login, t.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def _grant(row: RowMapping) -> Grant:
    return Grant(
        kind=row["kind"],
        label=row["label"],
        role=row["role"],
        districts=_set(row["districts"]),
        crew_id=row["crew_id"],
        login=row["login"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _user(row: RowMapping) -> User:
    return User(
        login=row["login"],
        name=row["name"],
        password_hash=row["password_hash"],
        role=row["role"],
        districts=_set(row["districts"]),
        crew_id=row["crew_id"],
        disabled_at=row["disabled_at"],
    )


def _set(values: Collection[str]) -> frozenset[str]:
    return frozenset(values)
