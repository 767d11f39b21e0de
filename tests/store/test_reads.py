"""What screens read: counted, dated, and nothing of another district."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, insert

from dispatch.domain.clock import StartsAt, start_clocks
from dispatch.domain.event import Event
from dispatch.domain.order import DispatchStep, Incident, StepKind
from dispatch.domain.outage import OutageStatus, PredictedDevice, Scope
from dispatch.domain.words import AreaClass, Disposition
from dispatch.errors import NotFound
from dispatch.journal import SYSTEM, outage_event
from dispatch.ports import Attachment, Told
from dispatch.store.reads import details, field, figures
from dispatch.store.reads.worklist import worklist
from dispatch.store.tables.network import line_section as line_section_table
from dispatch.store.transaction import PgStore
from tests.store.builders import (
    EAST,
    LAT,
    LON,
    NOW,
    WEST,
    a_fix,
    a_planned_outage,
    a_ticket,
    add_crew,
    add_device,
    add_district,
    add_feeder,
    add_home,
    add_rules,
    add_transformer,
    an_order,
    an_outage,
    at,
    minutes,
)

HERE = field.Box(LON - 0.1, LAT - 0.1, LON + 0.1, LAT + 0.1)


@pytest.fixture
def store(connection: Connection) -> PgStore:
    add_district(connection, WEST)
    add_district(connection, EAST)
    add_feeder(connection)
    add_rules(connection)
    add_crew(connection)
    add_transformer(connection, "T1", 3)
    return PgStore(connection)


def reported(store, ticket_id, **fields):
    ticket = a_ticket(ticket_id, **fields)
    store.tickets.add(ticket)
    store.clocks.start(
        start_clocks(
            store.clocks.rules_at(NOW),
            StartsAt.RECEIVED,
            ticket.received_at,
            AreaClass.URBAN,
            district_id=ticket.district_id,
            ticket_id=ticket.id,
        )
    )
    return ticket


def opened(connection, store, scope=None, **fields):
    outage = an_outage(connection, **fields)
    store.outages.add(outage, scope or Scope())
    return outage


def in_the_east(connection, store):
    """An outage, an incident, a ticket and a crew that westerners must not see."""
    outage = opened(connection, store, district_id=EAST)
    reported(store, "east", district_id=EAST, outage_id=outage.id)
    store.orders.add_incident(
        Incident(
            id=store.orders.next_incident_id(),
            ticket_id="east",
            district_id=EAST,
            kind="hazard",
            hazards=("fire",),
            lon=LON,
            lat=LAT,
            accuracy_m=1,
            area_class=AreaClass.URBAN,
            received_at=NOW,
        )
    )
    add_crew(connection, "E1", district_id=EAST)
    return outage


def test_the_worklist_counts_reports_customers_and_the_tightest_clock(connection, store):
    outage = opened(connection, store, Scope(transformers=frozenset({"T1"})))
    reported(store, "A", outage_id=outage.id, received_at=at(-10), urged=2)
    reported(store, "B", outage_id=outage.id)
    store.tickets.add(a_ticket("C", outage_id=outage.id, disposition=Disposition.ENQUIRY))
    order = an_order(1, outage.id).assign("C1", NOW, travel_s=600, travel_basis="road", why=())
    store.orders.add(order)
    (item,) = worklist(connection, [WEST], NOW)
    assert (item.kind, item.id, item.reports, item.urged) == ("outage", str(outage.id), 2, 2)
    assert item.customers_out == 3
    assert (item.crew_name, item.expected_at) == ("crew C1", at(10))
    assert (item.rule_id, item.due_at) == ("dispatch_desk", at(-7))
    assert item.headroom(NOW) == -minutes(7)


def test_danger_stands_first_then_urged_then_least_headroom(connection, store):
    plain, urged, tight = (opened(connection, store) for _ in range(3))
    reported(store, "plain", outage_id=plain.id, received_at=at(-1))
    reported(store, "tight", outage_id=tight.id, received_at=at(-5))
    reported(store, "urged", outage_id=urged.id, urged=1)
    reported(store, "H", hazards=("wire_down",), disposition=Disposition.INCIDENT)
    incident = Incident(
        id=store.orders.next_incident_id(),
        ticket_id="H",
        district_id=WEST,
        kind="hazard",
        hazards=("wire_down",),
        lon=None,
        lat=None,
        accuracy_m=None,
        area_class=AreaClass.URBAN,
        received_at=NOW,
    )
    store.orders.add_incident(incident)
    found = [(item.kind, item.id) for item in worklist(connection, None, NOW)]
    assert found == [
        ("incident", str(incident.id)),
        *(("outage", str(outage.id)) for outage in (urged, tight, plain)),
    ]


def test_a_report_without_a_place_is_before_everybody(connection, store):
    reported(
        store,
        "U",
        place=None,
        district_id=None,
        disposition=Disposition.UNLOCATED,
        description="桥边没电",
    )
    for districts in ([WEST], [EAST], [], None):
        (item,) = worklist(connection, districts, NOW)
        assert (item.kind, item.id, item.title) == ("unlocated", "U", "桥边没电")


def test_closed_work_leaves_the_list(connection, store):
    opened(connection, store, status=OutageStatus.CLOSED)
    assert worklist(connection, None, NOW) == []


def test_nothing_of_another_district_shows_anywhere(connection, store):
    outage = in_the_east(connection, store)
    assert worklist(connection, [WEST], NOW) == []
    assert len(worklist(connection, [EAST], NOW)) == 2
    assert [c.state.crew.id for c in field.crews_now(connection, [WEST], NOW)] == ["C1"]
    assert figures.commitments(connection, [WEST], at(-60), at(60)) == []
    for read, of in ((details.outage_detail, outage.id), (details.ticket_detail, "east")):
        with pytest.raises(NotFound):
            read(connection, of, [WEST])
        assert read(connection, of, [EAST]) == read(connection, of, None)


def test_an_outage_shows_its_parts_its_callers_and_its_story(connection, store):
    home = add_home(connection, "H1", critical="dialysis")
    scope = Scope(transformers=frozenset({"T1"}), usage_points=frozenset({home}))
    outage = opened(connection, store, scope)
    child = opened(connection, store, parent_id=outage.id)
    reported(store, "A", outage_id=outage.id)
    store.tickets.attach(
        Attachment(
            ticket_id="A",
            outage_id=outage.id,
            probability=0.9,
            basis="transformer",
            reasons=("same transformer",),
            by=SYSTEM,
            at=NOW,
        )
    )
    store.tickets.record_told(
        Told(ticket_id="A", at=at(70), by="li", power_on=True, satisfied=True, note="")
    )
    store.orders.add(an_order(1, outage.id))
    store.events.append(outage_event(outage, "opened", at=NOW, by=SYSTEM))
    store.finish()
    store.orders.record(
        DispatchStep(
            order_id=1,
            kind=StepKind.URGED,
            at=at(3),
            recorded_at=at(10**6),
            by="li",
            reason="妻子怀孕",
        )
    )
    store.outages.restore(outage.id, Scope(transformers=frozenset({"T1"})), at(60))
    seen = details.outage_detail(connection, outage.id, [WEST])
    assert seen.outage == outage
    assert [(t.id, t.customers, t.restored_at) for t in seen.transformers] == [("T1", 3, at(60))]
    assert [(h.account, h.critical, h.restored_at) for h in seen.homes] == [
        ("H1", "dialysis", None)
    ]
    (caller,) = seen.tickets
    assert (caller.probability, caller.reasons) == (0.9, ("same transformer",))
    assert caller.power_on
    assert {clock.rule_id for clock in seen.clocks} >= {"dispatch_desk", "arrival_commitment"}
    assert seen.children == (child.id,)
    assert seen.customer_minutes == 180
    assert [(e.what, e.kind, e.reason) for e in seen.timeline] == [
        (f"outage:{outage.id}", "outage.opened", None),
        ("order:1", "urged", "妻子怀孕"),
    ]


def test_a_ticket_shows_every_attachment_it_had(connection, store):
    first, second = opened(connection, store), opened(connection, store)
    reported(store, "A")
    store.tickets.add(a_ticket("again", repeats_id="A", disposition=Disposition.ENQUIRY))
    for outage in (first, second):
        store.tickets.attach(
            Attachment(
                ticket_id="A",
                outage_id=outage.id,
                probability=0.5,
                basis="points",
                reasons=(),
                by="li",
                at=NOW,
            )
        )
    seen = details.ticket_detail(connection, "A", None)
    assert [(a["outage_id"], a["detached_by"]) for a in seen.attachments] == [
        (first.id, "li"),
        (second.id, None),
    ]
    assert seen.enquiries == ("again",)
    assert seen.told is None
    assert len(seen.clocks) == 3


def test_a_crew_sees_its_order_with_those_who_called(connection, store):
    outage = opened(
        connection, store, device=PredictedDevice(id="D1", kind="fuse", name="站前路跌落保险")
    )
    reported(store, "A", outage_id=outage.id, phone="138", hazards=("fire",))
    store.orders.add(
        an_order(1, outage.id).assign("C1", NOW, travel_s=1, travel_basis="road", why=())
    )
    (job,) = details.crew_orders(connection, "C1", at(-60))
    assert job.title == "站前路跌落保险"
    assert job.sent.crew_name == "crew C1"
    assert [ticket.complaint.phone for ticket in job.tickets] == ["138"]
    assert details.crew_orders(connection, "nobody", at(-60)) == []


def test_a_crews_position_comes_with_its_age(connection, store):
    store.crews.record_fixes([a_fix("x", offset=-12)])
    (crew,) = field.crews_now(connection, [WEST], NOW)
    assert crew.fix_age == minutes(12)
    assert crew.order_status is None


def test_sections_below_an_open_device_are_drawn_out(connection, store):
    add_device(connection, "D1", 0, 2)
    add_device(connection, "D2", 1, 2)
    add_device(connection, "D3", 2, 3)
    line = f"SRID=4326;LINESTRING({LON} {LAT}, {LON + 0.01} {LAT})"
    for number in (1, 2, 3):
        connection.execute(
            insert(line_section_table).values(
                id=f"S{number}",
                level="mv",
                from_node="a",
                to_node="b",
                phases="ABC",
                length_m=1000,
                feeder_id="F1",
                device_id=f"D{number}",
                line=line,
            )
        )
    device = PredictedDevice(id="D1", kind="fuse", name="fuse")
    outage = opened(connection, store, feeder_id="F1", device=device)
    drawn = field.sections(connection, HERE, [WEST])
    state = {f["id"]: f["properties"]["state"] for f in drawn["features"]}
    assert state == {"S1": "out", "S2": "out", "S3": "lit"}
    assert drawn["features"][0]["properties"]["outage_id"] == outage.id
    assert drawn["features"][0]["geometry"]["type"] == "LineString"
    assert not drawn["truncated"]
    few = field.sections(connection, HERE, [WEST], most=2)
    assert few["truncated"] and len(few["features"]) == 2
    assert field.sections(connection, HERE, [EAST])["features"] == []
    assert field.sections(connection, field.Box(0, 0, 1, 1), None)["features"] == []


def test_transformers_are_drawn_while_they_are_out(connection, store):
    scope = Scope(transformers=frozenset({"T1"}))
    outage = opened(connection, store, scope)
    (feature,) = field.transformers_out(connection, HERE, None)["features"]
    assert (feature["id"], feature["properties"]["outage_id"]) == ("T1", outage.id)
    assert field.transformers_out(connection, HERE, [EAST])["features"] == []
    store.outages.restore(outage.id, scope, at(5))
    assert field.transformers_out(connection, HERE, None)["features"] == []


def test_commitments_count_each_verdict_and_the_average_that_is_left(connection, store):
    for number, took in enumerate((30, 40, 100, None, None)):
        reported(store, f"K{number}")
        clock = next(
            c
            for c in store.clocks.list_of_ticket(f"K{number}")
            if c.rule_id == "arrival_commitment"
        )
        if took is not None:
            store.clocks.save([clock.judge(at(took), at(took), by="x", now=at(took))])
        elif number == 3:
            store.clocks.save([clock.void(by="x", now=NOW)])
    standing = next(
        s
        for s in figures.commitments(connection, None, at(-1), at(1))
        if s.rule_id == "arrival_commitment"
    )
    assert (standing.clocks, standing.kept, standing.missed, standing.running) == (4, 2, 1, 1)
    assert standing.target_minutes == 45
    assert standing.mean_minutes == pytest.approx((30 + 40 + 100) / 3)
    assert standing.headroom_minutes == pytest.approx(45 - (30 + 40 + 100) / 3)
    assert figures.commitments(connection, None, at(1), at(2)) == []


def test_the_interruptions_of_a_period_are_those_that_began_in_it(connection, store):
    scope = Scope(transformers=frozenset({"T1"}))
    outage = opened(connection, store, scope)
    store.outages.restore(outage.id, scope, at(60))
    planned = a_planned_outage(connection, "T1", starts_at=at(100), ends_at=at(200))
    store.planned.add(planned)
    store.planned.record_interruptions(planned, at(120))
    store.planned.save(replace(planned, ended_at=at(120)))

    def begun(districts, since, until):
        found = figures.interruptions_begun(connection, districts, at(since), at(until), at(500))
        return [(each.began, each.ended) for each in found]

    assert begun([WEST], 0, 90) == [(at(0), at(60))] * 3
    assert begun([WEST], 30, 110) == [(at(100), at(120))] * 3
    assert begun(None, 0, 300) == [(at(0), at(60)), (at(100), at(120))] * 3
    assert begun([EAST], 0, 200) == []


def test_events_after_a_number_are_those_of_ones_districts(connection, store):
    for district_id in (WEST, EAST, None):
        store.events.append(
            Event(stream=f"x:{district_id}", kind="x", at=NOW, actor="x", district_id=district_id)
        )
    store.finish()
    everything = figures.events_after(connection, 0, None)
    assert [entry.district_id for entry in everything] == [WEST, EAST, None]
    mine = figures.events_after(connection, 0, [WEST])
    assert [entry.district_id for entry in mine] == [WEST, None]
    assert figures.events_after(connection, everything[1].id, None) == everything[2:]
    assert len(figures.events_after(connection, 0, None, most=1)) == 1
