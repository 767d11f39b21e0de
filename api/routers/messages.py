"""Text messages for a gateway of the company's: it fetches them, sends them, and says what came.

Nothing here sends; a message counts as sent when the gateway says so, and only then.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access import API
from api.callers import Calling
from api.inputs.fields import Reason, Strict
from api.routers.parts import Working, in_one_go
from dispatch.domain.watcher import Message, MessageId
from dispatch.ports import Store

router = APIRouter(tags=["neighbours"])

LEASE = timedelta(minutes=2)
LATER = timedelta(minutes=1)


class LeaseIn(Strict):
    """How many to hand out."""

    most: Annotated[int, Field(ge=1, le=500)] = 100


class OutcomeIn(Strict):
    """What became of a message: sent, failed for good, or to be tried again in a minute."""

    outcome: Literal["sent", "failed", "later"]
    note: Reason = ""


class MessageOut(BaseModel):
    """A message to send; another lease may hand it out again after `leased_until`."""

    id: int
    phone: str
    language: str
    body: str
    made_at: datetime
    expires_at: datetime
    tries: int
    leased_until: datetime

    @classmethod
    def of(cls, message: Message, until: datetime) -> "MessageOut":
        """Build from the message."""
        return cls(
            id=message.id,
            phone=message.phone,
            language=message.language,
            body=message.body,
            made_at=message.made_at,
            expires_at=message.expires_at,
            tries=message.tries,
            leased_until=until,
        )


@router.post(f"{API}/messages/lease")
def post_lease(body: LeaseIn, caller: Calling, house: Working) -> list[MessageOut]:  # noqa: ARG001 (the guard's)
    """Hand out waiting messages, oldest first; nobody else gets them for two minutes."""
    now = house.now()
    until = now + LEASE

    def lease(store: Store) -> list[MessageOut]:
        found = store.watchers.lease(most=body.most, until=until, now=now)
        return [MessageOut.of(each, until) for each in found]

    return in_one_go(house, lease)


@router.post(f"{API}/messages/{{message_id}}/outcome", status_code=204)
def post_outcome(message_id: int, body: OutcomeIn, caller: Calling, house: Working) -> None:  # noqa: ARG001
    """Note what became of a message; the first word on an ended one holds."""
    now = house.now()

    def note(store: Store) -> None:
        if body.outcome == "later":
            store.watchers.wait(MessageId(message_id), body.note, until=now + LATER)
        else:
            store.watchers.end(MessageId(message_id), body.outcome, body.note, now=now)

    in_one_go(house, note)
