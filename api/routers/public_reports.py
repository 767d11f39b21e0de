"""Reports from the public, in three steps that are plain forms, and "tell me when it is back".

Nobody is known here, so nothing that is on record is ever said back: the same words answer an
account that exists and one that does not. What is said of an outage comes from the public picture,
and only for the area that somebody named.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from api.allowance import Allowance, network_of
from api.house import House
from api.problems import TooManyAttempts
from api.public_forms import (
    KINDS,
    ReportForm,
    Sent,
    TellForm,
    Written,
    missing_from,
    read_report,
)
from api.publishing import Held, named
from api.reporting import take_report
from api.routers.parts import Working, in_one_go
from api.routers.public import POLICY, held_of, settings_of
from api.routers.sessions import refuse_foreign_pages
from api.settings import PublicSettings
from dispatch.domain.outage import Confidence
from dispatch.domain.told import Expected, PublicArea
from dispatch.errors import InvalidInput, NotFound
from dispatch.usecases.ask_to_be_told import AskToBeTold, ask_to_be_told
from dispatch.usecases.report_trouble import ReportTrouble
from maps.languages import Language, marked, preferred
from maps.pages import Moment, Pages, report_number

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PUBLIC_NAME = "public"
"""Who a report is by, in the record."""
REPORTS = {"network": 60, "account": 6}
ASKS = {"network": 20, "phone": 6}
WINDOW = timedelta(minutes=30)

# A report ----------------------------------------------------------------------------------------


def _reports_of(request: Request) -> PublicSettings:
    settings = settings_of(request)
    if not settings.public_reports:
        raise NotFound("page", path=request.url.path)
    return settings


def _read_in(request: Request, chosen: str) -> Language:
    """The language of the page that led here, else the browser's, as on the map."""
    return preferred(chosen, request.headers.get("Accept-Language", ""))


@router.get("/map/report")
def get_report(request: Request, language: str = "") -> HTMLResponse:
    """The first step, with an id of its own so that it may be sent twice."""
    _reports_of(request)
    form = ReportForm(id=uuid.uuid4())
    return _step(request, _read_in(request, language), "where", form.model_dump(), None, {})


@router.post("/map/report")
def post_report(request: Request, house: Working, sent: Sent) -> Response:
    """Take one step further; a danger is taken at once, everything else at the third."""
    _reports_of(request)
    refuse_foreign_pages(request)
    try:
        form = read_report(sent.fields)
    except ValidationError as wrong:
        return _again(request, sent, wrong)
    area = _area_of(held_of(request), form)
    faults = missing_from(form)
    if form.website and form.hazard is None:
        faults["website"] = marked("Leave this empty")
    if faults:
        step = form.step if "website" in faults else next(iter(faults))
        return _step(request, sent.language, step, form.model_dump(), area, faults)
    if form.step == "where":
        return _step(request, sent.language, "what", form.model_dump(), area, {})
    if form.step == "what" and form.hazard is None:
        return _step(request, sent.language, "phone", form.model_dump(), area, {})
    return _take(request, house, sent.language, form, area)


def _again(request: Request, sent: Written, wrong: ValidationError) -> Response:
    """The step whose field is wrong, with what was written and what is wrong with it."""
    fields = dict(sent.fields)
    unread = [str(error["loc"][0]) for error in wrong.errors() if error["loc"]]
    if "id" in unread:
        fields["id"] = str(uuid.uuid4())
    for name in {"lon", "lat", "accuracy_m"} & set(unread):
        fields[name] = ""
    step = next((each for each in STEPS if any(STEP_OF.get(n) == each for n in unread)), "where")
    faults = {
        n if n in _SAID_BESIDE else "where": _FAULTS.get(n, _UNREADABLE) for n in reversed(unread)
    }
    form: dict[str, Any] = dict.fromkeys(ReportForm.model_fields) | fields
    return _step(request, sent.language, step, form, None, faults)


