"""Entries for the journal, one maker for each kind of thing, so that all read alike."""

from datetime import datetime

from dispatch.domain.clock import Clock
from dispatch.domain.crew import Crew
from dispatch.domain.depot import Depot
from dispatch.domain.event import Event
from dispatch.domain.link import LinkDecision
from dispatch.domain.loan import CrewLoan, LendingRule
from dispatch.domain.order import Incident, TroubleOrder
from dispatch.domain.outage import Outage, PlannedOutage
from dispatch.domain.proposal import SplitProposal
from dispatch.domain.signal import SightingRecord
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.tracking import Tracker
from dispatch.domain.zone import Zone

SYSTEM = "relight"
"""Who acts when no person does."""


def ticket_event(
    ticket: TroubleTicket, kind: str, *, at: datetime, by: str, **body: object
) -> Event:
    """Something happened to a ticket."""
    facts = {"outage": ticket.outage_id, "status": ticket.status.value, **body}
    return Event(
        stream=f"ticket:{ticket.id}",
        kind=f"ticket.{kind}",
        at=at,
        actor=by,
        district_id=ticket.district_id,
        body=facts,
    )


def outage_event(outage: Outage, kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something happened to an outage."""
    facts = {"status": outage.status.value, "device": outage.device.name, **body}
    return Event(
        stream=f"outage:{outage.id}",
        kind=f"outage.{kind}",
        at=at,
        actor=by,
        district_id=outage.district_id,
        body=facts,
    )


def split_event(
    proposal: SplitProposal, kind: str, *, at: datetime, by: str, **body: object
) -> Event:
    """Something happened to a proposal to split; it stands in the story of its outage."""
    place = proposal.place.device
    return Event(
        stream=f"outage:{proposal.outage_id}",
        kind=f"split.{kind}",
        at=at,
        actor=by,
        district_id=proposal.district_id,
        body={"proposal": proposal.id, "place": place.name, "device": place.id, **body},
    )


def order_event(order: TroubleOrder, kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something happened to an order."""
    facts = {
        "status": order.status.value,
        "outage": order.outage_id,
        "incident": order.incident_id,
        "crew": order.crew_id,
        **body,
    }
    return Event(
        stream=f"order:{order.id}",
        kind=f"order.{kind}",
        at=at,
        actor=by,
        district_id=order.district_id,
        body=facts,
    )


def incident_event(
    incident: Incident, kind: str, *, at: datetime, by: str, **body: object
) -> Event:
    """Something happened to an incident."""
    return Event(
        stream=f"incident:{incident.id}",
        kind=f"incident.{kind}",
        at=at,
        actor=by,
        district_id=incident.district_id,
        body={"hazards": list(incident.hazards), "ticket": incident.ticket_id, **body},
    )


def planned_event(
    planned: PlannedOutage, kind: str, *, at: datetime, by: str, **body: object
) -> Event:
    """Something happened to a planned outage."""
    return Event(
        stream=f"planned:{planned.id}",
        kind=f"planned.{kind}",
        at=at,
        actor=by,
        district_id=planned.district_id,
        body={"transformers": len(planned.transformers), **body},
    )


def clock_event(clock: Clock, kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something happened to a clock; it stands in the story of its ticket or order."""
    facts = {
        "clock": clock.id,
        "rule": clock.rule_id,
        "rule_version": clock.rule_version,
        "due_at": clock.due_at.isoformat(),
        **({} if clock.override_id is None else {"override": clock.override_id}),
        **body,
    }
    return Event(
        stream=clock.subject,
        kind=f"clock.{kind}",
        at=at,
        actor=by,
        district_id=clock.district_id,
        body=facts,
    )


def rules_event(kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something happened to the rule sets, the whole company's."""
    return Event(stream="rules", kind=f"rules.{kind}", at=at, actor=by, district_id=None, body=body)


def rates_event(kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something happened to the rates that inference assumes, the whole company's."""
    return Event(stream="rates", kind=f"rates.{kind}", at=at, actor=by, district_id=None, body=body)


def forecast_event(kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something happened to what forecasts are made by, the whole company's."""
    stream, kind = "forecasts", f"forecasts.{kind}"
    return Event(stream=stream, kind=kind, at=at, actor=by, district_id=None, body=body)


def link_event(decision: LinkDecision, kind: str, *, at: datetime, by: str, reason: str) -> Event:
    """Somebody decided on which transformer a customer hangs, or took that back."""
    return Event(
        stream=f"link:{decision.usage_point_id}",
        kind=f"link.{kind}",
        at=at,
        actor=by,
        district_id=decision.district_id,
        body={
            "account": decision.account,
            "decision": decision.id,
            "from": decision.transformer_id,
            "to": decision.candidate_id,
            "probability": round(decision.probability, 4),
            "reason": reason,
        },
    )


def device_event(sighting: SightingRecord) -> Event:
    """Somebody saw a device open or closed."""
    return Event(
        stream=f"device:{sighting.device.id}",
        kind="device.sighted",
        at=sighting.at,
        actor=sighting.by,
        district_id=sighting.device.district_id,
        body={
            "name": sighting.device.name,
            "is_open": sighting.is_open,
            "is_live": sighting.is_live,
            "source": sighting.source.value,
            "recorded_at": sighting.received_at.isoformat(),
        },
    )


def crew_event(crew: Crew, kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something was decided about a crew itself."""
    return Event(
        stream=f"crew:{crew.id}",
        kind=f"crew.{kind}",
        at=at,
        actor=by,
        district_id=crew.district_id,
        body=body,
    )


def depot_event(depot: Depot, kind: str, *, at: datetime, by: str) -> Event:
    """Something was decided about a depot."""
    return Event(
        stream=f"depot:{depot.id}",
        kind=f"depot.{kind}",
        at=at,
        actor=by,
        district_id=depot.district_id,
        body={"name": depot.name, "stock": sorted(depot.stock), "lon": depot.lon, "lat": depot.lat},
    )


def loan_events(
    loan: CrewLoan, kind: str, *, at: datetime, by: str, **body: object
) -> tuple[Event, Event]:
    """Something happened to a loan: an entry for the lender and one for the borrower.

    An entry belongs to one district and is told to those who see that; a loan concerns two.
    """
    facts = {
        "from": loan.from_id,
        "to": loan.to_id,
        "crew": loan.crew_id,
        "until": None if loan.until is None else loan.until.isoformat(),
        **body,
    }
    lender, borrower = (
        Event(
            stream=f"loan:{loan.id}",
            kind=f"loan.{kind}",
            at=at,
            actor=by,
            district_id=district_id,
            body={"told": told, **facts},
        )
        for district_id, told in ((loan.from_id, "lender"), (loan.to_id, "borrower"))
    )
    return lender, borrower


def lending_event(rule: LendingRule, kind: str, *, at: datetime, by: str, reason: str) -> Event:
    """Something happened to a district's standing consent."""
    return Event(
        stream=f"lending:{rule.from_id}",
        kind=f"lending.{kind}",
        at=at,
        actor=by,
        district_id=rule.from_id,
        body={
            "rule": rule.id,
            "to": rule.to_id,
            "most": rule.most,
            "keep_free": rule.keep_free,
            "until": None if rule.until is None else rule.until.isoformat(),
            "reason": reason,
        },
    )


def tracker_event(tracker: Tracker, kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something was decided about a device that says where crews are."""
    return Event(
        stream=f"tracker:{tracker.id}",
        kind=f"tracker.{kind}",
        at=at,
        actor=by,
        district_id=None,
        body={"vehicle": tracker.vehicle, "crew_id": tracker.crew_id, **body},
    )


def zone_events(
    zone: Zone, kind: str, *, at: datetime, by: str, **body: object
) -> tuple[Event, ...]:
    """Something happened to a zone: an entry for each district in which it holds."""
    facts = {
        "zone": zone.kind.value,
        "name": zone.name,
        "starts_at": zone.starts_at,
        "ends_at": zone.ends_at,
        **body,
    }
    return tuple(
        Event(
            stream=f"zone:{zone.id}",
            kind=f"zone.{kind}",
            at=at,
            actor=by,
            district_id=district_id,
            body=facts,
        )
        for district_id in sorted(zone.districts)
    )
