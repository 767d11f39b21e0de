"""Login, language and the crew's phone, and the parts of them that are read again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from api.callers import Calling
from api.crewway import way_there
from api.house import House
from api.routers.crews import RECENTLY, fetch_of
from api.routers.frame import LANGUAGE_COOKIE, THEME_COOKIE, Written, page, remembering
from api.routers.parts import Working
from api.routers.sessions import HOME, safe_goto
from dispatch.domain.access import AccessNote
from dispatch.domain.arrival import Verdict
from dispatch.domain.clock import ARRIVAL_COMMITMENT, Clock
from dispatch.domain.order import TroubleOrder
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import CrewId, UsagePointId
from dispatch.domain.zone import Zone
from dispatch.procedures.sequencing import waits_for
from dispatch.procedures.supporting import partner_of
from dispatch.restoration import asks_crew
from dispatch.store.access_notes import PgAccessNotes
from dispatch.store.clocks import PgClocks
from dispatch.store.crews import PgCrews
from dispatch.store.orders import PgOrders
from dispatch.store.reads import arrivals, details, suspects
from dispatch.store.reads.details import CrewOrder
from dispatch.store.reads.loans import loan_of_crew
from dispatch.store.safety import PgCheckIns
from dispatch.store.transaction import reading
from dispatch.store.warnings import PgWarnings
from dispatch.store.zones import zones_at
from maps.languages import Language
from maps.themes import Theme

MOST_DEVICES = 8
"""So many of the devices that may have opened are offered to the crew."""

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def get_root(caller: Calling) -> RedirectResponse:
    """Lead everybody to the first screen of their role."""
    return RedirectResponse(HOME[caller.role], status_code=303)


@router.get("/login")
def get_login(request: Request, wrong: bool = False, goto: Written = "") -> HTMLResponse:  # noqa: FBT001, FBT002 (a query parameter)
    """Ask for login and password."""
    return page(request, "login.html", caller=None, wrong=wrong, goto=safe_goto(goto) or "")


@router.get("/language/{code}")
def get_language(code: Language, request: Request, goto: Written = "/") -> RedirectResponse:
    """Remember which language somebody reads, and go back."""
    return remembering(request, goto, LANGUAGE_COOKIE, code.value)


@router.get("/theme/{choice}")
def get_theme(choice: Theme, request: Request, goto: Written = "/") -> RedirectResponse:
    """Remember on which ground somebody reads, and go back."""
    return remembering(request, goto, THEME_COOKIE, choice.value)


# The crew's phone ------------------------------------------------------------------------------


@router.get("/crew")
def get_crew(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The orders of one crew, on a phone."""
    screen = _crew_screen(house, caller.crew)
    return page(request, "crew.html", caller=caller, crew=caller.crew, **screen)


