"""Keep how to get to a customer's place, with an entry in the journal."""

from datetime import datetime

from dispatch.domain.access import LONGEST, AccessNote
from dispatch.domain.event import Event
from dispatch.domain.words import DistrictId, UsagePointId
from dispatch.errors import InvalidInput
from dispatch.ports import Store


def note_access(
    store: Store,
    usage_point_id: UsagePointId,
    text: str,
    *,
    district_id: DistrictId | None,
    by: str,
    at: datetime,
) -> AccessNote | None:
    """Keep a note in the place of the one before; an empty one removes it, and gives None.

    Nothing is written where it says what it said. `InvalidInput` for more than `LONGEST` letters.
    """
    words = " ".join(text.split())
    if len(words) > LONGEST:
        raise InvalidInput("text", f"{len(words)} letters", f"at most {LONGEST}")
    before = store.access_notes.of([usage_point_id]).get(usage_point_id)
    if (before.text if before else "") == words:
        return before
    note = AccessNote(usage_point_id=usage_point_id, text=words, by=by, written_at=at)
    if words:
        store.access_notes.write(note)
    else:
        store.access_notes.remove(usage_point_id)
    store.events.append(
        Event(
            stream=f"place:{usage_point_id}",
            kind="place.access_noted" if words else "place.access_removed",
            at=at,
            actor=by,
            district_id=district_id,
            body={"text": words},
        )
    )
    return note if words else None
