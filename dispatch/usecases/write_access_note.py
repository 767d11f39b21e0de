"""Somebody writes down how to get to a customer's place, for this crew and the next."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.access import AccessNote
from dispatch.domain.words import UsagePointId
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.procedures.noting_access import note_access


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAccessNote:
    """Whose place, what is to be known (nothing: forget it), and who says so."""

    usage_point_id: UsagePointId
    text: str
    by: str


def write_access_note(
    store: Store, command: WriteAccessNote, *, now: datetime
) -> AccessNote | None:
    """Keep the note; `NotFound` for no such customer, `InvalidInput` for one too long."""
    point = store.directory.find_usage_point(command.usage_point_id)
    if point is None:
        raise NotFound("usage point", id=command.usage_point_id)
    return note_access(
        store, point.id, command.text, district_id=point.district_id, by=command.by, at=now
    )
