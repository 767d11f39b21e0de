"""Keep what a caller was told, in the words it was told in."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.given import AnswerGiven
from dispatch.domain.ticket import Complaint
from dispatch.location import locate
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordGiven:
    """What was told, and to whom as far as the caller is known."""

    given: AnswerGiven
    caller: Complaint


def record_given(store: Store, command: RecordGiven, *, now: datetime) -> AnswerGiven:
    """Write it down under the customer and the telephone; the same `id` again changes nothing.

    An outage that does not exist is refused; a customer nobody finds is not.
    """
    place = locate(store.directory, command.caller, None).place
    given = replace(
        command.given,
        at=min(command.given.at, now),
        phone=command.caller.phone,
        usage_point_id=None if place is None else place.usage_point_id,
        district_id=None if place is None else place.district_id,
    )
    if given.outage_id is not None:
        store.outages.get(given.outage_id)
    return store.given.add(given)
