"""No hot read walks through a big table: every statement the store sends is explained."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from dispatch.domain.outage import Scope
from dispatch.domain.ticket import Place
from dispatch.domain.words import DistrictId, FoundBy, UsagePointId
from dispatch.store import known
from dispatch.store.direct import Direct
from dispatch.store.outages import PgOutages
from dispatch.store.reads import details, field, figures, links, notices, settling, wall, worklist
from dispatch.store.reads.alarms import open_warnings
from dispatch.store.reads.callers_to_tell import callers_to_tell
from dispatch.store.reads.ledger import open_promises
from dispatch.store.transaction import PgStore
from tests.store.builders import LAT, LON, NOW, a_fix, add_crew, add_district, add_rules, at

BIG = {
    "usage_point", "usage_point_phone", "ticket", "attachment", "clock", "event", "outage",
    "outage_transformer", "interruption", "trouble_order", "dispatch_step", "transformer",
    "line_section", "place", "address_text", "notice", "notice_answer", "suspected_link",
    "meter_signal", "told", "answer_given", "position_fix_other_days",
}  # fmt: skip

# A year of work of a middling company: nearly everything is over and done.
FILL = """
SET session_replication_role = replica;
INSERT INTO feeder (id, name, district_id)
    SELECT 'F' || n, 'line ' || n, 'west' FROM generate_series(0, 199) n;
INSERT INTO device (id, kind, name, feeder_id, pre, post, depth, customers)
    SELECT 'D' || n, 'fuse', 'fuse', 'F' || n / 50, n % 50, n % 50 + 1, 1, 0
    FROM generate_series(0, 9999) n;
INSERT INTO transformer (id, name, feeder_id, device_id, device_pre, district_id, customers, point)
    SELECT 'T' || n, 'transformer ' || n, 'F' || n / 50, 'D' || n, n % 50, 'west', 20,
        ST_Point(115 + (n % 100) * 0.01, 28 + (n / 100) * 0.01, 4326)
    FROM generate_series(0, 9999) n;
INSERT INTO address_text (search_text)
    SELECT DISTINCT 'road ' || left(md5(n::text), 6) FROM generate_series(0, 29999) n;
INSERT INTO usage_point (account, meter, transformer_id, district_id, address_text_id, point)
    SELECT 'A' || n, 'M' || n, 'T' || n / 20, 'west', n / 10 + 1,
        ST_Point(115 + (n % 500) * 0.002, 28 + (n / 500) * 0.002, 4326)
    FROM generate_series(0, 199999) n;
INSERT INTO usage_point_phone SELECT '1' || id, id FROM usage_point WHERE id % 4 = 0;
INSERT INTO line_section
        (id, level, from_node, to_node, phases, length_m, feeder_id, device_id, line)
    SELECT 'S' || n, 'mv', 'a', 'b', 'ABC', 100, 'F' || n / 150, 'D' || n / 3,
        ST_SetSRID(ST_MakeLine(ST_Point(115 + (n % 200) * 0.005, 28 + (n / 200) * 0.005),
            ST_Point(115 + (n % 200) * 0.005 + 0.004, 28 + (n / 200) * 0.005)), 4326)
    FROM generate_series(0, 29999) n;
INSERT INTO place (source, source_id, kind, name, address, address_text_id, point)
    SELECT 's', n::text, 'landmark', 'p', '', n, ST_Point(115, 28, 4326)
    FROM generate_series(1, 20000) n;
INSERT INTO outage (id, district_id, status, level, feeder_id, device_id, device_kind, device_name,
        point, accuracy_m, area_class, started_at, opened_at, restored_at, version)
    SELECT n, 'west', CASE WHEN n > 19980 THEN 'predicted' ELSE 'closed' END, 'feeder_model',
        'F' || n % 200, 'D' || n % 10000, 'fuse', 'fuse',
        ST_Point(115 + (n % 100) * 0.01, 28 + (n / 200) * 0.01, 4326), 20, 'urban',
        now(), timestamptz '2026-03-02' - (20000 - n) * interval '25 minutes', now(), 0
    FROM generate_series(1, 20000) n;
INSERT INTO outage_transformer
    SELECT n, 'T' || n % 10000, now() - interval '30 days',
        CASE WHEN n > 19980 THEN NULL ELSE now() - interval '20 days' END
    FROM generate_series(1, 20000) n;
INSERT INTO ticket (id, district_id, channel, phone, description, hazards, symptoms, received_at,
        recorded_at, usage_point_id, transformer_id, feeder_id, point, accuracy_m, found_by,
        area_class, area_covered, status, disposition, outage_id, version)
    SELECT 'K' || n, 'west', 'phone', '1' || n, '', '{}', '{}',
        timestamptz '2026-03-02' - n * interval '2 minutes', now(), n, 'T' || n / 20,
        'F' || n / 1000, ST_Point(115, 28, 4326), 15, 'account', 'urban', false,
        CASE WHEN n < 100 THEN 'open' ELSE 'closed' END, 'attached', n / 10 + 1, 0
    FROM generate_series(0, 199999, 2) n;
