"""Which database a program works on, and what the program owes the private cluster for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.settings import DatabaseSettings
from dispatch.store import cluster


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
