"""The rows of the list as the console's script reads them: codes, times and texts, no markup."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from dispatch.domain.order import PRIORITY_CRITICAL
from dispatch.store.reads.worklist import WorkItem
from maps.words import hazard

PARTS: Mapping[str, str] = {"outage": "outages", "incident": "incidents", "unlocated": "reports"}
"""Under which address the detail of each kind of row is read."""


def row_of(
    item: WorkItem, *, mine: bool, chinese: bool, phone: Callable[[str | None], str | None]
) -> dict[str, object]:
    """One row; a title that is a telephone number is shown as this caller may read it.

    Parameters
    ----------
    item
        The line of the list.
    mine
        Whether who reads did something at its order.
    chinese
        In which of the two languages hazards are named.
    phone
        How the caller may read a telephone number.
    """
    title = item.title
    if item.kind == "unlocated" and title.lstrip("+").isdecimal():
        title = phone(title) or ""
    return {
        "key": f"{item.kind}-{item.id}",
        "kind": item.kind,
        "src": f"/console/{PARTS[item.kind]}/{quote(item.id)}",
        "lon": item.lon,
        "lat": item.lat,
        "district": item.district_id,
        "feeder": item.feeder,
        "area": item.area_class,
        "status": item.status,
        "p": item.probability,
        "title": title,
        "hazards": [hazard(code, chinese) for code in item.hazards],
        "critical": item.priority == PRIORITY_CRITICAL,
        "out": item.customers_out,
        "reports": item.reports,
        "urged": item.urged,
        "started": item.started_at.isoformat(),
        "rule": item.rule_id,
        "due": None if item.due_at is None else item.due_at.isoformat(),
        "ticket": item.ticket_id,
        "order": item.order_id,
        "step": item.order_status,
        "crew": item.crew_name,
        "crewId": item.crew_id,
        "proposed": item.proposed_crew_id,
        "eta": None if item.expected_at is None else item.expected_at.isoformat(),
        "etr": None if item.estimate is None else item.estimate.at.isoformat(),
        "mine": mine,
    }
