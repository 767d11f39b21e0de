"""Pauses, judgements, warnings and rule sets on PostGIS: what must never happen twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.clock import PUBLISHED, Clock, Pause, StartsAt, Verdict, start_clocks
from dispatch.domain.outage import OutageStatus, PredictedDevice, Scope
from dispatch.domain.rules import Means, Recipient, RepeatOf, RepeatRule
from dispatch.domain.words import AreaClass
from dispatch.errors import IllegalStep, InvalidInput, ReasonRequired
from dispatch.ports import Told
from dispatch.store.constraints import in_our_words
from dispatch.store.reads import ledger, repeats
from dispatch.store.reads.alarms import open_warnings
from dispatch.store.reads.figures import commitments
from dispatch.store.rules import PgRules
from dispatch.store.transaction import PgStore, transactions
from dispatch.usecases.adopt_rules import AdoptRules, WithdrawRules, adopt_rules, withdraw_rules
from dispatch.usecases.pause_clocks import PauseClocks, Whose, pause_clocks
from dispatch.usecases.rejudge_clock import Interval, RejudgeClock, rejudge_clock
from dispatch.usecases.watch_clocks import WatchClocks, watch_clocks
from tests.store.builders import (
    NOW,
    WEST,
    a_planned_outage,
    a_ticket,
    add_crew,
    add_district,
    add_feeder,
    add_rules,
    add_transformer,
    an_order,
    an_outage,
    at,
)

POLICY = AssignmentPolicy()


@pytest.fixture
def store(connection: Connection) -> PgStore:
    add_district(connection)
    add_rules(connection)
    return PgStore(connection)


def reported(
    store: PgStore, ticket_id: str = "A", area: AreaClass = AreaClass.URBAN, **fields: object
) -> list[Clock]:
    ticket = a_ticket(ticket_id, **fields)
    store.tickets.add(ticket)
    return list(
        store.clocks.start(
            start_clocks(
                store.clocks.rules_at(NOW),
                StartsAt.RECEIVED,
                ticket.received_at,
                area,
                district_id=ticket.district_id,
                ticket_id=ticket.id,
            )
        )
    )


def of_rule(clocks: list[Clock], rule: str = "arrival_commitment") -> Clock:
    return next(clock for clock in clocks if clock.rule_id == rule)


def a_pause(clock: Clock, since: float, until: float | None) -> Pause:
    return Pause(
        clock_id=clock.number,
        reason="unsafe",
        since=at(since),
        until=None if until is None else at(until),
        by="li",
        recorded_at=NOW,
        note="lightning",
    )


def test_pauses_of_one_clock_cannot_overlap_whoever_writes_them(store):
    clock = of_rule(reported(store))
    store.clocks.add_pauses([a_pause(clock, 5, 10), a_pause(clock, 10, None)])
    with pytest.raises(InvalidInput), in_our_words():
        store.clocks.add_pauses([a_pause(clock, 9, 12)])


def test_a_pause_comes_back_as_it_was_and_is_ended(store):
    clock = of_rule(reported(store))
    store.clocks.add_pauses([a_pause(clock, 5, None)])
    store.clocks.end_pauses([clock.number], at=at(8), by="wang")
    (read,) = store.clocks.list_pauses([clock.number])[clock.number]
    assert replace(read, id=None) == replace(a_pause(clock, 5, 8), ended_by="wang")
    assert store.clocks.list_pauses([]) == {}


def test_a_judgement_is_never_changed_nor_removed(store, connection):
    clock = of_rule(reported(store))
    store.clocks.judge([clock.judge(at(50), at(50), by="x", now=at(50))])
    for change in ("UPDATE judgement SET verdict = 'kept'", "DELETE FROM judgement"):
        with pytest.raises(DBAPIError) as refused, connection.begin_nested():
            connection.execute(text(change))
        assert isinstance(refused.value.orig, psycopg.errors.RestrictViolation)


def test_judging_again_adds_an_entry_and_the_earlier_one_stays_readable(store):
    clock = of_rule(reported(store))
    store.clocks.judge([clock.judge(at(50), at(50), by="track", now=at(50))])
    command = RejudgeClock(
        clock_id=clock.number,
        by="wang",
        reason="the film shows them at the gate",
        interval=Interval(earliest=at(40), latest=at(41)),
        event="film:3",
    )
    rejudge_clock(store, command, now=at(500))
    first, second = store.clocks.list_judgements(clock.number)
    assert (first.verdict, first.by, first.why) == (Verdict.MISSED, "track", "")
    assert (second.verdict, second.by, second.why) == (Verdict.KEPT, "wang", command.reason)
    assert store.clocks.get(clock.number).verdict is Verdict.KEPT


@pytest.mark.parametrize(
    ("interval", "field"),
    [
        (Interval(earliest=at(-1), latest=None), "earliest"),
        (Interval(earliest=None, latest=at(501)), "latest"),
        (Interval(earliest=at(5), latest=at(4)), "latest"),
    ],
)
def test_an_interval_that_cannot_be_meant_judges_nothing(store, interval, field):
    clock = of_rule(reported(store))
    store.clocks.judge([clock.judge(at(50), at(50), by="x", now=at(50))])
    command = RejudgeClock(clock_id=clock.number, by="w", reason="x", interval=interval)
    with pytest.raises(InvalidInput) as refused:
        rejudge_clock(store, command, now=at(500))
    assert refused.value.context["field"] == field
    with pytest.raises(ReasonRequired):
        rejudge_clock(store, replace(command, reason=" "), now=at(500))


def test_a_milestone_ends_the_pause_that_nobody_ended(store):
    reported(store)
    command = PauseClocks(
        whose=Whose(ticket_id="A"),
        reason="unsafe",
        note="flood",
        by="li",
        role=Recipient.DISPATCHER,
        since=at(10),
    )
    stood = pause_clocks(store, command, now=at(10))
    assert {clock.rule_id for clock in stood} == {"arrival_commitment", "arrival_national"}
    clock = of_rule(list(store.clocks.list_of_ticket("A")))
    pauses = store.clocks.list_pauses([clock.number])[clock.number]
    judged = clock.judge(at(60), at(60), by="track", now=at(60), pauses=pauses)
    assert (judged.verdict, judged.without_pauses) == (Verdict.KEPT, Verdict.MISSED)
    assert judged.paused_s == 50 * 60


def test_rules_of_an_earlier_version_come_back_from_a_later_date(store):
    first = store.clocks.rules_at(NOW)
    fewer = replace(PUBLISHED, rules=tuple(replace(r, goal=None) for r in PUBLISHED.rules))
    adopt_rules(store, AdoptRules(rules=fewer, by="w", reason="x"), now=at(10))
    again = AdoptRules(rules=first, by="w", reason="back", valid_from=at(20))
    back = adopt_rules(store, again, now=at(11))
    assert store.clocks.rules_at(at(15)).rules == fewer.rules
    assert store.clocks.rules_at(at(20)).version == back.rules.version
    assert back.rules.rules == first.rules
    withdraw_rules(
        store, WithdrawRules(version=back.rules.version, by="w", reason="no"), now=at(12)
    )
    assert store.clocks.rules_at(at(25)).rules == fewer.rules
    with pytest.raises(IllegalStep):
        withdraw_rules(store, WithdrawRules(version=first.version, by="w", reason="no"), now=at(30))
    assert [each.note for each in PgRules(store.clocks._connection).list_versions()][-1] == "back"


def test_a_warning_after_a_night_goes_once_to_all_who_should_have_heard(store, connection):
    clock = of_rule(reported(store))
    assert watch_clocks(store, WatchClocks(), policy=POLICY, now=at(600)) == 3
    assert watch_clocks(store, WatchClocks(), policy=POLICY, now=at(601)) == 0
    found = open_warnings(connection, [WEST], since=NOW).listed
    mine = [a.warning for a in found if a.warning.overdue]
    warning = next(w for w in mine if w.clock_id == clock.number)
    assert (warning.level, set(warning.to)) == (4, set(Recipient))
    assert set(warning.how) == set(Means)
    assert store.clocks.get(clock.number).warned == 4
    assert not store.warnings.send(replace(warning, id=None))
    assert open_warnings(connection, [WEST], since=NOW, to=Recipient.COMPANY).in_all
    assert open_warnings(connection, ["east"], since=NOW).listed == []


def sharing_a_drive(store: PgStore, *areas: AreaClass) -> list[Clock]:
    """The arrival clocks of reports a minute apart, of one outage with one order."""
    connection = store.clocks._connection
    outage = an_outage(connection)
    store.outages.add(outage, Scope())
    store.orders.add(an_order(1, outage.id))
    return [
        of_rule(reported(store, f"K{n}", area, outage_id=outage.id, received_at=at(n)))
        for n, area in enumerate(areas)
    ]


def warned_of(store: PgStore, minute: float) -> set[str | None]:
    """Whose arrival clock was warned of by then."""
    watch_clocks(store, WatchClocks(), policy=POLICY, now=at(minute))
    found = open_warnings(store.clocks._connection, None, since=NOW).listed
    warnings = [alarm.warning for alarm in found]
    return {w.ticket_id for w in warnings if w.rule_id == "arrival_commitment"}


def test_of_reports_that_share_a_drive_the_one_that_is_due_first_speaks(store):
    sharing_a_drive(store, AreaClass.RURAL, AreaClass.URBAN, AreaClass.URBAN)
    assert warned_of(store, 60) == {"K1"}


@pytest.mark.parametrize("end", ["void", "pause"])
def test_a_clock_that_does_not_run_any_more_speaks_for_nobody(store, end):
    first, *_ = sharing_a_drive(store, AreaClass.URBAN, AreaClass.URBAN, AreaClass.URBAN)
    if end == "void":
        store.clocks.judge([first.void(by="x", now=at(3))])
    else:
        command = PauseClocks(
            whose=Whose(ticket_id="K0"),
            reason="unsafe",
            note="the dog",
            by="li",
            role=Recipient.DISPATCHER,
            since=at(3),
        )
        pause_clocks(store, command, now=at(3))
    assert warned_of(store, 60) == {"K1"}


def test_pauses_that_may_go_on_keep_no_other_from_ending_in_time(store):
    for number, reason in enumerate(("unsafe", "access_refused")):
        reported(store, f"K{number}")
        command = PauseClocks(
            whose=Whose(ticket_id=f"K{number}"),
            reason=reason,
            note="x",
            by="li",
            role=Recipient.DISPATCHER,
            since=at(number + 1),
        )
        pause_clocks(store, command, now=at(number + 1))
    for minute in (490, 491):
        watch_clocks(store, WatchClocks(limit=1), policy=POLICY, now=at(minute))
    (clock, _) = [c for c in store.clocks.list_of_ticket("K1") if "arrival" in c.rule_id]
    assert (clock.paused_since, clock.paused_s) == (None, 480 * 60.0)


def test_two_workers_send_each_warning_once(database: Engine):
    transaction = transactions(database)
    with transaction() as store:
        connection = store.clocks._connection
        add_district(connection)
        add_rules(connection)
        for number in range(40):
            reported(store, f"K{number}")
    together = Barrier(4)

    def watch(_: int) -> int:
        sent = 0
        together.wait()
        for minute in (2, 3, 9, 23, 34, 46, 80, 100, 200):
            with transaction() as mine:
                sent += watch_clocks(mine, WatchClocks(limit=15), policy=POLICY, now=at(minute))
        return sent

    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(watch, range(4)))
    with transaction() as store:
        while found := watch_clocks(store, WatchClocks(limit=500), policy=POLICY, now=at(300)):
            sent += found
    with database.connect() as c:
        rows = c.execute(
            text("SELECT count(*), count(DISTINCT (clock_id, level)) FROM clock_warning")
        )
        kept, distinct = rows.one()
        told = c.scalar(
            text("SELECT count(*) FROM event WHERE kind IN ('clock.warned', 'clock.escalated')")
        )
        last = c.scalar(text("SELECT count(*) FROM clock WHERE warned = 4"))
    assert kept == distinct == told == sent
    assert last == 3 * 40


def test_a_worker_that_dies_has_warned_nobody_and_the_next_one_does(database: Engine):
    transaction = transactions(database)
    with transaction() as store:
        connection = store.clocks._connection
        add_district(connection)
        add_rules(connection)
        reported(store)

    class Killed(Exception):
        pass

    def die_at_work() -> None:
        with transaction() as dying:
            assert watch_clocks(dying, WatchClocks(), policy=POLICY, now=at(2)) == 1
            raise Killed

    with pytest.raises(Killed):
        die_at_work()
    with transaction() as alive:
        assert watch_clocks(alive, WatchClocks(), policy=POLICY, now=at(2)) == 1


def test_a_standing_tells_best_and_worst_with_and_without_pauses(store, connection):
    for number, (earliest, latest, taken) in enumerate(
        [(30, 40, ()), (60, 60, ((0, 30),)), (35, None, ())]
    ):
        clock = of_rule(reported(store, f"K{number}"))
        pauses = [a_pause(clock, since, until) for since, until in taken]
        store.clocks.add_pauses(pauses)
        end = None if latest is None else at(latest)
        store.clocks.judge([clock.judge(at(earliest), end, by="x", now=at(100), pauses=pauses)])
    reported(store, "K9")
    (standing,) = (
        s
        for s in commitments(connection, None, at(-1), at(1), by_district=True)
        if s.rule_id == "arrival_commitment"
    )
    assert (standing.district_id, standing.clocks, standing.running) == (WEST, 4, 1)
    assert (standing.kept, standing.cannot_say, standing.unproven) == (2, 1, 1)
    assert (standing.kept_without_pauses, standing.ended) == (1, 2)
    assert standing.target_minutes == pytest.approx(45)
    assert standing.mean_minutes == pytest.approx(50)
    assert standing.best_minutes == pytest.approx((30 + 60 + 35) / 3)
    assert standing.net_minutes == pytest.approx(35)
    assert standing.saved_minutes == pytest.approx(-10)
    assert standing.kept_share == pytest.approx(2 / 3)


def test_open_promises_are_added_up_by_the_order_that_stops_them(store, connection):
    outage = an_outage(connection)
    store.outages.add(outage, Scope())
    add_crew(connection)
    for number in range(3):
        reported(store, f"K{number}", outage_id=outage.id)
    reported(store, "alone")
    order = an_order(1, outage.id).assign("C1", at(2), travel_s=600, travel_basis="road", why=())
    store.orders.add(order)
    found = ledger.open_promises(connection, [WEST], at(-1), at(1), rules=["arrival_commitment"])
    by_order = {each.order_id: each for each in found}
    assert (by_order[1].clocks, by_order[1].expected_at) == (3, at(12))
    assert by_order[1].target_min == pytest.approx(135)
    assert by_order[1].started_s == pytest.approx(3 * NOW.timestamp())
    assert (by_order[None].clocks, by_order[None].expected_at) == (1, None)


def test_days_and_what_is_behind_a_figure(store, connection):
    for number, day in enumerate((0, 0, 1440)):
        clock = of_rule(reported(store, f"K{number}", received_at=at(day)))
        moment = at(day + 30)
        store.clocks.judge([clock.judge(moment, moment, by="x", now=moment)])
    days = ledger.days_of_rule(
        connection, None, at(-1), at(3000), rule_id="arrival_commitment", zone="Asia/Shanghai"
    )
    assert [(each.ended, each.minutes) for each in days] == [(2, 60.0), (1, 30.0)]
    behind = ledger.behind_figure(
        connection, [WEST], at(-1), at(3000), rule_id="arrival_commitment", limit=2
    )
    assert [each.ticket_id for each in behind] == ["K2", "K1"]
    (last,) = ledger.behind_figure(
        connection,
        [WEST],
        at(-1),
        at(3000),
        rule_id="arrival_commitment",
        verdict="kept",
        area_class="urban",
        after=behind[-1].clock_id,
    )
    assert (last.ticket_id, last.minutes) == ("K0", 30.0)


def test_call_backs_that_fell_due_are_counted_with_what_was_answered(store, connection):
    for number in range(3):
        reported(store, f"K{number}")
    store.tickets.must_tell(["K0", "K1", "K2"], due_at=NOW)
    for name, satisfied in (("K0", True), ("K1", None)):
        store.tickets.record_told(
            Told(ticket_id=name, at=at(5), by="li", power_on=True, satisfied=satisfied, note="")
        )
    found = ledger.told(connection, [WEST], at(-1), at(1))
    assert (found.due, found.made, found.answered, found.satisfied) == (3, 2, 1, 1)


FREQUENT = RepeatRule(id="f", title="f", of=RepeatOf.CUSTOMER, at_least=2, days=61, source="test")
REPEATED = RepeatRule(
    id="r", title="r", of=RepeatOf.LINE_OR_TRANSFORMER, at_least=2, days=31, source="test"
)


def test_customers_and_lines_with_too_many_outages_are_listed_with_their_reasons(store, connection):
    add_feeder(connection)
    add_transformer(connection, "T1", 2)
    scope = Scope(transformers=frozenset({"T1"}))
    device = PredictedDevice(id="F1-a", kind="fuse", name="fuse")
    for start in (0, 200, 400):
        outage = an_outage(
            connection,
            feeder_id="F1",
            device=device,
            started_at=at(start),
            opened_at=at(start),
            status=OutageStatus.CONFIRMED,
            confirmed_at=at(start + 5),
            cause="tree",
        )
        store.outages.add(outage, scope)
        store.outages.restore(outage.id, scope, at(start + (3 if start == 400 else 60)))
    customers = repeats.frequent_outages(connection, [WEST], FREQUENT, at(-1), at(1000))
    assert [(each.account, each.times, each.minutes) for each in customers] == [
        ("T1-0", 2, 120.0),
        ("T1-1", 2, 120.0),
    ]
    (line,) = repeats.repeated_faults(connection, [WEST], REPEATED, at(-1), at(1000))
    assert (line.what, line.name, line.times, line.causes) == ("line", "line F1", 3, ("tree",))
    assert len(line.outages) == 3
    assert repeats.repeated_faults(connection, ["east"], REPEATED, at(-1), at(1000)) == []
    assert repeats.frequent_outages(connection, [WEST], FREQUENT, at(100), at(350)) == []


def test_planned_cuts_name_how_many_important_customers_lose_supply(store, connection):
    add_feeder(connection)
    (home,) = add_transformer(connection, "T1", 1)
    connection.execute(
        text("UPDATE usage_point SET critical = 'hospital' WHERE id = :id"), {"id": home}
    )
    planned = a_planned_outage(connection, "T1", starts_at=at(60), ends_at=at(90))
    store.planned.add(planned)
    (cut,) = repeats.planned_cuts(connection, [WEST], at(0), at(100))
    assert (cut.critical, cut.reminded_at) == (1, None)
    store.planned.save(store.planned.get(planned.id).remind(at(20)))
    (cut,) = repeats.planned_cuts(connection, [WEST], at(0), at(100))
    assert cut.reminded_at == at(20)
    with pytest.raises(IllegalStep):
        store.planned.get(planned.id).remind(at(25))
