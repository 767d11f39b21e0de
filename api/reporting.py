"""A report is taken in one short transaction, and what has to be looked at is queued behind it."""

from functools import partial

from api.house import House
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition
from dispatch.errors import Collision, IdentityTaken
from dispatch.ports import Store
from dispatch.store.transaction import retrying
from dispatch.usecases.report_trouble import Reported, ReportTrouble, report_trouble

OPENS_AN_ORDER = frozenset({Disposition.NEW_OUTAGE, Disposition.INCIDENT})


def take_report(house: House, command: ReportTrouble) -> Reported:
    """Store a report, once for its id, and let its feeder and district be looked at."""
    now = house.now()

    def report(store: Store, *, apart: bool = False) -> Reported:
        return report_trouble(store, command, now=now, clockface=house.clockface, apart=apart)

    try:
        reported = retrying(house.transaction, report)
    except IdentityTaken:  # the same report, sent twice at the same moment: the other one won
        reported = retrying(house.transaction, report)
    except Collision:  # somebody is long at work on the outage it belongs to; it need not wait
        reported = retrying(house.transaction, partial(report, apart=True))
    if reported.is_new:
        queue_work(house, reported.ticket)
    return reported


def queue_work(house: House, ticket: TroubleTicket) -> None:
    """Let the feeder and the district be looked at; the ticket is stored whatever comes of it."""
    feeder_id = None if ticket.place is None else ticket.place.feeder_id
    house.queue.group(feeder_id or ticket.district_id)
    if ticket.disposition in OPENS_AN_ORDER:
        house.queue.assign(ticket.district_id)
