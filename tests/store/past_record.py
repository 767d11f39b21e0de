"""A small feeder with a record of closed outages, reports, sightings and last gasps."""

from sqlalchemy import Connection, insert

from dispatch.domain.outage import OutageStatus, PredictedDevice, Scope
from dispatch.domain.past import Past, PastOutage
from dispatch.domain.words import OutageId, UsagePointId
from dispatch.store.outages import PgOutages
from dispatch.store.past import read_past
from dispatch.store.tables.signals import device_sighting as device_sighting_table
from dispatch.store.tables.signals import meter_signal as meter_signal_table
from dispatch.store.tickets import PgTickets
from tests.store import builders as build

SINCE, UNTIL = build.at(-100_000), build.at(100_000)


class Record:
    """What happened on feeder F1; `homes` are the customers of its transformers."""

    def __init__(self, connection: Connection, homes: dict[str, list[UsagePointId]]) -> None:
        self.connection, self.homes = connection, homes
        self.outages, self.tickets = PgOutages(connection), PgTickets(connection)
        self.reports = 0

    def outage(self, began: float, *lit: tuple[str, float], **facts: object) -> OutageId:
        """Closed; the transformers had light again so many minutes after NOW."""
        status = facts.pop("status", OutageStatus.CLOSED)
        last = max((minute for _, minute in lit), default=None)
        outage = build.an_outage(
            self.connection,
            feeder_id="F1",
            device=facts.pop("device", PredictedDevice(id="fuse", kind="fuse", name="fuse")),
            started_at=build.at(began),
            opened_at=build.at(began),
            status=status,
            restored_at=None if last is None else build.at(last),
            confirmed_at=build.at(began + 20) if last is not None else None,
            **facts,
        )
        self.outages.add(outage, Scope(transformers=frozenset(name for name, _ in lit)))
        for name, minute in lit:
            self.outages.restore(outage.id, Scope(transformers=frozenset({name})), build.at(minute))
        return outage.id

    def call(self, minute: float, home: str, n: int, outage: OutageId | None, **facts) -> None:
        self.reports += 1
        ticket = build.a_ticket(
            f"A{self.reports}",
            received_at=build.at(minute),
            usage_point_id=self.homes[home][n],
            transformer_id=home,
            feeder_id="F1",
            outage_id=outage,
            **facts,
        )
        self.tickets.add(ticket)

    def sighting(self, minute: float, source: str = "scada") -> None:
        self.connection.execute(
            insert(device_sighting_table).values(
                id=f"{source}{minute}",
                device_id="fuse",
                feeder_id="F1",
                is_open=True,
                at=build.at(minute),
                received_at=build.at(minute),
                source=source,
                by="rtu",
            )
        )

    def gasp(self, minute: float, home: str, n: int) -> None:
        self.connection.execute(
            insert(meter_signal_table).values(
                id=f"{home}{n}{minute}",
                usage_point_id=self.homes[home][n],
                transformer_id=home,
                feeder_id="F1",
                kind="last_gasp",
                at=build.at(minute),
                received_at=build.at(minute),
            )
        )

    def past(self) -> Past:
        return read_past(self.connection, SINCE, UNTIL, km_where_unknown=0.3)

    def only(self) -> PastOutage:
        (outage,) = self.past().outages
        return outage


def a_fuse(c: Connection) -> Record:
    """Nothing yet, on a feeder of two transformers with five homes each on one fuse."""
    build.add_district(c)
    build.add_feeder(c)
    build.add_device(c, "head", 0, 4, kind="breaker")
    build.add_device(c, "fuse", 1, 4, parent_id="head")
    homes = {}
    for pre, name in ((2, "T1"), (3, "T2")):
        own = build.add_device(c, f"own-{name}", pre, pre + 1, kind="transformer", parent_id="fuse")
        lon = build.LON + pre * 100 * build.METRE
        homes[name] = build.add_transformer(c, name, 5, device_id=own, pre=pre, lon=lon)
    return Record(c, homes)
