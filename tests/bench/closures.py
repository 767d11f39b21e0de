"""Roads closed and opened one after another: how soon every process drives by each change.

A dispatcher closes a street over HTTP, waits until web and worker have noted that it is in their
graphs, opens it again, and waits until both have noted that it is gone; calm, and in a small storm.
The times are the record's own: from the journal's entry to the note that each process writes; and,
as the dispatcher has it, from the sending of the request.
"""

import json
import random
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.callers import Role, issue
from tests.bench import storm
from tests.bench.company import Company
from tests.bench.load import Sending, Told
from tests.bench.rows import Row, against_first
from tests.bench.seed import SOUTH, STREET_DEG, WEST, Size, grid_of

CLOSINGS, PACE_S = 20, 2.0
WIDE, WIDE_SHARE = 8, 0.2
"""So many wide areas, each with a side of so much of the territory's."""
RATE, STORM_S = 20.0, CLOSINGS * PACE_S + 10
AHEAD_S = 5.0
"""How long the storm goes on before the first road is closed in it."""
CONNECTIONS = 8
HALF_DEG = STREET_DEG / 8
PATIENCE_S, LOOK_S = 30.0, 0.1
AIM = "aim: a second"

Area = list[tuple[float, float]]

_NOTED = """
SELECT split_part(process, ':', 2) AS pid, noted_at,
    extract(epoch FROM noted_at - told.recorded_at) AS after_s
FROM road_closure_taken
CROSS JOIN LATERAL (
    SELECT CASE :kind WHEN 'closure.closed' THEN taken_at ELSE opened_at END AS noted_at
) AS noted
JOIN event AS told ON told.stream = 'closure:' || closure_id AND told.kind = :kind
WHERE closure_id = :id AND noted_at IS NOT NULL
"""


@dataclass(frozen=True)
class Change:
    """A street shut or opened: how long the request took, and after how long it was where, seconds.

    `web_s` and `worker_s` are from the journal's entry, `everywhere_s` from sending the request.
    """

    answered_s: float
    web_s: float
    worker_s: float
    everywhere_s: float

    @property
    def slower_s(self) -> float:
        """When the last process drove by it, from the journal's entry."""
        return max(self.web_s, self.worker_s)


class Dispatcher:
    """Closes roads and opens them again, over HTTP."""

    def __init__(self, company: Company) -> None:
        self._company = company
        now = datetime.now(UTC)
        self._token = issue(company.engine, label="closures", role=Role.DISPATCHER, now=now)

    def close_and_open(self, area: Area) -> tuple[Change, Change]:
        sent_at, begun = datetime.now(UTC), time.perf_counter()
        body = {"area": area, "reason": "flood"}
        closure_id = json.loads(self._asked("POST", "/api/v1/road-closures", body))["id"]
        answered_s = time.perf_counter() - begun
        closed = self._when_noted(closure_id, "closure.closed", sent_at, answered_s)
        sent_at, begun = datetime.now(UTC), time.perf_counter()
        self._asked("DELETE", f"/api/v1/road-closures/{closure_id}")
        answered_s = time.perf_counter() - begun
        return closed, self._when_noted(closure_id, "closure.opened", sent_at, answered_s)

    def _when_noted(
        self, closure_id: int, kind: str, sent_at: datetime, answered_s: float
    ) -> Change:
        noted = self._until_noted(closure_id, kind)
        last_at = max(row.noted_at for row in noted.values())
        return Change(
            answered_s=answered_s,
            web_s=float(noted[self._company.web].after_s),
            worker_s=float(noted[self._company.worker].after_s),
            everywhere_s=(last_at - sent_at).total_seconds(),
        )

    def _until_noted(self, closure_id: int, kind: str) -> dict:
        """The notes of both processes, by process id."""
        both = {self._company.web, self._company.worker}
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            rows_ = self._company.sql(_NOTED, id=closure_id, kind=kind)
            found = {int(row.pid): row for row in rows_}
            if both <= found.keys():
                return found
            time.sleep(LOOK_S)
        raise RuntimeError(f"{kind} {closure_id} is noted only by {sorted(found)} of {both}")

    def _asked(self, method: str, target: str, body: object = None) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._company.port}{target}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read()