STEPS = ("where", "what", "phone")
STEP_OF = {
    **dict.fromkeys(("account", "place", "lon", "lat", "accuracy_m"), "where"),
    **dict.fromkeys(("what", "neighbours", "danger_phone"), "what"),
    "phone": "phone",
}
_SAID_BESIDE = frozenset({"account", "place", "what", "danger_phone", "phone"})
_UNREADABLE = marked("This cannot be read.")
_FAULTS = {
    name: marked("Digits only, maybe with +, spaces or hyphens.")
    for name in ("phone", "danger_phone")
}


def _take(
    request: Request, house: House, language: Language, form: ReportForm, area: PublicArea | None
) -> Response:
    """Store it as an ordinary ticket; a danger is never refused for how many came."""
    allowed: Allowance = request.app.state.public_reports
    keys = {"network": network_of(request.client.host if request.client else None)}
    if form.account:
        keys["account"] = form.account.casefold()
    over_limit = False
    try:
        allowed.take(keys, datetime.now(UTC))
    except TooManyAttempts as many:
        if form.hazard is None:
            return _too_many(request, language, many)
        over_limit = True
    now = house.now()
    command = ReportTrouble(
        id=form.ticket_id,
        complaint=form.complaint(over_limit=over_limit),
        position=form.position,
        received_at=now,
        by=PUBLIC_NAME,
    )
    take_report(house, command)
    watching = form.tell and form.phone is not None and _watch(request, house, language, form, area)
    return _page(
        request,
        "public_taken.html",
        language,
        danger=form.hazard is not None,
        reference=report_number(form.ticket_id),
        known=_known(held_of(request), area),
        watching=watching,
        called=bool(form.phone or form.danger_phone),
    )


def _watch(
    request: Request,
    house: House,
    language: Language,
    form: ReportForm,
    area: PublicArea | None,
) -> bool:
    """Keep the telephone for the message; whether it is kept. The report stands in any case."""
    if not settings_of(request).public_messages or form.phone is None:
        return False
    told = _known(held_of(request), area)
    command = AskToBeTold(
        id=form.ticket_id,
        phone=form.phone,
        language=language,
        area_id=area.id if area is not None and told is not None else "",
        area_name=named(area) if area is not None and told is not None else "",
        ticket_id=form.ticket_id,
    )
    try:
        in_one_go(house, lambda store: ask_to_be_told(store, command, now=house.now()))
    except InvalidInput:  # the number waits for enough places
        return False
    return True


# Tell me when it is back -------------------------------------------------------------------------


def _tells_of(request: Request) -> PublicSettings:
    settings = settings_of(request)
    if not settings.public_messages:
        raise NotFound("page", path=request.url.path)
    return settings


@router.get("/map/tell")
def get_tell(request: Request, language: str = "") -> HTMLResponse:
    """Ask for the area and the telephone."""
    _tells_of(request)
    form = {"id": uuid.uuid4(), "area": "", "phone": ""}
    return _tell_page(request, _read_in(request, language), form, {})


@router.post("/map/tell")
def post_tell(request: Request, house: Working, sent: Sent) -> Response:
    """Keep a telephone for an area that the picture shows; the number is not said back."""
    _tells_of(request)
    refuse_foreign_pages(request)
    shown = dict.fromkeys(("id", "area", "phone"), "") | dict(sent.fields)
    held = held_of(request)
    try:
        form = TellForm.model_validate(sent.fields)
    except ValidationError as wrong:
        faults = {str(e["loc"][0]): _TELL_FAULTS[str(e["loc"][0])] for e in wrong.errors()}
        return _tell_page(request, sent.language, shown, faults)
    if form.area not in _choices(held) or form.website:
        return _tell_page(request, sent.language, shown, {"area": _TELL_FAULTS["area"]})
    allowed: Allowance = request.app.state.public_asks
    network = network_of(request.client.host if request.client else None)
    try:
        allowed.take({"network": network, "phone": form.phone}, datetime.now(UTC))
    except TooManyAttempts as many:
        return _too_many(request, sent.language, many)
    command = AskToBeTold(
        id=f"web-{form.id}",
        phone=form.phone,
        language=sent.language,
        area_id=form.area,
        area_name=_choices(held)[form.area],
    )
    try:
        in_one_go(house, lambda store: ask_to_be_told(store, command, now=house.now()))
    except InvalidInput:
        faults = {"phone": marked("This number waits for enough places already.")}
        return _tell_page(request, sent.language, shown, faults)
    return _tell_page(request, sent.language, shown, {}, kept=True)


