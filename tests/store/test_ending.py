"""A program told to end in the middle of a statement ends, and does not call its database lost."""

import signal
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
from sqlalchemy import Connection, Engine, text

from dispatch.store.direct import Direct
from dispatch.store.transaction import reading

SOON_S = 0.3


@pytest.fixture
def told_to_end() -> Iterator[None]:
    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGALRM, leave)
    signal.setitimer(signal.ITIMER_REAL, SOON_S)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def through_sqlalchemy(connection: Connection) -> None:
    connection.execute(text("SELECT pg_sleep(20)"))


def straight(connection: Connection) -> None:
    Direct("SELECT pg_sleep(20)").value(connection)


@pytest.mark.usefixtures("told_to_end")
@pytest.mark.parametrize("wait", [through_sqlalchemy, straight])
def test_a_program_told_to_end_in_a_statement_ends(
    worker_database: Engine, wait: Callable[[Connection], None]
):
    with pytest.raises(SystemExit) as ending, reading(worker_database) as connection:
        wait(connection)
    assert ending.value.code == 128 + signal.SIGTERM
