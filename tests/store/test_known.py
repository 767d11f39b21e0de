"""What may explain a caller: one row that holds it all."""

from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text

from dispatch.domain.facts import CrewProgress, KnownFacts, ServicePoint
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
    PredictedDevice,
    Scope,
)
from dispatch.domain.ticket import Place, TicketStatus
from dispatch.domain.words import Disposition, FoundBy, NetworkLevel
from dispatch.errors import NotFound
from dispatch.store import known
from dispatch.store.known import PgKnown, facts_from
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.planned import PgPlannedOutages
from dispatch.store.tickets import PgTickets
from tests.loops import run_async
from tests.store.builders import (
    LAT,
    LON,
    METRE,
    NOW,
    a_planned_outage,
    a_ticket,
    add_crew,
    add_district,
    add_feeder,
    add_home,
    add_transformer,
    an_order,
    an_outage,
    at,
)

PHONE = "13800000000"


@pytest.fixture
def street(connection: Connection) -> PgKnown:
    """A transformer T1 with the home of account A1, and T2 beside it."""
    add_district(connection)
    add_feeder(connection)
    add_transformer(connection, "T1")
    add_transformer(connection, "T2")
    return PgKnown(connection)


@pytest.fixture
def home(connection: Connection, street: PgKnown) -> int:
    return add_home(
        connection, "A1", "T1", meter="M1", name="王", address="站前路1号", phones=[PHONE]
    )


def out(connection: Connection, scope: Scope, **fields) -> int:
    outage = an_outage(connection, **fields)
    PgOutages(connection).add(outage, scope)
    return outage.id


def of_t1() -> Scope:
    return Scope(transformers=frozenset({"T1"}))


def a_place(**fields) -> Place:
    return Place(
        **{"lon": LON, "lat": LAT, "accuracy_m": 50.0, "found_by": FoundBy.POSITION, **fields}
    )


def test_nothing_on_record_gives_the_customer_alone(street, home):
    assert street.facts_of(home, None, NOW) == KnownFacts(
        service_point=ServicePoint(
            id=home,
            account="A1",
            meter="M1",
            name="王",
            address="站前路1号",
            lon=LON,
            lat=LAT,
            district_id="west",
            transformer_id="T1",
            transformer_name="transformer T1",
            feeder_id="F1",
            feeder_name="line F1",
        )
    )


def test_an_unknown_customer_is_not_found(street):
    with pytest.raises(NotFound):
        street.facts_of(10**9, None, NOW)


def test_arrears_are_on_the_customer(connection, street):
    home = add_home(connection, "A2", "T1", disconnected_for="arrears")
    assert street.facts_of(home, None, NOW).service_point.disconnected_for == "arrears"


def test_an_outage_of_the_transformer_comes_with_all_there_is_to_say(connection, street, home):
    estimate = EstimatedRestoration(
        at=at(90), source=EstimateSource.CREW, confidence=Confidence.HIGH
    )
    outage_id = out(
        connection,
        of_t1(),
        status=OutageStatus.CONFIRMED,
        cause="树木",
        estimate=estimate,
        lat=LAT + 100 * METRE,
    )
    add_crew(connection)
    order = an_order(1, outage_id).assign("C1", NOW, travel_s=900.0, travel_basis="road", why=())
    PgOrders(connection).add(replace(order.start(at(2)), version=0))
    tickets = PgTickets(connection)
    for ticket_id in ("X", "Y"):
        tickets.add(a_ticket(ticket_id, outage_id=outage_id))
    tickets.add(a_ticket("again", outage_id=outage_id, disposition=Disposition.ENQUIRY))
    (outage,) = street.facts_of(home, None, NOW).outages
    assert (outage.id, outage.touches, outage.reports) == (outage_id, "transformer", 2)
    assert outage.status is OutageStatus.CONFIRMED
    assert outage.cause == "树木"
    assert outage.estimate == estimate
    assert outage.crew == CrewProgress(
        name="crew C1", status=OrderStatus.EN_ROUTE, expected_at=at(17)
    )
    assert outage.distance_m == pytest.approx(100, abs=1)
    assert outage.restored_at is None
    assert outage.started_at == NOW


def test_a_waiting_order_names_no_crew(connection, street, home):
    outage_id = out(connection, of_t1())
    PgOrders(connection).add(an_order(1, outage_id))
    assert street.facts_of(home, None, NOW).outages[0].crew is None


def test_an_outage_of_another_transformer_says_nothing(connection, street, home):
    out(connection, Scope(transformers=frozenset({"T2"})))
    assert street.facts_of(home, None, NOW).outages == ()


