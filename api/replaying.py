"""A replay at a terminal: a house of its own around a private cluster that ends with it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from rich.console import Console
from sqlalchemy import Engine, NullPool, create_engine

from api.coverage import Board
from api.database import RULES_FROM
from api.house import House, Policies
from api.jobs import Job, Queue, shard_of
from api.planner import RollingPlanner, by_rounds
from api.roads import Roads
from api.worker import Work
from dispatch.domain.published import AS_PUBLISHED, PUBLISHED
from dispatch.drill.replay.doing import Doer
from dispatch.drill.replay.driving import Replay, SimulatedClock
from dispatch.drill.replay.lines import BadLine, Line
from dispatch.drill.replay.memory import Told
from dispatch.drill.replay.telling import Teller
from dispatch.sayings import Clockface
from dispatch.store import cluster, migrate, replaying, waiting
from dispatch.store.loading.files import load
from dispatch.store.loading.how import How
from dispatch.store.rules import install_rules
from dispatch.store.transaction import open_engine, reading, transactions
from gis.counting import counted

IN_THIS_ORDER = ("districts", "areas", "roads", "network", "customers", "crews")
SETTINGS: Mapping[str, str] = {
    # The folder is thrown away, so nothing needs to survive a crash.
    **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off"),
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "256MB",
    # What a server does by itself, when it likes, might change a plan and so an order of rows.
    "autovacuum": "off",
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
}
PATIENCE_S = 120.0
SAID_IN = ZoneInfo("UTC")


class NoQueue(Queue):
    """In a replay nothing waits in a queue: after each step the driver asks what has news."""

    def __init__(self) -> None:
        pass

    def close(self) -> None:
        """Nothing is open."""

    def _put(self, job: Job) -> None:
        pass


class ReplayOffice:
    """The live worker's own jobs, done at once for whatever waits."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._work = Work(house)
        with reading(house.engine) as connection:
            self._has_crews = replaying.has_crews(connection)

    def jobs(self, *, tick: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        """The jobs that wait: clocks, then feeders with news, then orders where there are crews."""
        if tick:
            yield "tick", self._work.tick
        for shard in self._shards():
            yield f"group {shard}", partial(self._work.group, shard)
        if self._has_crews:
            for district_id in self._districts():
                yield f"assign {district_id}", partial(self._work.assign, district_id)

    def _shards(self) -> list[int]:
        with reading(self._house.engine) as connection:
            places = [
                *waiting.feeders_to_group(connection, self._house.now()),
                *waiting.districts_to_group(connection, self._house.now()),
            ]
        return sorted({shard_of(place) for place in places})

    def _districts(self) -> list[str]:
        with reading(self._house.engine) as connection:
            districts = waiting.districts_to_assign(connection, self._house.now())
        return [district_id for district_id in districts if district_id is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How a replay went."""

    lines: int
    refused: int
    failed: int
    told: int


def replay(
    lines: Sequence[Line],
    files: Mapping[str, Sequence[Path]],
    out: Path,
    *,
    how: How,
    console: Console,
) -> Replayed:
    """Load the files, take the lines, write the decisions to `out`; all of it or none.

    Raises
    ------
    GisError, LoadRefused
        A file cannot be loaded.
    """
    with private_database() as url:
        load_all(url, files, how=how, now=lines[0].at, console=console)
        with replay_on(url, lines[0].at) as ready:
            console.print(f"replaying {counted(len(lines), 'line')} ...")
            return _write(ready.run(lines), out, len(lines))


@contextmanager
def private_database() -> Iterator[str]:
    """A cluster in a temporary folder, stopped and removed at the end however that comes."""
    with TemporaryDirectory(prefix="relight-replay-") as folder:
        Path(folder).chmod(0o755)  # the server's system user has to enter
        with cluster.cluster(Path(folder), program="relight replay", settings=SETTINGS) as url:
            yield url


def load_all(
    url: str,
    files: Mapping[str, Sequence[Path]],
    *,
    how: How,
    now: datetime,
    console: Console,
) -> None:
    """Bring the database to this version and load the files through the loaders."""
    engine = create_engine(url, poolclass=NullPool)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        install_rules(connection, PUBLISHED, valid_from=RULES_FROM, note=AS_PUBLISHED)
    for what in IN_THIS_ORDER:
        if files.get(what):
            names = ", ".join(path.name for path in files[what])
            console.print(f"loading {what}: {names} ...", soft_wrap=True)
            with engine.begin() as connection:
                report = load(connection, what, files[what], how, now=now)
            if report.refused:
                console.print(f"  {counted(len(report.refused), 'row')} refused")
    with engine.begin() as connection:
        replaying.gather_statistics(connection)


@contextmanager
def replay_on(url: str, begins: datetime) -> Iterator[Replay]:
    """A replay on a loaded database that nobody else uses, from that time on."""
    engine = open_engine(url, connections=3, patience_s=PATIENCE_S, by_index=True)
    try:
        yield _wired(engine, SimulatedClock(begins))
    finally:
        engine.dispose()


def _wired(engine: Engine, clock: SimulatedClock) -> Replay:
    policies = Policies()
    roads = Roads(engine, now=clock, look_again_s=0.0)
    house = House(
        engine=engine,
        transaction=transactions(engine),
        queue=NoQueue(),
        roads=roads,
        travel_times=roads.current,
        planner=RollingPlanner(by_rounds, ready=True),
        coverage=Board(engine, policies.coverage, policies.assignment),
        clockface=Clockface(SAID_IN),
        policies=policies,
        now=clock,
    )
    return Replay(
        engine=engine,
        clock=clock,
        office=ReplayOffice(house),
        doer=Doer(engine, clockface=house.clockface, arrival=policies.arrival),
        teller=Teller(),
        accept_within=policies.assignment.accept_within,
    )


def _write(told: Iterator[Told], out: Path, lines: int) -> Replayed:
    """Write each line; the file is there only when it is whole."""
    part = out.with_name(out.name + ".part")
    counts: Counter[str] = Counter()
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            for each in told:
                counts[each["type"]] += 1
                file.write(json.dumps(each, sort_keys=True, ensure_ascii=False) + "\n")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return Replayed(
        lines=lines, refused=counts["refused"], failed=counts["failed"], told=counts.total()
    )


def show_bad(bad: Sequence[BadLine], shown: int, console: Console) -> None:
    """Say which lines are left out, and why."""
    if bad:
        console.print(f"lines that cannot be read and are left out: {len(bad)}")
    for each in bad[:shown]:
        console.print(f"  {each}", markup=False, soft_wrap=True)


def seconds_since(begun: datetime) -> float:
    """How long it took, by the machine's clock."""
    return (datetime.now(UTC) - begun).total_seconds()
