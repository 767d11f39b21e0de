"""What a method says at the drill's desk, and what is kept of it to be scored."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from dispatch.domain.facts import FeederEvidence
from dispatch.domain.words import TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One outage as a method sees it; `key` is its stable number, equal to the outage's id.

    `device_id` is None for one home. `tickets` are probabilities that they belong, `devices` those
    of the devices, the likeliest first. `send` is False while its order is held back.
    """

    key: int
    device_id: str | None
    tickets: Mapping[TicketId, float]
    devices: tuple[tuple[str, float], ...] = ()
    send: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All outages of one feeder as a method sees them; what it leaves out has ended.

    Outages that a crew confirmed live on whether they are in it or not.
    """

    groups: tuple[Group, ...] = ()


class Method(Protocol):
    """What the drill compares; a fresh one is made for every episode."""

    name: str

    def look(self, evidence: FeederEvidence, now: datetime) -> Picture:
        """Judge one feeder; called when something is new there and each minute while it holds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a method said of one true fault from `at` on: the outage that holds most of its reports.

    `devices` are its probabilities; empty where the method gave none.
    """

    at: datetime
    key: int
    device_id: str | None
    devices: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A crew was sent to an outage whose reports are mostly of `fault`.

    `is_needless`: a crew was sent to that fault before, or had found it. `is_astray`: nothing of
    the fault is where the crew goes, as with a report filed under a stranger; that finds nothing,
    and a crew is still needed.
    """

    at: datetime
    key: int
    fault: int
    is_needless: bool
    is_astray: bool = False


@dataclass(slots=True, kw_only=True)
class Record:
    """Everything that is scored: what a method said in an episode at the time.

    `placed` is where each ticket was when it is judged (see `scores`), with the probability given
    and whether it belonged there; `hidden` are isolated faults that a confirmed outage swallowed;
    `unseen` are tickets that were settled before anybody looked.
    """

    said: dict[int, list[Said]] = field(default_factory=lambda: defaultdict(list))
    orders: list[Order] = field(default_factory=list)
    placed: dict[TicketId, tuple[int, float, bool]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    hazards: dict[TicketId, bool] = field(default_factory=dict)
    unseen: set[TicketId] = field(default_factory=set)
    looks: int = 0