@router.get("/crew/orders")
def get_crew_orders(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The same, without the page around it."""
    return page(request, "_orders.html", caller=caller, **_crew_screen(house, caller.crew))


def _crew_screen(house: House, crew_id: CrewId) -> dict[str, Any]:
    """The orders of a crew, for whom it drives, and where it is asked to stand by."""
    with reading(house.engine) as connection:
        posting = PgCrews(connection).find_posting(crew_id)
        loan = loan_of_crew(connection, crew_id)
        state = PgCrews(connection).state(crew_id, house.now())
    stands_by = posting is not None and posting.ends_at > house.now()
    safety = house.policies.safety
    return {
        "check_in_s": round(safety.every.total_seconds()),
        "orders": _crew_orders(house, crew_id),
        "posting": posting if stands_by else None,
        "loan": loan,
        "rest": state.rest if state.rests(house.now()) else None,
    }


def _crew_orders(house: House, crew_id: CrewId) -> list[dict[str, object]]:
    """Orders under way with what is out and what was promised, then those done lately."""
    with house.transaction() as store:
        held = store.orders.list_of_crew(crew_id, house.now())
        fetch = {order.id: fetch_of(store, order, house) for order in held}
    with reading(house.engine) as connection:
        found = details.crew_orders(connection, crew_id, house.now() - RECENTLY)
        mine = [each for each in found if each.sent.order.crew_id == crew_id]
        zones = zones_at(connection, None, house.now())
        access = _access(connection, mine)
        return [
            {
                **_crew_order(connection, each, crew_id),
                "zones": _zones_of(each.sent.order, zones),
                "access": {
                    t.id: access[home]
                    for t in each.tickets
                    if (home := _home(t)) is not None and home in access
                },
                "way": way_there(connection, house, each.sent.order),
                "begins_after": waits_for(PgOrders(connection), each.sent.order),
                **_partner(connection, each.sent.order),
                "fetch": fetch.get(each.sent.order.id),
                "check_in_due_at": _check_in_due(connection, each, house),
                "asks_estimate": each.outage is not None
                and asks_crew(
                    each.outage,
                    each.sent.order,
                    telling=house.policies.telling,
                    now=house.now(),
                ),
            }
            for each in mine
        ]


def _partner(connection: Connection, order: TroubleOrder) -> dict[str, object]:
    """The order of the other crew where the work takes two, and that crew's name."""
    partner = partner_of(PgOrders(connection), order)
    crew_id = None if partner is None else partner.crew_id
    name = None if crew_id is None else PgCrews(connection).get(crew_id).name
    return {"partner": partner, "partner_name": name}


def _zones_of(order: TroubleOrder, zones: Iterable[Zone]) -> list[Zone]:
    """The zones that an order lies in; ground that nobody may enter first."""
    there = [z for z in zones if z.holds(order.district_id, order.lon, order.lat)]
    return sorted(there, key=lambda zone: zone.kind.breaks_things)


def _home(ticket: TroubleTicket) -> UsagePointId | None:
    """Whose place a report is of, where that is known."""
    return None if ticket.place is None else ticket.place.usage_point_id


def _access(
    connection: Connection, orders: Iterable[CrewOrder]
) -> Mapping[UsagePointId, AccessNote]:
    """How to get to the places of some orders' reports."""
    homes = {home for each in orders for t in each.tickets if (home := _home(t)) is not None}
    return PgAccessNotes(connection).of(homes)


def _check_in_due(connection: Connection, each: CrewOrder, house: House) -> datetime | None:
    """When the crew of an order is to say that all is well; None unless it is at the site."""
    safety = house.policies.safety
    at_work = PgCheckIns(connection).find_at_work(each.sent.order.id) if safety.is_on else None
    return None if at_work is None else safety.due_at(at_work.last_sign_at)


def _crew_order(connection: Connection, each: CrewOrder, crew_id: CrewId) -> dict[str, object]:
    parts: list[details.TransformerPart] = []
    told: dict[str, bool | None] = {}
    devices: list[suspects.Suspect] = []
    if each.outage is not None:
        detail = details.outage_detail(connection, each.outage.id, None)
        parts = [part for part in detail.transformers if part.restored_at is None]
        clocks: Sequence[Clock] = detail.clocks
        told = {t.ticket.id: t.power_on for t in detail.tickets if t.told_at is not None}
        devices = [d for d in suspects.suspects(connection, each.outage) if d.id is not None]
    else:
        clocks = [c for t in each.tickets for c in PgClocks(connection).list_of_ticket(t.id)]
    promises = [c for c in clocks if c.rule_id == ARRIVAL_COMMITMENT and c.verdict == "running"]
    said = each.sent.arrival
    return {
        "asked": said is not None
        and said.verdict is Verdict.CONTRADICTED
        and said.claimed_at is not None
        and not arrivals.has_answered(connection, each.sent.order, said.claimed_at),
        "sent": each.sent,
        "title": each.title,
        "outage": each.outage,
        "tickets": each.tickets,
        "parts": parts,
        "told": told,
        "devices": devices[:MOST_DEVICES],
        "dark_for": each.dark_for,
        "promises": promises[:1],
        "warnings": [
            warning
            for warning in PgWarnings(connection).list_open_of_crew(crew_id)
            if warning.order_id == each.sent.order.id
        ],
    }
