"""A storm through the whole pipeline: reports at a steady rate, agents asking beside, crews sent.

Faults hit laterals of many feeders at once and the customers behind them call. The reports start
by the clock whatever the server does, so that a server that falls behind is seen to.
"""

import random
import statistics
import time
from dataclasses import dataclass, field
from datetime import datetime

from tests.bench import memory
from tests.bench.company import Company
from tests.bench.load import ONSET_S, Request, Sending, Told
from tests.bench.rows import Row
from tests.bench.seed import HOMES, LATERALS, TRANSFORMERS, account
from tests.bench.web import ticket

FEEDERS = 300
RATE, SECONDS = 100.0, 60.0
CONNECTIONS = 32
CALM_S, CALM_RATE = 10.0, 10.0
DRAINED_WITHIN_S = 120.0

_WAITING = """
SELECT count(DISTINCT feeder_id) AS feeders, min(at) AS oldest, now() AS now FROM feeder_news
"""
_UNASSIGNED = """
SELECT count(*) AS jobs FROM procrastinate_jobs
WHERE task_name = 'assign_district' AND status IN ('todo', 'doing')
"""
_STORED = """
SELECT count(*) AS tickets, count(*) FILTER (WHERE EXISTS (
    SELECT FROM attachment WHERE ticket_id = ticket.id AND detached_at IS NULL)) AS attached,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM event WHERE stream = 'ticket:' || ticket.id AND kind = 'ticket.received'))
        AS journalled
FROM ticket WHERE id LIKE 'storm-%'
"""
_OUTAGES = """
SELECT count(*) AS opened, count(*) FILTER (WHERE merged_into_id IS NULL) AS standing,
    max(reports) AS largest
FROM outage LEFT JOIN LATERAL (
    SELECT count(*) AS reports FROM ticket WHERE ticket.outage_id = outage.id
) AS attached ON true
WHERE opened_at >= :since
"""
_ORDERS = """
SELECT count(*) FILTER (WHERE crew_id IS NOT NULL) AS sent, count(*) AS orders,
    count(*) FILTER (WHERE travel_basis = 'road') AS by_road
FROM trouble_order JOIN outage ON outage.id = trouble_order.outage_id
WHERE outage.opened_at >= :since AND trouble_order.status <> 'cancelled'
"""


@dataclass
class Watch:
    """What was seen from outside while the storm went on, once a second."""

    lags_s: list[float] = field(default_factory=list)
    feeders: list[int] = field(default_factory=list)

    def look(self, company: Company) -> int:
        (seen,) = company.sql(_WAITING)
        oldest: datetime | None = seen.oldest
        self.lags_s.append(0.0 if oldest is None else (seen.now - oldest).total_seconds())
        self.feeders.append(seen.feeders)
        return int(seen.feeders)


def rows(company: Company) -> list[Row]:
    (since,) = company.sql("SELECT now() AS now")
    reports, asked = calls(company)
    _calm(company)
    before = _cpu(company)
    begun = time.monotonic()
    storm = Sending(company.plan(reports, SECONDS, rate=RATE, connections=CONNECTIONS, once=True))
    agents = Sending(company.plan(asked, SECONDS, rate=RATE, connections=CONNECTIONS))
    watch = Watch()
    while storm.under_way or agents.under_way:
        watch.look(company)
        time.sleep(1.0)
    took = time.monotonic() - begun
    spent = {name: after - before[name] for name, after in _cpu(company).items()}
    took_in, answered = storm.told(), agents.told()
    drained_s = _drain(company, watch)
    return [
        *_rate_rows(took_in, answered),
        *_queue_rows(watch, drained_s),
        *_stored_rows(company, took_in, since.now),
        *(
            Row("storm: processor", name, seconds / took, "cores")
            for name, seconds in spent.items()
        ),
        *memory_rows(company, "storm: memory"),
    ]


