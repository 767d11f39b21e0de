"""Small worlds in the database: a street of transformers with homes, crews, rules, reports."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects import postgresql

from dispatch.domain.crew import PositionFix
from dispatch.domain.order import Incident, TroubleOrder
from dispatch.domain.outage import Outage, PlannedOutage, PredictedDevice
from dispatch.domain.published import AS_PUBLISHED, PUBLISHED
from dispatch.domain.ticket import AreaAtReport, Complaint, Place, TroubleTicket
from dispatch.domain.words import (
    AreaClass,
    Channel,
    CrewId,
    Disposition,
    DistrictId,
    FoundBy,
    IncidentId,
    NetworkLevel,
    OrderId,
    OutageId,
    PlannedOutageId,
    TicketId,
    UsagePointId,
)
from dispatch.learning.learn import Learned
from dispatch.rates import Rates
from dispatch.store.outages import PgOutages
from dispatch.store.planned import PgPlannedOutages
from dispatch.store.rules import install_rules
from dispatch.store.tables.crews import crew as crew_table
from dispatch.store.tables.network import address_text as address_text_table
from dispatch.store.tables.network import device as device_table
from dispatch.store.tables.network import feeder as feeder_table
from dispatch.store.tables.network import transformer as transformer_table
from dispatch.store.tables.network import usage_point as usage_point_table
from dispatch.store.tables.network import usage_point_phone as usage_point_phone_table
from dispatch.store.tables.territory import district as district_table
from dispatch.store.transaction import PgStore
from dispatch.usecases.apply_rates import ApplyRates, apply_rates
from dispatch.usecases.keep_rates import KeepRates, keep_rates

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LON, LAT = 115.90, 28.68
METRE = 1 / 111_195
WEST = DistrictId("west")
EAST = DistrictId("east")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(offset: float) -> datetime:
    """`offset` minutes after NOW."""
    return NOW + minutes(offset)


def ewkt(lon: float = LON, lat: float = LAT) -> str:
    return f"SRID=4326;POINT({lon} {lat})"


def square(lon: float = LON, lat: float = LAT, half: float = 0.5) -> str:
    w, s, e, n = lon - half, lat - half, lon + half, lat + half
    return f"SRID=4326;MULTIPOLYGON((({w} {s},{e} {s},{e} {n},{w} {n},{w} {s})))"


def add_district(
    c: Connection,
    district_id: str = WEST,
    *,
    boundary: str | None = None,
    mode: str = "automatic",
) -> DistrictId:
    c.execute(
        insert(district_table).values(
            id=district_id, name=district_id.title(), boundary=boundary, assignment_mode=mode
        )
    )
    return DistrictId(district_id)


def add_feeder(c: Connection, feeder_id: str = "F1", district_id: str | None = WEST) -> str:
    c.execute(
        insert(feeder_table).values(id=feeder_id, name=f"line {feeder_id}", district_id=district_id)
    )
    return feeder_id


def add_device(
    c: Connection,
    device_id: str,
    pre: int,
    post: int,
    *,
    feeder_id: str = "F1",
    parent_id: str | None = None,
    kind: str = "fuse",
) -> str:
    c.execute(
        insert(device_table).values(
            id=device_id,
            kind=kind,
            name=f"{kind} {device_id}",
            feeder_id=feeder_id,
            parent_id=parent_id,
            pre=pre,
            post=post,
            depth=0,
            customers=0,
            point=ewkt(),
        )
    )
    return device_id


def add_transformer(
    c: Connection,
    transformer_id: str,
    homes: int = 0,
    *,
    feeder_id: str | None = "F1",
    device_id: str | None = None,
    pre: int | None = None,
    lon: float = LON,
    lat: float = LAT,
    district_id: str | None = WEST,
) -> list[UsagePointId]:
    """A transformer with `homes` customers; their ids."""
    c.execute(
        insert(transformer_table).values(
            id=transformer_id,
            name=f"transformer {transformer_id}",
            feeder_id=feeder_id,
            device_id=device_id,
            device_pre=pre,
            district_id=district_id,
            customers=homes,
            point=ewkt(lon, lat),
        )
    )
    if not homes:
        return []
    home = {"transformer_id": transformer_id, "district_id": district_id, "point": ewkt(lon, lat)}
    added = c.scalars(
        insert(usage_point_table).returning(usage_point_table.c.id, sort_by_parameter_order=True),
        [{"account": f"{transformer_id}-{n}", **home} for n in range(homes)],
    )
    return [UsagePointId(each) for each in added]


def add_home(
    c: Connection,
    account: str,
    transformer_id: str | None = None,
    *,
    lon: float | None = LON,
    lat: float | None = LAT,
    district_id: str | None = WEST,
    phones: Iterable[str] = (),
    **columns: object,
) -> UsagePointId:
    point = None if lon is None or lat is None else ewkt(lon, lat)
    usage_point_id = c.execute(
        insert(usage_point_table)
        .values(
            account=account,
            transformer_id=transformer_id,
            district_id=district_id,
            point=point,
            **columns,
        )
        .returning(usage_point_table.c.id)
    ).scalar_one()
    for phone in phones:
        c.execute(
            insert(usage_point_phone_table).values(phone=phone, usage_point_id=usage_point_id)
        )
    return UsagePointId(usage_point_id)


def add_words(c: Connection, search_text: str, area_text: str = "") -> int | None:
    """The words by which somebody is found; None where there are none."""
    if not search_text:
        return None
    given = postgresql.insert(address_text_table).values(
        search_text=search_text, area_text=area_text
    )
    kept = given.on_conflict_do_update(
        constraint="address_text_once", set_={"area_text": given.excluded.area_text}
    )
    return c.execute(kept.returning(address_text_table.c.id)).scalar_one()


def add_crew(
    c: Connection,
    crew_id: str = "C1",
    *,
    district_id: str = WEST,
    skills: Iterable[str] = ("mv", "lv"),
) -> CrewId:
    c.execute(
        insert(crew_table).values(
            id=crew_id,
            name=f"crew {crew_id}",
            district_id=district_id,
            skills=sorted(skills),
            base=ewkt(),
        )
    )
    return CrewId(crew_id)


def add_rules(c: Connection) -> int:
    return install_rules(c, PUBLISHED, valid_from=at(-100_000), note=AS_PUBLISHED)


def an_outage(c: Connection, **fields: object) -> Outage:
    """An outage that is not stored yet, with a number of its own."""
    defaults: dict[str, object] = {
        "id": PgOutages(c).next_id(),
        "district_id": WEST,
        "level": NetworkLevel.TRANSFORMER,
        "feeder_id": None,
        "device": PredictedDevice(id=None, kind="transformer", name="T"),
        "lon": LON,
        "lat": LAT,
        "accuracy_m": 20.0,
        "area_class": AreaClass.URBAN,
        "started_at": NOW,
        "opened_at": NOW,
    }
    return Outage(**{**defaults, **fields})


def a_planned_outage(c: Connection, *transformers: str, **fields: object) -> PlannedOutage:
    defaults: dict[str, object] = {
        "id": PlannedOutageId(PgPlannedOutages(c).next_id()),
        "district_id": WEST,
        "feeder_id": None,
        "reason": "检修",
        "starts_at": at(-60),
        "ends_at": at(60),
        "transformers": frozenset(transformers),
    }
    return PlannedOutage(**{**defaults, **fields})


def a_ticket(ticket_id: str, **fields: object) -> TroubleTicket:
    """An open ticket; complaint and place fields may be given directly."""
    complaint_fields = {
        name: fields.pop(name)
        for name in ("channel", "phone", "account", "symptoms", "hazards", "description")
        if name in fields
    }
    place_fields = {
        name: fields.pop(name)
        for name in ("usage_point_id", "transformer_id", "feeder_id", "lon", "lat")
        if name in fields
    }
    place = Place(
        **{
            "lon": LON,
            "lat": LAT,
            "accuracy_m": 15.0,
            "found_by": FoundBy.ACCOUNT,
            "district_id": WEST,
            **place_fields,
        }
    )
    defaults: dict[str, object] = {
        "id": TicketId(ticket_id),
        "complaint": Complaint(**{"channel": Channel.PHONE, **complaint_fields}),
        "place": place,
        "area": AreaAtReport(area_class=AreaClass.URBAN, map_version=None, covered=False),
        "district_id": WEST,
        "received_at": NOW,
        "recorded_at": NOW,
        "disposition": Disposition.NEW_OUTAGE,
    }
    return TroubleTicket(**{**defaults, **fields})


def an_order(order_id: int, outage_id: OutageId | None = None, **fields: object) -> TroubleOrder:
    defaults: dict[str, object] = {
        "id": OrderId(order_id),
        "district_id": WEST,
        "outage_id": outage_id,
        "lon": LON,
        "lat": LAT,
        "accuracy_m": 20.0,
        "area_class": AreaClass.URBAN,
        "received_at": NOW,
    }
    return TroubleOrder(**{**defaults, **fields})


def an_incident(incident_id: IncidentId, ticket_id: str) -> Incident:
    """A wire down in the west, told by a report that is on record."""
    return Incident(
        id=incident_id,
        ticket_id=ticket_id,
        district_id=WEST,
        kind="hazard",
        hazards=("wire_down",),
        lon=LON,
        lat=LAT,
        accuracy_m=20.0,
        area_class=AreaClass.URBAN,
        received_at=NOW,
    )


def a_fix(fix_id: str, crew_id: str = "C1", offset: float = 0, **fields: object) -> PositionFix:
    defaults: dict[str, object] = {
        "id": fix_id,
        "crew_id": CrewId(crew_id),
        "lon": LON,
        "lat": LAT,
        "fixed_at": at(offset),
        "received_at": at(offset),
    }
    return PositionFix(**{**defaults, **fields})


def interruptions(c: Connection) -> dict[int, list[tuple[datetime, datetime]]]:
    """Every recorded interruption by usage point, in order of time."""
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    rows = c.execute(
        text(
            "SELECT usage_point_id, lower(period) AS began, upper(period) AS ended"
            " FROM interruption ORDER BY usage_point_id, period"
        )
    )
    for row in rows:
        found.setdefault(row.usage_point_id, []).append((row.began, row.ended))
    return found


def adopt_rates(store: PgStore, **changes: object) -> None:
    """Put rates into force that differ from those shipped."""
    learned = Learned(
        company=replace(Rates(), **changes),
        districts={},
        estimates=(),
        outages=120,
        known_beginnings=10,
        confirmed=90,
        stormy_days=2,
        storm_outages=30,
    )
    year = timedelta(days=365)
    command = KeepRates(learned=learned, since=NOW - year, until=NOW, by="li", reason="measured")
    version = keep_rates(store, command, now=NOW).version
    apply_rates(store, ApplyRates(version=version, by="li", reason="they fit better"), now=NOW)
