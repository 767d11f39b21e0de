"""The forms of the public pages: what they ask, read back from what a browser sends."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError

from api.inputs.fields import Code, Line, Metres, Phone
from dispatch.domain.ticket import Complaint
from dispatch.domain.words import Channel, Symptom, TicketId
from dispatch.location import ReportedPosition
from dispatch.sayings import WEB_OVER_LIMIT, WEB_REPORT, WEB_UNVERIFIED
from maps.languages import Language, marked

OURS = uuid.UUID("0f9d3f5e-5d0c-4d6f-9f4e-6a4f0d9f7c11")

KINDS: tuple[tuple[str, str, str | None, str | None], ...] = (
    ("none", marked("No light at all"), Symptom.NO_POWER, None),
    ("half", marked("Only some rooms, or only some lamps"), Symptom.PARTIAL_POWER, None),
    ("flicker", marked("It flickers, or is dim"), Symptom.FLICKER, None),
    ("wire", marked("Danger: a wire hangs low or lies on the ground"), None, "wire_down"),
    ("fire", marked("Danger: fire, smoke or sparks"), None, "fire"),
    ("shock", marked("Danger: somebody got a shock"), None, "electric_shock"),
)
"""What somebody may see: code, words, and the symptom or the hazard that it is."""
SYMPTOM = {code: symptom for code, _, symptom, _ in KINDS}
HAZARD = {code: hazard for code, _, _, hazard in KINDS}


def _empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Maybe = BeforeValidator(_empty)


class ReportForm(BaseModel):
    """What the three steps ask; every field is missing until its step."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: uuid.UUID
    step: Literal["where", "what", "phone"] = "where"
    account: Annotated[Code | None, Maybe] = None
    place: Annotated[Line | None, Maybe] = None
    lon: Annotated[FiniteFloat | None, Field(ge=-180, le=180), Maybe] = None
    lat: Annotated[FiniteFloat | None, Field(ge=-90, le=90), Maybe] = None
    accuracy_m: Annotated[Metres | None, Maybe] = None
    what: Annotated[Literal["none", "half", "flicker", "wire", "fire", "shock"] | None, Maybe] = (
        None
    )
    neighbours: Annotated[Literal["out", "lit"] | None, Maybe] = None
    phone: Annotated[Phone | None, Maybe] = None
    danger_phone: Annotated[Phone | None, Maybe] = None
    tell: bool = False
    website: Annotated[Line | None, Maybe] = None

    @property
    def is_somewhere(self) -> bool:
        """Whether one way to find the place is given."""
        return bool(self.account or self.place or self.position)

    @property
    def position(self) -> ReportedPosition | None:
        """Where the browser says it is, or where the map was clicked."""
        if self.lon is None or self.lat is None:
            return None
        return ReportedPosition(lon=self.lon, lat=self.lat, accuracy_m=self.accuracy_m)

    @property
    def hazard(self) -> str | None:
        """The danger that was chosen, if it was one."""
        return HAZARD.get(self.what or "")

    @property
    def ticket_id(self) -> TicketId:
        """The same for the same form sent again, another one when something in it was changed."""
        said = self.model_dump_json(exclude={"step", "tell", "website"})
        return TicketId(f"web-{uuid.uuid5(OURS, said)}")

    def complaint(self, *, over_limit: bool) -> Complaint:
        """What is said, as the core knows it, marked as what nobody has verified."""
        neighbours = {"out": Symptom.NEIGHBOURS_OUT, "lit": Symptom.NEIGHBOURS_LIT}
        seen = (SYMPTOM.get(self.what or ""), neighbours.get(self.neighbours or ""))
        only_a_click = not (self.account or self.place)
        marks = [WEB_UNVERIFIED if only_a_click else WEB_REPORT]
        if over_limit:
            marks.append(WEB_OVER_LIMIT)
        return Complaint(
            channel=Channel.WEB,
            description="\n".join(f"{mark.zh} {mark.en}" for mark in marks),
            hazards=() if self.hazard is None else (self.hazard,),
            symptoms=tuple(each for each in seen if each),
            account=self.account,
            phone=self.phone or self.danger_phone,
            address=self.place,
        )


class TellForm(BaseModel):
    """Whom to tell of which area, and that they agreed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: uuid.UUID
    area: Annotated[str, Field(min_length=1, max_length=20)]
    phone: Phone
    consent: Literal["1"]
    website: Annotated[Line | None, Maybe] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A form as it came: its fields as text, and the language of the page."""

    fields: Mapping[str, str]
    language: Language


async def written(request: Request) -> Written:
    """Read a form; files in it are nothing to us."""
    form = await request.form(max_files=0, max_fields=30)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    return Written(fields=fields, language=language_of(fields.get("language", "")))


Sent = Annotated[Written, Depends(written)]


def language_of(code: str) -> Language:
    """The language a page was written in; Chinese where nobody said."""
    return Language(code) if code in set(Language) else Language.ZH


def read_report(fields: Mapping[str, str]) -> ReportForm:
    """Read a form; of one that tells of danger what cannot be read is left out.

    Raises
    ------
    ValidationError
        Something cannot be read, and it is no matter of danger.
    """
    try:
        return ReportForm.model_validate(fields)
    except ValidationError as wrong:
        unread = {str(error["loc"][0]) for error in wrong.errors() if error["loc"]}
        if HAZARD.get(fields.get("what", "")) is None or "id" in unread:
            raise
        return ReportForm.model_validate({n: v for n, v in fields.items() if n not in unread})


def missing_from(form: ReportForm) -> dict[str, str]:
    """What the form's step asks for and has not got: by step, in marked words."""
    if form.hazard is not None and form.step != "where":
        return {}
    if not form.is_somewhere:
        return {"where": marked("Give the account number, an address, or your position.")}
    if form.step != "where" and form.what is None:
        return {"what": marked("Choose what you see.")}
    return {}
