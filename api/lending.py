"""Lending as the worker tends it: what is over ends, and who is in need asks."""

import logging
from collections.abc import Collection, Mapping

from api.house import House
from dispatch.domain.words import CrewId, DistrictId
from dispatch.errors import DispatchError
from dispatch.ports import TravelTimes
from dispatch.procedures.covering import to_spare
from dispatch.store import waiting
from dispatch.store.crews import PgCrews
from dispatch.store.reads.demand import district_names
from dispatch.store.transaction import reading, retrying
from dispatch.usecases.propose_loan import ProposeLoan, propose_loan
from dispatch.usecases.tend_loans import TendLoans, tend_loans

log = logging.getLogger(__name__)


def tend_lending(house: House) -> None:
    """End the loans whose time is over, then let each district in need ask for a crew."""
    changed = retrying(
        house.transaction,
        lambda store: tend_loans(
            store, TendLoans(), policy=house.policies.lending, now=house.now()
        ),
    )
    house.queue.assign(*{each for loan in changed for each in (loan.from_id, loan.to_id)})
    with reading(house.engine) as connection:
        districts = district_names(connection, None)
        in_need = set(map(DistrictId, waiting.districts_to_assign(connection, house.now())))
    if in_need and len(districts) > len(in_need):
        travel_times = house.travel_times()
        spare = crews_to_spare(house, districts.keys() - in_need, travel_times)
        for district_id in sorted(in_need):
            _propose(house, ProposeLoan(district_id=district_id, to_spare=spare), travel_times)


def crews_to_spare(
    house: House, districts: Collection[DistrictId], travel_times: TravelTimes
) -> Mapping[DistrictId, frozenset[CrewId]]:
    """The crews that each of some districts could do without, by its coverage."""
    policy, now = house.policies.lending, house.now()
    found = {}
    for district_id in sorted(districts):
        with reading(house.engine) as connection:
            states = PgCrews(connection).list_states(district_id, now)
        coverage = house.coverage.coverage(district_id, states, travel_times, now)
        found[district_id] = to_spare(
            coverage, keep_covered=policy.keep_covered, keep_free=policy.keep_free
        )
    return found


def _propose(house: House, command: ProposeLoan, travel_times: TravelTimes) -> None:
    policies = house.policies
    try:
        loan = retrying(
            house.transaction,
            lambda store: propose_loan(
                store,
                command,
                travel_times,
                house.planner,
                assignment=policies.assignment,
                planning=house.planning,
                policy=policies.lending,
                now=house.now(),
            ),
        )
    except DispatchError as refusal:  # the others must not wait for it
        log.warning("no crew was asked for %s: %s", command.district_id, refusal)
        return
    if loan is not None:
        log.info("%s asks %s for crew %s", loan.to_id, loan.from_id, loan.crew_id)
        house.queue.assign(loan.to_id)
