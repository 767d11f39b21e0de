"""The hot calls over HTTP, against a bare endpoint and against the database's own ceiling.

Calls take turns in short rounds and ratios are taken round by round, so that a machine that is
busy with other things for a while slows both sides of a ratio.
"""

import json
import random
import re
import statistics
import subprocess

from dispatch.store.binaries import choose_server
from dispatch.store.known import KNOWN_BY_ACCOUNT
from tests.bench.company import Company
from tests.bench.load import Plan, Request, Told, send
from tests.bench.rows import Row
from tests.bench.seed import ACCOUNT_FROM, HOMES, account

ROUNDS, ROUND_S = 3, 4.0
CONNECTIONS = 16
OUTAGES = 200
TICKETS_S = 8.0
PGBENCH_S = 5

_PATH = f"""\\set n random(0, :customers - 1)
SELECT usage_point.id, transformer.id, ST_X(usage_point.point), ST_Y(usage_point.point), outage.id
FROM usage_point JOIN transformer ON transformer.id = usage_point.transformer_id
LEFT JOIN outage_transformer ON outage_transformer.transformer_id = transformer.id
    AND outage_transformer.restored_at IS NULL
LEFT JOIN outage ON outage.id = outage_transformer.outage_id
WHERE account = CAST({ACCOUNT_FROM} + :n AS text);
"""


def rows(company: Company) -> list[Row]:
    customers = random.Random(11).sample(range(company.size.customers), 5_000)
    dark = _open_outages(company)
    calls = {
        "bare endpoint, one query": _bare(company, customers),
        "known-outage, lit": company.plan(_known(customers), ROUND_S, connections=CONNECTIONS),
        "known-outage, in an open outage": company.plan(
            _known(dark), ROUND_S, connections=CONNECTIONS
        ),
    }
    rounds = [{what: send(plan).only(200) for what, plan in calls.items()} for _ in range(ROUNDS)]
    found = [row for what in calls for row in _call_rows(what, rounds)]
    bare = statistics.median(r["bare endpoint, one query"].per_second for r in rounds)
    found += _ticket_rows(company, bare)
    return found + _database_rows(company, bare)


def _bare(company: Company, customers: list[int]) -> Plan:
    requests = [("GET", f"/customer?account={account(c)}", None) for c in customers]
    return Plan(company.bare_port, requests, ROUND_S, CONNECTIONS)


def _known(customers: list[int]) -> list[Request]:
    return [("GET", f"/api/v1/known-outage?account={account(c)}", None) for c in customers]


def ticket(ticket_id: str, customer: int) -> Request:
    body = {
        "id": ticket_id,
        "channel": "phone",
        "account": account(customer),
        "phone": f"139{customer:08d}",
        "symptoms": ["no_power"],
    }
    return "POST", "/api/v1/tickets", json.dumps(body)


def _open_outages(company: Company) -> list[int]:
    """One report at each of some transformers; gives all their neighbours."""
    count = min(OUTAGES, company.size.transformers // 4)
    hit = random.Random(12).sample(range(company.size.transformers // 2), count)
    reports = [ticket(f"dark-{t}", t * HOMES) for t in hit]
    company.send(reports, 60, connections=4, once=True).only(201)
    return [t * HOMES + n for t in hit for n in range(1, HOMES)]


def _call_rows(what: str, rounds: list[dict[str, Told]]) -> list[Row]:
    bare = [r["bare endpoint, one query"] for r in rounds]
    mine = [r[what] for r in rounds]
    ratio = statistics.median(m.per_second / b.per_second for m, b in zip(mine, bare, strict=True))
    p50 = statistics.median(m.p50_ms for m in mine)
    p99 = statistics.median(m.p99_ms for m in mine)
    slow = statistics.median(m.p99_ms / b.p99_ms for m, b in zip(mine, bare, strict=True))
    note = f"{CONNECTIONS} connections, median of {ROUNDS} rounds of {ROUND_S:.0f} s"
    return [
        Row("http", what, statistics.median(m.per_second for m in mine), "requests/s", ratio, note),
        Row("http", f"{what}: p50", p50, "ms"),
        Row("http", f"{what}: p99", p99, "ms", slow),
    ]


def _ticket_rows(company: Company, bare: float) -> list[Row]:
    """Reports of distinct customers anywhere, while the worker does its work beside."""
    half = company.size.customers // 2  # the other half than the outages opened before
    drawn = random.Random(13).sample(range(half, company.size.customers), min(half, 20_000))
    reports = [ticket(f"far-{c}", c) for c in drawn]
    told = company.send(reports, TICKETS_S, connections=8, once=True).only(201)
    note = f"8 connections, {told.requests} reports, the worker beside"
    return [
        Row("http", "tickets", told.per_second, "requests/s", told.per_second / bare, note),
        Row("http", "tickets: p50", told.p50_ms, "ms"),
        Row("http", "tickets: p99", told.p99_ms, "ms"),
    ]


def _database_rows(company: Company, bare: float) -> list[Row]:
    named = {
        "account": f"CAST({ACCOUNT_FROM} + :n AS text)",
        "phone": "NULL",
        "now": "now()",
    }
    whole = re.sub(r"%\((\w+)\)s", lambda found: named[found[1]], KNOWN_BY_ACCOUNT)
    scripts = {
        "account -> point -> outage": _PATH,
        "known-outage's own statement": f"\\set n random(0, :customers - 1)\n{whole};\n",
    }
    return [
        Row(
            "pgbench",
            what,
            (rate := _pgbench(company, script)),
            "queries/s",
            rate / bare,
            "prepared, 8 clients, unix socket; ratio to the bare endpoint",
        )
        for what, script in scripts.items()
    ]


def _pgbench(company: Company, script: str) -> float:
    path = company.folder / "script.sql"
    path.write_text(script, encoding="utf-8")
    command = [
        choose_server().program("pgbench"),
        *("-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(PGBENCH_S)),
        *("-D", f"customers={company.size.customers}", "-f", str(path), company.conninfo),
    ]
    told = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=PGBENCH_S + 30
    ).stdout
    found = re.search(r"tps = ([\d.]+)", told)
    assert found is not None, told
    return float(found[1])
