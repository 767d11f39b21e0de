"""Work behind the requests: which jobs there are, under which locks, and how they are queued.

A job says only *where* something changed. It reads the rest when it runs, so that running it twice
is harmless and losing one costs seconds: `sweep` finds whatever still waits. One queue lock per
feeder and per district keeps two workers from thinking about the same thing at once; the queueing
lock folds a burst of a thousand reports into one waiting job.
"""

import logging
from collections.abc import Mapping
from datetime import datetime

import procrastinate
import psycopg
from procrastinate import exceptions
from procrastinate.connector import BaseConnector
from psycopg_pool import ConnectionPool, PoolTimeout

log = logging.getLogger(__name__)

GROUP = "group_feeder"
ASSIGN = "assign_district"
TICK = "tick"
SWEEP = "sweep"
TEND = "tend"

QUEUES: Mapping[str, str] = {
    GROUP: "grouping",
    ASSIGN: "assigning",
    TICK: "clocks",
    SWEEP: "clocks",
    TEND: "upkeep",
}
PATIENCE_S = 2.0


def group_lock(feeder_id: str) -> str:
    """The lock of a feeder."""
    return f"group:{feeder_id}"


def assign_lock(district_id: str) -> str:
    """The lock of a district."""
    return f"assign:{district_id}"


class Queue:
    """Puts jobs into the queue after a commit; what cannot be queued is logged, never raised."""

    def __init__(self, connector: BaseConnector) -> None:
        self._app = procrastinate.App(connector=connector)

    def group(self, *feeder_ids: str | None, asked_at: datetime) -> None:
        """Look at these feeders again; None, a report without a feeder, is left out."""
        for feeder_id in sorted({f for f in feeder_ids if f is not None}):
            self._defer(
                GROUP,
                group_lock(feeder_id),
                feeder_id=feeder_id,
                asked_at=asked_at.isoformat(),
            )

    def assign(self, *district_ids: str | None) -> None:
        """Look at the waiting orders of these districts again."""
        for district_id in sorted({d for d in district_ids if d is not None}):
            self._defer(ASSIGN, assign_lock(district_id), district_id=district_id)

    def _defer(self, task: str, lock: str, **arguments: str) -> None:
        job = self._app.configure_task(task, queue=QUEUES[task], lock=lock, queueing_lock=lock)
        try:
            job.defer(**arguments)
        except exceptions.AlreadyEnqueued:
            return
        except (
            exceptions.ConnectorException,
            exceptions.AppNotOpen,
            psycopg.Error,
            PoolTimeout,
        ) as lost:
            log.warning("%s was not queued, the sweep will find it: %s", lock, lost)


def open_queue(conninfo: str, *, connections: int = 2) -> tuple[Queue, ConnectionPool]:
    """A queue on a small pool of its own; the caller closes the pool."""
    pool = ConnectionPool(
        conninfo,
        min_size=0,
        max_size=connections,
        timeout=PATIENCE_S,
        open=True,
        name="queue",
        kwargs={"connect_timeout": 2},
    )
    connector = procrastinate.SyncPsycopgConnector()
    connector.open(pool)
    return Queue(connector), pool
