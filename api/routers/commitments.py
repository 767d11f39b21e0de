"""The promise ledger: how the month stands, what is behind a figure, what happens too often."""

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.ledger import Ledger, ledger_of, month_of
from api.routers.parts import USUALLY, Since, Until, Working, period
from api.views.commitments import BehindOut, LedgerOut, StandingOut
from dispatch.commitments import Told, told_ahead
from dispatch.domain.clock import Verdict
from dispatch.domain.rules import RepeatOf, RuleSet
from dispatch.domain.words import AreaClass
from dispatch.store.reads import repeats as reads
from dispatch.store.reads.figures import commitments
from dispatch.store.reads.ledger import BehindFigure, behind_figure
from dispatch.store.reads.repeats import CutAhead
from dispatch.store.rules import PgRules
from dispatch.store.transaction import reading

router = APIRouter(tags=["commitments"])

PAGE = 100
A_MONTH = timedelta(days=31)
NOTICES_AHEAD = timedelta(days=31)

District = Annotated[str | None, Query(max_length=100, description="only this one")]
Month = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-\d{2}$", description="in the company's zone; this month, if not given"),
]
RuleId = Annotated[str, Query(max_length=100)]


def districts_for(caller: Caller, district: str | None) -> Collection[str] | None:
    """The districts that are asked for; another's does not exist for the caller."""
    if not district:
        return caller.scope
    caller.must_see(district, "district", id=district)
    return frozenset({district})


@router.get(f"{API}/commitments")
def get_commitments(
    caller: Calling,
    house: Working,
    since: Since = None,
    until: Until = None,
    district: District = None,
    by_district: bool = False,  # noqa: FBT001, FBT002 (a query parameter)
) -> list[StandingOut]:
    """Count promises kept and missed, by rule and area class, of clocks started in a period."""
    start, end = period(house, since, until, USUALLY)
    with reading(house.engine) as connection:
        found = commitments(
            connection, districts_for(caller, district), start, end, by_district=by_district
        )
    return [StandingOut.of(standing) for standing in found]


@router.get(f"{API}/commitments/ledger")
def get_ledger(
    caller: Calling,
    house: Working,
    month: Month = None,
    district: District = None,
    by_district: bool = False,  # noqa: FBT001, FBT002
    foresee: bool = True,  # noqa: FBT001, FBT002
) -> LedgerOut:
    """Give a month's ledger: averages, headroom before and after the open orders, shares kept."""
    return LedgerOut.of(
        _ledger(house, caller, month, district, by_district=by_district, foresee=foresee)
    )


def _ledger(
    house: House,
    caller: Caller,
    month: str | None,
    district: str | None,
    *,
    by_district: bool = False,
    foresee: bool = True,
) -> Ledger:
    since, until = month_of(month, house.clockface.zone, house.now())
    return ledger_of(
        house,
        districts_for(caller, district),
        since,
        until,
        by_district=by_district,
        foresee=foresee,
    )


_COLUMNS = (
    *("rule_id", "area_class", "district_id", "clocks", "kept", "missed", "cannot_say", "running"),
    *("kept_share", "kept_without_pauses", "rejudged", "ended", "unproven", "target_minutes"),
    *("best_minutes", "mean_minutes", "net_minutes", "paused_minutes", "saved_minutes"),
    "headroom_minutes",
)
_LEFT = (
    *("open_jobs", "open_saved_minutes", "unforeseen_jobs", "headroom_after_open_minutes"),
    *("rest_jobs", "rest_may_be_late_minutes"),
)


@router.get(f"{API}/commitments/ledger.csv", response_class=Response)
def get_ledger_csv(
    caller: Calling, house: Working, month: Month = None, district: District = None
) -> Response:
    """Give the ledger by district as a file for a spreadsheet (UTF-8 with a mark, minutes)."""
    found = _ledger(house, caller, month, district, by_district=True)
    rows = (
        [
            *(getattr(line.standing, name) for name in _COLUMNS),
            *(None if line.budget is None else getattr(line.budget, name) for name in _LEFT),
        ]
        for line in found.lines
    )
    name = f"commitments-{found.since:%Y-%m}.csv"
    return as_csv(name, (*_COLUMNS, *_LEFT), rows)


