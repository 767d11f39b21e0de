"""From ranked matches to a location, a tie, or nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gis.geocode.address import ADMIN, NAMED, NUMBERED, ORDER, EntryKind, Level
from gis.geocode.compare import AGREEING, Reason, Verdict
from gis.geocode.normal import fold
from gis.geocode.rank import Match

TIED = 0.015
"""Matches within this of the best score are tied with it."""

LEAST_SCORE = 0.2
LEAST_NAME = 0.6
"""A name that agrees less is not acted on: the candidate is offered, not taken."""

NEAR_M = 100.0

# Metres that a location by this level may be off where the data give no extent. Judgement.
ACCURACY_M = {
    Level.ROOM: 20.0, Level.FLOOR: 20.0, Level.UNIT: 20.0, Level.BUILDING: 25.0,
    Level.HOUSE: 20.0, Level.POLE: 10.0, Level.TRANSFORMER: 10.0, Level.NAME: 50.0,
    Level.COMPOUND: 150.0, Level.LANE: 200.0, Level.ROAD: 500.0, Level.LINE: 2_000.0,
    Level.GROUP: 300.0, Level.VILLAGE: 600.0, Level.TOWN: 3_000.0, Level.POSTCODE: 3_000.0,
    Level.COUNTY: 15_000.0, Level.CITY: 25_000.0, Level.PROVINCE: 200_000.0,
}  # fmt: skip
# Members of one place that lie further apart than this are not one place. Judgement.
WIDEST_M = {
    Level.ROOM: 150.0, Level.FLOOR: 150.0, Level.UNIT: 150.0, Level.BUILDING: 200.0,
    Level.HOUSE: 200.0, Level.POLE: 50.0, Level.TRANSFORMER: 50.0, Level.NAME: 500.0,
    Level.COMPOUND: 1_500.0, Level.LANE: 2_000.0, Level.GROUP: 2_000.0, Level.ROAD: 10_000.0,
    Level.VILLAGE: 5_000.0,
}  # fmt: skip
_METRES_PER_DEGREE = 111_195.0  # sphere of 6,371 km


@dataclass(frozen=True, slots=True)
class Located:
    """One place; `lon`, `lat` EPSG:4326.

    `accuracy_m` is how far the true place may be. `found_by` is the finest level that agreed.
    `matches` are the entries that fit (all flats of the building, when no flat was named);
    `narrow_by` the levels at which they still differ; `doubts` what did not agree or was absent.
    """

    lon: float
    lat: float
    accuracy_m: float
    found_by: Level
    score: float
    matches: tuple[Match, ...]
    narrow_by: tuple[Level, ...]
    doubts: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """Several places fit equally, or the only one contradicts what was said: somebody must ask.

    `apart` are the levels that tell the matches from each other, coarsest first, as questions to
    put to the caller; empty when only their positions differ.
    """

    matches: tuple[Match, ...]
    apart: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """No candidate agrees."""


def resolve(matches: Sequence[Match], *, near: bool = False) -> Located | Tie | NotFound:
    """Judge ranked `matches`, best first.

    Parameters
    ----------
    matches
        From `rank`, with a limit of at least fifty so that ties are seen whole.
    near
        The query said "near" or "opposite" (`Query.address.near`): the accuracy is widened.

    Returns
    -------
    outcome
        `Located` only when all best matches are one place. Empty input gives `NotFound`.
    """
    if not matches or matches[0].score < LEAST_SCORE:
        return NotFound()
    best = [match for match in matches if match.score >= matches[0].score - TIED]
    doubtful = _doubtful_names(best)
    if doubtful:
        return Tie(tuple(best), doubtful)
    level = _finest(best[0])
    apart = _apart(best, level)
    if apart or _spread_m(best) > WIDEST_M.get(level, math.inf):
        return Tie(tuple(best), apart)
    return _locate(best, level, near=near)


def _locate(best: Sequence[Match], level: Level, *, near: bool) -> Located:
    whole = [m for m in best if m.entry.kind is EntryKind.PLACE and m.entry.extent_m is not None]
    placed = whole[:1] if whole and level not in NUMBERED else best
    lon = sum(match.entry.lon for match in placed) / len(placed)
    lat = sum(match.entry.lat for match in placed) / len(placed)
    reach = max(
        _metres(lon, lat, match.entry.lon, match.entry.lat) + (match.entry.extent_m or 0.0)
        for match in best
    )
    known = bool(whole) or len(best) > 1
    accuracy = max(reach, ACCURACY_M[level] if not known or level in NUMBERED else 20.0)
    asked = {reason.level for reason in best[0].reasons}
    finer = [each for each in NUMBERED if each not in asked]
    return Located(
        lon,
        lat,
        round(accuracy + (NEAR_M if near else 0.0), 1),
        level,
        best[0].score,
        tuple(best),
        _differing(best, finer),
        tuple(reason for reason in best[0].reasons if reason.verdict is not Verdict.MATCHED),
    )


def _doubtful_names(best: Sequence[Match]) -> tuple[Level, ...]:
    """Names that every best match contradicts, or agrees with too little to act on."""
    levels = [
        {
            reason.level
            for reason in match.reasons
            if reason.level in NAMED
            and reason.verdict is not Verdict.MISSING
            and reason.score < LEAST_NAME
        }
        for match in best
    ]
    shared = set.intersection(*levels)
    return tuple(level for level in Level if level in shared)


def _finest(match: Match) -> Level:
    """The finest level that agrees, as the candidate has it."""
    numbers_hold = not any(
        r.verdict is Verdict.CONTRADICTED for r in match.reasons if r.level in NUMBERED
    )
    levels = [
        reason.at
        for reason in match.reasons
        if reason.verdict in AGREEING
        and reason.at is not None
        and (numbers_hold or reason.level not in NUMBERED)
    ]
    return max(levels, key=ORDER.__getitem__)


def _apart(best: Sequence[Match], level: Level) -> tuple[Level, ...]:
    """Levels at which the best matches name different places."""
    asked = {reason.level for reason in best[0].reasons}
    places = [
        each for each in NAMED if each in ADMIN or each in asked or ORDER[each] <= ORDER[level]
    ]
    if level is Level.NAME:
        places = [each for each in places if each is not Level.NAME]
    apart = _differing(best, [*places, *(each for each in NUMBERED if each in asked)])
    named = {fold(r.found) for m in best for r in m.reasons if r.at is Level.NAME}
    return apart if apart or len(named) <= 1 else (Level.NAME,)


def _differing(best: Sequence[Match], levels: Sequence[Level]) -> tuple[Level, ...]:
    return tuple(
        level
        for level in sorted(levels, key=ORDER.__getitem__)
        if len({fold(m.entry.parts[level]) for m in best if m.entry.parts.get(level)}) > 1
    )


def _spread_m(best: Sequence[Match]) -> float:
    """Diagonal of the box around the matches, metres."""
    lons = [match.entry.lon for match in best]
    lats = [match.entry.lat for match in best]
    return _metres(min(lons), min(lats), max(lons), max(lats))


def _metres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    east = (other_lon - lon) * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(east, other_lat - lat) * _METRES_PER_DEGREE
