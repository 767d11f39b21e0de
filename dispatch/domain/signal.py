"""What meters and switchgear say, as it is kept: each once, by the sender's id."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.domain.facts import MeterSignalKind
from dispatch.domain.words import DistrictId, UsagePointId


class SightingSource(StrEnum):
    """Who saw a device."""

    SCADA = "scada"
    CREW = "crew"
    DISPATCHER = "dispatcher"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredPoint:
    """A usage point that a meter or account names, and what supplies it."""

    usage_point_id: UsagePointId
    transformer_id: str | None
    feeder_id: str | None
    district_id: DistrictId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDevice:
    """A switch or transformer that somebody names; `id` is ours."""

    id: str
    name: str
    feeder_id: str | None
    district_id: DistrictId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRecord:
    """A meter's signal; `at` is the meter's own time."""

    id: str
    point: MeteredPoint
    kind: MeterSignalKind
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingRecord:
    """A device that somebody saw open or closed; `is_live`: with voltage, None: nobody looked."""

    id: str
    device: NamedDevice
    is_open: bool
    at: datetime
    source: SightingSource
    by: str
    received_at: datetime
    is_live: bool | None = None
