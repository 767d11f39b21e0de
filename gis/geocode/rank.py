"""Score candidates against a query, level by level."""

from collections.abc import Iterable
from dataclasses import dataclass

from gis.geocode.address import (
    ADMIN,
    EQUIPMENT,
    NUMBERED,
    PLACES,
    Entry,
    EntryKind,
    Level,
)
from gis.geocode.compare import AGREEING, Reason, Verdict, compare_names, compare_numbers
from gis.geocode.keys import Query
from gis.geocode.normal import normalise
from gis.geocode.parse import names_of

# Our own judgement, checked by the measured recall in docs/addresses.md: the name of the place
# and the house or building decide; what is coarser is often left out or said wrongly.
WEIGHTS = {
    Level.PROVINCE: 0.3, Level.CITY: 0.6, Level.COUNTY: 0.8, Level.POSTCODE: 0.3,
    Level.TOWN: 1.0, Level.VILLAGE: 2.5, Level.GROUP: 1.0, Level.ROAD: 3.0, Level.LANE: 2.0,
    Level.HOUSE: 2.0, Level.COMPOUND: 3.0, Level.BUILDING: 2.0, Level.UNIT: 0.8,
    Level.FLOOR: 0.2, Level.ROOM: 0.8, Level.LINE: 3.0, Level.POLE: 3.0,
    Level.TRANSFORMER: 3.0, Level.NAME: 3.0,
}  # fmt: skip
CONTRADICTION = {
    Level.PROVINCE: 0.5, Level.CITY: 0.5, Level.COUNTY: 0.6, Level.POSTCODE: 0.95,
    Level.TOWN: 0.75, Level.VILLAGE: 0.5, Level.GROUP: 0.7, Level.ROAD: 0.5, Level.LANE: 0.6,
    Level.HOUSE: 0.45, Level.COMPOUND: 0.5, Level.BUILDING: 0.45, Level.UNIT: 0.75,
    Level.FLOOR: 0.95, Level.ROOM: 0.8, Level.LINE: 0.4, Level.POLE: 0.3,
    Level.TRANSFORMER: 0.4, Level.NAME: 0.6,
}  # fmt: skip
"""A contradicted level scores nothing and multiplies the whole score by this."""

MISSING_WEIGHT = 0.2
"""Share of its weight that a level counts which the candidate does not state."""

