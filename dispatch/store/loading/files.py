"""The door: one function per kind of input, from files to a report, in the caller's transaction.

Each is all or nothing: what raises leaves nothing once the caller rolls back. The same input again
changes nothing and says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from dispatch.store.loading import crews as crew_lists
from dispatch.store.loading.areas import store_areas
from dispatch.store.loading.customers import store_customers
from dispatch.store.loading.depots import read_depots, store_depots
from dispatch.store.loading.districts import (
    assign_districts,
    ensure_district,
    notes_outside,
    store_districts,
)
from dispatch.store.loading.how import How
from dispatch.store.loading.network import has_network, store_network
from dispatch.store.loading.places import refresh_network_places, store_places
from dispatch.store.loading.readers import (
    read_customer_rows,
    read_place_file,
    read_road_files,
)
from dispatch.store.loading.receipts import (
    Receipt,
    digest_of,
    find_standing,
    take_turns,
    write_receipt,
)
from dispatch.store.loading.report import (
    Change,
    LoadRefused,
    LoadReport,
    Progress,
    Refused,
    RowsRefused,
    refused_of,
    silent,
)
from dispatch.store.loading.roads import DEFAULT_NAME, StoredRoads, store_roads
from dispatch.store.loading.supply import recount, retrace
from gis.areas import read_areas, read_districts
from gis.counting import counted
from gis.network.detect import parts_of, read_network
from gis.vectors import POINTS, POLYGONS


@dataclass(frozen=True, slots=True)
class Job:
    """One input on its way in."""

    connection: Connection
    what: str
    paths: Sequence[Path]
    how: How
    now: datetime
    digest: str
    progress: Progress

    @property
    def source(self) -> str:
        """The names of the files, as receipts and reports show them."""
        return ", ".join(path.name for path in self.paths)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input: how it is loaded, and whether several files are one input.

    `parts_of` gives the files that a path stands for, whose bytes tell one input from another.
    """

    load: Callable[[Job], LoadReport]
    together: bool
    disturbed_by: tuple[str, ...] = ()
    parts_of: Callable[[Path], Sequence[Path]] = lambda path: [path]


def load(
    connection: Connection,
    what: str,
    paths: Sequence[Path],
    how: How | None = None,
    *,
    now: datetime,
    progress: Progress = silent,
) -> LoadReport:
    """Load one input, `what` being a key of KINDS; several files are read as one.

    Raises
    ------
    GisError
        If a file cannot be read as that kind of input.
    LoadRefused
        If it can be read but must not be taken; RowsRefused, which carries the report, where that
        is because of its rows. The caller then rolls back.
    """
    how = how or How()
    kind = KINDS[what]
    progress("reading")
    take_turns(connection)
    options = {name: value for name, value in asdict(how).items() if name != "replace"}
    parts = [part for path in paths for part in kind.parts_of(path)]
    digest = digest_of(parts, {**options, "what": what})
    job = Job(connection, what, paths, how, now, digest, progress)
    standing = find_standing(connection, _receipt_name(job), digest, kind.disturbed_by)
    if standing is not None:
        return LoadReport(what=what, source=job.source, already=_said(standing))
    report = kind.load(job)
    if not report.taken:
        raise RowsRefused(f"{job.source}: not one row of it can be taken", report)
    if how.strict and report.refused:
        raise RowsRefused(
            f"{job.source}: {counted(len(report.refused), 'row is', 'rows are')} refused", report
        )
    _give_receipt(job, report)
    return report


def _receipt_name(job: Job) -> str:
    """Name the kind of input; what replaces only its namesakes is told apart by name."""
    if job.what in {"roads", "places"}:
        return f"{job.what}:{_place_source(job) if job.what == 'places' else _graph_name(job)}"
    return f"{job.what}:shifts" if job.how.shifts else job.what


def _said(receipt: Receipt) -> str:
    return (
        f"loaded before, on {receipt.loaded_at:%Y-%m-%d %H:%M %Z} ({receipt.taken} taken,"
        f" {receipt.refused} refused); nothing is changed"
    )


def _give_receipt(job: Job, report: LoadReport) -> None:
    if all(change.is_nothing for change in report.changes.values()):
        known = text("SELECT EXISTS (SELECT FROM load_receipt WHERE what = :w AND digest = :d)")
        if job.connection.scalar(known, {"w": _receipt_name(job), "d": job.digest}):
            return
    write_receipt(
        job.connection,
        Receipt(
            what=_receipt_name(job),
            source=job.source,
            digest=job.digest,
            taken=report.taken,
            refused=len(report.refused),
            loaded_at=job.now,
        ),
    )


def _graph_name(job: Job) -> str:
    return job.how.name or DEFAULT_NAME


def _place_source(job: Job) -> str:
    return job.how.name or job.paths[0].name.partition(".")[0]


def _load_network(job: Job) -> LoadReport:
    result = read_network(job.paths, job.how.crs)
    stored = store_network(
        job.connection,
        result.network,
        now=job.now,
        replace_all=job.how.replace,
        progress=job.progress,
    )
    return LoadReport(
        what=job.what,
        source=job.source,
        changes=stored.changes,
        refused=[*refused_of("network", result.refusals), *stored.refused],
        notes=[*result.notes, *stored.notes],
        problems=stored.problems,
    )


