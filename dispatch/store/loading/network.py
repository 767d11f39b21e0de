"""The network as a whole: what a file holds replaces what was there.

Things of the file are added or changed by id. What the file no longer has is deleted, or retired
where something refers to it. A switch that is known keeps its current state.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from shapely import LineString, Point
from sqlalchemy import Connection, exists, func, select, text

from dispatch.store.loading.customers import StoredCustomers, store_customers
from dispatch.store.loading.districts import assign_districts, ensure_district, notes_outside
from dispatch.store.loading.places import refresh_network_places
from dispatch.store.loading.report import Change, LoadRefused, Progress, Refused, silent
from dispatch.store.loading.staging import hex_wkb, merge, remove_absent, stage
from dispatch.store.loading.supply import (
    OF_THE_FILE,
    SERVICE,
    recount,
    retrace,
    write_problems,
)
from dispatch.store.tables.network import feeder, line_section, substation, switch, transformer
from gis.counting import counted
from gis.network.devices import Problem, Tracing
from gis.network.model import Feeder, LineSection, Network, Substation, Switch, Transformer
from gis.network.model import UsagePoint as Customer
from gis.network.trace import trace

MOST_LOST = 0.5
"""A file that would take away more than this share of the transformers is another network."""

_Row = TypeVar("_Row", Substation, Feeder, LineSection, Switch, Transformer)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNetwork:
    """What became of a network: `problems` are those of the file and of what stands now."""

    changes: dict[str, Change]
    refused: list[Refused]
    notes: list[str]
    problems: tuple[Problem, ...]


def store_network(
    connection: Connection,
    network: Network,
    *,
    now: datetime,
    replace_all: bool = False,
    progress: Progress = silent,
) -> StoredNetwork:
    """Make `network` the network, with its customers, and trace it as switched now.

    Raises LoadRefused where more than half of the known transformers would go, unless
    `replace_all` says that this is meant.
    """
    notes = ensure_district(connection)
    if not replace_all:
        _refuse_another_network(connection, network)
    placed, refused = _placed(network)
    changes, kept_notes = _store_equipment(connection, placed, now, progress)
    progress("tracing")
    as_built = trace(placed)
    customers = _store_customers(connection, placed, as_built, progress)
    if placed.usage_points:
        changes["customers"] = customers.change
    recount(connection)
    traced = retrace(connection)
    assign_districts(connection)
    of_file = [problem for problem in as_built.problems if problem.kind in OF_THE_FILE]
    write_problems(connection, (*traced.problems, *of_file))
    progress("naming places")
    refresh_network_places(connection)
    return StoredNetwork(
        changes=changes,
        refused=[*refused, *customers.refused],
        notes=[
            *notes,
            *kept_notes,
            *customers.notes,
            *notes_outside(connection),
            *_notes_switched(connection),
        ],
        problems=(*traced.problems, *of_file),
    )


def _store_equipment(
    connection: Connection, network: Network, now: datetime, progress: Progress
) -> tuple[dict[str, Change], list[str]]:
    known = {each.id for each in network.substations}
    feeders = [
        replace(each, substation_id=each.substation_id if each.substation_id in known else None)
        for each in _first_of_each(network.feeders)
    ]
    changes: dict[str, Change] = {}
    progress("writing substations and feeders")
    rows: Iterable[tuple[object, ...]]
    rows = ((e.id, e.name, hex_wkb(e.point)) for e in _first_of_each(network.substations))
    staged_substation = stage(connection, substation, ("id", "name", "point"), rows)
    changes["substations"] = merge(connection, substation, staged_substation)
    rows = ((e.id, e.name, e.substation_id, e.head_node) for e in feeders)
    staged = stage(connection, feeder, ("id", "name", "substation_id", "head_node"), rows)
    merged = merge(connection, feeder, staged)
    gone = remove_absent(connection, feeder, staged, {"head_node": None, "substation_id": None})
    changes["feeders"] = _with(merged, gone)
    gone = remove_absent(connection, substation, staged_substation)
    changes["substations"] = _with(changes["substations"], gone)
    progress("writing sections")
    changes["sections"] = _store_sections(connection, network)
    progress("writing switches")
    changes["switches"] = _store_switches(connection, network)
    progress("writing transformers")
    changes["transformers"] = _store_transformers(connection, network, now)
    lost = sorted(
        each.id
        for each in network.feeders
        if each.substation_id and each.substation_id not in known
    )
    if not lost:
        return changes, []
    return changes, [f"the substation of these feeders is not in the file: {', '.join(lost)}"]


def _store_sections(connection: Connection, network: Network) -> Change:
    columns = ("id", "level", "from_node", "to_node", "phases", "length_m", "line")
    rows = (
        (
            *(e.id, e.level.value, e.from_node, e.to_node, e.phases),
            *(e.length_m, hex_wkb(e.line if e.line is not None else LineString())),
        )
        for e in _first_of_each(network.sections)
    )
    staged = stage(connection, line_section, columns, rows)
    merged = merge(connection, line_section, staged)
    drawn = ~line_section.c.id.startswith(SERVICE, autoescape=True)
    return _with(merged, remove_absent(connection, line_section, staged, only=drawn))


def _store_switches(connection: Connection, network: Network) -> Change:
    columns = (
        *("id", "kind", "from_node", "to_node", "phases", "normal_open", "current_open", "point"),
    )
    rows = (
        (
            *(e.id, e.kind.value, e.from_node, e.to_node, e.phases),
            *(e.normal_open, e.normal_open, hex_wkb(e.point)),
        )
        for e in _first_of_each(network.switches)
    )
    staged = stage(connection, switch, columns, rows)
    merged = merge(connection, switch, staged, keep={"current_open"})
    return _with(merged, remove_absent(connection, switch, staged))


def _store_transformers(connection: Connection, network: Network, now: datetime) -> Change:
    columns = ("id", "name", "node", "lv_node", "rated_kva", "phases", "retired_at", "point")
    rows = (
        (
            *(e.id, e.name, e.node, e.lv_node, e.rated_kva, e.phases, None),
            hex_wkb(e.point),
        )
        for e in _first_of_each(network.transformers)
    )
    staged = stage(connection, transformer, columns, rows)
    merged = merge(connection, transformer, staged)
    retired = {"retired_at": now, "node": None, "lv_node": None}
    standing = transformer.c.node.is_not(None)
    gone = remove_absent(connection, transformer, staged, retired, only=standing)
    return _with(merged, gone)


def _store_customers(
    connection: Connection, network: Network, tracing: Tracing, progress: Progress
) -> StoredCustomers:
    """Store customers with the transformer that the tracing found, and a node where needed."""

    def settled() -> Iterator[Customer]:
        for each in network.usage_points:
            at = tracing.transformer_of_account.get(each.account)
            on = tracing.device_of_account.get(each.account)
            plain = on is None or (at is not None and on == f"transformer:{at}")
            node = None if plain and each.transformer_id is not None else each.node
            yield replace(each, transformer_id=at, node=node)

    return store_customers(connection, settled(), may_name_transformers=False, progress=progress)


def _placed(network: Network) -> tuple[Network, list[Refused]]:
    """Give transformers without a point one: their node's, else the middle of their customers."""
    bare = {each.id for each in network.transformers if each.point is None}
    if not bare:
        return network, []
    at_node: dict[str, Point] = {}
    for section in network.sections:
        if section.line is not None and not section.line.is_empty:
            ends = section.line.coords
            at_node.setdefault(section.from_node, Point(ends[0]))
            at_node.setdefault(section.to_node, Point(ends[-1]))
    homes: dict[str, list[Point]] = {}
    for customer in network.usage_points:
        if customer.transformer_id in bare and customer.point is not None:
            homes.setdefault(str(customer.transformer_id), []).append(customer.point)
    kept, refused = [], []
    for row, each in enumerate(network.transformers, start=1):
        point = each.point or at_node.get(each.node) or _middle(homes.get(each.id, []))
        if point is None:
            why = "has no position, nor has a section at its node or any customer of it"
            refused.append(Refused("transformers", row, each.id, why))
        else:
            kept.append(each if each.point is not None else replace(each, point=point))
    return replace(network, transformers=tuple(kept)), refused


