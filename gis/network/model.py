"""The distribution network as records: what stands where and what is joined to what.

Names follow IEC 61968/61970 (CIM) where they exist. Every id is a string, unique within its own
kind and stable when the same file is read again. Geometry is WGS-84 (EPSG:4326), lon before lat.
Nodes are connectivity nodes: names only; what touches the same node is joined.
"""

from dataclasses import dataclass
from enum import StrEnum

from shapely import LineString, Point

from gis.network.kinds import CustomerKind


class Level(StrEnum):
    """Voltage level of a line section."""

    MV = "mv"
    LV = "lv"
    SERVICE = "service"


class SwitchKind(StrEnum):
    """What a switch can do; the first four clear or isolate faults by themselves."""

    BREAKER = "breaker"
    RECLOSER = "recloser"
    SECTIONALISER = "sectionaliser"
    FUSE = "fuse"
    LOAD_BREAK = "load_break"
    DISCONNECTOR = "disconnector"

    @property
    def is_protective(self) -> bool:
        """Whether a fault below makes it open without a human hand."""
        return self in _PROTECTIVE


_PROTECTIVE = frozenset(
    {SwitchKind.BREAKER, SwitchKind.RECLOSER, SwitchKind.SECTIONALISER, SwitchKind.FUSE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Substation:
    """A source of medium voltage; `point` is lon, lat in EPSG:4326."""

    id: str
    name: str
    point: Point | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """A medium-voltage circuit; its supply enters at `head_node`, which no other feeder shares."""

    id: str
    name: str
    substation_id: str | None
    head_node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSection:
    """A conductor between two nodes (CIM ACLineSegment); `length_m` in metres.

    `line` is EPSG:4326 and None where the source draws no line.
    """

    id: str
    from_node: str
    to_node: str
    level: Level
    phases: str = "ABC"
    line: LineString | None = None
    length_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A device that joins or parts two nodes; `normal_open` is its state as designed."""

    id: str
    kind: SwitchKind
    from_node: str
    to_node: str
    point: Point | None = None
    normal_open: bool = False
    phases: str = "ABC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformer:
    """A distribution transformer: `node` on the medium, `lv_node` on the low-voltage side.

    `lv_node` is None where no low-voltage network is modelled; `rated_kva` None where unknown.
    """

    id: str
    name: str
    node: str
    lv_node: str | None = None
    point: Point | None = None
    rated_kva: float | None = None
    phases: str = "ABC"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePoint:
    """Where a customer is supplied.

    `transformer_id` or `node` says from where; a medium-voltage customer has a node and no
    transformer. `disconnected_for` is the reason of a disconnection ("arrears", "inactive") and
    `critical` why the supply matters ("hospital", "life support"); both None when there is none.
    `kind` is None where it is not known, or none of the kinds. `phases` are those of the
    low-voltage network that it is connected to, letters of ABC; None where it is not known.
    """

    account: str
    meter: str | None = None
    name: str = ""
    phones: tuple[str, ...] = ()
    address: str = ""
    point: Point | None = None
    transformer_id: str | None = None
    node: str | None = None
    disconnected_for: str | None = None
    critical: str | None = None
    kind: CustomerKind | None = None
    phases: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A whole network in its normal state; every kind of thing in its own tuple."""

    name: str
    substations: tuple[Substation, ...] = ()
    feeders: tuple[Feeder, ...] = ()
    sections: tuple[LineSection, ...] = ()
    switches: tuple[Switch, ...] = ()
    transformers: tuple[Transformer, ...] = ()
    usage_points: tuple[UsagePoint, ...] = ()

    def normally_open(self) -> frozenset[str]:
        """Return the ids of the switches that stand open in the normal state."""
        return frozenset(switch.id for switch in self.switches if switch.normal_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row that was not taken: `row` counts from 1 (None: the whole layer)."""

    layer: str
    row: int | None
    id: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What a reader took from a file, what it refused, and what it decided by itself."""

    network: Network
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
