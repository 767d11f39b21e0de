"""What a line is about: the outages, orders and devices that lie where it points."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from dispatch.domain.outage import OutageStatus, Scope
from dispatch.domain.signal import NamedDevice
from dispatch.domain.words import OrderId, OutageId, TicketId
from dispatch.drill.replay.accounts import Accounts
from dispatch.drill.replay.lines import There
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.ports import Store
from dispatch.store import replaying


@dataclass(frozen=True, slots=True)
class Places:
    """Finds them in one transaction; `connection` is that of `store`, or one beside it."""

    store: Store
    connection: Connection
    accounts: Accounts

    def device(self, name: str) -> NamedDevice:
        """The device of that name; `InvalidInput` for one that nobody, or several, bear."""
        found = self.store.signals.named_devices([name]).get(name)
        if found is None:
            raise InvalidInput("device", name, "one device of the network, by its id or its name")
        return found

    def transformers(self, there: There) -> tuple[str, ...]:
        """The transformers that lie there: named, or below the device."""
        below: Iterable[str] = ()
        if there.device is not None:
            below = self.store.directory.list_below_device(self.device(there.device).id)
        for transformer_id in there.transformers:
            if self.store.directory.find_transformer(transformer_id) is None:
                raise InvalidInput("transformers", transformer_id, "a transformer of the network")
        return tuple(dict.fromkeys([*there.transformers, *below]))

    def parts(self, there: There) -> dict[OutageId, Scope]:
        """What each open outage holds there, by the outage's number.

        An account in an outage that holds its whole transformer stands for that transformer: what
        went out together came back together.
        """
        if there.outage is not None or there.order is not None or there.ticket is not None:
            outage_id = self.outage(there)
            if outage_id is None or not self.store.outages.get(outage_id).is_open:
                return {}
            return {outage_id: self.store.outages.scope_out(outage_id)}
        meant = [self.accounts.meant(account) for account in there.accounts]
        transformers = [
            *self.transformers(there),
            *replaying.supply_of(self.connection, meant),
        ]
        found = replaying.held(self.connection, transformers, meant)
        if not there.device and not there.transformers:
            found = _homes_named(self.connection, found, meant)
        return {
            outage_id: Scope(
                transformers=frozenset(held.transformers), usage_points=frozenset(held.homes)
            )
            for outage_id, held in found.items()
        }

    def outage(self, there: There) -> OutageId | None:
        """The open outage that holds what lies there: the device's own first, else the largest."""
        if there.outage is not None:
            return self._last(self.store.outages.get(OutageId(there.outage)).id)
        if there.order is not None:
            outage_id = self.store.orders.get(OrderId(there.order)).outage_id
            return None if outage_id is None else self._last(outage_id)
        if there.ticket is not None:
            outage_id = self.store.tickets.get(TicketId(there.ticket)).outage_id
            return None if outage_id is None else self._last(outage_id)
        if there.device is not None:
            own = replaying.outages_at(self.connection, self.device(there.device).id)
            if own:
                return own[0]
        parts = self.parts(there)
        sizes = {o: (-len(p.transformers), -len(p.usage_points), o) for o, p in parts.items()}
        return min(sizes, key=sizes.__getitem__, default=None)

    def callers_elsewhere(self, there: There, outage_id: OutageId) -> list[TicketId] | None:
        """Callers of a predicted outage below a device that is named, where most are not.

        None where most are, where more than a device is named, and where the outage is confirmed.
        """
        outage = self.store.outages.get(outage_id)
        if there != There(device=there.device) or outage.status is not OutageStatus.PREDICTED:
            return None
        below = set(self.transformers(there))
        callers = [t for t in self.store.tickets.list_of_outage(outage_id) if t.place is not None]
        inside = [t.id for t in callers if t.place and t.place.transformer_id in below]
        return inside if below and 2 * len(inside) < len(callers) else None

    def is_further_down(self, there: There, outage_id: OutageId, devices: Collection[str]) -> bool:
        """Whether an outage is of one of the devices, below that which alone is named."""
        own = self.store.outages.get(outage_id).device.id
        if there != There(device=there.device) or own not in devices:
            return False
        below = set(self.store.directory.list_below_device(own or ""))
        return below < set(self.transformers(there))

    def order(self, there: There) -> OrderId:
        """The order that is open for what lies there.

        Raises
        ------
        IllegalStep
            No outage holds it, or nobody is sent there any more.
        """
        if there.order is not None:
            return self.store.orders.get(OrderId(there.order)).id
        outage_id = self.outage(there)
        if outage_id is None and there.ticket is not None:
            incident = self.store.orders.find_incident_of(TicketId(there.ticket))
            order = incident and self.store.orders.find_open_of_incident(incident.id)
        elif outage_id is not None:
            order = self.store.orders.find_open_of_outage(outage_id)
        else:
            raise IllegalStep("no open outage holds any of it")
        if not order:
            raise IllegalStep("nobody is to be sent there any more", outage_id=outage_id)
        return order.id

    def _last(self, outage_id: OutageId) -> OutageId:
        """The outage of which this one has become a part."""
        outage = self.store.outages.get(outage_id)
        return outage_id if outage.merged_into_id is None else self._last(outage.merged_into_id)


def _homes_named(
    connection: Connection, found: dict[OutageId, replaying.Held], accounts: Iterable[str]
) -> dict[OutageId, replaying.Held]:
    """Without the single homes beside the accounts that were named."""
    own = replaying.held(connection, (), list(accounts))
    for outage_id, held in found.items():
        held.homes &= own[outage_id].homes if outage_id in own else set()
    return {outage_id: held for outage_id, held in found.items() if held.transformers or held.homes}
