"""The promise ledger at size: a month of 300,000 clocks, behind every screen that reads it.

Two years of other clocks lie around them, as in every company of the benchmarks. The ratio of each
statement is to merely counting the month's clocks, in the same run.
"""

import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from api.callers import Role, issue
from api.ledger import month_of
from api.settings import FieldSettings
from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.store.reads import figures, ledger, punctuality, worklist
from dispatch.store.reads.alarms import open_warnings
from tests.bench.company import Company, running
from tests.bench.memory import cpu_s, family_cpu_s
from tests.bench.rows import Row, against_first
from tests.bench.seed import HISTORY, Size

CUSTOMERS = 100_000
OUTAGES, CALLERS, OPEN = 20_000, 5, 200
"""Outages of the month, callers of each (with three clocks each), and how many are still open."""
REPEAT = 5
AIM = "aim: a second"

_MONTH = """
INSERT INTO outage (id, district_id, status, level, feeder_id, device_id, device_kind, device_name,
    point, accuracy_m, area_class, started_at, opened_at, restored_at, closed_at, version)
SELECT :history + o, transformer.district_id,
    CASE WHEN o <= :open THEN 'predicted' ELSE 'closed' END, 'feeder_model', feeder_id, device_id,
    'transformer', name, point, 15, (CAST('{urban,rural,remote}' AS text[]))[1 + o % 3],
    began, began, CASE WHEN o > :open THEN began + interval '2 hours' END,
    CASE WHEN o > :open THEN began + interval '1 day' END, 3
FROM (
    SELECT o, 'T' || (o * 7919) % :all_transformers AS id,
        CAST(:now AS timestamptz) - (CAST(:now AS timestamptz) - :since) * o / (:outages + 1.0)
            AS began
    FROM generate_series(1, :outages) AS o
) AS numbered JOIN transformer USING (id);
INSERT INTO ticket (id, district_id, channel, account, phone, description, hazards, symptoms,
    received_at, recorded_at, usage_point_id, transformer_id, feeder_id, point, accuracy_m,
    found_by, area_class, area_covered, status, disposition, outage_id, restored_at, closed_at,
    version)
SELECT 'month-' || outage.id || '-' || n, outage.district_id, 'phone', NULL, '', '', '{}',
    '{no_power}', started_at, started_at, NULL, NULL, feeder_id, outage.point, 15, 'account',
    area_class, true, CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END, 'attached',
    outage.id, outage.restored_at, outage.closed_at, 3
FROM outage CROSS JOIN generate_series(1, :callers) AS n WHERE outage.id > :history;
INSERT INTO trouble_order (id, district_id, outage_id, status, skills, hazards, priority, urged,
    area_class, received_at, completed_at, why, version)
SELECT id, district_id, id,
    CASE WHEN closed_at IS NULL THEN 'awaiting_assignment' ELSE 'field_complete' END,
    '{mv}', '{}', 10, 0, area_class, started_at, restored_at, '{}', 6
FROM outage WHERE id > :history;
INSERT INTO clock (district_id, rule_id, rule_version, ticket_id, area_class, started_from,
    started_at, due_at, warned, verdict, stopped_earliest, stopped_latest, judged_at, judged_by,
    judgements, paused_s)
SELECT district_id, rule, 1, id, area_class, 'received', received_at,
    received_at + interval '45 minutes', 0, verdict,
    CASE WHEN verdict <> 'running' THEN received_at + took * interval '0.95 minutes' END,
    CASE WHEN verdict <> 'running' THEN received_at + took * interval '1 minute' END,
    CASE WHEN verdict <> 'running' THEN received_at + took * interval '1 minute' END,
    CASE WHEN verdict <> 'running' THEN 'track' END, CASE WHEN verdict <> 'running' THEN 1 ELSE 0
    END + CAST(took % 50 = 0 AS integer), CASE WHEN took % 20 = 0 THEN 300 ELSE 0 END
FROM (
    SELECT ticket.*, 5 + outage_id * 7 % 60 AS took, CASE WHEN closed_at IS NULL THEN 'running'
        WHEN outage_id * 7 % 60 > 40 THEN 'missed' WHEN outage_id % 25 = 0 THEN 'cannot_say'
        ELSE 'kept' END AS verdict
    FROM ticket WHERE outage_id > :history
) AS judged
CROSS JOIN unnest(CAST('{arrival_commitment,dispatch_desk,restore}' AS text[])) AS rule;
INSERT INTO told (ticket_id, due_at, told_at, by, power_on, satisfied, note)
SELECT id, restored_at, restored_at, 'agent', true, outage_id % 50 > 0, '' FROM ticket
WHERE outage_id > :history AND restored_at IS NOT NULL
"""

