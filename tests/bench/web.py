"""The hot calls over HTTP, against a bare endpoint and against the database's own ceiling.

Calls take turns in short rounds and ratios are taken round by round, so that a machine that is
busy with other things for a while slows both sides of a ratio. The first quarter of the customers
has the open outages, the second asks and reports; the other half is the storm's.
"""

import json
import random
import re
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from dispatch.store.binaries import choose_server
from dispatch.store.known import KNOWN_BY_ACCOUNT
from tests.bench.company import Company
from tests.bench.load import Plan, Request, Told, send
from tests.bench.memory import cpu_s
from tests.bench.rows import Row
from tests.bench.seed import ACCOUNT_FROM, HOMES, account

ROUNDS, ROUND_S = 3, 4.0
CONNECTIONS = 16
OUTAGES = 200
BARE = "bare endpoint, one query"
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
    half = company.size.customers // 2
    customers = random.Random(11).sample(range(half // 2, half), min(half // 2, 5_000))
    dark = _open_outages(company)
    company.settle()
    calls = {
        "bare endpoint, one query": _bare(company, customers),
        "known-outage, lit": company.plan(_known(customers), ROUND_S, connections=CONNECTIONS),
        "known-outage, in an open outage": company.plan(
            _known(dark), ROUND_S, connections=CONNECTIONS
        ),
    }
    rounds = [
        {what: _measured(company, what, plan) for what, plan in calls.items()}
        for _ in range(ROUNDS)
    ]
    found = [row for what in calls for row in _call_rows(what, rounds)]
    bare = statistics.median(r[BARE].told.per_second for r in rounds)
    found += _ticket_rows(company, bare)
    return found + _database_rows(company, bare)


@dataclass(frozen=True)
class Measured:
    """What a load generator saw, and what the server's process spent on each answer."""

    told: Told
    cpu_ms: float


def _measured(company: Company, what: str, plan: Plan) -> Measured:
    server = company.bare if what == BARE else company.web
    before = cpu_s(server)
    told = send(plan).only(200)
    return Measured(told, (cpu_s(server) - before) / told.requests * 1000)


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
    hit = random.Random(12).sample(range(company.size.transformers // 4), count)
    reports = [ticket(f"dark-{t}", t * HOMES) for t in hit]
    company.send(reports, 60, connections=4, once=True).only(201)
    return [t * HOMES + n for t in hit for n in range(1, HOMES)]


def _call_rows(what: str, rounds: list[dict[str, Measured]]) -> list[Row]:
    note = f"{CONNECTIONS} connections, median of {ROUNDS} rounds of {ROUND_S:.0f} s"

    def row(name: str, unit: str, figure: Callable[[Measured], float], note: str = "") -> Row:
        ratios = [figure(each[what]) / figure(each[BARE]) for each in rounds]
        value = statistics.median(figure(each[what]) for each in rounds)
        return Row("http", name, value, unit, statistics.median(ratios), note)

    return [
        row(what, "requests/s", lambda m: m.told.per_second, note),
        row(f"{what}: p50", "ms", lambda m: m.told.p50_ms),
        row(f"{what}: p99", "ms", lambda m: m.told.p99_ms),
        row(f"{what}: processor", "ms/request", lambda m: m.cpu_ms, "the web process alone"),
    ]


def _ticket_rows(company: Company, bare: float) -> list[Row]:
    """Reports of distinct customers anywhere, while the worker does its work beside."""
    half = company.size.customers // 2
    drawn = random.Random(13).sample(range(half // 2, half), min(half // 2, 20_000))
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
