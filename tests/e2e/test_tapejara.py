"""A morning at a real Brazilian utility: from the first call until every caller has light."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url

from dispatch.store.cluster import Layout
from tests.conftest import a_database
from tests.data import test_data
from tests.e2e.field import Field, opened


@pytest.fixture(scope="module")
def utility(test_cluster: Layout) -> Iterator[str]:
    """The name of a database that holds the utility, to be cloned."""
    network = test_data("network_mux_tapejara_2024/mux_2024.gpkg.zip")
    with a_database(test_cluster) as url:
        engine = create_engine(url)
        Field(engine).load("network", network)
        engine.dispose()
        yield make_url(url).database


@pytest.fixture
def company(test_cluster: Layout, utility: str) -> Iterator[Field]:
    with a_database(test_cluster, template=utility) as url:
        field = Field(create_engine(url))
        (base,) = field.sql("SELECT ST_X(point) AS lon, ST_Y(point) AS lat FROM substation")
        field.add_crew("north", base.lon, base.lat)
        with opened(field) as company:
            yield company
        field.engine.dispose()


def a_fuse(field: Field):
    """A fuse with two or three transformers, all with customers, and those customers."""
    (fuse, *_) = field.sql(
        """
        SELECT device.id, device.name, array_agg(transformer.id ORDER BY transformer.id) AS ids,
            min(transformer.customers) AS fewest
        FROM device JOIN transformer ON transformer.feeder_id = device.feeder_id
            AND transformer.device_pre >= device.pre AND transformer.device_pre < device.post
        WHERE device.kind = 'fuse'
        GROUP BY device.id, device.name
        HAVING count(*) BETWEEN 2 AND 3 AND min(transformer.customers) >= 3
        ORDER BY device.id LIMIT 1
        """
    )
    homes = {
        transformer_id: [
            row.account
            for row in field.sql(
                "SELECT account FROM usage_point WHERE transformer_id = :id"
                " AND disconnected_for IS NULL ORDER BY account",
                id=transformer_id,
            )
        ]
        for transformer_id in fuse.ids
    }
    return fuse, homes


def test_a_fuse_blows_and_every_caller_gets_light_again(company: Field):
    fuse, homes = a_fuse(company)
    first, second, *_ = fuse.ids

    company.at(0)
    opened_by = company.report("A", account=homes[first][0], phone="5499000001")
    assert opened_by["disposition"] == "new_outage"
    outage_id = opened_by["outage"]["id"]

    company.at(2)
    assert company.report("A", account=homes[first][0])["ticket"]["id"] == "A"
    neighbour = company.report("B", account=homes[first][1])
    assert (neighbour["disposition"], neighbour["outage"]["id"]) == ("attached", outage_id)
    repeated = company.report("A again", account=homes[first][0], phone="5499000001")
    assert repeated["disposition"] == "enquiry"

    company.at(4)
    elsewhere = company.report("C", account=homes[second][0])
    assert elsewhere["disposition"] == "new_outage"
    company.work()

    told = company.call("GET", f"outages/{outage_id}", "dispatcher")
    assert told["device_id"] == fuse.id
    assert told["transformers_out"] == fuse.ids
    assert {t["id"] for t in told["tickets"]} >= {"A", "B", "C"}
    order = told["order"]
    assert (order["status"], order["crew_id"]) == ("assigned", "north")

    answer = company.call("GET", f"known-outage?account={homes[second][2]}", "agent")
    assert answer["answer"] == "known_fault" and answer["outage"]["id"] == outage_id

    company.at(6)
    assert company.acts("north", "accept", order["id"])["outcome"] == "applied"
    assert company.acts("north", "en_route", order["id"])["outcome"] == "applied"
    (site,) = company.sql(
        "SELECT ST_X(point) AS lon, ST_Y(point) AS lat FROM trouble_order WHERE id = :id",
        id=order["id"],
    )
    company.at(40)
    company.drives("north", [(20, site.lon + 0.05, site.lat), (33, site.lon + 0.02, site.lat)])
    company.drives(
        "north", [(36, site.lon, site.lat), (34, site.lon, site.lat), (35, site.lon, site.lat)]
    )
    (arrival,) = company.sql("SELECT * FROM arrival WHERE order_id = :id", id=order["id"])
    assert arrival.verdict == "confirmed"
    assert company.minutes(33) < arrival.earliest < arrival.latest == company.minutes(34)
    judged = {
        (row.ticket_id, row.rule_id): row.verdict
        for row in company.sql("SELECT ticket_id, rule_id, verdict FROM clock")
    }
    for ticket in ("A", "B", "C"):
        assert judged[ticket, "arrival_commitment"] == "kept"
        assert judged[ticket, "arrival_national"] == "kept"
    assert judged["A", "dispatch_desk"] == "missed"  # assigned four minutes after A's call
    assert judged["C", "dispatch_desk"] == "kept"

    assert company.acts("north", "findings", order["id"], cause="tree")["outcome"] == "applied"
    company.at(60)
    part = company.acts("north", "restore", order["id"], transformers=[first], cause="tree")
    assert part["outcome"] == "applied"
    assert company.call("GET", f"outages/{outage_id}", "dispatcher")["status"] == (
        "partially_restored"
    )
    early = company.acts("north", "field_complete", order["id"])
    assert early["outcome"] == "refused" and "still out" in early["detail"]
    company.at(90)
    assert company.acts("north", "restore", order["id"], cause="tree")["outcome"] == "applied"
    assert company.acts("north", "field_complete", order["id"])["outcome"] == "applied"

    expected = len(homes[first]) * 60 + sum(
        len(homes[other]) * 90 for other in fuse.ids if other != first
    )
    (total,) = company.sql(
        "SELECT sum(extract(epoch FROM upper(period) - lower(period))) / 60 AS minutes"
        " FROM interruption"
    )
    assert float(total.minutes) == expected

    for ticket in ("A", "B", "C"):
        company.call("POST", f"tickets/{ticket}/callback", "agent", {"power_on": True})
    closed = company.call("POST", f"outages/{outage_id}/close", "dispatcher", {})
    assert closed["status"] == "closed"
    states = {row.id: row.status for row in company.sql("SELECT id, status FROM ticket")}
    assert set(states.values()) == {"closed"}


def test_who_is_still_out_opens_a_nested_outage_that_began_when_the_first_did(company: Field):
    _, homes = a_fuse(company)
    accounts = next(iter(homes.values()))
    company.at(0)
    outage_id = company.report("A", account=accounts[0])["outage"]["id"]
    company.report("B", account=accounts[1])
    transformer = company.call("GET", "tickets/A", "dispatcher")["transformer_id"]
    device = {"id": f"transformer:{transformer}", "kind": "transformer", "name": transformer}
    seen = {"device": device, "cause": "fuse"}
    company.call("POST", f"outages/{outage_id}/confirm", "dispatcher", seen)
    company.at(30)
    restored = {"at": company.now.isoformat(), "cause": "fuse"}
    company.call("POST", f"outages/{outage_id}/restore", "dispatcher", restored)
    company.at(45)
    still = company.report("B again", account=accounts[1])
    assert still["disposition"] == "new_outage" and still["outage"]["id"] != outage_id
    nested = company.call("GET", f"outages/{still['outage']['id']}", "dispatcher")
    assert nested["parent_id"] == outage_id
    company.at(75)
    later = {"at": company.now.isoformat(), "cause": "service"}
    company.call("POST", f"outages/{nested['id']}/restore", "dispatcher", later)
    rows = company.sql(
        """
        SELECT usage_point.account, sum(extract(epoch FROM upper(period) - lower(period))) / 60
            AS minutes
        FROM interruption JOIN usage_point ON usage_point.id = usage_point_id GROUP BY 1
        """
    )
    dark = {row.account: float(row.minutes) for row in rows}
    assert dark == {account: 75.0 if account == accounts[1] else 30.0 for account in accounts}


def test_a_transformer_repaired_under_an_open_fuse_has_no_light_until_the_fuse_is_closed(
    company: Field,
):
    fuse, homes = a_fuse(company)
    first, second, *_ = fuse.ids

    company.at(0)
    inner = company.report("A", account=homes[first][0])["outage"]["id"]
    company.report("B", account=homes[first][1])
    its_own = {"device": {"id": f"transformer:{first}", "kind": "transformer", "name": first}}
    company.call("POST", f"outages/{inner}/confirm", "dispatcher", its_own)
    company.work()
    company.at(10)
    outer = company.report("C", account=homes[second][0])["outage"]["id"]
    above = {"device": {"id": fuse.id, "kind": "fuse", "name": fuse.name}}
    company.call("POST", f"outages/{outer}/confirm", "dispatcher", above)
    company.work()
    order = company.call("GET", f"outages/{inner}", "dispatcher")["order"]
    assert order["crew_id"] == "north"

    company.at(60)
    for step in ("accept", "en_route", "arrive"):
        company.acts("north", step, order["id"])
    repaired = company.acts("north", "restore", order["id"], cause="surge")
    assert repaired["detail"] == f"repaired here; still dark for {fuse.name}"
    company.work()
    told = company.call("GET", f"outages/{inner}", "dispatcher")
    assert (told["status"], told["tickets"]) == ("restored", [])
    assert [(d["outage_id"], d["customers"]) for d in told["still_dark"]] == [
        (outer, len(homes[first]))
    ]
    for path, who in ((f"/console/outages/{inner}", "dispatcher"), ("/crew/orders", "north")):
        headers = {"Authorization": f"Bearer {company.tokens[who]}", "Accept-Language": "en"}
        page = company.client.get(path, headers=headers).text
        assert f"Repaired here; still dark for {fuse.name}" in page
    held = company.call("GET", f"outages/{outer}", "dispatcher")
    assert held["transformers_out"] == fuse.ids
    assert {t["id"] for t in held["tickets"]} == {"A", "B", "C"}
    answer = company.call("GET", f"known-outage?account={homes[first][2]}", "agent")
    assert (answer["answer"], answer["outage"]["id"]) == ("known_fault", outer)
    assert company.sql("SELECT ticket_id FROM told") == []

    company.at(90)
    closed = {"at": company.now.isoformat(), "cause": "tree"}
    company.call("POST", f"outages/{outer}/restore", "dispatcher", closed)
    company.work()
    assert {row.ticket_id for row in company.sql("SELECT ticket_id FROM told")} == {"A", "B", "C"}
    minutes = {
        row.outage_id: float(row.minutes)
        for row in company.sql(
            "SELECT outage_id, sum(extract(epoch FROM upper(period) - lower(period))) / 60"
            " AS minutes FROM interruption GROUP BY outage_id"
        )
    }
    others = sum(len(homes[each]) for each in fuse.ids if each != first)
    assert minutes == {
        inner: len(homes[first]) * 60,
        outer: len(homes[first]) * (90 - 60) + others * (90 - 10),
    }


def test_a_hazard_inside_a_known_outage_gets_an_order_of_its_own(company: Field):
    _, homes = a_fuse(company)
    accounts = next(iter(homes.values()))
    outage_id = company.report("A", account=accounts[0])["outage"]["id"]
    danger = company.report("B", account=accounts[1], hazards=["wire_down"], symptoms=["no_power"])
    assert danger["disposition"] == "incident" and danger["outage"]["id"] == outage_id
    orders = company.sql("SELECT outage_id, incident_id, priority FROM trouble_order")
    assert len(orders) == 2
    assert max(orders, key=lambda o: o.priority).incident_id is not None


def test_a_report_inside_a_planned_outage_is_answered_and_not_dispatched(company: Field):
    _, homes = a_fuse(company)
    transformer, accounts = next(iter(homes.items()))
    company.call(
        "POST",
        "planned-outages",
        "dispatcher",
        {
            "reason": "new pole",
            "starts_at": company.minutes(10).isoformat(),
            "ends_at": company.minutes(120).isoformat(),
            "transformers": [transformer],
        },
    )
    company.at(20)
    assert company.report("A", account=accounts[0])["disposition"] == "planned"
    assert company.sql("SELECT id FROM trouble_order") == []
