"""Rules and clocks on PostGIS."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.clock import PUBLISHED, PUBLISHED_RULES, StartsAt, Verdict, start_clocks
from dispatch.domain.words import AreaClass
from dispatch.errors import NotFound
from dispatch.store.clocks import Months, PgClocks
from dispatch.store.rules import install_rules
from dispatch.store.tickets import PgTickets
from tests.store.builders import NOW, WEST, a_ticket, add_district, add_rules, at


@pytest.fixture
def clocks(connection: Connection) -> PgClocks:
    add_district(connection)
    PgTickets(connection).add(a_ticket("A"))
    add_rules(connection)
    return PgClocks(connection)


def started(clocks: PgClocks, ticket_id: str = "A"):
    new = start_clocks(
        clocks.rules_at(NOW),
        StartsAt.RECEIVED,
        NOW,
        AreaClass.URBAN,
        district_id=WEST,
        ticket_id=ticket_id,
    )
    clocks.start(new)
    return new


def test_rules_come_back_as_they_were_installed(clocks):
    assert clocks.rules_at(NOW).rules == PUBLISHED_RULES
    version = clocks.rules_at(NOW).version
    assert clocks.get_rules(version) == clocks.rules_at(NOW)


def test_installing_the_same_rules_again_changes_nothing(connection, clocks):
    assert add_rules(connection) == clocks.rules_at(NOW).version


def test_new_rules_hold_from_their_date_on(connection, clocks):
    old = clocks.rules_at(NOW).version
    fewer = replace(PUBLISHED, rules=PUBLISHED_RULES[:1])
    version = install_rules(connection, fewer, valid_from=at(60), note="")
    assert clocks.rules_at(at(59)).version == old
    assert clocks.rules_at(at(60)).version == version


def test_a_report_from_before_the_first_rules_is_judged_by_them(clocks):
    assert clocks.rules_at(at(-(10**6))).rules == PUBLISHED_RULES


def test_without_rules_nothing_can_be_promised(connection):
    with pytest.raises(NotFound):
        PgClocks(connection).rules_at(NOW)
    with pytest.raises(NotFound):
        PgClocks(connection).get_rules(10**6)


def test_started_clocks_can_be_read(clocks):
    new = started(clocks)
    read = clocks.list_of_ticket("A")
    assert [replace(clock, id=None) for clock in read] == sorted(new, key=lambda c: c.due_at)


def test_a_clock_is_not_started_twice(clocks):
    started(clocks)
    (first, *_) = clocks.list_of_ticket("A")
    clocks.save([first.judge(NOW, NOW, by="x", now=NOW)])
    started(clocks)
    assert clocks.list_of_ticket("A")[0].verdict is Verdict.KEPT
    clocks.start([])


def test_unsettled_are_those_that_run_and_those_nobody_can_judge(clocks):
    started(clocks)
    desk, soon, late = clocks.list_of_ticket("A")
    clocks.save(
        [
            desk.judge(NOW, NOW, by="x", now=NOW),
            soon.judge(None, None, by="x", now=NOW),
        ]
    )
    clocks.save([])
    assert [c.id for c in clocks.list_unsettled_of_tickets(["A"])] == [soon.id, late.id]
    assert list(clocks.list_unsettled_of_tickets([])) == []
    assert list(clocks.list_unsettled_of_order(1)) == []


def test_a_warning_is_due_when_its_share_of_the_time_has_passed(clocks):
    started(clocks)

    def due(offset):
        return [(c.rule_id, c.warned) for c in clocks.list_due_warning(at(offset), 10)]

    assert due(1) == []
    assert due(1.5) == [("dispatch_desk", 0)]
    assert due(22) == [("dispatch_desk", 0)]
    assert due(22.5) == [("dispatch_desk", 0), ("arrival_commitment", 0)]


def test_each_level_comes_once_the_last_after_the_end(clocks):
    started(clocks)
    desk = clocks.list_of_ticket("A")[0]
    rule = clocks.rules_at(NOW).get("dispatch_desk")
    clocks.save([desk.warn(2, rule)])
    assert clocks.list_due_warning(at(2.9), 10) == []
    assert [c.id for c in clocks.list_due_warning(at(3), 10)] == [desk.id]
    clocks.save([desk.warn(3, rule)])
    assert [c.id for c in clocks.list_due_warning(at(8), 10)] == [desk.id]
    clocks.save([desk.warn(4, rule)])
    assert clocks.list_due_warning(at(8), 10) == []
    assert len(clocks.list_due_warning(at(600), 1)) == 1


def test_a_month_so_far_is_that_of_the_company_and_ten_minutes_old_at_most(connection, clocks):
    started(clocks)
    end = "UPDATE clock SET verdict = 'kept', stopped_earliest = :at, stopped_latest = :at"
    connection.execute(text(end), {"at": at(15)})
    month = clocks.month_so_far("arrival_commitment", at(30))[AreaClass.URBAN]
    assert (month.ended, month.judged, month.kept) == (1, 1, 1)
    assert (month.target_minutes, month.saved_minutes) == (45, pytest.approx(30))
    connection.execute(text("DELETE FROM clock"))
    assert clocks.month_so_far("arrival_commitment", at(39)) == {AreaClass.URBAN: month}
    assert clocks.month_so_far("arrival_commitment", at(41)) == {}


def test_a_new_month_begins_in_the_companys_zone():
    months = Months("Asia/Shanghai")
    months.as_of = datetime(2026, 3, 31, 15, 55, tzinfo=UTC)
    assert months.is_good(datetime(2026, 3, 31, 15, 59, tzinfo=UTC))
    assert not months.is_good(datetime(2026, 3, 31, 16, 1, tzinfo=UTC))
