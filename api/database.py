"""Which database a program works on, and what the program owes the private cluster for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine

from api.settings import DatabaseSettings
from dispatch.domain.published import AS_PUBLISHED, PUBLISHED
from dispatch.errors import NotFound
from dispatch.store import cluster
from dispatch.store.rules import PgRules, install_rules

RULES_FROM = datetime(2015, 1, 1, tzinfo=UTC)
"""Reports of the past, handed in late, are judged by the published rules as well."""


def ensure_rules(engine: Engine, now: datetime) -> None:
    """See that rules are in force: the published ones where none were ever adopted."""
    with engine.begin() as connection:
        try:
            PgRules(connection).at(now)
        except NotFound:
            install_rules(connection, PUBLISHED, valid_from=RULES_FROM, note=AS_PUBLISHED)


@contextmanager
def kept_database(settings: DatabaseSettings, program: str) -> Iterator[str]:
    """For `serve` and `db start`: run the private cluster for everybody while the block lasts."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with cluster.cluster(settings.home, program=program, lasting=True) as url:
        yield url


def joined_database(settings: DatabaseSettings) -> str:
    """For `web` and `worker`: the company's server, or the cluster that somebody keeps."""
    return settings.database_url or cluster.join(settings.home)


@contextmanager
def reached_database(settings: DatabaseSettings, program: str) -> Iterator[str]:
    """For commands that end: join what runs, else run it for the length of the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with cluster.reach(settings.home, program=program) as url:
        yield url
