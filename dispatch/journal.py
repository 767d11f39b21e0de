"""Entries for the journal, one maker for each kind of thing, so that all read alike."""

from datetime import datetime

from dispatch.domain.event import Event
from dispatch.domain.link import LinkDecision
from dispatch.domain.order import Incident, TroubleOrder
from dispatch.domain.outage import Outage, PlannedOutage
from dispatch.domain.proposal import SplitProposal
from dispatch.domain.signal import SightingRecord
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.tracking import Tracker

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


def rates_event(kind: str, *, at: datetime, by: str, **body: object) -> Event:
    """Something happened to the rates that inference assumes, the whole company's."""
    return Event(stream="rates", kind=f"rates.{kind}", at=at, actor=by, district_id=None, body=body)


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
            "source": sighting.source.value,
            "recorded_at": sighting.received_at.isoformat(),
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
