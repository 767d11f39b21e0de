"""Who is in a crew, as a company's crew list names them.

Nobody is told apart by name alone: two people of one crew, or of two, may share one. What cannot
be a name refuses its row; what is only odd is noted, and the crew can be sent all the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, text

from dispatch.store.tables.crews import crew
from gis.cells import Value, shown
from gis.cells import text as as_text
from gis.counting import counted

LONGEST_NAME = 60
MOST_MEMBERS = 40
"""A longer list, or a longer name, is another column (assumption)."""
LOOK_AHEAD = timedelta(days=35)
"""So far shifts are compared: a rota of a month, and some days."""
MOST_NOTES = 20

_MARKS = ((";；|\n", "; "), ("、", "、"), ("，", "，"), (",", ", "))
"""Marks between names, the surest first: a comma may belong to a name where there is another."""

_TOGETHER = text(
    """
    WITH named AS (
        SELECT * FROM unnest(CAST(:names AS text[]), CAST(:crews AS text[])) AS one (name, crew_id)
    ), span AS (
        SELECT crew_id, period FROM shift
        WHERE crew_id = ANY(:crews)
            AND period && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz))
        UNION ALL
        SELECT crew_id, tstzrange(
            (CAST(day AS date) + CAST(starts AS time)) AT TIME ZONE zone,
            (CAST(day AS date) + CAST(ends <= starts AS int) + CAST(ends AS time)) AT TIME ZONE zone
        )
        FROM shift_pattern CROSS JOIN LATERAL generate_series(
            CAST(:since AS timestamptz) AT TIME ZONE zone,
            CAST(:until AS timestamptz) AT TIME ZONE zone,
            '1 day'
        ) AS day
        WHERE crew_id = ANY(:crews)
    )
    SELECT DISTINCT mine.name, mine.crew_id, theirs.crew_id AS other_id
    FROM named AS mine
    JOIN named AS theirs ON theirs.name = mine.name AND theirs.crew_id <> mine.crew_id
    WHERE mine.crew_id = ANY(:asked)
        AND (theirs.crew_id < mine.crew_id OR NOT theirs.crew_id = ANY(:asked))
        AND EXISTS (
            SELECT FROM span AS here JOIN span AS there ON here.period && there.period
            WHERE here.crew_id = mine.crew_id AND there.crew_id = theirs.crew_id
        )
    ORDER BY mine.crew_id, mine.name, other_id
    """
)


def names_in(value: Value) -> str:
    """Read who is in a crew, each with single spaces; empty and repeated names stay for `odd_in`.

    Raises `ValueError` where nobody is named, a name is no name, or either is absurdly long.
    """
    said = as_text(value)
    mark, parts = _split(said)
    named = [part for part in parts if part]
    if not named:
        raise ValueError(f"members is {shown(value)}; expected names, several with ;")
    for name in named:
        if len(name) > LONGEST_NAME:
            raise ValueError(
                f"members holds {shown(name)} of {len(name)} characters; expected a name of"
                f" {LONGEST_NAME} at most, several with ;"
            )
        if not any(letter.isalpha() for letter in name) or not name.isprintable():
            raise ValueError(f"members holds {shown(name)}; expected a name, several with ;")
    if len(named) > MOST_MEMBERS:
        raise ValueError(f"members has {len(named)} names; expected {MOST_MEMBERS} at most")
    return mark.join(parts)


def tidied(members: str) -> str:
    """The names once each and none empty, in their order and with their own mark between them."""
    mark, parts = _split(members)
    return mark.join(_once(parts))


def _once(parts: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for part in parts:
        if part:
            first.setdefault(part.casefold(), part)
    return list(first.values())


def odd_in(members: str) -> list[str]:
    """What is odd about the names of one crew, each as half a sentence; empty for most."""
    _, parts = _split(members)
    odd = [f"names {name} twice; kept once" for name in _once(parts) if _count(parts, name) > 1]
    if "" in parts:
        odd.append("has an empty name among its members; left out")
    return odd


def _count(parts: Collection[str], name: str) -> int:
    return sum(part.casefold() == name.casefold() for part in parts)


def _split(said: str) -> tuple[str, list[str]]:
    """The mark to write between the names, and the names with single spaces."""
    for marks, written in _MARKS:
        if any(mark in said for mark in marks):
            for mark in marks:
                said = said.replace(mark, "\n")
            return written, [" ".join(part.split()) for part in said.split("\n")]
    return "; ", [" ".join(said.split())] if said else []


def in_two_crews(connection: Connection, asked: Mapping[str, str], now: datetime) -> list[str]:
    """Note who stands in two crews that work at the same hours within five weeks of `now`.

    `asked` are the crews to look at, with what the note begins with; they are compared with each
    other and with all others that are not retired.
    """
    crews_of: dict[str, list[str]] = defaultdict(list)
    known = select(crew.c.id, crew.c.members).where(
        crew.c.retired_at.is_(None), crew.c.members != ""
    )
    spelt: dict[str, str] = {}
    for each in connection.execute(known.order_by(crew.c.id)):
        for name in _once(_split(each.members)[1]):
            crews_of[name.casefold()].append(each.id)
            spelt.setdefault(name.casefold(), name)
    shared = [(name, crew_id) for name, ids in crews_of.items() if len(ids) > 1 for crew_id in ids]
    if not shared:
        return []
    found = connection.execute(
        _TOGETHER,
        {
            "names": [name for name, _ in shared],
            "crews": [crew_id for _, crew_id in shared],
            "asked": list(asked),
            "since": now,
            "until": now + LOOK_AHEAD,
        },
    )
    return [
        f"{asked[each.crew_id]}: {spelt[each.name]} is in {each.other_id} too, and both work at"
        " the same hours"
        for each in found
    ]


def at_most(notes: list[str]) -> list[str]:
    """The first twenty notes, and how many more there are."""
    more = len(notes) - MOST_NOTES
    return (
        notes
        if more <= 0
        else [*notes[:MOST_NOTES], f"and {counted(more, 'more note')} on members"]
    )
