"""A feeder with two laterals for the screens: devices in places of their own, thirty homes each."""

from sqlalchemy import Engine, insert, text

from dispatch.store.tables.network import line_section as line_section_table
from dispatch.usecases.group_feeder import GroupFeeder, group_feeder
from tests.browser.conftest import Company
from tests.store import builders as build

HOMES = 30
EAST_M, NORTH_M = 320, 260


def add_street(engine: Engine) -> None:
    """F2: a head, two fuses, three transformers below each; in metres from the town's middle."""
    step = build.METRE
    with engine.begin() as c:
        build.add_feeder(c, "F2")
        build.add_device(c, "F2-head", 0, 9, feeder_id="F2", kind="breaker")
        for lateral, row in (("north", 1), ("south", -1)):
            first = 1 if lateral == "north" else 5
            fuse = f"F2-{lateral}"
            build.add_device(c, fuse, first, first + 4, feeder_id="F2", parent_id="F2-head")
            _put(c, fuse, build.LON + EAST_M / 2 * step, build.LAT + row * NORTH_M * step)
            for n in range(3):
                name, pre = f"{lateral[0].upper()}{n + 1}", first + 1 + n
                lon = build.LON + (n + 1) * EAST_M * step
                lat = build.LAT + row * NORTH_M * step
                device = f"transformer:{name}"
                build.add_device(
                    c, device, pre, pre + 1, feeder_id="F2", parent_id=fuse, kind="transformer"
                )
                _put(c, device, lon, lat)
                build.add_transformer(
                    c,
                    name,
                    HOMES,
                    feeder_id="F2",
                    device_id=device,
                    pre=pre,
                    lon=lon,
                    lat=lat + row * 60 * step,
                )
                _scatter(c, name)
            line = ",".join(
                f"{build.LON + n * EAST_M * step} {build.LAT + row * NORTH_M * step}"
                for n in range(4)
            )
            _wire(c, f"{fuse}-line", fuse, line)
        _wire(
            c,
            "F2-trunk",
            "F2-head",
            f"{build.LON} {build.LAT - NORTH_M * step},{build.LON} {build.LAT + NORTH_M * step}",
        )


def look(company: Company, feeder_id: str = "F2") -> None:
    """What a worker does a moment after news: infer, and act on it."""
    with company.house.transaction() as store:
        group_feeder(
            store,
            GroupFeeder(feeder_id=feeder_id),
            policy=company.house.policies.grouping,
            now=company.house.now(),
        )


def _put(c, device_id: str, lon: float, lat: float) -> None:
    c.execute(
        text("UPDATE device SET point = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) WHERE id = :id"),
        {"id": device_id, "lon": lon, "lat": lat},
    )


def _scatter(c, transformer_id: str) -> None:
    """Homes stand around their transformer, not all on one spot."""
    c.execute(
        text(
            "UPDATE usage_point SET point = ST_SetSRID(ST_MakePoint("
            "ST_X(point) + 0.0007 * sin(id * 2.4), ST_Y(point) + 0.0005 * cos(id * 2.4)), 4326)"
            " WHERE transformer_id = :id"
        ),
        {"id": transformer_id},
    )


def _wire(c, section_id: str, device_id: str, line: str) -> None:
    c.execute(
        insert(line_section_table).values(
            id=section_id,
            level="mv",
            from_node="a",
            to_node="b",
            phases="ABC",
            length_m=EAST_M * 3,
            feeder_id="F2",
            device_id=device_id,
            line=f"SRID=4326;LINESTRING({line})",
        )
    )
