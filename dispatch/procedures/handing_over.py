"""Who stays dark when an outage is repaired: another device on the way to them is still open.

A crew mends a transformer's fuse while the fuse of the lateral above it is out as well, or closes
the lateral while the transformer's own fuse is known to be blown. Its own fault is over; its
customers have no light. They go over to the confirmed outage that keeps them dark: without a gap,
without a call that says "you have light".
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage, Scope
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition, OutageId, UsagePointId
from dispatch.journal import outage_event
from dispatch.ports import Store
from dispatch.procedures.attaching import Explained, hand_over
from dispatch.sayings import reason


@dataclass(frozen=True, kw_only=True)
class StillDark:
    """What of a restored part has no light all the same, and why.

    `keepers` is by transformer the outage that keeps it dark, locked: of the part's transformers,
    and of those that its homes and reporters hang on.
    """

    repaired: Outage
    keepers: Mapping[str, Outage]
    transformers: frozenset[str]
    supply: Mapping[UsagePointId, str]

    @property
    def scope(self) -> Scope:
        """All of the part that is still dark."""
        return Scope(transformers=self.transformers, usage_points=frozenset(self.supply))

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The outages that keep somebody dark, oldest number first."""
        found = {outage.id: outage for outage in self.keepers.values()}
        return tuple(found[outage_id] for outage_id in sorted(found))

    def keeper_of(self, ticket: TroubleTicket) -> Outage | None:
        """The outage that keeps a caller dark; None who has light."""
        place = ticket.place
        if place is None:
            return None
        home = None if place.usage_point_id is None else self.supply.get(place.usage_point_id)
        return self.keepers.get(home or place.transformer_id or "")

    def kept_by(self, keeper: Outage) -> Scope:
        """Whom of the part one of the outages keeps dark."""
        by_it = {t for t, outage in self.keepers.items() if outage.id == keeper.id}
        return Scope(
            transformers=self.transformers & by_it,
            usage_points=frozenset(h for h, t in self.supply.items() if t in by_it),
        )


def find_dark(
    store: Store, repaired: Outage, part: Scope, reporters: Iterable[TroubleTicket]
) -> StillDark:
    """Find who of `part` stays dark when `repaired` is; a mere prediction keeps nobody dark."""
    homes = {home: _supply_of(store, home) for home in part.usage_points}
    supply = {home: transformer for home, transformer in homes.items() if transformer is not None}
    called = {t.place.transformer_id for t in reporters if t.place is not None}
    hang_on = part.transformers | set(supply.values()) | {t for t in called if t is not None}
    keepers = _locked_keepers(store, repaired, hang_on)
    return StillDark(
        repaired=repaired,
        keepers=keepers,
        transformers=part.transformers & keepers.keys(),
        supply={home: t for home, t in supply.items() if t in keepers},
    )


def _supply_of(store: Store, home: UsagePointId) -> str | None:
    point = store.directory.find_usage_point(home)
    return None if point is None else point.transformer_id


def _locked_keepers(
    store: Store, repaired: Outage, transformers: Collection[str]
) -> dict[str, Outage]:
    """By transformer; asked again once all are locked, as one may have been restored meanwhile."""
    locked: dict[OutageId, Outage] = {}
    while True:
        found = store.outages.kept_dark(transformers, but=repaired.id)
        new = sorted(set(found.values()) - locked.keys())
        if not new:
            return {t: locked[outage_id] for t, outage_id in found.items()}
        locked.update((outage_id, store.outages.lock(outage_id)) for outage_id in new)


def take_over(
    store: Store,
    dark: StillDark,
    tickets: Iterable[TroubleTicket],
    at: datetime,
    *,
    by: str,
    now: datetime,
) -> None:
    """Let each outage take over whom it keeps dark, since `at`, with their open reports.

    What `repaired` recorded ends at `at`; an outage that began later takes over from its beginning.
    Who says that it is repaired is the one who moves the reports, so inference leaves them there.
    """
    keepers = {keeper.id: store.outages.save(keeper) for keeper in dark.outages}
    for keeper in keepers.values():
        kept = dark.kept_by(keeper)
        store.outages.widen(
            keeper.id, _not_held(store, dark, kept), out_from=max(at, keeper.started_at)
        )
        store.events.append(
            outage_event(
                keeper,
                "took_over",
                at=at,
                by=by,
                previous=dark.repaired.id,
                reason=_why(dark.repaired, keeper),
                transformers=sorted(kept.transformers),
                customers=store.directory.count_customers(kept),
            )
        )
    for ticket in tickets:
        to = dark.keeper_of(ticket)
        if to is not None:
            _move(store, ticket, dark.repaired, keepers[to.id], by=by, now=now)


def _not_held(store: Store, dark: StillDark, kept: Scope) -> Scope:
    """Without homes whose transformer some outage holds: that counts their minutes."""
    fed_from = {dark.supply[home] for home in kept.usage_points}
    held = store.outages.transformers_out(fed_from) | kept.transformers
    homes = frozenset(home for home in kept.usage_points if dark.supply[home] not in held)
    return Scope(transformers=kept.transformers, usage_points=homes)


def _move(
    store: Store,
    ticket: TroubleTicket,
    repaired: Outage,
    keeper: Outage,
    *,
    by: str,
    now: datetime,
) -> None:
    hazard = ticket.disposition is Disposition.INCIDENT
    why = Explained(
        probability=1.0,
        reasons=(_why(repaired, keeper),),
        by=by,
        disposition=Disposition.INCIDENT if hazard else Disposition.ATTACHED,
    )
    hand_over(store, ticket, keeper, why, now=now)


def _why(repaired: Outage, keeper: Outage) -> str:
    return reason("still_dark", repaired=repaired.device.name, other=keeper.device.name)