def _middle(points: list[Point]) -> Point | None:
    if not points:
        return None
    lons, lats = sorted(p.x for p in points), sorted(p.y for p in points)
    return Point(lons[len(lons) // 2], lats[len(lats) // 2])


def _refuse_another_network(connection: Connection, network: Network) -> None:
    ours = transformer.c.node.is_not(None)
    before = connection.scalar(select(func.count()).select_from(transformer).where(ours)) or 0
    if not before:
        return
    given = [each.id for each in network.transformers]
    stay = connection.scalar(
        select(func.count())
        .select_from(transformer)
        .where(ours, transformer.c.id == func.any(given))
    )
    lost = before - (stay or 0)
    if lost > MOST_LOST * before:
        raise LoadRefused(
            f"this file lacks {lost} of the {before} transformers of the network that is loaded:"
            " it looks like another network. Give all files of one network in one command, or say"
            " --replace if it is to take the place of the old one",
            lost=lost,
            before=before,
        )


def has_network(connection: Connection) -> bool:
    """Whether a network file was ever loaded."""
    return bool(connection.scalar(select(exists().where(transformer.c.node.is_not(None)))))


def _notes_switched(connection: Connection) -> list[str]:
    switched = list(
        connection.scalars(
            text("SELECT id FROM switch WHERE current_open <> normal_open ORDER BY id")
        )
    )
    if not switched:
        return []
    stand = counted(len(switched), "switch stands", "switches stand")
    return [f"{stand} other than normal, as before: {', '.join(switched)}"]


def _first_of_each(rows: Iterable[_Row]) -> Iterable[_Row]:
    by_id: dict[str, _Row] = {}
    for row in rows:
        by_id.setdefault(row.id, row)
    return by_id.values()


def _with(change: Change, gone: tuple[tuple[str, ...], tuple[str, ...]]) -> Change:
    return replace(change, removed=gone[0], retired=gone[1])