@pytest.mark.parametrize(
    ("lost", "of_customer", "is_told"),
    [
        (("A", "transformer"), "B", False),
        (("A", "transformer"), "AB", True),
        (("A", "transformer"), None, True),
        ((None, "transformer"), "B", True),
        (("A", "fuse"), "B", True),
    ],
)
def test_a_transformer_that_lost_a_phase_explains_nobody_on_another(
    connection, street, home, lost, of_customer, is_told
):
    phases, kind = lost
    device = PredictedDevice(id="transformer:T1", kind=kind, name="T1")
    facts = {"status": OutageStatus.CONFIRMED, "phases": phases, "device": device}
    outage_id = out(connection, of_t1(), **facts)
    connection.execute(
        text("UPDATE usage_point SET phases = :phases WHERE account = 'A1'"),
        {"phases": of_customer},
    )
    found = [outage.id for outage in street.facts_of(home, None, NOW).outages]
    assert found == ([outage_id] if is_told else [])


def test_the_homes_own_outage_touches_it_before_the_transformers(connection, street, home):
    own = out(connection, Scope(usage_points=frozenset({home})))
    wide = out(connection, of_t1())
    outages = street.facts_of(home, None, NOW).outages
    assert [(o.id, o.touches) for o in outages] == [(own, "usage_point"), (wide, "transformer")]


def test_what_is_out_comes_before_what_was_restored(connection, street, home):
    first = out(connection, of_t1(), started_at=at(-200))
    PgOutages(connection).restore(first, of_t1(), at(-100))
    second = out(connection, of_t1(), started_at=at(-10))
    outages = street.facts_of(home, None, NOW).outages
    assert [(o.id, o.restored_at) for o in outages] == [(second, None), (first, at(-100))]


def test_a_restoration_is_forgotten_after_four_hours(connection, street, home):
    first = out(connection, of_t1(), started_at=at(-400))
    PgOutages(connection).restore(first, of_t1(), at(-239))
    assert len(street.facts_of(home, None, NOW).outages) == 1
    assert street.facts_of(home, None, at(1)).outages == ()


def test_an_outage_of_points_counts_within_five_hundred_metres(connection, street):
    common = {"level": NetworkLevel.POINTS, "lon": LON + 1}
    out(connection, Scope(), lat=LAT + 505 * METRE, **common)
    near = out(connection, Scope(), lat=LAT + 480 * METRE, **common)
    out(connection, Scope(), lat=LAT, **common, started_at=at(-60 * 13))
    out(connection, Scope(), lat=LAT, **common, status=OutageStatus.RESTORED)
    out(connection, Scope(), lat=LAT, lon=LON + 1, level=NetworkLevel.TRANSFORMER)
    (outage,) = street.facts_at(a_place(lon=LON + 1), None, NOW).outages
    assert (outage.id, outage.touches) == (near, "near")
    assert outage.distance_m == pytest.approx(480, abs=2)


def test_five_hundred_metres_are_as_wide_in_the_far_north(connection, street):
    common = {"level": NetworkLevel.POINTS, "lat": 70.0}
    inside = out(connection, Scope(), lon=20.0 + 480 * METRE / 0.342, **common)
    out(connection, Scope(), lon=20.0 + 520 * METRE / 0.342, **common)
    found = street.facts_at(a_place(lon=20.0, lat=70.0), None, NOW).outages
    assert [outage.id for outage in found] == [inside]


def test_a_place_knows_its_transformer_without_a_customer(connection, street):
    outage_id = out(connection, of_t1())
    facts = street.facts_at(a_place(transformer_id="T1"), None, NOW)
    assert facts.service_point is None
    assert [outage.id for outage in facts.outages] == [outage_id]


def test_a_place_of_a_customer_is_that_customer(connection, street, home):
    outage_id = out(connection, of_t1())
    facts = street.facts_at(a_place(usage_point_id=home), None, NOW)
    assert facts.service_point.account == "A1"
    assert [outage.id for outage in facts.outages] == [outage_id]


def test_a_planned_outage_is_known_a_day_ahead_until_it_ends(connection, street, home):
    planned_outages = PgPlannedOutages(connection)
    planned = a_planned_outage(connection, "T1", starts_at=at(60), ends_at=at(120))
    planned_outages.add(planned)
    assert street.facts_of(home, None, at(60 - 24 * 60 - 1)).planned is None
    found = street.facts_of(home, None, NOW).planned
    assert (found.id, found.reason, found.starts_at, found.ends_at) == (
        planned.id,
        "检修",
        at(60),
        at(120),
    )
    assert street.facts_of(home, None, at(500)).planned is not None
    planned_outages.save(planned.end(at(130)))
    assert street.facts_of(home, None, at(131)).planned is None


def test_planned_work_that_nobody_ended_hides_no_later_one(connection, street, home):
    planned_outages = PgPlannedOutages(connection)
    forgotten = a_planned_outage(connection, "T1", starts_at=at(-900), ends_at=at(-600))
    planned_outages.add(forgotten)
    assert street.facts_of(home, None, NOW).planned.id == forgotten.id
    later = a_planned_outage(connection, "T1", starts_at=at(-30), ends_at=at(120))
    planned_outages.add(later)
    assert street.facts_of(home, None, NOW).planned.id == later.id


