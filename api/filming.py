"""A film put together from the database, for a page or a file."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dispatch.domain.words import OutageId
from dispatch.errors import InvalidInput
from dispatch.store.reads import darkness, film, map_layers
from dispatch.store.reads.field import Box
from maps.film import as_json, film_shell, inline, span_of, told, total_of
from maps.languages import Language
from maps.pages import Moment, Pages
from maps.plots import over_time
from maps.style import MAIN_ROADS
from maps.words import WORDS

LONGEST = timedelta(days=7)
STEPS = 480
MOST_FIXES = 60_000
SHORTEST_STEP_S = 30.0
LINES_ACROSS = 1_200
"""Into how many parts the map is divided: what is finer is drawn straight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What is filmed: whose districts (None: all), from when until when, with crews or without.

    `only` is the one outage that is filmed, and `view` the part of the map that is shown first.
    """

    districts: Collection[str] | None
    since: datetime
    until: datetime
    crews: bool
    only: int | None = None
    view: Box | None = None


def checked(since: datetime, until: datetime) -> None:
    """Refuse what is no stretch of time, or is longer than a week, with `InvalidInput`."""
    if not timedelta() < until - since <= LONGEST:
        raise InvalidInput("from", since.isoformat(), "a time before until, seven days at most")


def film_page(
    connection: Connection,
    pages: Pages,
    language: Language,
    zone: ZoneInfo,
    take: Take,
    *,
    now: datetime,
    nonce: str = "",
    demo: bool = False,
) -> str:
    """Render the film as one page that asks nobody for anything.

    It runs from the first event of the stretch to the last; one outage alone, over all of it.
    What is after `now` is not filmed. The nonce is the answer's; a file needs none.
    """
    checked(take.since, take.until)
    until = min(take.until, now) if now > take.since else take.until
    outages = film.outages_within(connection, take.districts, take.since, until, only=take.only)
    numbers = [OutageId(each.id) for each in outages]
    changes = darkness.changes(connection, numbers, until)
    before = [each for each in changes if each.at <= until]
    turns = film.turns_of(connection, numbers, until)
    happened = None if take.only else span_of(outages, turns, before)
    asked = take.since, until
    if happened is not None:
        take = replace(take, since=max(take.since, happened[0]))
        until = min(until, happened[1])
    data = told(
        outages,
        turns,
        before,
        _crews(connection, take, until),
        take.since,
        until,
    )
    view = take.view or map_layers.extent(connection, take.districts)
    data |= _background(connection, take, view, now)
    data |= {"since": take.since.isoformat(), "zone": zone.key, "lang": language.value}
    data["words"] = {name: pages.say(language, word) for name, word in WORDS["status"].items()}
    total = total_of(before, take.since)
    values = {
        "take": take,
        "asked": None if asked == (take.since, until) else asked,
        "until": until,
        "truncated": len(outages) >= film.MOST_OUTAGES,
        "most": max((n for _, n in total), default=0),
        "curve": over_time(total, take.since, until, zone, wide=340, high=120),
        "map": film_shell(view).with_nonce(nonce),
        "film": as_json(data),
        "style": inline("film.css"),
        "player": inline("film.js"),
        "nonce": nonce,
        "demo": demo,
        "count": len(outages),
    }
    return pages.render("film.html", language, Moment(now, zone), values)


def _crews(connection: Connection, take: Take, until: datetime) -> Collection[film.Seen]:
    if not take.crews:
        return ()
    steps = min(STEPS, MOST_FIXES // max(1, film.crews_in(connection, take.districts)))
    step_s = (until - take.since).total_seconds() / max(1, steps)
    return film.crews_seen(
        connection, take.districts, take.since, until, max(step_s, SHORTEST_STEP_S)
    )


def _background(
    connection: Connection, take: Take, view: Box | None, now: datetime
) -> dict[str, Any]:
    """The main roads, and the medium-voltage lines of those districts."""
    if view is None:
        return {"roads": None, "network": None}
    fine = max(view.east - view.west, view.north - view.south) / LINES_ACROSS
    names = [*MAIN_ROADS[:-1], *(f"{name}_link" for name in MAIN_ROADS[:2])]
    return {
        "roads": map_layers.roads(connection, view, names, fine),
        "network": map_layers.network(connection, view, take.districts, ["mv"], fine, now),
    }
