"""The closed vocabularies of the field, as they stand in the database and on the wire."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NewType

from gis.area_class import AreaClass

__all__ = [
    "HAZARDS_KNOWN",
    "NOT_A_LOSS",
    "ActionKind",
    "AreaClass",
    "Channel",
    "CrewId",
    "DepotId",
    "Disposition",
    "DistrictId",
    "FoundBy",
    "IncidentId",
    "KnownKind",
    "LendingRuleId",
    "LoanId",
    "NetworkLevel",
    "NoticeId",
    "OrderId",
    "OutageId",
    "PlannedOutageId",
    "ProposalId",
    "Symptom",
    "TicketId",
    "UsagePointId",
]

TicketId = NewType("TicketId", str)
OutageId = NewType("OutageId", int)
PlannedOutageId = NewType("PlannedOutageId", int)
NoticeId = NewType("NoticeId", int)
ProposalId = NewType("ProposalId", int)
IncidentId = NewType("IncidentId", int)
OrderId = NewType("OrderId", int)
LoanId = NewType("LoanId", int)
LendingRuleId = NewType("LendingRuleId", int)
ZoneId = NewType("ZoneId", int)
CrewId = NewType("CrewId", str)
DepotId = NewType("DepotId", str)
DistrictId = NewType("DistrictId", str)
UsagePointId = NewType("UsagePointId", int)


class Channel(StrEnum):
    """How a report came in."""

    PHONE = "phone"
    WEB = "web"
    SMS = "sms"
    CHAT = "chat"
    IVR = "ivr"
    APP = "app"
    METER = "meter"
    SCADA = "scada"
    CREW = "crew"
    OPEN311 = "open311"
    OTHER = "other"


class Symptom(StrEnum):
    """What a caller sees; an unknown word is kept as text and counts as loss of supply."""

    NO_POWER = "no_power"
    PARTIAL_POWER = "partial_power"
    LOW_VOLTAGE = "low_voltage"
    FLICKER = "flicker"
    NOISE = "noise"
    NEIGHBOURS_LIT = "neighbours_lit"
    NEIGHBOURS_OUT = "neighbours_out"
    MAIN_SWITCH_TRIPPED = "main_switch_tripped"
    MAIN_SWITCH_ON = "main_switch_on"
    SWITCH_TRIPS_AGAIN = "switch_trips_again"
    LIGHT_BACK = "light_back"


NOT_A_LOSS = frozenset({Symptom.LOW_VOLTAGE, Symptom.FLICKER, Symptom.NOISE})

HAZARDS_KNOWN: Mapping[str, tuple[str, str]] = {
    "wire_down": ("电线落地", "wire down"),
    "fire": ("起火", "fire"),
    "smoke": ("冒烟", "smoke"),
    "sparks": ("打火花", "sparks"),
    "electric_shock": ("有人触电", "electric shock"),
    "pole_down": ("电杆倒杆", "pole down"),
    "flood": ("设备进水", "flooded equipment"),
    "trapped": ("人员被困", "people trapped"),
}


class Disposition(StrEnum):
    """What became of a report the moment it came in."""

    ATTACHED = "attached"
    NEW_OUTAGE = "new_outage"
    INCIDENT = "incident"
    PLANNED = "planned"
    ENQUIRY = "enquiry"
    UNLOCATED = "unlocated"


class KnownKind(StrEnum):
    """What explains a caller's loss of supply, in the order in which it is asked."""

    ARREARS = "arrears"
    PLANNED = "planned"
    KNOWN_FAULT = "known_fault"
    RESTORED_RECENTLY = "restored_recently"
    INTERNAL_LIKELY = "internal_likely"
    UNKNOWN = "unknown"


class NetworkLevel(StrEnum):
    """How much of the network an answer could use."""

    FEEDER_MODEL = "feeder_model"
    TRANSFORMER = "transformer"
    POINTS = "points"


class FoundBy(StrEnum):
    """How a report's place was found."""

    ACCOUNT = "account"
    METER = "meter"
    PHONE = "phone"
    POSITION = "position"
    ADDRESS = "address"
    LANDMARK = "landmark"
    POLE = "pole"
    TRANSFORMER = "transformer"
    NOT_FOUND = "not_found"


class ActionKind(StrEnum):
    """What a crew's phone may send."""

    ACCEPT = "accept"
    RETURN = "return"
    EN_ROUTE = "en_route"
    FETCHED = "fetched"
    ARRIVE = "arrive"
    ARRIVAL_STANDS = "arrival_stands"
    ARRIVAL_MISTAKEN = "arrival_mistaken"
    FINDINGS = "findings"
    ESTIMATE = "estimate"
    RESTORE = "restore"
    FIELD_COMPLETE = "field_complete"
    NOTE = "note"
    CHECK_IN = "check_in"
    CALL_BACK = "call_back"
    ACCESS = "access"
    SECOND_CREW = "second_crew"
