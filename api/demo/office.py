"""The people in the office: agents who take calls and call back, dispatchers who clear up."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.clock import FastClock
from api.demo.wire import Refused, Wire
from dispatch.drill.county import Happening

log = logging.getLogger(__name__)

LOCATE_AFTER = timedelta(minutes=2)
TRY_AGAIN_AFTER = timedelta(minutes=30)
LENDS_AT_MOST = 2
"""So many crews of a district may be out at one time, one free crew stays (assumption)."""


@dataclass(slots=True)
class Office:
    """Whoever sits there, with the day that comes in over the telephone."""

    agent: Wire
    dispatcher: Wire
    clock: FastClock
    day: Sequence[Happening]
    answers: dict[str, Mapping[str, object]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    errands: set[asyncio.Task[None]] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Know beforehand what each caller will answer when called back."""
        for happening in self.day:
            if happening.kind == "call_back":
                answer = dict(happening.payload)
                self.answers[str(answer.pop("ticket_id"))] = answer

    async def consent_to_lending(self, districts: Sequence[str]) -> None:
        """Let each district consent beforehand to lend crews to any other; once is enough."""
        known = await self.dispatcher.get("lending-rules")
        assert isinstance(known, list)
        consented = {rule["from_district"] for rule in known}
        for district_id in districts if len(districts) > 1 else ():
            if district_id not in consented:
                rule = {
                    "from_district": district_id,
                    "most": LENDS_AT_MOST,
                    "keep_free": 1,
                    "reason": "恶劣天气互助",
                }
                await self.dispatcher.post("lending-rules", rule)
                self._count("districts consented to lend")

    async def take_calls(self) -> None:
        """Let the day happen: reports, urging, planned work, each at its time."""
        for happening in self.day:
            wait = self.clock.real(happening.at - self.clock())
            if wait > 0:
                await asyncio.sleep(wait)
            try:
                await self._take(happening)
            except Refused as refused:
                self._count(f"refused {happening.kind}")
                log.warning("%s refused: %s", happening.kind, refused)

    async def call_back(self) -> None:
        """Call everybody whose supply is thought to be back, and close what is verified."""
        async for kind, key in self.dispatcher.changes():
            try:
                if kind == "ticket.restored":
                    await self._ask_whether_power_is_on(key)
                elif kind == "ticket.called_back":
                    await self._close_if_verified(key)
            except Refused as refused:
                log.info("%s %s: %s", kind, key, refused)

    async def _take(self, happening: Happening) -> None:
        payload = dict(happening.payload)
        if happening.kind == "ticket":
            ticket_id = str(payload["id"])
            self.taken.add(ticket_id)
            answer = await self.agent.post("tickets", payload)
            assert isinstance(answer, dict)
            self._count(str(answer["disposition"]))
            if answer["ticket"].get("lon") is None and happening.account is not None:
                self._later(LOCATE_AFTER, self._locate(ticket_id, happening.account))
            elif happening.why == "wrong_number" and answer["disposition"] == "unlocated":
                self._later(LOCATE_AFTER, self._close_report(ticket_id))
        elif happening.kind == "urge" and payload["ticket_id"] in self.taken:
            await self.agent.post(f"tickets/{payload.pop('ticket_id')}/urge", payload)
            self._count("urged")
        elif happening.kind == "planned_outage" and self._is_to_come(payload):
            await self.dispatcher.post("planned-outages", payload)
            self._count("planned outages announced")

    def _is_to_come(self, planned: Mapping[str, object]) -> bool:
        return datetime.fromisoformat(str(planned["ends_at"])) > self.clock()

    def _later(self, span: timedelta, work: Coroutine[object, object, None]) -> None:
        """Do something after a while of the field's time, while the day goes on."""

        async def wait_and_work() -> None:
            await asyncio.sleep(max(self.clock.real(span), 0))
            try:
                await work
            except Refused as refused:
                log.info("%s", refused)

        task = asyncio.get_running_loop().create_task(wait_and_work())
        self.errands.add(task)
        task.add_done_callback(self.errands.discard)

    async def _locate(self, ticket_id: str, account: str) -> None:
        """A dispatcher asks around and finds out where an unlocated report came from."""
        await self.dispatcher.put(f"tickets/{ticket_id}/place", {"account": account})
        self._count("located by a dispatcher")

    async def _close_report(self, ticket_id: str) -> None:
        """A dispatcher rings up, and nobody there lacks power."""
        await self.dispatcher.post(f"tickets/{ticket_id}/close", {"reason": "非停电报修"})
        self._count("wrong numbers closed")

    async def _ask_whether_power_is_on(self, ticket_id: str) -> None:
        answer = dict(self.answers.pop(ticket_id, {"power_on": True, "satisfied": True}))
        await self.agent.post(f"tickets/{ticket_id}/callback", answer)
        self._count("called back")
        if answer["power_on"] is None:
            self._later(TRY_AGAIN_AFTER, self._ask_whether_power_is_on(ticket_id))

    async def _close_if_verified(self, ticket_id: str) -> None:
        ticket = await self.agent.get(f"tickets/{ticket_id}")
        assert isinstance(ticket, dict)
        outage_id = ticket.get("outage_id")
        if outage_id is None:
            return
        try:
            await self.dispatcher.post(f"outages/{outage_id}/close", {})
            self._count("outages closed")
        except Refused as refused:
            if refused.problem.get("type") != "/problems/not-verified":
                raise

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
