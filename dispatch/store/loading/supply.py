"""Who is supplied through what, as switched now: traced from the tables and written back to them.

`retrace` is called after every load, and whenever a switch changes its current state.

A customer's connectivity node is kept as a section of level `service` whose id is `service:` and
the account, without a line of its own, where it says more than the customer's transformer does:
for customers at medium voltage, and for those behind a low-voltage device.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Point
from sqlalchemy import Connection, delete, func, insert, select, text
from sqlalchemy.sql.expression import ColumnElement

from dispatch.store.loading.receipts import take_turns
from dispatch.store.loading.staging import copy_rows, driver, hex_wkb, stage
from dispatch.store.tables.network import (
    device,
    feeder,
    line_section,
    network_problem,
    switch,
    transformer,
)
from gis.counting import counted
from gis.network.devices import Device, Problem, ProblemKind, Tracing
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.trace import trace

SERVICE = "service:"

OF_THE_FILE = frozenset(
    {ProblemKind.DUPLICATE_ID, ProblemKind.ZERO_LENGTH, ProblemKind.CUSTOMER_ELSEWHERE}
)
"""Problems of the file as written: a new tracing neither finds nor heals them."""

LOOSE = ProblemKind.CUSTOMER_ON_NO_TRANSFORMER
MOST_IDS = 10_000

_DEVICE_COLUMNS = (
    *("id", "kind", "name", "feeder_id", "parent_id", "pre", "post", "depth"),
    *("customers", "length_m", "point"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraced:
    """The network as switched now; `feeders_changed` are those whose devices differ from before."""

    tracing: Tracing
    problems: tuple[Problem, ...]
    feeders_changed: frozenset[str]


def retrace(connection: Connection) -> Retraced:
    """Trace the network as switched now, and write what hangs on what.

    Writes `device`, the feeder and device of sections, switches, transformers and of customers kept
    by node, and `network_problem`; rows that stay the same are not touched. An empty network gives
    an empty tracing. No load and no other retrace runs beside it.
    """
    take_turns(connection)
    network = read_network(connection)
    tracing = trace(network, read_open_switches(connection))
    _write_hung_customers(connection, network, tracing)
    changed = _write_devices(connection, network, tracing)
    _write_sections(connection, tracing)
    _write_switches(connection, network, tracing)
    _write_transformers(connection, tracing)
    found = [p for p in tracing.problems if p.kind not in OF_THE_FILE and p.kind is not LOOSE]
    problems = (*found, *_loose_customers(connection))
    write_problems(connection, problems, keep=OF_THE_FILE)
    return Retraced(tracing=tracing, problems=problems, feeders_changed=changed)


def recount(connection: Connection) -> None:
    """Count the connected customers of every transformer anew, and how many are of each kind."""
    connection.execute(
        text(
            """
            UPDATE transformer t SET customers = coalesce(counted.customers, 0),
                kinds = coalesce(counted.kinds, '{}')
            FROM transformer each LEFT JOIN (
                SELECT transformer_id, CAST(sum(count) AS integer) AS customers,
                    jsonb_object_agg(kind, count) FILTER (WHERE kind IS NOT NULL) AS kinds
                FROM (
                    SELECT transformer_id, kind, count(*) AS count FROM usage_point
                    WHERE disconnected_for IS NULL GROUP BY transformer_id, kind
                ) of_kind
                GROUP BY transformer_id
            ) counted ON counted.transformer_id = each.id
            WHERE each.id = t.id AND (t.customers, t.kinds)
                <> (coalesce(counted.customers, 0), coalesce(counted.kinds, '{}'))
            """
        )
    )


def read_network(connection: Connection) -> Network:
    """Read the loaded network without drawings; of customers only those kept by their node.

    These come without a transformer: their node says where they hang.
    """
    services = _read_services(connection)
    return Network(
        name="loaded",
        feeders=_read_feeders(connection),
        sections=_read_sections(connection),
        switches=_read_switches(connection),
        transformers=_read_transformers(connection),
        usage_points=services,
    )


def read_open_switches(connection: Connection) -> frozenset[str]:
    """Read which switches stand open now."""
    return frozenset(connection.scalars(select(switch.c.id).where(switch.c.current_open)))


def write_problems(
    connection: Connection,
    problems: Iterable[Problem],
    keep: Iterable[ProblemKind] = (),
) -> None:
    """Replace the stored problems by `problems`, except those of the kinds in `keep`."""
    kept = [kind.value for kind in keep]
    where = network_problem.c.kind.not_in(kept)
    stored = select(network_problem.c.kind, network_problem.c.detail, network_problem.c.ids)
    before = [
        (row.kind, row.detail, tuple(row.ids))
        for row in connection.execute(stored.where(where).order_by(network_problem.c.id))
    ]
    after = [(p.kind.value, p.message, p.ids[:MOST_IDS]) for p in problems]
    if before == after:
        return
    connection.execute(delete(network_problem).where(where))
    rows = [{"kind": kind, "detail": detail, "ids": list(ids)} for kind, detail, ids in after]
    if rows:
        connection.execute(insert(network_problem), rows)


# Reading --------------------------------------------------------------------------------------


def _read_feeders(connection: Connection) -> tuple[Feeder, ...]:
    rows = connection.execute(
        select(feeder.c.id, feeder.c.name, feeder.c.substation_id, feeder.c.head_node)
        .where(feeder.c.head_node.is_not(None))
        .order_by(feeder.c.id)
    )
    return tuple(
        Feeder(id=row.id, name=row.name, substation_id=row.substation_id, head_node=row.head_node)
        for row in rows
    )


def _read_sections(connection: Connection) -> tuple[LineSection, ...]:
    t = line_section.c
    rows = connection.execute(
        select(t.id, t.level, t.from_node, t.to_node, t.length_m)
        .where(~t.id.startswith(SERVICE, autoescape=True))
        .order_by(t.id)
    )
    levels = {level.value: level for level in Level}
    return tuple(
        LineSection(
            id=id_, level=levels[level], from_node=from_node, to_node=to_node, length_m=length_m
        )
        for id_, level, from_node, to_node, length_m in rows
    )


def _read_switches(connection: Connection) -> tuple[Switch, ...]:
    t = switch.c
    rows = connection.execute(
        select(t.id, t.kind, t.from_node, t.to_node, t.normal_open, _wkb(t.point)).order_by(t.id)
    ).all()
    points = _points([row[-1] for row in rows])
    return tuple(
        Switch(
            id=id_,
            kind=SwitchKind(kind),
            from_node=from_node,
            to_node=to_node,
            normal_open=normal_open,
            point=point,
        )
        for (id_, kind, from_node, to_node, normal_open, _), point in zip(rows, points, strict=True)
    )


def _read_transformers(connection: Connection) -> tuple[Transformer, ...]:
    t = transformer.c
    rows = connection.execute(
        select(t.id, t.name, t.node, t.lv_node, _wkb(t.point))
        .where(t.node.is_not(None), t.retired_at.is_(None))
        .order_by(t.id)
    ).all()
    points = _points([row[-1] for row in rows])
    return tuple(
        Transformer(id=id_, name=name, node=node, lv_node=lv_node, point=point)
        for (id_, name, node, lv_node, _), point in zip(rows, points, strict=True)
    )


def _read_services(connection: Connection) -> tuple[UsagePoint, ...]:
    rows = connection.execute(
        text(
            """
            SELECT u.account, s.from_node, u.disconnected_for
            FROM line_section s JOIN usage_point u ON u.account = substr(s.id, :after)
            WHERE starts_with(s.id, :service) ORDER BY u.account
            """
        ),
        {"service": SERVICE, "after": len(SERVICE) + 1},
    )
    return tuple(
        UsagePoint(account=account, node=node, disconnected_for=why) for account, node, why in rows
    )


def _wkb(column: ColumnElement[object]) -> ColumnElement[object]:
    return func.ST_AsBinary(column, type_=None)


def _points(wkb: Sequence[bytes | None]) -> list[Point | None]:
    raw = [None if each is None else bytes(each) for each in wkb]
    return list(shapely.from_wkb(np.array(raw, dtype=np.object_)))


# Writing --------------------------------------------------------------------------------------


def _write_hung_customers(connection: Connection, network: Network, tracing: Tracing) -> None:
    """Write transformer and device of the customers who are kept by their node."""
    if not network.usage_points:
        return
    rows = []
    for usage_point in network.usage_points:
        account = usage_point.account
        at = tracing.transformer_of_account.get(account)
        on = tracing.device_of_account.get(account)
        rows.append((account, at, None if at is not None and on == f"transformer:{at}" else on))
    with driver(connection).cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.staged_hung")
        cursor.execute(
            "CREATE TEMP TABLE staged_hung (account text, transformer_id text, device_id text)"
            " ON COMMIT DROP"
        )
    copy_rows(connection, "staged_hung", ("account", "transformer_id", "device_id"), rows)
    connection.execute(
        text(
            """
            UPDATE usage_point u SET
                transformer_id = s.transformer_id,
                device_id = s.device_id,
                district_id = coalesce(t.district_id, u.district_id)
            FROM staged_hung s LEFT JOIN transformer t ON t.id = s.transformer_id
            WHERE s.account = u.account
              AND (u.transformer_id, u.device_id)
                  IS DISTINCT FROM (s.transformer_id, s.device_id)
            """
        )
    )
    recount(connection)


def _write_devices(connection: Connection, network: Network, tracing: Tracing) -> frozenset[str]:
    first = {f: tracing.device(head).pre for f, head in tracing.head_of_feeder.items()}
    customers = _customers_below(connection, tracing)
    names = {f"feeder:{each.id}": each.name for each in network.feeders}
    names |= {f"transformer:{each.id}": each.name for each in network.transformers}
    heads = _head_points(connection)
    rows = (
        (
            *(each.id, each.kind.value, names.get(each.id, each.asset_id), each.feeder_id),
            *(each.parent_id, each.pre - first[each.feeder_id], each.post - first[each.feeder_id]),
            *(each.depth, customers[number], round(each.length_m, 3)),
            hex_wkb(each.point if each.point is not None else heads.get(_if_head(each))),
        )
        for number, each in enumerate(tracing.devices)
    )
    staged = stage(connection, device, _DEVICE_COLUMNS, rows)
    # Preorder numbers shift: what differs goes before anything new comes.
    differs = ~(
        select(staged.c.id)
        .where(*(staged.c[name].is_not_distinct_from(device.c[name]) for name in _DEVICE_COLUMNS))
        .exists()
    )
    gone = connection.scalars(delete(device).where(differs).returning(device.c.feeder_id))
    changed = set(gone)
    missing = ~select(device.c.id).where(device.c.id == staged.c.id).exists()
    come = connection.scalars(
        insert(device)
        .from_select(list(_DEVICE_COLUMNS), select(*staged.columns).where(missing))
        .returning(device.c.feeder_id)
    )
    return frozenset(changed | set(come))


def _if_head(each: Device) -> str | None:
    return each.feeder_id if each.parent_id is None else None


def _customers_below(connection: Connection, tracing: Tracing) -> list[int]:
    """Count the connected customers at or below every device."""
    direct = np.zeros(len(tracing.devices) + 1, dtype=np.int64)
    of_transformer = connection.execute(
        select(transformer.c.id, transformer.c.customers).where(transformer.c.customers > 0)
    )
    for id_, customers in of_transformer:
        number = tracing.number_of_device.get(f"transformer:{id_}")
        if number is not None:
            direct[number] += customers
    on_device = connection.execute(
        text(
            """
            SELECT device_id, transformer_id, count(*) FROM usage_point
            WHERE device_id IS NOT NULL AND disconnected_for IS NULL
            GROUP BY device_id, transformer_id
            """
        )
    )
    for device_id, transformer_id, customers in on_device:
        number = tracing.number_of_device.get(device_id)
        above = tracing.number_of_device.get(f"transformer:{transformer_id}")
        if number is not None:
            direct[number] += customers
            if above is not None:
                direct[above] -= customers
    before = np.concatenate([[0], np.cumsum(direct)])
    return [int(before[each.post] - before[each.pre]) for each in tracing.devices]


def _head_points(connection: Connection) -> dict[str | None, Point | None]:
    """Find where each feeder begins: its head node on a section, else its substation."""
    rows = connection.execute(
        text(
            """
            SELECT DISTINCT ON (f.id) f.id, ST_AsBinary(coalesce(head.point, s.point))
            FROM feeder f
            LEFT JOIN substation s ON s.id = f.substation_id
            LEFT JOIN (
                SELECT from_node AS node, ST_StartPoint(line) AS point FROM line_section
                WHERE NOT ST_IsEmpty(line)
                UNION ALL
                SELECT to_node, ST_EndPoint(line) FROM line_section WHERE NOT ST_IsEmpty(line)
            ) head ON head.node = f.head_node
            ORDER BY f.id, ST_X(head.point), ST_Y(head.point)
            """
        )
    ).all()
    return dict(zip((row[0] for row in rows), _points([row[1] for row in rows]), strict=True))


def _write_sections(connection: Connection, tracing: Tracing) -> None:
    rows = (
        (id_, tracing.feeder_of_section[id_], on) for id_, on in tracing.device_of_section.items()
    )
    stage(connection, line_section, ("id", "feeder_id", "device_id"), rows)
    connection.execute(
        text(
            """
            UPDATE line_section t SET feeder_id = s.feeder_id, device_id = s.device_id
            FROM line_section each LEFT JOIN staged_line_section s ON s.id = each.id
            WHERE each.id = t.id
              AND (t.feeder_id, t.device_id) IS DISTINCT FROM (s.feeder_id, s.device_id)
            """
        )
    )


def _write_switches(connection: Connection, network: Network, tracing: Tracing) -> None:
    """Give a switch the feeder at its first end, else at its second; none to one in the dark."""
    at = tracing.feeder_of_node
    rows = ((each.id, at.get(each.from_node) or at.get(each.to_node)) for each in network.switches)
    stage(connection, switch, ("id", "feeder_id"), rows)
    connection.execute(
        text(
            """
            UPDATE switch t SET feeder_id = s.feeder_id FROM staged_switch s
            WHERE s.id = t.id AND t.feeder_id IS DISTINCT FROM s.feeder_id
            """
        )
    )


def _write_transformers(connection: Connection, tracing: Tracing) -> None:
    first = {f: tracing.device(head).pre for f, head in tracing.head_of_feeder.items()}
    rows = (
        (id_, feeder_id, on, tracing.device(on).pre - first[feeder_id])
        for id_, on in tracing.device_of_transformer.items()
        for feeder_id in [tracing.feeder_of_transformer[id_]]
    )
    stage(connection, transformer, ("id", "feeder_id", "device_id", "device_pre"), rows)
    connection.execute(
        text(
            """
            UPDATE transformer t SET
                feeder_id = s.feeder_id, device_id = s.device_id, device_pre = s.device_pre
            FROM transformer each LEFT JOIN staged_transformer s ON s.id = each.id
            WHERE each.id = t.id
              AND (t.feeder_id, t.device_id, t.device_pre)
                  IS DISTINCT FROM (s.feeder_id, s.device_id, s.device_pre)
            """
        )
    )


def _loose_customers(connection: Connection) -> list[Problem]:
    """Report customers who hang on nothing, or on a retired transformer, where there is a network.

    A utility that loads customers as mere points has no such problem: that is its level.
    """
    if not connection.scalar(select(transformer.c.id).limit(1)):
        return []
    problems = []
    for condition, why in (
        (
            "transformer_id IS NULL AND device_id IS NULL",
            "hang on no transformer, and are placed by their point alone",
        ),
        (
            "transformer_id IN (SELECT id FROM transformer WHERE retired_at IS NOT NULL)",
            "hang on a transformer that the network no longer has",
        ),
    ):
        found = text(
            f"SELECT count(*), (array_agg(account ORDER BY account))[1:{MOST_IDS}]"  # noqa: S608
            f" FROM usage_point WHERE {condition}"
        )
        count, ids = connection.execute(found).one()
        if count:
            message = f"{counted(count, 'customer')} {why}"
            problems.append(Problem(kind=LOOSE, ids=tuple(ids), message=message))
    return problems


__all__ = [
    "OF_THE_FILE",
    "SERVICE",
    "Retraced",
    "read_network",
    "read_open_switches",
    "recount",
    "retrace",
    "write_problems",
]
