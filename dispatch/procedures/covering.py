"""Hold the crews of a district against its customers: who is covered, and who could move up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from dispatch.assignment import AssignmentPolicy, origin_of
from dispatch.coverage import Cells, Coverage, CoveragePolicy, Loss, MoveUp, StandBy, anywhere
from dispatch.domain.crew import CrewState
from dispatch.domain.words import CrewId
from dispatch.planning.travel_table import Between, Place
from dispatch.sayings import reason

DIGITS = 3
"""Crews are taken where they are to some hundred metres: times are asked anew only beyond that."""


def free_now(
    states: Sequence[CrewState], policy: AssignmentPolicy, now: datetime
) -> list[CrewState]:
    """The crews that could be sent now: on shift, without an order or a break, not about to end."""
    return [
        state
        for state in states
        if state.on_shift
        and state.active_order_id is None
        and not state.rests(now)
        and not state.leaves_before(now + policy.shift_reserve)
    ]


def cover(
    cells: Cells,
    free: Sequence[CrewState],
    between: Between,
    *,
    assignment: AssignmentPolicy,
    policy: CoveragePolicy,
    now: datetime,
) -> Coverage:
    """What the free crews cover from where they are; from their base where that is not known."""
    return Coverage(
        cells=cells,
        crews=[state.crew.id for state in free],
        minutes=between.minutes(starts_of(free, assignment, now), cells.at()),
        policy=policy,
    )


def to_spare(coverage: Coverage, *, keep_covered: float, keep_free: int) -> frozenset[CrewId]:
    """The free crews that a district could do without, any one of them.

    Without it the others still cover `keep_covered` of the customers, and are `keep_free` or more.
    """
    if len(coverage.crews) <= keep_free:
        return frozenset()
    share = coverage.share()
    least = keep_covered * share.customers
    return frozenset(
        crew for crew in coverage.crews if share.near - coverage.left_by(crew).customers >= least
    )


def starts_of(
    free: Sequence[CrewState], assignment: AssignmentPolicy, now: datetime
) -> list[Place]:
    """Where each crew would set out, (lon, lat), rounded."""
    origins = [origin_of(state, assignment, now) for state in free]
    return [(round(origin.lon, DIGITS), round(origin.lat, DIGITS)) for origin in origins]


def propose(
    coverage: Coverage,
    states: Sequence[CrewState],
    starts: Sequence[Place],
    *,
    posted: Mapping[CrewId, Place],
    drives: Between,
    from_there: Between,
    is_open: Callable[[float, float], bool] = anywhere,
) -> MoveUp | None:
    """The best single move of a free crew: to a base of the district, or to a place without cover.

    `starts` go with the coverage's crews. Those that were `posted` stay, and count as if they were
    at their place already. Nobody is proposed a place that is not `is_open`, by (lon, lat). None
    where no move is worth its drive.
    """
    expected = _with_posted(coverage, posted, drives)
    bases = {(s.crew.base_lon, s.crew.base_lat): s.crew.name for s in reversed(states)}
    stand_bys = [
        StandBy(lon=lon, lat=lat, base=name)
        for (lon, lat), name in bases.items()
        if is_open(lon, lat)
    ]
    stand_bys += expected.uncovered(is_open)
    places = [(each.lon, each.lat) for each in stand_bys]
    if not places or not starts:
        return None
    return expected.move_up(
        stand_bys,
        from_there.minutes(places, coverage.cells.at()),
        drives.minutes(starts, places),
        stay=posted.keys(),
    )


def _with_posted(coverage: Coverage, posted: Mapping[CrewId, Place], between: Between) -> Coverage:
    waiting = [crew for crew in coverage.crews if crew in posted]
    if not waiting:
        return coverage
    minutes = coverage.minutes.copy()
    rows = [coverage.crews.index(crew) for crew in waiting]
    minutes[rows] = between.minutes([posted[crew] for crew in waiting], coverage.cells.at())
    return replace(coverage, minutes=minutes)


def leaves(loss: Loss, policy: CoveragePolicy) -> str:
    """The reason of the record that says what sending a crew leaves uncovered."""
    minutes = round(policy.within_min)
    if not loss.customers:
        return reason("uncovers_nobody", minutes=minutes)
    facts = {"customers": f"{loss.customers:,}", "minutes": minutes}
    if loss.critical:
        return reason("uncovers_critical", **facts, critical=loss.critical)
    return reason("uncovers", **facts)


def gains(move: MoveUp, name: str, policy: CoveragePolicy) -> tuple[str, ...]:
    """Why a crew should move up and what it costs, as reasons of the record."""
    facts = {"crew": name, "minutes": round(policy.within_min)}
    facts["percent"], facts["before"] = round(100 * move.after), round(100 * move.before)
    if move.to.base is None:
        where = reason("stand_by_street")
    else:
        where = reason("stand_by_base", base=move.to.base)
    told = [
        reason("covers_more", customers=f"{move.customers:,}", **facts),
        where,
        reason("drive_there", minutes=round(move.drive_min)),
    ]
    if move.critical:
        told.insert(1, reason("covers_critical", critical=f"{move.critical:+d}"))
    return tuple(told)