_COUNT = text("SELECT count(*) FROM clock WHERE started_at >= :since AND started_at < :until")


@dataclass(frozen=True)
class Month:
    """From when to when a month lasts, and now."""

    since: datetime
    until: datetime
    now: datetime


def this_month() -> Month:
    now = datetime.now(UTC)
    since, until = month_of(None, ZoneInfo(FieldSettings().zone), now)
    return Month(since, until, now)


def fill_month(connection: Connection, size: Size, month: Month, outages: int = OUTAGES) -> int:
    """Add a month of outages, with callers and clocks; gives how many clocks there are in it."""
    values = {
        "since": month.since,
        "now": month.now,
        "history": HISTORY,
        "outages": outages,
        "open": min(OPEN, outages // 2),
        "callers": CALLERS,
        "all_transformers": size.transformers,
    }
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in _MONTH.split(";"):
        asked = text(statement)
        connection.execute(asked, {name: values[name] for name in asked.compile().params})
    asked = {"since": month.since, "until": month.until}
    return int(connection.execute(_COUNT, asked).scalar_one())


def rows() -> list[Row]:
    with running(Size.of(CUSTOMERS)) as company:
        month = this_month()
        with company.engine.begin() as connection:
            clocks = fill_month(connection, company.size, month)
        with company.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        with company.engine.connect() as connection:
            told = statements(connection, month)
        return [Row("ledger", "clocks in the month", clocks, "clocks"), *told, *screens(company)]


def statements(connection: Connection, month: Month) -> list[Row]:
    """Each statement behind the ledger, and what else reads a month of clocks."""
    span = (month.since, month.until)
    zone = FieldSettings().zone
    rule = ARRIVAL_COMMITMENT
    asked: dict[str, Callable[[], object]] = {
        "count the month's clocks": lambda: connection.execute(
            _COUNT, {"since": month.since, "until": month.until}
        ).all(),
        "averages and headroom": lambda: figures.commitments(connection, None, *span),
        "the same by district": lambda: figures.commitments(
            connection, None, *span, by_district=True
        ),
        "the same of one district": lambda: figures.commitments(connection, ["D1"], *span),
        "running average day by day": lambda: ledger.days_of_rule(
            connection, None, *span, rule_id=rule, zone=zone
        ),
        "open promises": lambda: ledger.open_promises(connection, None, *span, rules=[rule]),
        "call-backs": lambda: ledger.told(connection, None, *span),
        "behind a figure": lambda: ledger.behind_figure(connection, None, *span, rule_id=rule),
        "the few of one verdict behind a figure": lambda: ledger.behind_figure(
            connection, None, *span, rule_id=rule, area_class="remote", verdict="cannot_say"
        ),
        "thirteen months of a rule": lambda: punctuality.months_of_rule(
            connection,
            None,
            month.since - timedelta(days=395),
            month.until,
            rule_id=rule,
            zone=zone,
        ),
        "hours of the week of a rule": lambda: punctuality.slots_of_rule(
            connection, None, *span, rule_id=rule
        ),
        "warnings": lambda: open_warnings(connection, None, since=month.now - timedelta(days=7)),
        "the dispatcher's list": lambda: worklist.worklist(connection, None, month.now),
    }
    return against_first([Row("ledger", what, median_s(ask), "s") for what, ask in asked.items()])


def screens(company: Company) -> list[Row]:
    """What a screen takes over HTTP, by the clock and of web's and PostgreSQL's processor time.

    `foreseen` asks for the plan of the open orders too, as the page does after it has opened.
    """
    token = issue(company.engine, label="ledger", role=Role.SUPERVISOR, now=datetime.now(UTC))
    asked = {
        "the ledger": "/api/v1/commitments/ledger?foresee=false",
        "the ledger, foreseen": "/api/v1/commitments/ledger",
        "the dispatcher's list": "/api/v1/outages",
    }

    def get(target: str) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{company.port}{target}", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    found = []
    for what, target in asked.items():
        get(target)
        spent_s = cpu_s(company.web) + family_cpu_s(company.postgres)
        clock_s = middle([_timed(lambda to=target: get(to)) for _ in range(REPEAT)])
        spent_s = (cpu_s(company.web) + family_cpu_s(company.postgres) - spent_s) / REPEAT
        found.append(Row("a screen", what, clock_s, "s"))
        found.append(Row("a screen", f"{what}: processor time", spent_s, "s", note=AIM))
    return found


def median_s(work: Callable[[], object]) -> float:
    """The median of some runs after one that warms up."""
    work()
    return middle([_timed(work) for _ in range(REPEAT)])


def middle(times: Sequence[float]) -> float:
    return sorted(times)[len(times) // 2]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
