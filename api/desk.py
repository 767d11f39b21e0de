"""What an agent typed into the one box: which part is what, and the answer to it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, FiniteFloat

from api.callers import Caller
from api.house import House
from api.inputs.fields import Line, Words
from api.views.known import KnownOut
from api.views.sayings import SayingOut
from dispatch.domain.given import GivenBefore
from dispatch.domain.ticket import Complaint, TroubleTicket
from dispatch.domain.words import Channel, KnownKind, TicketId, UsagePointId
from dispatch.given import Judged, NowSaid, contradiction, judge
from dispatch.location import ReportedPosition, Whereabouts
from dispatch.ports import Directory, Store
from dispatch.sayings import WHERE, Saying
from dispatch.triage import Triage, triage
from dispatch.usecases.ask_known import AskKnown, Known, ask_known

LEAST = 3
SHORTEST_NUMBER = 7
LONGEST_NUMBER = 64
NUMBER = re.compile(r"\+?\d[\d\s()-]*\d")
ASKED_THROUGH = frozenset(
    {KnownKind.UNKNOWN.value, KnownKind.INTERNAL_LIKELY.value, KnownKind.RESTORED_RECENTLY.value}
)
"""Answers after which the fault may be inside the home."""


TOLD_SINCE, TOLD_MOST = timedelta(days=30), 8
"""How far back, and how many, of a caller's earlier answers are shown."""