def as_csv(name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Response:
    """A file that spreadsheets open as what it is; text that would be a formula is quoted."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return Response(
        "\ufeff" + written.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in "=+-@\t\r" and value:
        return "'" + value
    return "" if value is None else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Which figure of the ledger is asked for; `after` is the `clock_id` of the page before."""

    rule: RuleId
    month: Month = None
    district: District = None
    area: AreaClass | None = None
    verdict: Verdict | None = None
    after: Annotated[int | None, Query(ge=1)] = None


def clocks_behind(house: House, caller: Caller, asked: Behind, limit: int) -> list[BehindFigure]:
    """The clocks behind a figure, the newest first."""
    since, until = month_of(asked.month, house.clockface.zone, house.now())
    with reading(house.engine) as connection:
        return behind_figure(
            connection,
            districts_for(caller, asked.district),
            since,
            until,
            rule_id=asked.rule,
            area_class=asked.area,
            verdict=asked.verdict,
            after=asked.after,
            limit=limit,
        )


@router.get(f"{API}/commitments/clocks")
def get_clocks(
    caller: Calling,
    house: Working,
    asked: Annotated[Behind, Depends()],
    limit: Annotated[int, Query(ge=1, le=500)] = PAGE,
) -> list[BehindOut]:
    """List the clocks behind a figure of the ledger, the newest first."""
    return [BehindOut.of(each) for each in clocks_behind(house, caller, asked, limit)]


class FrequentOut(BaseModel):
    """A customer interrupted too often."""

    usage_point_id: int
    account: str
    name: str
    address: str
    district_id: str | None
    transformer_id: str | None
    times: int
    minutes: float
    first_at: datetime
    last_at: datetime


class RepeatedOut(BaseModel):
    """A line or transformer that failed too often."""

    what: str
    id: str
    name: str
    district_id: str
    times: int
    customers: int
    customer_minutes: float
    causes: list[str]
    outages: list[int]
    first_at: datetime
    last_at: datetime


class RepeatsOut(BaseModel):
    """What the rules in force count as too often; a rule that is out of use says so."""

    rule: str
    title: str
    in_use: bool
    at_least: int
    days: int
    since: datetime
    until: datetime
    customers: list[FrequentOut] = []
    faults: list[RepeatedOut] = []


@router.get(f"{API}/repeated-outages")
def get_repeats(caller: Calling, house: Working, district: District = None) -> list[RepeatsOut]:
    """List customers, lines and transformers with too many outages, by each rule in use."""
    return repeats_of(house, districts_for(caller, district))


def repeats_of(house: House, districts: Collection[str] | None) -> list[RepeatsOut]:
    """The same for a page."""
    now = house.now()
    with reading(house.engine) as connection:
        found = []
        for rule in PgRules(connection).at(now).repeats:
            since = now - timedelta(days=rule.days)
            out = RepeatsOut(
                rule=rule.id,
                title=rule.title,
                in_use=rule.in_use,
                at_least=rule.at_least,
                days=rule.days,
                since=since,
                until=now,
            )
            if rule.in_use and rule.of is RepeatOf.CUSTOMER:
                listed = reads.frequent_outages(connection, districts, rule, since, now)
                out.customers = [FrequentOut(**asdict(each)) for each in listed]
            elif rule.in_use:
                faults = reads.repeated_faults(connection, districts, rule, since, now)
                out.faults = [RepeatedOut.model_validate(asdict(each)) for each in faults]
            found.append(out)
    return found


class CutOut(BaseModel):
    """A planned outage with how it was told ahead, by each rule in use."""

    id: int
    district_id: str
    reason: str
    starts_at: datetime
    notified_at: datetime | None
    reminded_at: datetime | None
    critical: int
    told: dict[str, Told]


@router.get(f"{API}/planned-notices")
def get_planned_notices(
    caller: Calling,
    house: Working,
    since: Since = None,
    until: Until = None,
    district: District = None,
) -> list[CutOut]:
    """List planned outages with how long ahead they were told; a month back and ahead."""
    now = house.now()
    start, end = period(house, since or now - A_MONTH, until or now + NOTICES_AHEAD, A_MONTH)
    return cuts_of(house, districts_for(caller, district), start, end)


def cuts_of(
    house: House, districts: Collection[str] | None, since: datetime, until: datetime
) -> list[CutOut]:
    """The same for a page."""
    with reading(house.engine) as connection:
        cuts = reads.planned_cuts(connection, districts, since, until)
        rules = PgRules(connection).at(house.now())
    return [
        CutOut(
            id=cut.id,
            district_id=cut.district_id,
            reason=cut.reason,
            starts_at=cut.starts_at,
            notified_at=cut.notified_at,
            reminded_at=cut.reminded_at,
            critical=cut.critical,
            told=_told(cut, rules, house.now()),
        )
        for cut in cuts
        if cut.cancelled_at is None
    ]


def _told(cut: CutAhead, rules: RuleSet, now: datetime) -> dict[str, Told]:
    """How each rule sees a cut: planned work has to be public, temporary work told to some."""
    planned = max((r.minutes_ahead for r in rules.ahead if not r.temporary), default=float("inf"))
    lead = None if cut.notified_at is None else cut.starts_at - cut.notified_at
    is_planned = lead is not None and lead >= timedelta(minutes=min(planned, 1e7))
    return {
        rule.id: (
            Told.NOT_NEEDED
            if rule.temporary and (is_planned or not cut.critical)
            else told_ahead(
                rule,
                planned,
                cut.starts_at,
                cut.reminded_at if rule.reminder else cut.notified_at,
                now,
            )
        )
        for rule in rules.ahead
        if rule.in_use
    }
