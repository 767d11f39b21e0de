"""The job in the cab: what an order's crew is told on the terminal's own screen."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from api.house import House
from api.live import Poke, follow
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.words import CrewId, OrderId
from dispatch.errors import DispatchError
from dispatch.ports import Store
from dispatch.procedures.judging import tickets_of
from dispatch.procedures.sequencing import waits_for
from dispatch.procedures.supporting import partner_of
from dispatch.sayings import (
    CAB_AFTER,
    CAB_HAZARD,
    CAB_ORDER,
    CAB_PARTS,
    CAB_TOGETHER,
    CAB_WITHDRAWN,
)

log = logging.getLogger(__name__)

MOST_REMEMBERED = 10_000
Tell = Callable[[CrewId, str], int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who holds an order now (None: nobody), whether it waits to be accepted, and its words."""

    crew_id: CrewId | None
    is_new: bool
    words: str


class Cab:
    """Follows the journal, and tells the crews of orders that were given or taken away.

    Parameters
    ----------
    house
        Where orders are read.
    tell
        Shows a text in the cabs of a crew; how many there were.
    connected
        The crews that have a cab now.
    """

    def __init__(self, house: House, tell: Tell, connected: Callable[[], Iterable[CrewId]]) -> None:
        self.listening = asyncio.Event()
        self._house = house
        self._tell = tell
        self._connected = connected
        self._entered: set[CrewId] = set()
        self._told: OrderedDict[OrderId, CrewId] = OrderedDict()
        self._news: asyncio.Queue[OrderId | None] = asyncio.Queue(MOST_REMEMBERED)

    async def run(self) -> None:
        """Tell until cancelled."""
        following = asyncio.create_task(
            follow(self._house.conninfo, self._opened, self._hear, self.listening.clear)
        )
        try:
            while True:
                order_id = await self._news.get()
                if order_id is None:
                    await self._greet_whoever_was_not_told()
                else:
                    await self._look(order_id)
        finally:
            following.cancel()

    def _opened(self) -> None:
        """What was said while nobody listened is lost: the orders are read anew."""
        self.listening.set()
        self._put(None)

    async def _greet_whoever_was_not_told(self) -> None:
        self._entered |= set(self._connected()) - set(self._told.values())
        await self.greet_entered()
        for order_id in list(self._told):
            await self._look(order_id)

    async def _look(self, order_id: OrderId) -> None:
        """See who has the order now, and tell whoever has it newly or has it no more."""
        try:
            standing = await asyncio.to_thread(self._read, order_id)
        except DispatchError as away:
            log.warning("order %d was not told in the cab: %s", order_id, away)
            return
        before = self._told.get(order_id)
        if before is not None and before != standing.crew_id:
            del self._told[order_id]
            self._tell(before, CAB_WITHDRAWN.zh.format(id=order_id))
        if standing.is_new and standing.crew_id is not None and before != standing.crew_id:
            self._say(standing.crew_id, order_id, standing.words)

    def enter(self, crew_id: CrewId) -> bool:
        """A terminal of this crew has come; True for the first one since the last greeting."""
        first = not self._entered
        self._entered.add(crew_id)
        for order_id in [each for each, told in self._told.items() if told == crew_id]:
            del self._told[order_id]  # its screen is empty again
        return first

    async def greet_entered(self) -> None:
        """Greet who has come: after a restart thousands, nearly all of them without an order."""
        crews, self._entered = self._entered, set()
        try:
            holding = await asyncio.to_thread(self._holding, crews)
        except DispatchError as away:
            log.warning("%d crews were not told in the cab: %s", len(crews), away)
            return
        for crew_id in holding:
            await self.greet(crew_id)

    async def greet(self, crew_id: CrewId) -> None:
        """Tell a crew whose terminal has just come the order that waits for it."""
        try:
            found = await asyncio.to_thread(self._waiting_for, crew_id)
        except DispatchError as away:
            log.warning("crew %s was not told in the cab: %s", crew_id, away)
            return
        if found is not None and self._told.get(found[0]) != crew_id:
            self._say(crew_id, *found)

    def _say(self, crew_id: CrewId, order_id: OrderId, words: str) -> None:
        if self._tell(crew_id, words):
            self._told[order_id] = crew_id
            while len(self._told) > MOST_REMEMBERED:
                self._told.popitem(last=False)

    def _hear(self, poke: Poke) -> None:
        thing, _, key = poke.stream.partition(":")
        if thing == "order" and key.isdecimal():
            self._put(OrderId(int(key)))

    def _put(self, order_id: OrderId | None) -> None:
        if self._news.full():  # nobody keeps up: what is left out is read anew from the beginning
            self._news = asyncio.Queue(MOST_REMEMBERED)
            order_id = None
        self._news.put_nowait(order_id)

    def _read(self, order_id: OrderId) -> Standing:
        with self._house.transaction() as store:
            order = store.orders.get(order_id)
            return Standing(
                order.crew_id, order.status is OrderStatus.ASSIGNED, order_words(store, order)
            )

    def _holding(self, crews: set[CrewId]) -> Sequence[CrewId]:
        with self._house.transaction() as store:
            return store.positions.with_orders(crews, self._house.now())

    def _waiting_for(self, crew_id: CrewId) -> tuple[OrderId, str] | None:
        with self._house.transaction() as store:
            order_id = store.crews.state(crew_id, self._house.now()).active_order_id
            if order_id is None:
                return None
            order = store.orders.get(order_id)
            if order.status is not OrderStatus.ASSIGNED:
                return None
            return order_id, order_words(store, order)


def order_words(store: Store, order: TroubleOrder) -> str:
    """Words of a new order in Chinese: number, place, what comes first, who comes too, danger."""
    device = None if order.outage_id is None else store.outages.get(order.outage_id).device
    addresses = [
        address for ticket in tickets_of(store, order) if (address := ticket.complaint.address)
    ]
    named = [device.name] if device is not None else []
    where = "，".join([*named, *addresses[:1]])
    if not where and order.lon is not None and order.lat is not None:
        where = f"{order.lon:.5f}, {order.lat:.5f}"
    words = CAB_ORDER.zh.format(id=order.id, where=where)
    if first := waits_for(store.orders, order):
        words += CAB_AFTER.zh.format(ids="、".join(map(str, first)))
    other = partner_of(store.orders, order)
    if other is not None and other.crew_id is not None:
        words += CAB_TOGETHER.zh.format(crew=store.crews.get(other.crew_id).name, id=other.id)
    if order.parts:
        words += CAB_PARTS.zh.format(parts="、".join(sorted(order.parts)))
    return words + CAB_HAZARD.zh if order.hazards else words
