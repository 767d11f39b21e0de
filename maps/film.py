"""A film of a stretch of time: one page that holds everything it shows, folium's map included."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from branca.element import Link
from markupsafe import Markup

from dispatch.store.reads.darkness import Change
from dispatch.store.reads.field import Box
from dispatch.store.reads.film import Filmed, Seen, Turn
from maps.assets import SHIPPED, STATIC
from maps.shell import NONCE, Fragments, ShellMap

_VIEWPORT = re.compile(r'<meta name="viewport".*?/>', re.DOTALL)
_BARE_TAG = re.compile(r"<(script|style)>")
_PICTURE = re.compile(r"url\((?!data:)[^)]*\)")
FINEST = 1e5
"""Places are kept as whole parts of a degree: a metre."""
FADED_S = 900
"""How long what was restored is still seen, as the player has it."""
AHEAD_S = 300
QUIET_S = 3600


def told(
    outages: Iterable[Filmed],
    turns: Iterable[Turn],
    changes: Iterable[Change],
    crews: Iterable[Seen],
    since: datetime,
    until: datetime,
) -> dict[str, Any]:
    """What the player reads; times are seconds after `since`, places hundred-thousandths.

    A state or a number that began before the film holds from its first second on. `quiet` are the
    stretches in which nothing happens to any outage.
    """
    outages = list(outages)
    length = round((until - since).total_seconds())

    def second(at: datetime) -> int:
        return min(max(round((at - since).total_seconds()), 0), length)

    states: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for turn in turns:
        states[turn.outage_id].append((second(turn.at), turn.status))
    counts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for change in changes:
        before = counts[change.outage_id][-1][1] if counts[change.outage_id] else 0
        counts[change.outage_id].append((second(change.at), before + change.by))
    opened = {each.id: second(each.opened_at) for each in outages}
    happened = {*opened.values()}
    happened.update(at for steps in states.values() for at, _ in steps)
    happened.update(at for steps in counts.values() for at, _ in steps)
    return {
        "seconds": length,
        "quiet": quiet(happened),
        "outages": [
            {
                "id": each.id,
                "name": each.name,
                "x": round(each.lon * FINEST),
                "y": round(each.lat * FINEST),
                "from": opened[each.id],
                "states": _settled(states[each.id]),
                "out": _settled(counts[each.id]),
            }
            for each in outages
        ],
        "crews": _tracks(crews, second),
    }


def quiet(happened: Iterable[int]) -> list[tuple[int, int]]:
    """Where nothing happens for more than an hour, in seconds; what ended has faded by then."""
    return [
        (before + FADED_S, after - AHEAD_S)
        for before, after in pairwise(sorted(happened))
        if after - before > QUIET_S
    ]


def span_of(
    outages: Iterable[Filmed], turns: Iterable[Turn], changes: Iterable[Change]
) -> tuple[datetime, datetime] | None:
    """From a little before the first event until the last one has faded; None without any."""
    happened = [each.opened_at for each in outages]
    happened += [turn.at for turn in turns]
    happened += [change.at for change in changes]
    if not happened:
        return None
    return min(happened) - timedelta(seconds=AHEAD_S), max(happened) + timedelta(seconds=FADED_S)


def _settled(steps: Sequence[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """In order of time, the last word of each second, without what says the same again."""
    found: list[tuple[int, Any]] = []
    for at, value in sorted(steps, key=lambda each: each[0]):
        if found and found[-1][0] == at:
            found.pop()
        if not found or found[-1][1] != value:
            found.append((at, value))
    return found


def _tracks(crews: Iterable[Seen], second: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    tracks: dict[str, dict[str, Any]] = {}
    for seen in crews:
        track = tracks.setdefault(seen.crew_id, {"name": seen.name, "t": [], "x": [], "y": []})
        track["t"].append(second(seen.at))
        track["x"].append(round(seen.lon * FINEST))
        track["y"].append(round(seen.lat * FINEST))
    return list(tracks.values())


def total_of(changes: Iterable[Change], since: datetime) -> list[tuple[datetime, int]]:
    """How many customers were out from each moment on; what began before counts from `since`."""
    steps: list[tuple[datetime, int]] = []
    out = 0
    for change in changes:
        out += change.by
        at = max(change.at, since)
        if steps and steps[-1][0] == at:
            steps.pop()
        steps.append((at, out))
    return steps


def as_json(value: Mapping[str, Any]) -> Markup:
    """JSON that may stand in a script element: nothing in it can end the element."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(written.replace("<", "\\u003c"))  # noqa: S704


def inline(name: str) -> Markup:
    """The text of a shipped script or style; pictures that it names are left out."""
    written = (STATIC / SHIPPED[name]).read_text("utf-8")
    if name.endswith(".css"):
        written = _PICTURE.sub("none", written)
    assert "</" not in re.sub(r"</(?!script|style)", "", written), name
    return Markup(written)  # noqa: S704


def film_shell(view: Box | None) -> Fragments:
    """The folium map with the text of its scripts and styles in place of their addresses."""
    west, south, east, north = (
        (-180.0, -60.0, 180.0, 75.0)
        if view is None
        else (view.west, view.south, view.east, view.north)
    )
    drawn = ShellMap(
        location=((south + north) / 2, (west + east) / 2),
        zoom_start=11,
        min_zoom=3,
        max_zoom=19,
        tiles=None,
        prefer_canvas=True,
        zoom_control="bottomright",
        attributionControl=False,
        zoomAnimation=False,
        fadeAnimation=False,
    )
    drawn.fit_bounds([(south, west), (north, east)], max_zoom=16)
    figure: Any = drawn.get_root()
    figure.render()
    header = figure.header
    links = {key: each for key, each in header._children.items() if isinstance(each, Link)}  # noqa: SLF001
    texts = [_element(str(each.url)) for each in links.values()]
    for key in links:
        del header._children[key]  # noqa: SLF001
    written = "\n".join([*texts, _VIEWPORT.sub("", header.render())])
    script = f"{figure.script.render()}\nwindow.filmMap = {drawn.get_name()};"
    return Fragments(_BARE_TAG.sub(rf'<\1 nonce="{NONCE}">', written), figure.html.render(), script)


def _element(name: str) -> str:
    tag = "style" if name.endswith(".css") else "script"
    return f"<{tag}>{inline(name)}</{tag}>"