def _calm(company: Company) -> None:
    """A little of an ordinary day before: nobody meets the first storm with a cold server."""
    drawn = random.Random(22)
    calm = range(company.size.customers // 2)  # the storm comes over the other half
    every = [
        ticket(f"calm-{c}", c)
        if n % 10 == 0
        else ("GET", f"/api/v1/known-outage?account={account(c)}", None)
        for n, c in enumerate(drawn.sample(calm, round(CALM_S * CALM_RATE)))
    ]
    company.send(every, CALM_S, rate=CALM_RATE, connections=8, once=True).only(200, 201)


def calls(
    company: Company, *, rate: float = RATE, seconds: float = SECONDS, name: str = "storm"
) -> tuple[list[Request], list[Request]]:
    """Customers behind one lateral per feeder, in a random order; and those who ask beside.

    As many report as the rate has time for, at most everybody there; the ids begin with `name`.
    """
    drawn = random.Random(21)
    feeders = range(company.size.feeders // 2, company.size.feeders)
    feeders = drawn.sample(feeders, min(FEEDERS, len(feeders)))
    on_lateral = TRANSFORMERS // LATERALS * HOMES
    first = [f * TRANSFORMERS * HOMES + drawn.randrange(LATERALS) * on_lateral for f in feeders]
    needed = round(rate * seconds)
    each = min(on_lateral, -(-needed // len(first)))
    callers = [at + n for at in first for n in drawn.sample(range(on_lateral), each)][:needed]
    drawn.shuffle(callers)
    asking = [at + drawn.randrange(on_lateral) for at in first]
    asking += drawn.sample(range(company.size.customers), len(first))
    drawn.shuffle(asking)
    return (
        [ticket(f"{name}-{c}", c) for c in callers],
        [("GET", f"/api/v1/known-outage?account={account(c)}", None) for c in asking],
    )


def _drain(company: Company, watch: Watch) -> float:
    """How long after the last report the queues were empty."""
    begun = time.monotonic()
    while watch.look(company) or company.sql(_UNASSIGNED)[0].jobs:
        if time.monotonic() - begun > DRAINED_WITHIN_S:
            return float("inf")
        time.sleep(0.5)
    return time.monotonic() - begun


def _rate_rows(took_in: Told, answered: Told) -> list[Row]:
    note = f"wanted {RATE:.0f}/s for {SECONDS:.0f} s; times run from when each was due"
    return [
        *_flow("tickets", took_in, 201, note),
        *_flow("known-outage beside", answered, 200, "aim: p99 under 50 ms"),
    ]


def _flow(what: str, told: Told, status: int, note: str) -> list[Row]:
    rate = told.count(status) / told.seconds
    failed = told.requests - told.count(status) + told.broken
    return [
        Row("storm", what, rate, "requests/s", rate / RATE, note),
        Row("storm", f"{what}: p50", told.p50_ms, "ms"),
        Row("storm", f"{what}: p99", told.p99_ms, "ms"),
        Row("storm", f"{what}: p99 after the first {ONSET_S:.0f} s", told.later_p99_ms, "ms"),
        Row("storm", f"{what}: longest", told.longest_ms, "ms"),
        Row("storm", f"{what}: other answers", failed, "requests", note=" ".join(told.bodies)[:90]),
        Row("storm", f"{what}: due, not sent in time", told.unsent, "requests"),
        Row("storm", f"{what}: never answered", told.unanswered, "requests"),
    ]


def _queue_rows(watch: Watch, drained_s: float) -> list[Row]:
    return [
        Row("storm: queue", "oldest ungrouped: median", statistics.median(watch.lags_s), "s"),
        Row("storm: queue", "oldest ungrouped: worst", max(watch.lags_s), "s"),
        Row("storm: queue", "feeders waiting: most", max(watch.feeders), "feeders"),
        Row("storm: queue", "empty after the last report", drained_s, "s"),
    ]


def _stored_rows(company: Company, took_in: Told, since: datetime) -> list[Row]:
    """Nothing may be lost: what was answered 201 is stored, attached and in the journal."""
    (stored,) = company.sql(_STORED)
    (outages,) = company.sql(_OUTAGES, since=since)
    (orders,) = company.sql(_ORDERS, since=since)
    promised = took_in.count(201)
    kept = {name: getattr(stored, name) for name in ("tickets", "attached", "journalled")}
    if min(kept.values()) < promised:
        raise RuntimeError(f"{promised} reports were answered 201, and kept are only {kept}")
    if len(set(kept.values())) > 1:
        raise RuntimeError(f"some reports are kept in part: {kept}")
    return [
        Row("storm: kept", "answered 201", promised, "tickets", 1.0),
        Row(
            "storm: kept",
            "stored, attached and journalled",
            stored.tickets,
            "tickets",
            stored.tickets / max(promised, 1),
        ),
        Row("storm: kept", "outages opened", outages.opened, "outages"),
        Row("storm: kept", "outages left after grouping", outages.standing, "outages"),
        Row("storm: kept", "orders open or done", orders.orders, "orders"),
        Row("storm: kept", "orders with a crew", orders.sent, "orders"),
        Row("storm: kept", "of them timed by road", orders.by_road, "orders"),
    ]


def _cpu(company: Company) -> dict[str, float]:
    return {
        "web": memory.cpu_s(company.web),
        "worker": memory.cpu_s(company.worker),
        "postgres": memory.family_cpu_s(company.postgres),
    }


def memory_rows(company: Company, group: str = "memory") -> list[Row]:
    """What the processes hold now; PostgreSQL's shared pages are counted once."""
    return [
        Row(group, "web", memory.resident_mb(company.web), "MB resident"),
        Row(group, "worker", memory.resident_mb(company.worker), "MB resident"),
        Row(
            group,
            "postgres, all processes",
            memory.family_mb(company.postgres),
            "MB",
            note="shared pages counted once",
        ),
    ]
