"""The JT/T 808 gateway on a real socket, with terminals that do what terminals do."""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from api.gateway import MOST_ON_THEIR_WAY, Gateway
from api.house import House
from api.settings import GatewaySettings
from api.trackers.intake import IntakePolicy
from api.trackers.jt808.messages import Id
from api.trackers.reception import Reception
from api.trackers.registry import Registry, digest_of
from dispatch.domain.outage import Scope
from dispatch.domain.tracking import Wire
from dispatch.domain.words import CrewId
from dispatch.journal import order_event
from dispatch.usecases.enrol_tracker import EnrolTracker, enrol_tracker
from dispatch.usecases.renew_tracker import RenewTracker, renew_tracker
from dispatch.usecases.revoke_tracker import RevokeTracker, revoke_tracker
from tests.api.conftest import FieldClock
from tests.loops import run_async
from tests.store.builders import NOW, an_order, an_outage, at
from tests.unit.trackers.terminal import (
    authentication,
    batch,
    framed,
    position,
    registration,
    unframed,
)

PHONE = "13800001234"
OTHER = "13800005678"
ANSWER_S = 20.0


class Terminal:
    """A unit in a vehicle, on a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._pieces: list[tuple[int, int, bytes]] = []

    @classmethod
    async def on(cls, gateway: Gateway) -> "Terminal":
        return cls(*await asyncio.open_connection("127.0.0.1", gateway.port))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def hear(self) -> tuple[int, bytes]:
        """The next message of the platform: its id and body."""
        while not self._pieces:
            async with asyncio.timeout(ANSWER_S):
                begins = await self._reader.readuntil(b"\x7e")
                data = begins + await self._reader.readuntil(b"\x7e")
            self._pieces = unframed(data)
        message_id, _, body = self._pieces.pop(0)
        return message_id, body

    async def ask(self, message_id: int, body: bytes = b"", **how) -> tuple[int, bytes]:
        await self.send(framed(message_id, body, **how))
        return await self.hear()

    async def enter(self, code: str = "secret", phone: str = PHONE) -> None:
        _, body = await self.ask(Id.AUTHENTICATE, authentication(code), phone=phone, seq=1)
        assert body == struct.pack(">HHB", 1, Id.AUTHENTICATE, 0)

    async def is_shut_out(self) -> bool:
        async with asyncio.timeout(ANSWER_S):
            try:
                return await self._reader.read(1) == b""
            except ConnectionResetError:
                return True

    def leave(self) -> None:
        self._writer.close()


def ok(seq: int, message_id: int, result: int = 0) -> tuple[int, bytes]:
    return Id.REPLY, struct.pack(">HHB", seq, message_id, result)


def enrol(house: House, phone: str = PHONE, crew_id: str | None = "C1") -> None:
    command = EnrolTracker(
        wire=Wire.JT808,
        device=phone,
        digest=digest_of("secret"),
        by="test",
        crew_id=None if crew_id is None else CrewId(crew_id),
    )
    with house.transaction() as store:
        enrol_tracker(store, command, now=NOW)


def stored(house: House, crew_id: str = "C1"):
    with house.transaction() as store:
        return list(store.crews.list_fixes(CrewId(crew_id), at(-(10**5)), at(10**5)))


def counts(house: House) -> dict[str, int]:
    with house.transaction() as store:
        return {each.what: each.count for each in store.trackers.list_counts()}


def running(
    house: House,
    work: Callable[[Gateway], Awaitable[None]],
    policy: IntakePolicy | None = None,
    **settings: object,
) -> None:
    """Run a gateway on a free port while `work` lasts; stopped, it has written everything."""

    async def run() -> None:
        reception = Reception(house, policy or IntakePolicy(gather_s=0.01))
        gateway = Gateway(house, reception, GatewaySettings(gateway_port=0, **settings))
        await gateway.start()
        try:
            await work(gateway)
        finally:
            await gateway.stop()

    run_async(run())


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_terminal_registers_enters_and_is_answered_when_its_fix_is_stored(
    house: House, edition: int
):
    enrol(house)
    how = {"edition": 2019 if edition == 2019 else 2013}

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        message_id, body = await terminal.ask(Id.REGISTER, registration(edition), seq=1, **how)
        assert (message_id, body[:3]) == (Id.REGISTER_REPLY, struct.pack(">HB", 1, 0))
        code = body[3:].decode("gbk")
        entered = await terminal.ask(Id.AUTHENTICATE, authentication(code, edition), seq=2, **how)
        assert entered == ok(2, Id.AUTHENTICATE)
        assert await terminal.ask(Id.POSITION, position(NOW), seq=3, **how) == ok(3, Id.POSITION)
        assert [fix.fixed_at for fix in stored(house)] == [NOW]
        assert await terminal.ask(Id.HEARTBEAT, seq=4, **how) == ok(4, Id.HEARTBEAT)
        assert await terminal.ask(Id.LOGOUT, seq=5, **how) == ok(5, Id.LOGOUT)

    running(house, work)
    assert counts(house) == {"taken": 1}


def test_another_unit_may_not_take_the_number_nor_keep_its_code(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.ask(Id.REGISTER, registration(terminal="UNIT-A"))
        _, body = await terminal.ask(Id.REGISTER, registration(terminal="UNIT-B"), seq=9)
        assert body == struct.pack(">HB", 9, 3)
        refused = await terminal.ask(Id.AUTHENTICATE, authentication("secret"), seq=10)
        assert refused == ok(10, Id.AUTHENTICATE, 1)

    running(house, work)
    assert counts(house) == {"another_unit": 1, "wrong_secret": 1}


def test_bytes_one_by_one_and_messages_glued_together_are_read_alike(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        for byte in framed(Id.POSITION, position(at(0)), seq=10):
            await terminal.send(bytes([byte]))
        assert await terminal.hear() == ok(10, Id.POSITION)
        glued = [framed(Id.POSITION, position(at(n)), seq=10 + n) for n in range(1, 4)]
        await terminal.send(b"".join(glued) + framed(Id.HEARTBEAT, seq=20))
        heard = {await terminal.hear() for _ in range(4)}
        assert heard == {*(ok(10 + n, Id.POSITION) for n in range(1, 4)), ok(20, Id.HEARTBEAT)}

    running(house, work)
    assert [fix.fixed_at for fix in stored(house)] == [at(n) for n in range(4)]


def test_a_back_fill_lands_where_it_belongs_and_one_bad_item_does_not_sink_it(
    house: House, clock: FieldClock
):
    enrol(house)
    clock.advance(60)

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        await terminal.ask(Id.POSITION, position(at(60)))
        late = [position(at(n)) for n in (3, 1, 2)]
        body = batch(late[0], position(at(4), status=0), *late[1:], late[1])
        assert await terminal.ask(Id.BATCH, body, seq=8) == ok(8, Id.BATCH)
        assert await terminal.ask(Id.BATCH, body, seq=9) == ok(9, Id.BATCH)

    running(house, work)
    assert [fix.fixed_at for fix in stored(house)] == [at(1), at(2), at(3), at(60)]
    assert counts(house)["no_fix"] == 2


def test_a_wrong_xor_is_counted_and_not_answered(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        await terminal.send(framed(Id.POSITION, position(NOW), spoil=1))
        assert await terminal.ask(Id.HEARTBEAT, seq=5) == ok(5, Id.HEARTBEAT)

    running(house, work)
    assert stored(house) == []
    assert counts(house) == {"frame_checksum": 1}


def test_strangers_are_counted_and_shut_out(house: House):
    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        _, body = await terminal.ask(Id.REGISTER, registration(), phone=OTHER, seq=1)
        assert body == struct.pack(">HB", 1, 4)
        await terminal.send(framed(Id.POSITION, position(NOW), phone=OTHER) * 10)
        for _ in range(4):
            assert await terminal.hear() == ok(7, Id.POSITION, 1)
        assert await terminal.is_shut_out()

    running(house, work)
    with house.transaction() as store:
        (unknown,) = store.trackers.list_unknown()
    assert (unknown.wire, unknown.device, unknown.count) == ("jt808", OTHER, 5)


def test_noise_is_shut_out_and_leaves_nothing_behind(house: House):
    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.send(b"GET / HTTP/1.1\r\n\r\n" + b"\x7e\x00" * 100)
        assert await terminal.is_shut_out()

    running(house, work)


def test_whoever_drips_or_says_nothing_is_shut_out(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        dripping, silent, entered = [await Terminal.on(gateway) for _ in range(3)]
        await entered.enter()
        await entered.send(framed(Id.POSITION, position(NOW))[:20])
        await entered.send(b"")
        await dripping.ask(Id.HEARTBEAT)
        now_s = time.monotonic()
        gateway.sweep(now_s + 29)
        assert len(gateway.open) == 3
        gateway.sweep(now_s + 31)
        assert await dripping.is_shut_out()
        assert await silent.is_shut_out()
        await heard_of(gateway, entered)
        gateway.sweep(time.monotonic() + 601)
        assert await entered.is_shut_out()

    running(house, work)


async def heard_of(gateway: Gateway, terminal: Terminal) -> None:
    """The rest of whatever the terminal had begun, and an answer to it."""
    if gateway.open:
        await terminal.send(framed(Id.POSITION, position(NOW))[20:])
        await terminal.hear()


def test_a_terminal_that_comes_anew_replaces_its_half_open_connection(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        dead, alive = await Terminal.on(gateway), await Terminal.on(gateway)
        await dead.enter()
        await alive.enter()
        assert await dead.is_shut_out()
        assert await alive.ask(Id.HEARTBEAT, seq=5) == ok(5, Id.HEARTBEAT)
        assert len(gateway.by_phone) == 1

    running(house, work)


def test_a_revoked_terminal_is_shut_out(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        with house.transaction() as store:
            revoke_tracker(store, RevokeTracker(tracker_id=f"jt808:{PHONE}", by="x"), now=NOW)
        await gateway.reception.reload()
        assert await terminal.ask(Id.POSITION, position(NOW), seq=3) == ok(3, Id.POSITION, 1)
        gateway.sweep(time.monotonic() + 31)
        assert await terminal.is_shut_out()

    running(house, work)
    assert stored(house) == []


def test_whoever_entered_by_a_code_that_was_renewed_is_shut_out(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        gateway.sweep(time.monotonic())
        assert await terminal.ask(Id.HEARTBEAT, seq=3) == ok(3, Id.HEARTBEAT)
        command = RenewTracker(tracker_id=f"jt808:{PHONE}", digest=b"another", by="x")
        with house.transaction() as store:
            renew_tracker(store, command, now=NOW)
        await gateway.reception.reload()
        gateway.sweep(time.monotonic())
        assert await terminal.is_shut_out()

    running(house, work)


def test_a_terminal_that_registers_while_the_list_is_read_keeps_its_code(house: House):
    enrol(house)
    registry = Registry()
    with house.transaction() as store:
        old = store.trackers.list_all()
    registry.expect()
    registry.put(replace(old[0], digest=digest_of("new")))
    registry.load(old)
    known = registry.find(Wire.JT808, PHONE)
    assert known is not None
    assert registry.lets_in(known, "new")
    registry.expect()
    registry.load(old)
    again = registry.find(Wire.JT808, PHONE)
    assert again is not None
    assert not registry.lets_in(again, "new")


def test_one_connection_too_many_is_refused(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        first = await Terminal.on(gateway)
        await first.enter()
        assert await (await Terminal.on(gateway)).is_shut_out()
        assert await first.ask(Id.HEARTBEAT, seq=5) == ok(5, Id.HEARTBEAT)

    running(house, work, gateway_connections=1)


def test_with_a_full_buffer_a_terminal_is_told_to_keep_its_fixes(house: House):
    enrol(house)

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        body = batch(*(position(at(n)) for n in range(5)))
        assert await terminal.ask(Id.BATCH, body, seq=2) == ok(2, Id.BATCH, 1)
        assert await terminal.ask(Id.POSITION, position(NOW), seq=3) == ok(3, Id.POSITION)

    running(house, work, IntakePolicy(gather_s=0.01, most_waiting=4))


def test_a_flood_of_one_terminal_is_read_as_fast_as_it_is_stored(house: House):
    enrol(house)
    count = 3 * MOST_ON_THEIR_WAY

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        frames = [framed(Id.POSITION, position(at(n)), seq=n) for n in range(count)]
        sending = asyncio.ensure_future(terminal.send(b"".join(frames)))
        heard = {await terminal.hear() for _ in range(count)}
        await sending
        assert heard == {ok(n, Id.POSITION) for n in range(count)}

    running(house, work)
    assert len(stored(house)) == count


def test_at_the_end_what_was_received_is_stored_and_answered(house: House):
    enrol(house)
    answered: list[tuple[int, bytes]] = []

    async def run() -> None:
        reception = Reception(house, IntakePolicy(gather_s=60.0))
        gateway = Gateway(house, reception, GatewaySettings(gateway_port=0))
        await gateway.start()
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        await terminal.send(framed(Id.POSITION, position(NOW), seq=3))
        await terminal.ask(Id.HEARTBEAT, seq=4)
        await gateway.stop()
        answered.append(await terminal.hear())
        assert await terminal.is_shut_out()

    run_async(run())
    assert answered == [ok(3, Id.POSITION)]
    assert len(stored(house)) == 1


def give_order(house: House, crew_id: str) -> None:
    """An order for the crew, told in the journal as every assignment is."""
    with house.engine.begin() as connection:
        outage = an_outage(connection)
    with house.transaction() as store:
        store.outages.add(outage, Scope())
        order = an_order(1, outage.id).assign(
            CrewId(crew_id), NOW, travel_s=1.0, travel_basis="road", why=()
        )
        store.orders.add(order)
        store.events.append(order_event(order, "assigned", at=NOW, by="test"))


def test_the_job_is_shown_in_the_cab_and_so_is_its_end(house: House):
    enrol(house)
    enrol(house, OTHER, "C2")

    async def work(gateway: Gateway) -> None:
        await gateway.cab.listening.wait()
        terminal, other = await Terminal.on(gateway), await Terminal.on(gateway)
        await terminal.enter()
        await other.enter(phone=OTHER)
        await asyncio.to_thread(give_order, house, "C1")
        message_id, body = await terminal.hear()
        assert (message_id, body[:1]) == (Id.TEXT, b"\x0c")
        assert body[1:].decode("gbk").startswith("新抢修单1：")
        await asyncio.to_thread(hand_over, house)
        assert (await terminal.hear())[1][1:].decode("gbk") == "抢修单1已撤回，请勿前往。"
        assert (await other.hear())[1][1:].decode("gbk").startswith("新抢修单1：")

    running(house, work)


def hand_over(house: House) -> None:
    with house.transaction() as store:
        order = store.orders.get(1)
        order = store.orders.save(
            order.assign(CrewId("C2"), at(1), travel_s=1.0, travel_basis="road", why=())
        )
        store.events.append(order_event(order, "reassigned", at=at(1), by="test"))


def test_a_terminal_that_comes_late_is_told_what_waits_for_it(house: House):
    enrol(house)
    give_order(house, "C1")

    async def work(gateway: Gateway) -> None:
        terminal = await Terminal.on(gateway)
        await terminal.enter()
        assert (await terminal.hear())[0] == Id.TEXT

    running(house, work)
