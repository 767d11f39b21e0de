"""The supervisor's reports: reliability and promises of a month, as page, paper and files."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.callers import Caller, Calling
from api.house import House
from api.ledger import month_of
from api.reports import Reliability, Reports, months_before, reports_of
from api.routers.commitments import District, Month, as_csv, districts_for
from api.routers.frame import language_of, page
from api.routers.parts import Working
from dispatch.majors import Sums
from dispatch.store.reads.links import districts_to_choose
from dispatch.store.transaction import reading
from maps.languages import marked
from maps.pages import Pages
from maps.paper import as_pdf
from maps.reporting import arrival_averages, arrival_spread, kept_by_month, stacked
from maps.sheets import Sheet, as_workbook

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MONTHS_TO_CHOOSE = 25
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RELIABILITY_COLUMNS = (
    *("scope", "id", "kind", "customers_served", "sustained", "customer_minutes", "momentary"),
    *("saidi_minutes", "saifi", "caidi_minutes", "availability"),
    "still_out",
)
PUNCTUALITY_COLUMNS = (
    *("month", "area_class", "judged", "kept", "missed", "kept_share", "ended"),
    *("mean_minutes", "target_minutes"),
)
PROMISE_COLUMNS = (
    *("rule_id", "area_class", "clocks", "kept", "missed", "cannot_say", "running", "kept_share"),
    *("target_minutes", "mean_minutes", "net_minutes"),
)
DAY_COLUMNS = ("day", "planned_saidi_minutes", "unplanned_saidi_minutes", "major_event_day")


@router.get("/reports")
def get_reports(
    request: Request,
    caller: Calling,
    house: Working,
    month: Month = None,
    district: District = None,
) -> HTMLResponse:
    """Plots of reliability and of promises, each with its table."""
    values = _values(request, house, caller, month, district)
    return page(request, "reports.html", caller=caller, pdf=False, **values)


@router.get("/reports/report.pdf", response_class=Response)
def get_report_pdf(
    request: Request,
    caller: Calling,
    house: Working,
    month: Month = None,
    district: District = None,
) -> Response:
    """The same as a PDF."""
    values = _values(request, house, caller, month, district)
    made = page(request, "reports_paper.html", caller=caller, pdf=True, **values)
    return _file(
        as_pdf(bytes(made.body).decode()), "application/pdf", f"report-{values['month']}.pdf"
    )


@router.get("/reports/reliability.csv", response_class=Response)
def get_reliability_csv(
    caller: Calling, house: Working, month: Month = None, district: District = None
) -> Response:
    """Every index by month, district and area class, for a spreadsheet (minutes, shares)."""
    found = _reports(house, caller, month, district)
    name = f"reliability-{found.since:%Y-%m}.csv"
    return as_csv(name, RELIABILITY_COLUMNS, _exact(_reliability_rows(found)))


@router.get("/reports/punctuality.csv", response_class=Response)
def get_punctuality_csv(
    caller: Calling, house: Working, month: Month = None, district: District = None
) -> Response:
    """Arrivals against their promise by month and area class, for a spreadsheet."""
    found = _reports(house, caller, month, district)
    rows = ([getattr(each, name) for name in PUNCTUALITY_COLUMNS] for each in found.arrivals)
    return as_csv(f"punctuality-{found.since:%Y-%m}.csv", PUNCTUALITY_COLUMNS, _exact(rows))


@router.get("/reports/report.xlsx", response_class=Response)
def get_workbook(
    caller: Calling, house: Working, month: Month = None, district: District = None
) -> Response:
    """The same figures as a workbook, a sheet for each table."""
    found = _reports(house, caller, month, district)
    sheets = [
        Sheet("reliability", RELIABILITY_COLUMNS, list(_reliability_rows(found))),
        Sheet(
            "days",
            DAY_COLUMNS,
            [
                (str(d.day), d.planned, d.unplanned, int(d.major))
                if d.recorded
                else (str(d.day), None, None, None)
                for d in found.days
            ],
        ),
        Sheet(
            "promises",
            PROMISE_COLUMNS,
            [[getattr(each, name) for name in PROMISE_COLUMNS] for each in found.promises],
        ),
        Sheet(
            "arrivals",
            PUNCTUALITY_COLUMNS,
            [[getattr(each, name) for name in PUNCTUALITY_COLUMNS] for each in found.arrivals],
        ),
    ]
    return _file(as_workbook(sheets), XLSX, f"report-{found.since:%Y-%m}.xlsx")


def _reports(house: House, caller: Caller, month: str | None, district: str | None) -> Reports:
    since, until = month_of(month or None, house.clockface.zone, house.now())
    return reports_of(house, districts_for(caller, district), since, until)


def _values(
    request: Request, house: House, caller: Caller, month: str | None, district: str | None
) -> dict[str, Any]:
    found = _reports(house, caller, month, district)
    with reading(house.engine) as connection:
        choose = districts_to_choose(connection, caller.scope)
    pages: Pages = request.app.state.pages
    language = language_of(request)
    names = (
        pages.say(language, marked("planned")),
        pages.say(language, marked("not planned")),
        pages.say(language, marked("major event days")),
    )
    minutes = pages.say(language, marked("min"))
    firsts = list(found.months)
    monthly = list(found.months.values())
    served = max(1, found.served)
    limit, here = found.limit, house.now().astimezone(house.clockface.zone)
    targets = {
        each.area_class: each.target_minutes
        for each in found.promises
        if each.rule_id == "arrival_commitment"
    }
    return {
        "reports": found,
        "month": f"{found.since:%Y-%m}",
        "months": [f"{first:%Y-%m}" for first in reversed(months_before(here, MONTHS_TO_CHOOSE))],
        "districts": choose,
        "district": district or "",
        "district_name": dict(choose).get(district or "", ""),
        "by_month": stacked(
            [f"{first:%y-%m}" for first in firsts],
            [each.planned.minutes / served for each in monthly],
            [each.normal.minutes / served for each in monthly],
            [each.major.minutes / served for each in monthly],
            names,
        ),
        "by_day": stacked(
            [f"{each.day:%d}" for each in found.days],
            [each.planned for each in found.days],
            [0.0 if each.major else each.unplanned for each in found.days],
            [each.unplanned if each.major else 0.0 for each in found.days],
            names,
            limit=None if limit is None else (limit.saidi_minutes, "T_MED"),
        ),
        "kept": kept_by_month(found.arrivals, firsts),
        "averages": arrival_averages(firsts, found.arrivals, minutes),
        "spread": arrival_spread(found.slots, targets),
    }


def _reliability_rows(found: Reports) -> Iterator[list[Any]]:
    for first, each in found.months.items():
        yield from _kinds("month", f"{first:%Y-%m}", each)
    for district_id, each in found.districts.items():
        yield from _kinds("district", district_id, each)
    for area_class, each in found.areas.items():
        yield from _kinds("area_class", area_class.value, each)


def _kinds(scope: str, key: str, each: Reliability) -> Iterator[list[Any]]:
    kinds: dict[str, Sums] = {
        "all": each.every,
        "planned": each.planned,
        "unplanned": each.unplanned,
        "unplanned_without_major_event_days": each.normal,
    }
    for kind, sums in kinds.items():
        if not each.recorded:
            unknown = len(RELIABILITY_COLUMNS) - len(("scope", "id", "kind", "customers_served"))
            yield [scope, key, kind, each.served, *([None] * unknown)]
            continue
        # the minutes within a month are not told apart by the day on which they began
        available = None if kind.endswith("days") else sums.availability(each.served)
        yield [
            *(scope, key, kind, each.served, sums.sustained, sums.minutes, sums.momentary),
            *(sums.saidi(each.served), sums.saifi(each.served), sums.caidi, available),
            sums.lasting,
        ]


def _exact(rows: Any) -> Iterator[list[object]]:  # noqa: ANN401 (cells of any kind)
    """Figures with six digits after the point: indices are small numbers."""
    for row in rows:
        yield [f"{cell:.6f}" if isinstance(cell, float) else cell for cell in row]


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(content, media_type=kind, headers=headers)