def _load_customers(job: Job) -> LoadReport:
    notes = ensure_district(job.connection)
    refused: list[Refused] = []
    rows = read_customer_rows(job.paths[0], job.how.mapping, job.how.datum, refused)
    stored = store_customers(
        job.connection,
        rows,
        may_name_transformers=not has_network(job.connection),
        progress=job.progress,
    )
    job.progress("tracing")
    recount(job.connection)
    traced = retrace(job.connection)
    assign_districts(job.connection)
    refresh_network_places(job.connection)
    return LoadReport(
        what=job.what,
        source=job.source,
        changes={"customers": stored.change},
        refused=[*refused, *_in_file(stored.refused, job.paths[0].stem, refused)],
        notes=[*notes, *stored.notes, *notes_outside(job.connection)],
        problems=traced.problems,
    )


def _in_file(
    refused: Iterable[Refused], layer: str, before: Iterable[Refused]
) -> Iterator[Refused]:
    """Name the rows by their place in the file; they count those that `before` left over."""
    left_out = sorted(each.row for each in before if each.row is not None)
    for each in refused:
        row = each.row or 0
        for other in left_out:
            row += other <= row
        yield replace(each, layer=layer, row=row)


def _load_districts(job: Job) -> LoadReport:
    districts, refusals = read_districts(job.paths[0], job.how.mapping, job.how.reading(POLYGONS))
    change = store_districts(job.connection, districts)
    return LoadReport(
        what=job.what,
        source=job.source,
        changes={"districts": change},
        refused=refused_of("districts", refusals),
        notes=notes_outside(job.connection),
    )


def _load_areas(job: Job) -> LoadReport:
    areas, refused = [], []
    for path in job.paths:
        found, refusals = read_areas(path, job.how.mapping, job.how.reading(POLYGONS))
        areas.extend(found)
        refused.extend(refused_of(path.name, refusals))
    change = Change()
    if areas:
        change = store_areas(
            job.connection, areas, source=job.source, digest=job.digest, now=job.now
        )
    return LoadReport(what=job.what, source=job.source, changes={"areas": change}, refused=refused)


def _load_crews(job: Job) -> LoadReport:
    path, mapping, zone = job.paths[0], job.how.mapping, job.how.zone
    if job.how.shifts:
        shifts, refused = crew_lists.read_shifts(path, mapping, zone=zone, layer=job.how.layer)
        change, more, notes = crew_lists.store_shifts(job.connection, shifts, now=job.now)
        changes = {"shifts": change}
    else:
        crews, refused = crew_lists.read_crews(path, mapping, job.how.reading(POINTS), zone=zone)
        change, more, notes = crew_lists.store_crews(
            job.connection, crews, now=job.now, progress=job.progress
        )
        changes = {"crews": change}
    return LoadReport(
        what=job.what, source=job.source, changes=changes, refused=[*refused, *more], notes=notes
    )


def _load_depots(job: Job) -> LoadReport:
    depots, refused = read_depots(job.paths[0], job.how.mapping, job.how.reading(POINTS))
    change, more, notes = store_depots(job.connection, depots)
    return LoadReport(
        what=job.what,
        source=job.source,
        changes={"depots": change},
        refused=[*refused, *more],
        notes=notes,
    )


def _load_places(job: Job) -> LoadReport:
    entries, refused = read_place_file(job.paths[0], job.how.mapping, job.how.reading(POINTS))
    change = store_places(job.connection, _place_source(job), entries, job.progress)
    return LoadReport(what=job.what, source=job.source, changes={"places": change}, refused=refused)


def _load_roads(job: Job) -> LoadReport:
    read = read_road_files(job.paths, job.progress)
    stored = store_roads(
        job.connection,
        read.graph,
        name=_graph_name(job),
        digest=job.digest,
        now=job.now,
        progress=job.progress,
    )
    changes = {"streets": stored.change}
    if read.entries:
        changes["places"] = store_places(
            job.connection, f"roads:{_graph_name(job)}", read.entries, job.progress
        )
    return LoadReport(
        what=job.what,
        source=job.source,
        changes=changes,
        notes=[*_notes_driven(stored), *read.notes],
    )


def _notes_driven(stored: StoredRoads) -> list[str]:
    junctions, directions = counted(stored.nodes, "junction"), counted(stored.edges, "direction")
    notes = [f"{junctions}, {directions} of streets between them"]
    left = stored.nodes_read - stored.nodes
    if left:
        notes.append(
            f"{counted(left, 'more junction is', 'more junctions are')} drawn but not"
            " driven: no way there and back"
        )
    return notes


KINDS: Mapping[str, Kind] = {
    "roads": Kind(_load_roads, together=True),
    "network": Kind(_load_network, together=True, parts_of=parts_of),
    "customers": Kind(_load_customers, together=False, disturbed_by=("network",)),
    "areas": Kind(_load_areas, together=True),
    "districts": Kind(_load_districts, together=False),
    "crews": Kind(_load_crews, together=False, disturbed_by=("districts",)),
    "depots": Kind(_load_depots, together=False, disturbed_by=("districts",)),
    "places": Kind(_load_places, together=False),
}

__all__ = ["KINDS", "How", "Job", "Kind", "LoadRefused", "load"]
