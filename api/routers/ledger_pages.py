"""The supervisor's screen of promises: the month, what is behind a figure, one clock's story."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.access import TEACHERS
from api.callers import Caller, Calling
from api.house import House
from api.ledger import HIGH, WIDE, chart_of, ledger_of, month_of
from api.routers.clocks import ALARMS_OF, Number, story_of
from api.routers.commitments import (
    A_MONTH,
    PAGE,
    Behind,
    District,
    Month,
    as_csv,
    clocks_behind,
    cuts_of,
    districts_for,
    repeats_of,
)
from api.routers.frame import page
from api.routers.parts import Working
from dispatch.store.reads.alarms import open_warnings
from dispatch.store.reads.ledger import BehindFigure
from dispatch.store.reads.links import districts_to_choose
from dispatch.store.rules import PgRules
from dispatch.store.transaction import reading

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MONTHS_TO_CHOOSE = 13
MOST_IN_FILE = 100_000
COLUMNS = (
    *("clock_id", "rule_id", "rule_version", "override_id", "area_class", "district_id"),
    *("ticket_id", "order_id", "outage_id", "address", "started_at", "due_at", "verdict"),
    *("without_pauses", "stopped_earliest", "stopped_latest", "minutes", "paused_s"),
    *("judgements", "judged_at", "judged_by"),
)


@router.get("/commitments")
def get_page(
    request: Request,
    caller: Calling,
    house: Working,
    month: Month = None,
    district: District = None,
) -> HTMLResponse:
    """How the month's promises stand; what the open orders will use is asked for afterwards."""
    values = _month(house, caller, month, district, foresee=False)
    return page(request, "commitments.html", caller=caller, **values)


@router.get("/commitments/parts")
def get_parts(
    request: Request,
    caller: Calling,
    house: Working,
    month: Month = None,
    district: District = None,
) -> HTMLResponse:
    """The same read again, with the plan of what is open: that takes a moment."""
    values = _month(house, caller, month, district, foresee=True)
    return page(request, "_commitments.html", caller=caller, **values)


def _month(
    house: House, caller: Caller, month: str | None, district: str | None, *, foresee: bool
) -> dict[str, Any]:
    now = house.now()
    since, until = month_of(month or None, house.clockface.zone, now)
    districts = districts_for(caller, district)
    ledger = ledger_of(house, districts, since, until, foresee=foresee)
    with reading(house.engine) as connection:
        open_alarms = open_warnings(connection, districts, since=now - ALARMS_OF)
        versions = PgRules(connection).list_versions()
        choose = districts_to_choose(connection, caller.scope)
    return {
        "ledger": ledger,
        "charts": [chart_of(course, since, until) for course in ledger.courses],
        "wide": WIDE,
        "high": HIGH,
        "month": f"{since:%Y-%m}",
        "months": list(_months(now.astimezone(house.clockface.zone))),
        "districts": choose,
        "district": district or "",
        "alarms": open_alarms,
        "repeats": repeats_of(house, districts),
        "cuts": cuts_of(house, districts, now - A_MONTH, now + A_MONTH),
        "versions": list(reversed(versions)),
    }


def _months(here: datetime) -> Iterator[str]:
    """This month and those before it."""
    first = here.replace(day=1)
    for _ in range(MONTHS_TO_CHOOSE):
        yield f"{first:%Y-%m}"
        first = (first - timedelta(days=1)).replace(day=1)


Shape = Annotated[str, Query(alias="as", pattern="^(page|csv)$")]


@router.get("/commitments/clocks")
def get_clocks(
    request: Request,
    caller: Calling,
    house: Working,
    asked: Annotated[Behind, Depends()],
    shape: Shape = "page",
) -> Response:
    """The tickets behind a figure, as a page or a file."""
    as_file = shape == "csv"
    found = clocks_behind(house, caller, asked, MOST_IN_FILE if as_file else PAGE)
    since, _ = month_of(asked.month, house.clockface.zone, house.now())
    if as_file:
        return as_csv(f"clocks-{since:%Y-%m}.csv", COLUMNS, map(_row, found))
    return page(
        request,
        "behind.html",
        caller=caller,
        clocks=found,
        asked=asked,
        month=f"{since:%Y-%m}",
        after=found[-1].clock_id if len(found) == PAGE else None,
    )


def _row(behind: BehindFigure) -> list[object]:
    return [getattr(behind, name) for name in COLUMNS]


@router.get("/commitments/clocks/{clock_id}")
def get_story(request: Request, clock_id: Number, caller: Calling, house: Working) -> HTMLResponse:
    """One clock: its rule, when it stood still, and every judgement of it."""
    with house.transaction() as store:
        clock = store.clocks.get(clock_id)
        caller.must_see(clock.district_id, "clock", id=clock_id)
        story = story_of(store, clock)
        rules = store.clocks.get_rules(clock.rule_version)
        rule = rules.judged_by(clock.rule_id, clock.override_id)
        versions = [each.rules.version for each in store.rules.list_versions()]
    return page(
        request,
        "clock.html",
        caller=caller,
        clock=clock,
        story=story,
        rule=rule,
        reasons={each.id: each.title for each in rules.pauses},
        versions=versions,
        may_judge=caller.role in TEACHERS,
    )