_ELSEWHERE = 0.98
_TELLING_TAIL = 4
_SWAPPED = 0.9
_OTHER_NUMBER = {Level.HOUSE: Level.BUILDING, Level.BUILDING: Level.HOUSE}
_ANCHORS = (*PLACES, *EQUIPMENT, Level.NAME)


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate with its score 0..1 and one reason for every level the query states."""

    entry: Entry
    score: float
    reasons: tuple[Reason, ...]


def rank(query: Query, candidates: Iterable[Entry], limit: int) -> list[Match]:
    """The `limit` best of `candidates`, best first; equal scores in the order of their ids.

    Candidates that agree in no named place are left out. `parts` of the candidates must have been
    read. No candidates give an empty list.
    """
    matches = (score(query, entry) for entry in candidates)
    sound = [match for match in matches if anchored(match) and match.score > 0]
    sound.sort(key=lambda match: (-match.score, _unhinted(query, match.entry), match.entry.id))
    return sound[:limit]


def score(query: Query, entry: Entry) -> Match:
    """Compare `entry` with every level that `query` states.

    A name that happens to hold words of several levels (三层楼街) is also compared whole with the
    entry's own names, and that reading stands where it is the better one. So does a text that
    ends with the entry's name, unless it contradicts the wider areas.
    """
    read = _score_levels(query, entry)
    if entry.kind is EntryKind.USAGE_POINT:
        return read
    whole = _judge_name(Level.NAME, query.address.text, entry)
    sure = whole.verdict in {Verdict.MATCHED, Verdict.WRONG_CHARACTER} or (
        len(whole.found) >= _TELLING_TAIL
        and query.address.text.endswith(normalise(whole.found))
        and not any(r.level in ADMIN and r.verdict is Verdict.CONTRADICTED for r in read.reasons)
    )
    if sure and (whole.score > read.score or not anchored(read)):
        return Match(entry, round(whole.score, 4), (whole,))
    return read


def _score_levels(query: Query, entry: Entry) -> Match:
    reasons = tuple(_judge(level, asked, entry) for level, asked in query.address.parts.items())
    gained, possible, penalty = 0.0, 0.0, 1.0
    for reason in reasons:
        weight = WEIGHTS[reason.level]
        possible += weight * (MISSING_WEIGHT if reason.verdict is Verdict.MISSING else 1.0)
        gained += weight * reason.score
        if reason.verdict is Verdict.CONTRADICTED:
            penalty *= CONTRADICTION[reason.level]
    return Match(entry, round(gained / possible * penalty, 4) if possible else 0.0, reasons)


def anchored(match: Match) -> bool:
    """Whether a place, line, transformer or pole agrees; wider areas only when no more is asked."""
    anchors = [reason for reason in match.reasons if reason.level in _ANCHORS]
    if not anchors:
        anchors = [r for r in match.reasons if r.level in ADMIN or r.level is Level.POLE]
    return any(reason.verdict in AGREEING for reason in anchors)


def _unhinted(query: Query, entry: Entry) -> bool:
    return bool(query.kinds) and entry.kind not in query.kinds


def _judge(level: Level, asked: str, entry: Entry) -> Reason:
    if level is Level.POSTCODE:
        return _judge_postcode(asked, entry)
    return (
        _judge_number(level, asked, entry)
        if level in NUMBERED
        else _judge_name(level, asked, entry)
    )


def _judge_postcode(asked: str, entry: Entry) -> Reason:
    found = entry.parts.get(Level.POSTCODE, "")
    if not found:
        return Reason(Level.POSTCODE, Verdict.MISSING, 0.0, asked)
    same = found.replace("-", "") == asked
    verdict = Verdict.MATCHED if same else Verdict.CONTRADICTED
    return Reason(Level.POSTCODE, verdict, float(same), asked, found, Level.POSTCODE)


def _judge_number(level: Level, asked: str, entry: Entry) -> Reason:
    at, factor = level, 1.0
    if level not in entry.parts and _OTHER_NUMBER.get(level) in entry.parts:
        at, factor = _OTHER_NUMBER[level], _SWAPPED
    found = entry.parts.get(at, "")
    if not found:
        return Reason(level, Verdict.MISSING, 0.0, asked)
    verdict, worth = compare_numbers(asked, found)
    return Reason(level, verdict, worth * factor, asked, found, at)


def _judge_name(level: Level, asked: str, entry: Entry) -> Reason:
    """The best agreement of `asked` with the entry's own level, else with its other names."""
    own = entry.parts.get(level, "")
    best = Reason(level, Verdict.MISSING, 0.0, asked)
    if own:
        verdict, worth = compare_names(asked, own)
        best = Reason(level, verdict, worth, asked, own, level)
        if worth >= _ELSEWHERE:
            return best
    for at, name in _other_names(level, entry):
        verdict, worth = compare_names(asked, name)
        if verdict is Verdict.PART and at is Level.TOWN:
            continue  # a town named in front of a village is not the village
        if verdict in AGREEING and worth * _ELSEWHERE > best.score:
            best = Reason(level, verdict, worth * _ELSEWHERE, asked, name, at)
    return best


def _other_names(level: Level, entry: Entry) -> list[tuple[Level, str]]:
    others = ADMIN if level in ADMIN else (*_ANCHORS, Level.TOWN)
    names = [(at, entry.parts[at]) for at in others if at is not level and at in entry.parts]
    if level not in ADMIN and entry.kind is not EntryKind.USAGE_POINT:
        names += [(Level.NAME, name) for name in names_of(entry.name)]
    return names
