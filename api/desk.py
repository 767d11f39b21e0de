"""What an agent typed into the one box: which part is what, and the answer to it."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, FiniteFloat

from api.callers import Caller
from api.house import House
from api.inputs import Line, Words
from api.views.known import KnownOut
from dispatch.domain.ticket import Complaint
from dispatch.domain.words import Channel
from dispatch.location import ReportedPosition, Whereabouts
from dispatch.ports import Directory
from dispatch.sayings import WHERE
from dispatch.usecases.ask_known import AskKnown, Known, ask_known

LEAST = 3
SHORTEST_NUMBER = 7
RECENTLY = timedelta(hours=12)


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


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, None while too little was typed, and whom a report would be taken from."""

    known: KnownOut | None
    who: dict[str, object]


def answer(house: House, caller: Caller, asking: DeskQuestion) -> Answered:
    """Read the box and ask what is known."""
    if len(asking.typed) < LEAST and not asking.account:
        return Answered(None, {})
    with house.transaction() as store:
        complaint = sorted_out(store.directory, asking)
        position = _chosen_place(asking)
        known = ask_known(
            store,
            AskKnown(caller=complaint, position=position),
            now=house.now(),
            clockface=house.clockface,
        )
    who: dict[str, object] = {
        "account": complaint.account,
        "phone": complaint.phone,
        "meter": complaint.meter,
        "address": complaint.address,
    }
    if position is not None:
        who |= {"location.lon": position.lon, "location.lat": position.lat}
    return Answered(_shown(known, caller), who)


def sorted_out(directory: Directory, asking: DeskQuestion) -> Complaint:
    """Which of the words is an account, a meter or a telephone; the rest is an address."""
    found: dict[str, str] = {}
    rest = []
    for part in asking.typed.split():
        kind = _kind(directory, part)
        if kind is None or kind in found:
            rest.append(part)
        else:
            found[kind] = part
    return Complaint(
        channel=Channel.PHONE,
        account=asking.account or found.get("account"),
        meter=found.get("meter"),
        phone=found.get("phone"),
        address=" ".join(rest) or None,
        symptoms=tuple(asking.symptoms),
        multiple_premises=asking.multiple_premises,
    )


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


def _shown(known: Known, caller: Caller) -> KnownOut:
    """The answer as this caller may read it; another district's customer is unknown here."""
    place = known.whereabouts.place
    if known.answer is None or place is None:
        return KnownOut.nowhere(known, caller)
    if not caller.sees(place.district_id):
        hidden = Known(answer=None, whereabouts=Whereabouts(place=None), ask=WHERE)
        return KnownOut.nowhere(hidden, caller)
    return KnownOut.of(known.answer, known.whereabouts.service_point)
