"""Things of the core for unit tests, with only the facts that a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.domain.crew import Crew, CrewState, PositionFix
from dispatch.domain.facts import (
    DeviceNode,
    FeederEvidence,
    FeederTree,
    KnownFacts,
    OutageFact,
    OutageNearby,
    ReportFact,
    ServicePoint,
    TransformerNode,
)
from dispatch.domain.order import TroubleOrder
from dispatch.domain.outage import Outage, OutageStatus, PredictedDevice
from dispatch.domain.words import (
    AreaClass,
    CrewId,
    DistrictId,
    NetworkLevel,
    OrderId,
    OutageId,
    TicketId,
    UsagePointId,
)
from dispatch.sayings import Clockface
from gis.network.notation import parse
from gis.network.trace import trace

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
CHINA = Clockface(ZoneInfo("Asia/Shanghai"))


def after(minutes: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def a_service_point(**facts) -> ServicePoint:
    given = {
        "id": UsagePointId(1),
        "account": "A1",
        "lon": 115.9,
        "lat": 28.7,
        "transformer_id": "T1",
        "transformer_name": "桃源村1号公变",
        "feeder_id": "F1",
        "feeder_name": "10kV城西线",
        "district_id": DistrictId("main"),
    }
    return ServicePoint(**(given | facts))


def an_outage_nearby(**facts) -> OutageNearby:
    given = {
        "id": OutageId(7),
        "status": OutageStatus.PREDICTED,
        "level": NetworkLevel.FEEDER_MODEL,
        "device": PredictedDevice(id="transformer:T1", kind="transformer", name="桃源村1号公变"),
        "started_at": after(-20),
        "restored_at": None,
        "touches": "transformer",
        "distance_m": 0.0,
        "reports": 1,
        "cause": None,
        "estimate": None,
        "crew": None,
    }
    return OutageNearby(**(given | facts))


def facts(*outages: OutageNearby, **rest) -> KnownFacts:
    return KnownFacts(**({"service_point": a_service_point(), "outages": outages} | rest))


def an_outage(**facts) -> Outage:
    given = {
        "id": OutageId(1),
        "district_id": DistrictId("main"),
        "level": NetworkLevel.FEEDER_MODEL,
        "feeder_id": "F1",
        "device": PredictedDevice(id="transformer:T1", kind="transformer", name="T1"),
        "lon": 115.9,
        "lat": 28.7,
        "accuracy_m": 15.0,
        "area_class": AreaClass.URBAN,
        "started_at": NOW,
        "opened_at": NOW,
    }
    return Outage(**(given | facts))


def an_order(**facts) -> TroubleOrder:
    given = {
        "id": OrderId(1),
        "district_id": DistrictId("main"),
        "outage_id": OutageId(1),
        "lon": 115.9,
        "lat": 28.7,
        "accuracy_m": 15.0,
        "area_class": AreaClass.URBAN,
        "received_at": NOW,
    }
    return TroubleOrder(**(given | facts))


def a_fix(minutes: float, lon: float, lat: float, **facts) -> PositionFix:
    at = after(minutes)
    given = {
        "id": f"fix{minutes}",
        "crew_id": CrewId("C1"),
        "lon": lon,
        "lat": lat,
        "fixed_at": at,
        "received_at": at,
        "accuracy_m": 8.0,
    }
    return PositionFix(**(given | facts))


def a_crew_state(crew_id: str = "C1", **facts) -> CrewState:
    crew = Crew(
        id=CrewId(crew_id),
        name=crew_id,
        district_id=DistrictId("main"),
        skills=facts.pop("skills", frozenset({"lv", "mv"})),
        base_lon=115.9,
        base_lat=28.7,
    )
    given = {
        "crew": crew,
        "on_shift": True,
        "shift_ends_at": None,
        "last_fix": replace(a_fix(-1, 115.9, 28.7), crew_id=crew.id),
        "active_order_id": None,
    }
    return CrewState(**(given | facts))


def evidence(drawing: str, calls: str, **facts) -> FeederEvidence:
    """Evidence on a drawn feeder: `calls` such as `T1@0 T2@3!` open one prediction each.

    `T1@3` is a call from T1 three minutes after NOW; `T1@3!` belongs to a confirmed outage;
    `T1#5@3` comes from home 5, which thinks that it is out alone.
    """
    tracing = trace(parse(drawing))
    (feeder_id,) = {d.feeder_id for d in tracing.devices}
    devices = [
        DeviceNode(
            id=d.id,
            kind=d.kind.value,
            name=d.asset_id,
            parent_id=d.parent_id,
            pre=d.pre,
            post=d.post,
            lon=None,
            lat=None,
            length_m=d.length_m,
        )
        for d in tracing.devices
    ]
    transformers = [
        TransformerNode(
            id=d.asset_id,
            name=d.asset_id,
            device_id=d.id,
            pre=d.pre,
            lon=0.0,
            lat=0.0,
            customers=d.customers,
        )
        for d in tracing.devices
        if d.kind.value == "transformer"
    ]
    reports, outages = [], []
    for number, call in enumerate(calls.split(), start=1):
        where, at = call.split("@")
        transformer, _, home = where.partition("#")
        outage_id = OutageId(number)
        reports.append(
            ReportFact(
                ticket_id=TicketId(call),
                transformer_id=transformer,
                usage_point_id=UsagePointId(int(home or 1000 + number)),
                received_at=after(float(at.rstrip("!"))),
                outage_id=outage_id,
            )
        )
        outages.append(
            OutageFact(
                id=outage_id,
                status=OutageStatus.CONFIRMED if at.endswith("!") else OutageStatus.PREDICTED,
                device_id=f"transformer:{transformer}",
                started_at=after(float(at.rstrip("!"))),
                transformers=frozenset() if home else frozenset({transformer}),
                crew_on_its_way=False,
            )
        )
    given = {
        "tree": FeederTree(
            feeder_id=feeder_id, devices=tuple(devices), transformers=tuple(transformers)
        ),
        "reports": tuple(reports),
        "outages": tuple(outages),
    }
    return FeederEvidence(**(given | facts))
