"""Driving speeds learned from the crews' tracks over the loaded roads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.table import Table
from sqlalchemy import Engine

from dispatch.errors import TooLittleToLearn
from dispatch.journal import SYSTEM
from dispatch.store import roads, speeds
from dispatch.store.constraints import in_our_words
from dispatch.store.speeds import SpeedsVersion
from dispatch.store.transaction import reading
from gis.counting import counted
from gis.roads.graph import from_bytes
from gis.roads.learned import Learned, Run, SpeedPolicy, learn_speeds, on_the_move, runs_of
from gis.roads.matching import Matcher, Track
from gis.roads.speeds import RoadClass
from gis.roads.turns import Turns, turns_of

WEEKS = timedelta(weeks=4)
A_NIGHT = timedelta(hours=20)
LEAST_RUNS = 50
"""Fewer runs than this are no ground to drive by other speeds (assumption)."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One graph that tracks are matched to."""

    matcher: Matcher
    turns: Turns


def learn_from_tracks(
    engine: Engine, since: datetime, until: datetime, zone: ZoneInfo
) -> tuple[Learned, ...]:
    """Learn from the positions kept of a period; hours are those of `zone`.

    Raises
    ------
    TooLittleToLearn
        If no roads are loaded, or too few drives lie on them.
    """
    with reading(engine) as connection:
        packed = [roads.read_graph(connection, name) for name, _ in roads.list_graphs(connection)]
    graphs = [from_bytes(each.arrays) for each in packed]
    grounds = [Ground(Matcher(graph), turns_of(graph)) for graph in graphs if graph.edge_count]
    with reading(engine) as connection:
        found = list(_runs(grounds, speeds.read_tracks(connection, since, until), zone))
    if len(found) < LEAST_RUNS:
        raise TooLittleToLearn(
            f"{counted(len(found), 'drive')} on the loaded roads, and {LEAST_RUNS} are needed"
        )
    return learn_speeds(found)


def _runs(
    grounds: Iterable[Ground], tracks: Iterable[Track], zone: ZoneInfo
) -> Iterator[tuple[int, Run]]:
    """Every run with its local hour; where extracts overlap, a track may lie on both."""
    policy = SpeedPolicy()
    for track in tracks:
        for part in on_the_move(track, policy):
            for ground in grounds:
                for drives in ground.matcher.match(part):
                    for run in runs_of(ground.matcher.graph, ground.turns, drives, policy):
                        yield datetime.fromtimestamp(run.from_s, UTC).astimezone(zone).hour, run


def learn_tonight(engine: Engine, now: datetime, zone: ZoneInfo) -> SpeedsVersion | None:
    """Learn from the last weeks and drive by it; None where that was done lately.

    It is kept but not put into force where a person chose what is in force. Raises
    TooLittleToLearn.
    """
    with reading(engine) as connection:
        versions = speeds.list_versions(connection)
        chosen_by = speeds.put_in_force_by(connection)
    if versions and now - versions[-1].made_at < A_NIGHT:
        return None
    learned = learn_from_tracks(engine, now - WEEKS, now, zone)
    why = "learned at night"
    kept = keep_speeds(engine, learned, (now - WEEKS, now), zone, by=SYSTEM, reason=why, now=now)
    if chosen_by in {None, SYSTEM}:
        drive_by(engine, kept.version, by=SYSTEM, reason=why, now=now)
    return kept


def keep_speeds(
    engine: Engine,
    learned: tuple[Learned, ...],
    period: tuple[datetime, datetime],
    zone: ZoneInfo,
    *,
    by: str,
    reason: str,
    now: datetime,
) -> SpeedsVersion:
    """Keep what was learned of a period as a version."""
    made = SpeedsVersion(
        made_at=now,
        made_by=by,
        reason=reason,
        since=period[0],
        until=period[1],
        zone=zone.key,
        runs=sum(each.runs for each in learned),
        learned=learned,
    )
    with in_our_words(), engine.begin() as connection:
        return speeds.keep_version(connection, made)


def drive_by(engine: Engine, version: int, *, by: str, reason: str, now: datetime) -> None:
    """Put a version into force in every process; 1 is the planned speeds."""
    with in_our_words(), engine.begin() as connection:
        speeds.put_into_force(connection, version, by=by, reason=reason, now=now)


def speeds_table(learned: Iterable[Learned]) -> Table:
    """The factors by class and hour, with what they rest on."""
    table = Table("class", "hour", "times planned", "runs", "km")
    for each in learned:
        table.add_row(
            RoadClass(each.road_class).name.lower(),
            f"{each.hour:02d}",
            f"{each.factor:.2f}",
            str(each.runs),
            f"{each.km:.1f}",
        )
    return table


def versions_table(versions: Iterable[SpeedsVersion], in_force: int) -> Table:
    """Every version, the one in force marked."""
    table = Table("version", "made", "by", "from", "until", "runs", "reason")
    shown = [(speeds.SHIPPED_SPEEDS, "", "", "", "", "", "as shipped")]
    shown += [
        (
            each.version,
            f"{each.made_at:%Y-%m-%d %H:%M}",
            each.made_by,
            f"{each.since:%Y-%m-%d}",
            f"{each.until:%Y-%m-%d}",
            str(each.runs),
            each.reason,
        )
        for each in versions
    ]
    for number, *rest in shown:
        table.add_row(f"{number} *" if number == in_force else str(number), *rest)
    return table
