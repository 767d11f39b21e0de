"""Work behind the requests: which jobs there are, under which locks, and how they are queued.

A job says only *where* something changed. It reads the rest when it runs, so that running it twice
is harmless and losing one costs seconds: `sweep` finds whatever still waits. Feeders are dealt out
to a few shards, and a job looks at every feeder of its shard that has news, because in a storm the
queue's own work for a job of each feeder would be more than the grouping. One lock per shard and
per district keeps two workers from thinking about the same thing at once; the queueing lock folds
a burst of a thousand reports into one waiting job.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import procrastinate
import psycopg
from procrastinate import exceptions
from psycopg_pool import ConnectionPool, PoolTimeout

from dispatch.store.transaction import BY_INDEX, session

log = logging.getLogger(__name__)

GROUP = "group_feeders"
ASSIGN = "assign_district"
TICK = "tick"
SWEEP = "sweep"
TEND = "tend"
LINKS = "look_for_links"
SPEEDS = "learn_speeds"
ESTIMATE = "reestimate"
WAITS = "learn_waits"
PUBLISH = "publish_picture"
LEND = "lend"

QUEUES: Mapping[str, str] = {
    GROUP: "grouping",
    ASSIGN: "assigning",
    TICK: "clocks",
    SWEEP: "clocks",
    TEND: "upkeep",
    LINKS: "upkeep",
    SPEEDS: "upkeep",
    ESTIMATE: "clocks",
    WAITS: "upkeep",
    PUBLISH: "clocks",
    LEND: "clocks",
}
PATIENCE_S = 2.0
CONNECTIONS = 2
GATHER_S = 0.5
LOST = (exceptions.ConnectorException, exceptions.AppNotOpen, psycopg.Error, PoolTimeout)

_QUEUED = """
SELECT queueing_lock FROM procrastinate_jobs
WHERE queueing_lock = ANY(%s) AND status = 'todo'
"""

SHARDS = 8


def shard_of(place: str) -> int:
    """Which shard looks at a feeder or a district, the same in every process."""
    return crc32(place.encode()) % SHARDS


def group_lock(shard: int) -> str:
    """The lock of a shard of feeders."""
    return f"group:{shard}"


def assign_lock(district_id: str) -> str:
    """The lock of a district."""
    return f"assign:{district_id}"


@dataclass(frozen=True, slots=True)
class Job:
    """Something to look at again, and the lock that folds asking twice into one."""

    task: str
    lock: str
    arguments: Mapping[str, str | int]


class Queue:
    """Puts jobs into the queue after a commit; what cannot be queued is logged, never raised."""

    def __init__(self, pool: ConnectionPool) -> None:
        connector = procrastinate.SyncPsycopgConnector()
        connector.open(pool)
        self._pool = pool
        self._app = procrastinate.App(connector=connector)

    def group(self, *places: str | None) -> None:
        """Look at these feeders, which have news, or at the district where none is known."""
        for shard in sorted({shard_of(place) for place in places if place is not None}):
            self._put(Job(GROUP, group_lock(shard), {"shard": shard}))

    def assign(self, *district_ids: str | None) -> None:
        """Look at the waiting orders of these districts again."""
        for district_id in sorted({d for d in district_ids if d is not None}):
            self._put(Job(ASSIGN, assign_lock(district_id), {"district_id": district_id}))

    def close(self) -> None:
        """Queue what still waits to be queued, and give up the connections."""
        self._pool.close()

    def _put(self, job: Job) -> None:
        self._defer(job)

    def _defer(self, job: Job) -> None:
        task = self._app.configure_task(
            job.task, queue=QUEUES[job.task], lock=job.lock, queueing_lock=job.lock
        )
        try:
            task.defer(**job.arguments)
        except exceptions.AlreadyEnqueued:
            return
        except LOST as lost:
            log.warning("%s was not queued, the sweep will find it: %s", job.lock, lost)


class GatheringQueue(Queue):
    """Queues what requests asked for every half a second, each job once.

    In a storm hundreds of reports ask for the same few jobs; each would cost a transaction. A
    process that dies with jobs gathered loses them, and the sweep finds what they were to look at.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__(pool)
        self._gathered: dict[str, Job] = {}
        self._guard = threading.Lock()
        self._asked = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queueing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Queue what was gathered, and give up the connections."""
        self._closing.set()
        self._asked.set()
        self._thread.join()
        super().close()

    def _put(self, job: Job) -> None:
        with self._guard:
            self._gathered.setdefault(job.lock, job)
        self._asked.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._asked.wait()
            self._closing.wait(GATHER_S)
            self._asked.clear()
            try:
                self._flush()
            except Exception:  # without this thread nothing would be queued any more
                log.exception("jobs were not queued, the sweep will find them")
        self._flush()

    def _flush(self) -> None:
        with self._guard:
            jobs, self._gathered = self._gathered, {}
        if not jobs:
            return
        try:
            with self._pool.connection() as connection:
                waiting = {lock for (lock,) in connection.execute(_QUEUED, [list(jobs)])}
        except LOST as lost:
            log.warning("%d jobs were not queued, the sweep will find them: %s", len(jobs), lost)
            return
        for lock in sorted(jobs.keys() - waiting):
            self._defer(jobs[lock])


def open_queue(conninfo: str, *, gathering: bool) -> Queue:
    """A queue on a small pool of its own; the caller closes it."""
    pool = ConnectionPool(
        conninfo,
        min_size=0,
        max_size=CONNECTIONS,
        timeout=PATIENCE_S,
        open=True,
        name="queue",
        kwargs={"connect_timeout": 2, "options": session(BY_INDEX)},
    )
    return GatheringQueue(pool) if gathering else Queue(pool)
