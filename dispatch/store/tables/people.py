"""Tables of who may: accounts and tokens."""

from sqlalchemy import ARRAY, Column, ForeignKey, LargeBinary, Table, Text

from dispatch.store.tables.base import metadata, moment, one_of

user_account = Table(
    "user_account",
    metadata,
    Column("login", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("districts", ARRAY(Text), nullable=False, comment="empty: every district"),
    Column("crew_id", Text),
    moment("disabled_at"),
    one_of(
        "role",
        "user_account_role",
        *("agent", "dispatcher", "crew", "supervisor", "integration", "admin", "wall"),
    ),
)

access_token = Table(
    "access_token",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of the secret"),
    Column("label", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("districts", ARRAY(Text), nullable=False, comment="empty: every district"),
    Column("crew_id", Text),
    Column("login", ForeignKey("user_account.login", ondelete="CASCADE")),
    moment("created_at", nullable=False),
    moment("expires_at"),
    moment("revoked_at"),
    one_of("kind", "access_token_kind", "token", "session"),
)