class DeskQuestion(BaseModel):
    """What was typed, what was chosen among equals, and what the caller says."""

    model_config = ConfigDict(frozen=True)

    q: Line = ""
    phone: Line = ""
    account: Line = ""
    lon: FiniteFloat | None = None
    lat: FiniteFloat | None = None
    symptoms: Words = []
    multiple_premises: bool | None = None

    @property
    def typed(self) -> str:
        """The text of the box."""
        return " ".join(part for part in (self.q, self.phone) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to what stands in the box.

    `known` is None while too little was typed; `who` is whom a report would be taken from, `place`
    how the caller's place is called, `triage` what to ask about the home where that helps.
    `told` is what this caller was told before, the latest first, `sorry` what to say first because
    of it, `own` the open report of this customer. `given` is what is kept of this answer when it
    was read out, without its sentence; None where there is nothing to read out. `report` is the one
    whose number stands in the box.
    """

    known: KnownOut | None = None
    who: Mapping[str, object] = field(default_factory=dict)
    place: str = ""
    triage: Triage | None = None
    told: Sequence[Judged] = ()
    sorry: Saying | None = None
    own: TroubleTicket | None = None
    given: Mapping[str, object] | None = None
    report: TroubleTicket | None = None

    @property
    def say(self) -> SayingOut | None:
        """The sentence to read out: what the replies came to, else the answer's."""
        if self.triage is not None and self.triage.say is not None:
            return SayingOut.of(self.triage.say)
        return None if self.known is None else self.known.say

    @property
    def tongue(self) -> str:
        """The language this caller was last told in; empty if never."""
        return next(
            (each.before.given.tongue for each in self.told if each.before.given.tongue), ""
        )


def answer(house: House, caller: Caller, asking: DeskQuestion) -> Answered:
    """Read the box and ask what is known."""
    if len(asking.typed) < LEAST and not asking.account:
        return Answered()
    with house.transaction() as store:
        complaint, position = sorted_out(store.directory, asking), _chosen_place(asking)
        report = None if position else _named(store, caller, complaint)
        if report is not None:
            complaint, position = _as_reported(report, complaint)
        now = house.now()
        known = ask_known(
            store,
            AskKnown(caller=complaint, position=position),
            now=now,
            clockface=house.clockface,
        )
        shown = _shown(known, caller, now)
        told = _told_before(store, caller, complaint, shown, now)
        own = None if shown.repeats is None else store.tickets.find(TicketId(shown.repeats))
    through = shown.say is not None and shown.answer in ASKED_THROUGH
    etr_at = None if shown.etr is None or shown.etr.passed else shown.etr.at
    said = NowSaid(kind=KnownKind(shown.answer), etr_at=etr_at)
    return Answered(
        known=shown,
        who=_who(complaint, position),
        place=_place_name(shown, complaint),
        triage=triage(asking.symptoms) if through else None,
        told=[judge(each, now) for each in told],
        sorry=contradiction(told, said, now=now, face=house.clockface) if shown.say else None,
        own=own,
        given=None if shown.say is None else _given(shown, complaint, etr_at),
        report=report,
    )


def _named(store: Store, caller: Caller, complaint: Complaint) -> TroubleTicket | None:
    """The report whose number was typed, and nothing else; None where it is another district's.

    What names a customer is never taken for one.
    """
    number = complaint.address or complaint.phone or ""
    others = (complaint.account, complaint.meter, complaint.address and complaint.phone)
    if any(others) or not LEAST <= len(number) <= LONGEST_NUMBER or " " in number:
        return None
    found = store.tickets.find_by_number(number)
    return found if found is not None and caller.sees(found.district_id) else None


def _as_reported(
    report: TroubleTicket, asked: Complaint
) -> tuple[Complaint, ReportedPosition | None]:
    """Who reported it and from where, with what the caller says now."""
    said, place = report.complaint, report.place
    complaint = replace(
        asked, account=said.account, meter=said.meter, phone=said.phone, address=said.address
    )
    if said.account or said.meter or place is None:
        return complaint, None
    return complaint, ReportedPosition(lon=place.lon, lat=place.lat)


def _told_before(
    store: Store, caller: Caller, complaint: Complaint, shown: KnownOut, now: datetime
) -> Sequence[GivenBefore]:
    """What this customer, or else this telephone, was told lately."""
    point = shown.usage_point
    if point is None and complaint.phone is None:
        return ()
    told = store.given.list_before(
        None if point is None else UsagePointId(point.id),
        complaint.phone,
        since=now - TOLD_SINCE,
        most=TOLD_MOST,
    )
    return [each for each in told if caller.sees(each.given.district_id)]


def _given(shown: KnownOut, complaint: Complaint, etr_at: datetime | None) -> dict[str, object]:
    """What `POST answers-given` keeps of the answer, but for the sentence and the language."""
    said: dict[str, object | None] = {
        "account": shown.usage_point.account if shown.usage_point else None,
        "phone": complaint.phone,
        "answer": shown.answer,
        "outage_id": None if shown.outage is None else shown.outage.id,
        "etr_at": None if etr_at is None else etr_at.isoformat(),
        "etr_to": shown.etr.between[1].isoformat()
        if etr_at is not None and shown.etr is not None and shown.etr.between is not None
        else None,
        "checked": list(complaint.symptoms),
    }
    return {name: value for name, value in said.items() if value}


def _who(complaint: Complaint, position: ReportedPosition | None) -> dict[str, object]:
    """Whom and where a report is from, as `POST tickets` takes it."""
    said = {
        "account": complaint.account,
        "phone": complaint.phone,
        "meter": complaint.meter,
        "address": complaint.address,
        "location": None if position is None else {"lon": position.lon, "lat": position.lat},
    }
    return {name: value for name, value in said.items() if value}


def _place_name(known: KnownOut, complaint: Complaint) -> str:
    point = known.usage_point
    if point is not None:
        return point.address or point.account
    return complaint.address or ""


def sorted_out(directory: Directory, asking: DeskQuestion) -> Complaint:
    """Which of the words is an account, a meter or a telephone; the rest is an address.

    Digits may be full-width, and a telephone number may be written in groups.
    """
    found: dict[str, str] = {}
    rest = []
    for part in _parts(unicodedata.normalize("NFKC", asking.typed)):
        kind = _kind(directory, part)
        if kind is None or kind in found:
            rest.append(part)
        else:
            found[kind] = part.replace("-", "") if kind == "phone" else part
    return Complaint(
        channel=Channel.PHONE,
        account=asking.account or found.get("account"),
        meter=found.get("meter"),
        phone=found.get("phone"),
        address=" ".join(rest) or None,
        symptoms=tuple(asking.symptoms),
        multiple_premises=asking.multiple_premises,
    )


def _parts(typed: str) -> list[str]:
    parts = [part for part in re.split(r"[\s,;、，；]+", typed) if part]
    short = all(len(part) < SHORTEST_NUMBER for part in parts)
    whole = "".join(c for c in typed if c in "+0123456789")
    if short and len(whole) >= SHORTEST_NUMBER and NUMBER.fullmatch(typed.strip()):
        return [whole]
    return parts


def _kind(directory: Directory, part: str) -> str | None:
    digits = part.lstrip("+").replace("-", "")
    if directory.find_by_account(part) is not None:
        return "account"
    if directory.find_by_meter(part) is not None:
        return "meter"
    if digits.isdecimal() and digits.isascii() and len(digits) >= SHORTEST_NUMBER:
        return "phone"
    return None


def _chosen_place(asking: DeskQuestion) -> ReportedPosition | None:
    if asking.lon is None or asking.lat is None:
        return None
    return ReportedPosition(lon=asking.lon, lat=asking.lat)


def _shown(known: Known, caller: Caller, now: datetime) -> KnownOut:
    """The answer as this caller may read it; another district's customer is unknown here."""
    place = known.whereabouts.place
    if known.answer is None or place is None:
        return KnownOut.nowhere(known, caller)
    if not caller.sees(place.district_id):
        hidden = Known(answer=None, whereabouts=Whereabouts(place=None), ask=WHERE)
        return KnownOut.nowhere(hidden, caller)
    return KnownOut.of(known.answer, known.whereabouts.service_point, now)