INSERT INTO attachment (ticket_id, outage_id, probability, basis, reasons, by, at)
    SELECT id, outage_id, 0.9, 'x', '{}', 'relight', received_at FROM ticket
    WHERE outage_id <= 5000 OR outage_id > 19900;
INSERT INTO clock (district_id, rule_id, rule_version, ticket_id, area_class, started_from,
        started_at, due_at, next_level_at, warned, verdict)
    SELECT 'west', 'arrival_commitment', 1, id, 'urban', 'received', received_at,
        received_at + interval '45 minutes', received_at + interval '23 minutes', 0,
        CASE WHEN status = 'open' THEN 'running' ELSE 'kept' END
    FROM ticket WHERE outage_id <= 5000 OR outage_id > 19900;
INSERT INTO trouble_order (id, district_id, outage_id, status, skills, hazards, priority, urged,
        area_class, received_at, why, version)
    SELECT n, 'west', n, CASE WHEN n > 19980 THEN 'awaiting_assignment' ELSE 'field_complete' END,
        '{}', '{}', 10, 0, 'urban', now(), '{}', 0
    FROM generate_series(1, 20000) n;
INSERT INTO dispatch_step (order_id, seq, kind, at, recorded_at, by, crew_id, facts)
    SELECT n / 5 + 1, n % 5 + 1, (ARRAY['assigned', 'noted', 'returned', 'assigned', 'noted'])
        [n % 5 + 1], timestamptz '2026-03-02' - n * interval '5 minutes', now(), 'x',
        'P' || n / 5 % 100 + 1, '{}'
    FROM generate_series(0, 99999) n;
INSERT INTO event (stream, seq, kind, at, recorded_at, actor, district_id, body, previous, hash)
    SELECT 'ticket:K' || n, 1, 'x', now(), now(), 'x', 'west', '{}', '', ''
    FROM generate_series(1, 50000) n;
INSERT INTO interruption (usage_point_id, outage_id, district_id, period)
    SELECT n, n / 10 + 1, 'west', tstzrange('2026-01-01', '2026-01-02')
    FROM generate_series(1, 50000) n;
INSERT INTO notice (outage_id, district_id, transformers, facts, say_by, released_at, released_by,
        version)
    SELECT n, 'west', ARRAY['T' || n % 10000],
        '{"district": "West", "feeder": null, "communities": [], "transformers": [],
          "customers": 1, "cause": null, "restore_at": null, "confidence": null,
          "confirmed": true, "percent": null}',
        now(), timestamptz '2026-03-02' - (20000 - n) * interval '25 minutes', 'x', 0
    FROM generate_series(1, 20000) n;
INSERT INTO notice_answer (notice_id, how, key, usage_point_id, at)
    SELECT n / 5 + 1, 'attached', 'K' || 2 * n, 2 * n + 1, now()
    FROM generate_series(0, 99999) n;
INSERT INTO suspected_link (usage_point_id, account, transformer_id, candidate_id, district_id,
        probability, of_candidate, outages, evidence)
    SELECT n, 'A' || n, 'T1', 'T2', 'west', 0.9 + n % 1000 * 0.0001, 0.9, 2, '[]'
    FROM generate_series(1, 20000) n;
INSERT INTO meter_signal (id, usage_point_id, transformer_id, feeder_id, kind, at, received_at)
    SELECT 'm' || n, n, 'T' || n / 20, 'F' || n / 1000, 'last_gasp', now(), now()
    FROM generate_series(1, 100000) n;
INSERT INTO told (ticket_id, due_at, told_at)
    SELECT id, received_at, CASE WHEN status = 'open' THEN NULL ELSE received_at END FROM ticket;
INSERT INTO answer_given (id, at, by, kind, said, tongue, usage_point_id, phone, outage_id, checked)
    SELECT 'G' || n, timestamptz '2026-03-02' - n * interval '1 minute', 'x', 'known_fault', '', '',
        n, '1' || n, n % 20000 + 1, '{}'
    FROM generate_series(1, 100000) n;
INSERT INTO crew (id, name, district_id, skills, base)
    SELECT 'P' || n, 'crew', 'west', '{}', ST_Point(115, 28, 4326) FROM generate_series(1, 100) n;
INSERT INTO position_fix (crew_id, id, fixed_at, received_at, lon, lat, mock)
    SELECT 'P' || n, 'x' || t, timestamptz '2026-03-02' + t * interval '1 minute', now(),
        115 + n * 0.01, 28, false
    FROM generate_series(0, 1439) t, generate_series(1, 100) n;