_TELL_FAULTS = {
    "id": _UNREADABLE,
    "area": marked("Choose an area that the map shows."),
    "phone": marked("Digits only, maybe with +, spaces or hyphens."),
    "consent": marked("Without this we may not keep the number."),
    "website": marked("Leave this empty"),
}


def _choices(held: Held) -> dict[str, str]:
    """The areas with a number on the picture, by id."""
    return {
        each.id: named(each) for each in held.areas if held.told.get(each.id, {}).get("customers")
    }


def _tell_page(
    request: Request,
    language: Language,
    form: Mapping[str, object],
    faults: Mapping[str, str],
    *,
    kept: bool = False,
) -> HTMLResponse:
    choices = sorted(_choices(held_of(request)).items(), key=lambda each: each[1])
    return _page(
        request,
        "public_tell.html",
        language,
        status=422 if faults else 200,
        form=form,
        faults=_said(request, language, faults),
        choices=choices,
        kept=kept,
    )


# Pages -------------------------------------------------------------------------------------------


def _area_of(held: Held, form: ReportForm) -> PublicArea | None:
    """The area that somebody named or clicked; an account is never looked up for this."""
    if form.position is not None:
        return held.area_at(form.position.lon, form.position.lat)
    return None if form.place is None else held.area_named(form.place)


def _known(held: Held, area: PublicArea | None) -> Mapping[str, Any] | None:
    """What the picture tells of an area, with its times read back; None where it shows nothing."""
    told = None if area is None else held.told.get(area.id)
    if told is None or not told["customers"]:
        return None
    causes: Any = told["causes"]
    return {**told, "causes": [{**each, "expected": _expected(each)} for each in causes]}


def _expected(cause: Mapping[str, Any]) -> Expected:
    at = {name: _time(cause[f"expected_{name}"]) for name in ("by", "from", "to")}
    return Expected(
        by=at["by"],
        from_at=at["from"],
        to_at=at["to"],
        confidence=None if cause["confidence"] is None else Confidence(cause["confidence"]),
        passed=cause["passed"],
    )


def _time(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def _step(
    request: Request,
    language: Language,
    step: str,
    form: Mapping[str, Any],
    area: PublicArea | None,
    faults: Mapping[str, str],
) -> HTMLResponse:
    held, pages = held_of(request), _pages(request)
    return _page(
        request,
        "public_report.html",
        language,
        status=422 if faults else 200,
        step=step,
        form=form,
        known=_known(held, area),
        faults=_said(request, language, faults),
        area_names=sorted({named(each) for each in held.areas}) if step == "where" else (),
        kinds=[
            (code, pages.say(language, text), hazard is not None) for code, text, _, hazard in KINDS
        ],
    )


def _said(request: Request, language: Language, faults: Mapping[str, str]) -> dict[str, str]:
    return {field: _pages(request).say(language, text) for field, text in faults.items()}


def _too_many(request: Request, language: Language, many: TooManyAttempts) -> HTMLResponse:
    """Say when to come back, and whom to call instead."""
    pages = _pages(request)
    minutes = -(-many.retry_after_s // 60)
    text = pages.say(
        language,
        marked(
            "Many reports came over your connection. Try again in %(n)s minutes, or call %(phone)s."
        ),
    ) % {"n": minutes, "phone": settings_of(request).emergency_phone}
    title = pages.say(language, marked("Too many at once"))
    answer = _page(request, "public_message.html", language, status=429, title=title, text=text)
    answer.headers["Retry-After"] = str(many.retry_after_s)
    return answer


def _page(
    request: Request, name: str, language: Language, *, status: int = 200, **values: object
) -> HTMLResponse:
    house: House = request.app.state.house
    moment = Moment(house.now(), house.clockface.zone)
    body = _pages(request).render(
        name, language, moment, {"settings": settings_of(request), **values}
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
    return HTMLResponse(body, status_code=status, headers=headers)


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