def test_planned_work_that_nobody_ended_is_forgotten_after_a_week(connection, street, home):
    planned = a_planned_outage(connection, "T1", starts_at=at(-60), ends_at=NOW)
    PgPlannedOutages(connection).add(planned)
    week = 7 * 24 * 60
    assert street.facts_of(home, None, at(week - 1)).planned is not None
    assert street.facts_of(home, None, at(week)).planned is None


def test_a_cancelled_planned_outage_explains_nothing(connection, street, home):
    planned = a_planned_outage(connection, "T1", starts_at=at(60), ends_at=at(120))
    PgPlannedOutages(connection).add(planned.cancel(NOW))
    assert street.facts_of(home, None, NOW).planned is None


def test_a_callers_own_open_reports_are_found_by_home_and_by_phone(connection, street, home):
    tickets = PgTickets(connection)
    tickets.add(a_ticket("home", usage_point_id=home, received_at=at(-9)))
    tickets.add(a_ticket("phone", phone=PHONE, received_at=at(-8)))
    tickets.add(a_ticket("both", phone=PHONE, usage_point_id=home, received_at=at(-7)))
    tickets.add(a_ticket("closed", usage_point_id=home, status=TicketStatus.CLOSED))
    tickets.add(a_ticket("other", phone="13911111111"))
    own = street.facts_of(home, PHONE, NOW).own_tickets
    assert [ticket.id for ticket in own] == ["home", "phone", "both"]
    without_phone = street.facts_of(home, None, NOW).own_tickets
    assert [ticket.id for ticket in without_phone] == ["home", "both"]


def test_a_landlord_who_calls_about_another_home_repeats_nothing(connection, street, home):
    other = add_home(connection, "A2", "T2")
    PgTickets(connection).add(a_ticket("flat", phone=PHONE, usage_point_id=other))
    assert street.facts_of(home, PHONE, NOW).own_tickets == ()


def test_the_same_phone_far_away_repeats_nothing(connection, street):
    PgTickets(connection).add(a_ticket("there", phone=PHONE, lon=LON + 0.1))
    assert street.facts_at(a_place(), PHONE, NOW).own_tickets == ()


def test_many_reports_are_counted_only_so_far(connection, street, home):
    outage_id = out(connection, of_t1())
    tickets = PgTickets(connection)
    for number in range(known.REPORTS_COUNTED + 5):
        tickets.add(a_ticket(f"n{number}", outage_id=outage_id))
    (outage,) = street.facts_of(home, None, NOW).outages
    assert outage.reports == known.REPORTS_COUNTED


@pytest.mark.parametrize(
    ("statement", "key", "value"),
    [
        (known.KNOWN_BY_ACCOUNT, "account", "A1"),
        (known.KNOWN_BY_METER, "meter", "M1"),
        (known.KNOWN_BY_PHONE, "phone", PHONE),
    ],
)
def test_every_way_of_naming_a_customer_gives_the_same_facts(
    connection, street, home, statement, key, value
):
    out(connection, of_t1())
    row = connection.exec_driver_sql(statement, {"phone": PHONE, "now": NOW, key: value}).one()
    assert facts_from(row[0]) == street.facts_of(home, PHONE, NOW)
    unknown = {"phone": "none", "now": NOW, key: "none"}
    assert connection.exec_driver_sql(statement, unknown).first() is None


def test_a_phone_with_several_accounts_gives_a_row_for_each(connection, street, home):
    add_home(connection, "A2", "T2", phones=[PHONE])
    rows = connection.exec_driver_sql(known.KNOWN_BY_PHONE, {"phone": PHONE, "now": NOW}).all()
    accounts = {facts_from(row[0]).service_point.account for row in rows}
    assert accounts == {"A1", "A2"}


def test_the_same_text_runs_on_an_asynchronous_connection(database: Engine, database_url: str):
    with database.begin() as connection:
        add_district(connection)
        add_feeder(connection)
        add_transformer(connection, "T1")
        add_home(connection, "A1", "T1")
        outage_id = out(connection, of_t1())

    async def ask() -> KnownFacts:
        address = database_url.replace("+psycopg", "")
        async with await psycopg.AsyncConnection.connect(address) as there:
            answer = await there.execute(
                known.KNOWN_BY_ACCOUNT, {"account": "A1", "phone": None, "now": NOW}
            )
            row = await answer.fetchone()
        assert row is not None
        return facts_from(row[0])

    facts = run_async(ask())
    assert facts.service_point.account == "A1"
    assert [outage.id for outage in facts.outages] == [outage_id]