def rows(company: Company) -> list[Row]:
    dispatcher = Dispatcher(company)
    areas = areas_across(company.size, CLOSINGS)
    calm = list(_one_after_another(dispatcher, areas, lambda: True))
    wide = list(_one_after_another(dispatcher, wide_areas(company.size, WIDE), lambda: True))
    reports, _ = storm.calls(company, rate=RATE, seconds=STORM_S, name="closures")
    sending = Sending(company.plan(reports, STORM_S, rate=RATE, connections=CONNECTIONS, once=True))
    time.sleep(AHEAD_S)
    stormy = list(_one_after_another(dispatcher, areas, lambda: sending.under_way))
    return [
        *_rows("calm", calm),
        *_rows("wide areas, calm", wide),
        *_rows("storm", stormy),
        *_beside(sending.told()),
    ]


def areas_across(size: Size, count: int) -> list[Area]:
    """Small squares, each across the middle of a street of the company's grid, no two the same."""
    columns, rows_ = grid_of(size)
    inside = [(column, row) for column in range(columns - 1) for row in range(1, rows_ - 1)]
    drawn = random.Random(31).sample(inside, count)
    return [_square(WEST + (c + 0.5) * STREET_DEG, SOUTH + r * STREET_DEG) for c, r in drawn]


def wide_areas(size: Size, count: int) -> list[Area]:
    """Areas as wide as a drawn district, each somewhere else, with streets at every side."""
    columns, rows_ = (int(WIDE_SHARE * (of - 1)) for of in grid_of(size))
    drawn = random.Random(32)
    found = []
    for _ in range(count):
        west, south = (
            drawn.randrange(1, of - more - 1)
            for of, more in zip(grid_of(size), (columns, rows_), strict=True)
        )
        lon, lat = WEST + (west + 0.5) * STREET_DEG, SOUTH + (south + 0.5) * STREET_DEG
        far_lon, far_lat = lon + columns * STREET_DEG, lat + rows_ * STREET_DEG
        found.append([(lon, lat), (far_lon, lat), (far_lon, far_lat), (lon, far_lat)])
    return found


def _square(lon: float, lat: float) -> Area:
    return [
        (lon + east * HALF_DEG, lat + north * HALF_DEG)
        for east, north in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _one_after_another(
    dispatcher: Dispatcher, areas: Sequence[Area], go_on: Callable[[], bool]
) -> Iterator[tuple[Change, Change]]:
    """Close and open each at its time, or as soon as the one before is open again."""
    begun = time.monotonic()
    for n, area in enumerate(areas):
        time.sleep(max(0.0, begun + n * PACE_S - time.monotonic()))
        if not go_on():
            return
        yield dispatcher.close_and_open(area)


def _rows(weather: str, changes: Sequence[tuple[Change, Change]]) -> list[Row]:
    if not changes:
        raise RuntimeError(f"{weather}: the storm was over before a road was closed")
    closed, opened = zip(*changes, strict=True)
    return [
        *_figures(f"closures: {weather}", closed),
        *_figures(f"openings: {weather}", opened),
        Row(f"closures: {weather}", "roads closed and opened", len(changes), "closures"),
    ]


def _figures(group: str, changes: Sequence[Change]) -> list[Row]:
    """Figures of each time; the ratio is to the median of what the request itself took."""
    figures = {
        "request answered": [each.answered_s for each in changes],
        "web, from the journal": [each.web_s for each in changes],
        "worker, from the journal": [each.worker_s for each in changes],
        "every process, from the journal": [each.slower_s for each in changes],
        "every process, from the request": [each.everywhere_s for each in changes],
    }
    found = [
        Row(group, f"{what}: {name}", value, "s", note=AIM if "every" in what else "")
        for what, times in figures.items()
        for name, value in spread(times).items()
    ]
    return against_first(found)


def spread(times: Sequence[float]) -> dict[str, float]:
    """The median, the time within which 99 of 100 are, by nearest rank, and the longest."""
    ordered = sorted(times)
    return {
        "p50": ordered[-(-len(ordered) // 2) - 1],
        "p99": ordered[-(-len(ordered) * 99 // 100) - 1],
        "longest": ordered[-1],
    }


def _beside(told: Told) -> list[Row]:
    note = f"wanted {RATE:.0f}/s for {STORM_S:.0f} s"
    taken = told.count(201)
    return [
        Row("closures: storm", "reports beside", taken / told.seconds, "requests/s", note=note),
        Row("closures: storm", "reports beside: p99", told.p99_ms, "ms"),
        Row("closures: storm", "reports beside: other answers", told.requests - taken, "requests"),
    ]
