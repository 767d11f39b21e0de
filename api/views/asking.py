"""What to ask next, and whom to call back, as clients read it."""

from datetime import datetime

from pydantic import BaseModel

from api.callers import Caller
from dispatch.asking import NextEvidence, Question
from dispatch.domain.facts import Asked, DeviceNode
from dispatch.verifying import Verification


class NamedOut(BaseModel):
    """A device by its id, kind and name."""

    id: str
    kind: str
    name: str

    @classmethod
    def of(cls, device: DeviceNode) -> "NamedOut":
        """Build from the device."""
        return cls(id=device.id, kind=device.kind, name=device.name)


class QuestionOut(BaseModel):
    """A transformer to ask about: what an answer tells, and which devices it tells apart."""

    transformer_id: str
    transformer_name: str
    bits: float
    caller_bits: float
    dark: float
    if_dark: NamedOut
    if_lit: NamedOut | None

    @classmethod
    def of(cls, question: Question) -> "QuestionOut":
        """Build from the question."""
        return cls(
            transformer_id=question.transformer.id,
            transformer_name=question.transformer.name,
            bits=round(question.bits, 3),
            caller_bits=round(question.caller_bits, 3),
            dark=round(question.dark, 3),
            if_dark=NamedOut.of(question.if_dark),
            if_lit=None if question.if_lit is None else NamedOut.of(question.if_lit),
        )


class NextEvidenceOut(BaseModel):
    """What would settle an outage, the most telling place first; `doubt` is in bits."""

    doubt: float
    questions: list[QuestionOut]

    @classmethod
    def of(cls, found: NextEvidence) -> "NextEvidenceOut":
        """Build from what was found."""
        return cls(
            doubt=round(found.doubt, 3),
            questions=[QuestionOut.of(each) for each in found.questions],
        )


class AskedOut(BaseModel):
    """Somebody who can be asked, or was: by telephone, or by their meter."""

    ticket_id: str | None
    usage_point_id: int | None
    place: str
    name: str
    phone: str | None
    by_meter: bool
    at: datetime | None
    lit: bool | None

    @classmethod
    def of(cls, asked: Asked, caller: Caller) -> "AskedOut":
        """Build; the telephone number as this caller may read it."""
        return cls(
            ticket_id=asked.ticket_id,
            usage_point_id=asked.usage_point_id,
            place=asked.place,
            name=asked.name,
            phone=caller.phone(asked.phone),
            by_meter=asked.by_meter,
            at=asked.at,
            lit=asked.lit,
        )


class ToAskOut(AskedOut):
    """Somebody to be asked; `sure_after` is how sure it is once they say that there is light."""

    sure_after: float


class CallBacksOut(BaseModel):
    """How probably everybody has light again, and whom to ask until `wanted` is reached."""

    sure: float | None
    wanted: float | None
    reached: bool
    to_ask: list[ToAskOut]
    asked: list[AskedOut]

    @classmethod
    def of(cls, found: Verification | None, caller: Caller) -> "CallBacksOut":
        """Build; nothing is asked as long as nothing is restored."""
        if found is None:
            return cls(sure=None, wanted=None, reached=False, to_ask=[], asked=[])
        return cls(
            sure=round(found.sure, 4),
            wanted=found.wanted,
            reached=found.reached,
            to_ask=[
                ToAskOut(
                    **AskedOut.of(each.who, caller).model_dump(),
                    sure_after=round(each.sure_after, 4),
                )
                for each in found.to_ask
            ],
            asked=[AskedOut.of(each, caller) for each in found.asked],
        )
