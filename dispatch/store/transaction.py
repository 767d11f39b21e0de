"""One transaction, as a `with` block."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine

from dispatch.domain.repair import Telling
from dispatch.errors import Collision, OverlappingInterruption, StaleVersion
from dispatch.ports import Store
from dispatch.store.access_notes import PgAccessNotes
from dispatch.store.alarms import PgAlarms
from dispatch.store.bulk import PgManyAtOnce
from dispatch.store.clocks import Months, PgClocks
from dispatch.store.constraints import in_our_words
from dispatch.store.crews import PgCrews
from dispatch.store.depots import PgDepots
from dispatch.store.directory import PgDirectory
from dispatch.store.etas import PgEtas
from dispatch.store.events import PgEvents
from dispatch.store.forecasts import Loaded, PgForecasts
from dispatch.store.given import PgGiven
from dispatch.store.known import PgKnown
from dispatch.store.links import PgLinks
from dispatch.store.loans import PgLoans
from dispatch.store.notices import PgNotices
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.photos import PgPhotos
from dispatch.store.planned import PgPlannedOutages
from dispatch.store.positions import PgPositions
from dispatch.store.proposals import PgProposals
from dispatch.store.rates import PgRates
from dispatch.store.rules import PgRules
from dispatch.store.safety import PgCheckIns
from dispatch.store.signals import PgSignals
from dispatch.store.tickets import PgTickets
from dispatch.store.trackers import PgTrackers
from dispatch.store.trees import Trees
from dispatch.store.warnings import PgWarnings
from dispatch.store.watchers import PgWatchers
from dispatch.store.zones import PgZones

Transaction = Callable[[], AbstractContextManager[Store]]
Result = TypeVar("Result")

BY_INDEX = {"enable_seqscan": "off"}
"""A connection keeps its plans; one made while a table was small must not walk through it when a
storm has filled it. What has no index is read from end to end all the same."""

AT_ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class PgStore:
    """The store of one open transaction."""

    def __init__(
        self,
        connection: Connection,
        trees: Trees | None = None,
        loaded: Loaded | None = None,
        telling: Telling | None = None,
        months: Months | None = None,
    ) -> None:
        self.directory = PgDirectory(connection)
        self.known = PgKnown(connection)
        self.given = PgGiven(connection)
        self.tickets = PgTickets(connection)
        self.outages = PgOutages(connection, trees)
        self.planned = PgPlannedOutages(connection)
        self.notices = PgNotices(connection)
        self.proposals = PgProposals(connection)
        self.orders = PgOrders(connection)
        self.crews = PgCrews(connection)
        self.depots = PgDepots(connection)
        self.positions = PgPositions(connection)
        self.trackers = PgTrackers(connection)
        self.clocks = PgClocks(connection, months)
        self.rules = PgRules(connection)
        self.warnings = PgWarnings(connection)
        self.check_ins = PgCheckIns(connection)
        self.photos = PgPhotos(connection)
        self.alarms = PgAlarms(connection)
        self.many_at_once = PgManyAtOnce(connection)
        self.signals = PgSignals(connection)
        self.etas = PgEtas(connection)
        self.rates = PgRates(connection)
        self.forecasts = PgForecasts(connection, loaded, telling)
        self.links = PgLinks(connection)
        self.watchers = PgWatchers(connection)
        self.loans = PgLoans(connection)
        self.zones = PgZones(connection)
        self.access_notes = PgAccessNotes(connection)
        self.events = PgEvents(connection)

    def finish(self) -> None:
        """Write what waits for the end of the transaction: the journal."""
        self.events.write()


def open_engine(
    url: str, *, connections: int = 10, patience_s: float = 5.0, by_index: bool = False
) -> Engine:
    """Connect to `url` for work at the desk: no statement or lock may be waited for long.

    Parameters
    ----------
    url
        Address of the database.
    connections
        How many connections to hold at most.
    patience_s
        How long to wait for a lock, and for a free connection; a statement may take six times
        as long.
    by_index
        Keep plans from walking through tables, for a process that does many small things; one
        that loads or adds up whole tables has to walk.
    """
    milliseconds = round(patience_s * 1000)
    options = {
        "timezone": "UTC",
        "lock_timeout": milliseconds,
        "statement_timeout": 6 * milliseconds,
        "idle_in_transaction_session_timeout": 12 * milliseconds,
        **(BY_INDEX if by_index else {}),
    }
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience_s,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, round(patience_s)),
            "options": session(options),
        },
    )


def session(settings: Mapping[str, object]) -> str:
    """Settings of a connection as libpq's `options` take them."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def transactions(engine: Engine, telling: Telling | None = None, zone: str = "UTC") -> Transaction:
    """Make the function that opens a transaction: commit on success, roll back on error.

    `telling` is what people are told of what is foreseen, where it is not the standing settings;
    `zone` the IANA zone whose months promises are averaged over.
    """
    trees, loaded, months = Trees(), Loaded(), Months(zone)

    @contextmanager
    def transaction() -> Iterator[Store]:
        with in_our_words(), engine.begin() as connection:
            store = PgStore(connection, trees, loaded, telling, months)
            yield store
            store.finish()

    return transaction


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes nothing and sees the database as it stood at one moment.

    What is read by several statements belongs together: a page that shows the new crew beside the
    version from before would have the dispatcher's next command refused.

    It is committed all the same: after a rollback psycopg forgets the statements that the
    connection has prepared, and planning the hot ones anew costs more than running them.
    """
    with in_our_words(), engine.connect() as connection:
        connection.execution_options(**AT_ONE_MOMENT)
        with connection.begin():
            yield connection


def retrying(
    transaction: Transaction, work: Callable[[Store], Result], attempts: int = 3
) -> Result:
    """Do `work` in a transaction, again from the start when two writers met on one record.

    A person's command that names the version they saw is stale the second time as well, and so
    is refused in the end.

    Raises
    ------
    Collision, OverlappingInterruption, StaleVersion
        The last attempt met somebody too.
    """
    for left in reversed(range(attempts)):
        try:
            with transaction() as store:
                return work(store)
        except (Collision, OverlappingInterruption, StaleVersion):
            if left == 0:
                raise
    raise ValueError(f"attempts is {attempts}; expected at least one")