SET session_replication_role = DEFAULT;
ANALYZE;
"""


@contextmanager
def listening(connection: Connection, sent: list[tuple[str, Any]]) -> Iterator[None]:
    """Collect every statement with its parameters as the driver gets them."""

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    def note_direct(self: Direct, to: Connection, values: object) -> object:
        sent.append((self.named, values))
        return straight(self, to, values)

    straight = Direct._sent
    event.listen(connection, "before_cursor_execute", note)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Direct, "_sent", note_direct)
        yield
    event.remove(connection, "before_cursor_execute", note)


def scanned(plan: dict[str, Any], *, calls: bool) -> Iterator[str]:
    """Names of the tables that a plan walks through from end to end.

    A list of what is open may read the index of what is open; a call may not.
    """
    walked = plan["Node Type"] == "Seq Scan" or (
        calls
        and plan["Node Type"].startswith("Index")
        and plan.keys().isdisjoint({"Index Cond", "Order By"})
    )
    if walked and plan["Relation Name"] in BIG:
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scanned(part, calls=calls)


def take_calls(connection: Connection) -> None:
    """What agents' desks do again and again."""
    store = PgStore(connection)
    place = Place(
        lon=115.5, lat=28.3, accuracy_m=20, found_by=FoundBy.POSITION, transformer_id="T77"
    )
    asked = {"phone": "1500", "now": NOW}
    for statement, key, value in (
        (known.KNOWN_BY_ACCOUNT, "account", "A500"),
        (known.KNOWN_BY_METER, "meter", "M500"),
        (known.KNOWN_BY_PHONE, "phone", "1500"),
    ):
        connection.exec_driver_sql(statement, {**asked, key: value})
    store.known.facts_of(500, "1500", NOW)
    store.known.facts_at(place, None, NOW)
    store.directory.find_by_account("A500")
    store.directory.list_by_phone("1500")
    store.directory.find_supply_near(115.5, 28.3, 300)
    store.directory.search_places("road 5f9c4a", 50)
    store.given.list_before(UsagePointId(500), "1500", since=NOW - timedelta(days=30), most=8)


def work_on_outages(connection: Connection) -> None:
    """What use cases do behind the desks."""
    store = PgStore(connection)
    scope = Scope(transformers=frozenset({"T9990"}), usage_points=frozenset({7}))
    store.directory.list_below_device("D77")
    store.directory.count_customers(scope)
    store.tickets.list_of_outage(19_990)
    store.tickets.list_unverified(19_990)
    store.tickets.kept_apart("K6")
    store.outages.widen(20_000, Scope(transformers=frozenset({"T1234"})), NOW)
    store.outages.restore(20_000, Scope(transformers=frozenset({"T1234"})), at(5))
    store.outages.feeder_evidence("F3", NOW)
    store.outages.kept_dark(["T1234"], but=20_000)
    store.proposals.list_open_along("F3")
    store.proposals.list_open([19_990])
    store.proposals.dismissed([19_990])
    store.outages.district_evidence(DistrictId("east"), NOW)  # a modelled one is read once a load
    window = timedelta(minutes=10)
    store.notices.served(
        store.outages.get(19_990), scope, window=window, earlier=timedelta(days=28), now=NOW
    )
    store.notices.find_out(19_990)
    store.notices.find_answering("K6")
    store.orders.list_awaiting("west")
    store.orders.list_under_way("west")
    store.outages.customers_out({19_990, 19_991})
    store.orders.declined([19_990])
    store.orders.list_of_crew("C1", NOW)
    store.orders.list_passed_on("P7", NOW)
    store.positions.with_orders(["P7", "P8"], NOW)
    store.tickets.list_of_planned(1)
    store.orders.find_open_of_outage(19_990)
    store.clocks.list_unsettled_of_tickets(["K4", "K6"])
    store.clocks.list_due_warning(NOW, 100)
    store.clocks.list_overdue_pauses(NOW, 100)
    store.clocks.is_spoken_for(store.clocks.list_of_ticket("K6")[0])
    store.warnings.list_open_of_crew("C1")
    store.crews.record_fixes([a_fix("x")])
    store.crews.list_states("west", NOW)
    near = a_fix("y", "P7")
    store.crews.list_beside(near, at(-15), at(4))
    store.crews.list_fixes("P7", at(-90), at(90))
    store.crews.list_same_places([near], at(-600), at(-90))
    store.signals.points_of_meters(["M1", "M2"])
    store.signals.points_of_accounts(["A1", "A2"])
    store.signals.named_devices(["D77", "no such device"])


