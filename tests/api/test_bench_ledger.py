"""The benchmark's month holds what it says, and every statement that it times can be asked."""

from sqlalchemy import Connection, text

from dispatch.store.reads.figures import commitments
from dispatch.store.reads.ledger import open_promises
from tests.bench.ledger import CALLERS, fill_month, statements, this_month
from tests.bench.seed import Size

OUTAGES = 60
TRANSFORMERS = text(
    "INSERT INTO transformer (id, name, node, lv_node, rated_kva, feeder_id, device_id, device_pre,"
    " district_id, customers, point)"
    " SELECT 'T' || t, '', '', '', 400, 'F', 'U' || t, t, 'D1', 50, ST_Point(114, 28, 4326)"
    " FROM generate_series(0, :last) AS t"
)


def test_a_month_of_clocks_is_judged_in_every_way_and_asked_in_every_way(connection: Connection):
    size, month = Size(feeders=2), this_month()
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(TRANSFORMERS, {"last": size.transformers - 1})
    clocks = fill_month(connection, size, month, OUTAGES)
    assert clocks == OUTAGES * CALLERS * 3
    standings = commitments(connection, None, month.since, month.until)
    assert {(s.rule_id, s.area_class) for s in standings} == {
        (rule, area)
        for rule in ("arrival_commitment", "dispatch_desk", "restore")
        for area in ("urban", "rural", "remote")
    }
    assert sum(s.clocks for s in standings) == clocks
    for counted in ("kept", "missed", "cannot_say", "running", "rejudged", "paused_minutes"):
        assert sum(getattr(s, counted) for s in standings) > 0, counted
    rules = ["arrival_commitment"]
    waiting = open_promises(connection, None, month.since, month.until, rules=rules)
    assert sum(each.clocks for each in waiting) * 3 == sum(s.running for s in standings)
    assert all(each.order_id is not None for each in waiting)
    told = statements(connection, month)
    assert told[0].ratio == 1.0
    assert all(row.value > 0 for row in told)