def draw_screens(connection: Connection) -> None:
    """What consoles show."""
    worklist.worklist(connection, ["west"], NOW)
    open_warnings(connection, ["west"], since=NOW)
    open_promises(connection, ["west"], NOW, at(60), rules=["arrival_commitment"])
    details.outage_detail(connection, 19_990, None)
    details.ticket_detail(connection, "K6", None)
    field.transformers_out(connection, field.Box(LON, LAT, LON + 0.01, LAT + 0.01), None)
    field.sections(connection, field.Box(115.5, 28.3, 115.52, 28.32), None)
    figures.events_after(connection, 49_990, ["west"])
    since = NOW - timedelta(days=1)
    notices.released(connection, ["west"], since, NOW)
    notices.released_of(connection, 19_990)
    notices.many_calls(connection, ["west"], since=at(-10), now=NOW, least=5)
    settling.news_of(connection, PgOutages(connection).get(19_990))
    callers_to_tell(connection, ["west"], now=NOW, most=50)
    links.suspected_links(connection, None, limit=50)
    wall.outages_open(connection, ["west"])
    later = datetime.now(UTC)  # of the day on which the outages of the table ended
    wall.customers_out_since(
        connection, ["west"], later - timedelta(hours=12), later, timedelta(minutes=5)
    )
    wall.calls_between(connection, ["west"], at(-10), NOW)
    wall.calls_of_hours(connection, ["west"], [at(-7 * 1440), at(-14 * 1440)])
    wall.waiting(connection, ["west"], NOW)
    links.suspected_links(connection, ["west"], district_id="west", after=(0.95, "A7"), limit=50)


@pytest.fixture
def years_of_work(database: Engine) -> Engine:
    with database.begin() as connection:
        add_district(connection)
        connection.connection.driver_connection.execute(FILL)
        add_crew(connection)
        add_rules(connection)
    return database


@pytest.mark.parametrize(
    ("statement", "key", "value"),
    [
        (known.KNOWN_BY_ACCOUNT, "account", "A500"),
        (known.KNOWN_BY_METER, "meter", "M500"),
        (known.KNOWN_BY_USAGE_POINT, "usage_point_id", "500"),
    ],
)
def test_an_agents_call_is_not_planned_anew_each_time(
    years_of_work: Engine, statement: str, key: str, value: str
):
    """The server keeps a plan if none for just these values looks cheaper."""
    given = {key: value, "phone": None, "now": datetime.now(UTC).isoformat()}
    with years_of_work.connect() as connection:
        driver = connection.connection.driver_connection
        numbered = Direct.of_psycopg(statement)._numbered.decode()
        driver.execute(f"PREPARE asked AS {numbered}", prepare=False)
        values = ", ".join(
            "NULL" if given[name] is None else f"'{given[name]}'"
            for name in Direct.of_psycopg(statement)._names
        )
        costs = {}
        for mode in ("force_custom_plan", "force_generic_plan"):
            driver.execute(f"SET plan_cache_mode = {mode}")
            explained = driver.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked({values})")
            costs[mode] = explained.fetchone()[0][0]["Plan"]["Total Cost"]
    assert costs["force_custom_plan"] == costs["force_generic_plan"]


def test_no_hot_read_walks_through_a_big_table(years_of_work: Engine):
    with years_of_work.connect() as connection:
        assert walked_by(connection, take_calls, calls=True) == {}
        assert walked_by(connection, work_on_outages) == {}
        assert walked_by(connection, draw_screens) == {}


def test_other_crews_are_looked_for_crew_by_crew_and_not_through_everybodys_day(
    years_of_work: Engine,
):
    with years_of_work.connect() as connection:
        sent: list[tuple[str, Any]] = []
        with listening(connection, sent):
            PgStore(connection).crews.list_beside(a_fix("y", "P7"), at(-15), at(4))
        ((statement, asked),) = sent
        explained = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", asked)
        read = list(reads_of(explained.scalar_one()[0]["Plan"], "position_fix_other_days"))
    assert read
    assert all("crew_id = " in condition for condition in read)


def reads_of(plan: dict[str, Any], table: str) -> Iterator[str]:
    """By which conditions a plan reads a table; empty: all of it."""
    if plan.get("Relation Name") == table:
        yield plan.get("Index Cond", "")
    for part in plan.get("Plans", ()):
        yield from reads_of(part, table)


def walked_by(
    connection: Connection, work: Callable[[Connection], None], *, calls: bool = False
) -> dict[str, set[str]]:
    """The statements of `work` that walk through big tables, and which."""
    sent: list[tuple[str, Any]] = []
    with listening(connection, sent):
        work(connection)
    assert len(sent) > 5
    walked = {}
    for statement, parameters in sent:
        if not isinstance(parameters, dict) or statement.lstrip().startswith("SELECT set_con"):
            continue
        explained = connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {statement}", parameters
        ).scalar_one()
        tables = set(scanned(explained[0]["Plan"], calls=calls))
        if tables:
            walked[statement] = tables
    return walked
