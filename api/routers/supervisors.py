"""What a supervisor's reports call: promises kept, indices of a period, links to be checked."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.access import API
from api.callers import Calling
from api.inputs import Moment
from api.learning import rates_in_force
from api.routers.parts import USUALLY, Since, Until, Working, period
from api.views.notices import AvoidedOut
from dispatch.indices import reliability
from dispatch.learning.linking import LinkEvidence, SuspectedLink, suspect_links
from dispatch.store.past import read_links
from dispatch.store.reads.figures import (
    CommitmentStanding,
    commitments,
    interruptions_begun,
)
from dispatch.store.reads.notices import released
from dispatch.store.reads.population import customers_served
from dispatch.store.transaction import reading

router = APIRouter(tags=["supervisors"])

LINKS_OVER = timedelta(days=3 * 365)

NOBODY_SERVED = {
    "customers_served": 0,
    "customers_interrupted": 0,
    "customer_minutes": 0.0,
    "saidi_minutes": None,
    "saifi": None,
    "caidi_minutes": None,
    "momentary": None,
}


class StandingOut(BaseModel):
    """One rule in one area class: each promise, and the running average with its headroom."""

    rule_id: str
    area_class: str
    clocks: int
    kept: int
    missed: int
    cannot_say: int
    running: int
    target_minutes: float
    mean_minutes: float | None
    headroom_minutes: float | None

    @classmethod
    def of(cls, standing: CommitmentStanding) -> "StandingOut":
        """Build from the standing."""
        return cls(**{name: getattr(standing, name) for name in cls.model_fields})


class IndicesOut(BaseModel):
    """IEEE 1366 over the interruptions that began in a period; None where nobody is served.

    Sustained ones last more than five minutes; `momentary` counts the others per customer served.
    """

    since: datetime
    until: datetime
    customers_served: int
    customers_interrupted: int
    customer_minutes: float
    saidi_minutes: float | None
    saifi: float | None
    caidi_minutes: float | None
    momentary: float | None


class LinkEvidenceOut(BaseModel):
    """An outage of either transformer; `called_at` null: the customer stayed silent."""

    outage_id: int
    transformer_out: str
    from_at: datetime
    to_at: datetime
    called_at: datetime | None
    log_odds: float

    @classmethod
    def of(cls, link: SuspectedLink, evidence: LinkEvidence) -> "LinkEvidenceOut":
        """Build from the evidence."""
        return cls(
            outage_id=evidence.outage_id,
            transformer_out=link.candidate_id if evidence.neighbour else link.transformer_id,
            from_at=evidence.from_at,
            to_at=evidence.to_at,
            called_at=evidence.called_at,
            log_odds=evidence.log_odds,
        )


class SuspectedLinkOut(BaseModel):
    """A customer who seems to hang on another transformer; a field check decides, not this list.

    `probability` is that the record is wrong, `of_candidate` that the candidate is right.
    """

    account: str
    on_record: str
    candidate: str
    probability: float
    of_candidate: float
    evidence: list[LinkEvidenceOut]

    @classmethod
    def of(cls, link: SuspectedLink) -> "SuspectedLinkOut":
        """Build from the suspicion."""
        return cls(
            account=link.account,
            on_record=link.transformer_id,
            candidate=link.candidate_id,
            probability=link.probability,
            of_candidate=link.of_candidate,
            evidence=[LinkEvidenceOut.of(link, each) for each in link.evidence],
        )


@router.get(f"{API}/commitments")
def get_commitments(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> list[StandingOut]:
    """Count promises kept and missed, by rule and area class, of clocks started in a period."""
    start, end = period(house, since, until, USUALLY)
    with reading(house.engine) as connection:
        found = commitments(connection, caller.scope, start, end)
    return [StandingOut.of(standing) for standing in found]


@router.get(f"{API}/indices")
def get_indices(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> IndicesOut:
    """Compute SAIDI, SAIFI, CAIDI and momentary interruptions of a period."""
    start, end = period(house, since, until, USUALLY)
    with reading(house.engine) as connection:
        served = customers_served(connection, caller.scope)
        begun = interruptions_begun(connection, caller.scope, start, end)
        found = asdict(reliability(begun, served)) if served else NOBODY_SERVED
    return IndicesOut(since=start, until=end, **found)


class CallsAvoidedOut(AvoidedOut):
    """What was answered from the notices released in a period, added up over them."""

    since: datetime
    until: datetime
    notices: int


@router.get(f"{API}/calls-avoided")
def get_calls_avoided(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> CallsAvoidedOut:
    """Count what was answered from the public notices released in a period."""
    start, end = period(house, since, until, USUALLY)
    with reading(house.engine) as connection:
        found = released(connection, caller.scope, start, end)
    counts = {
        name: sum(getattr(each.avoided, name) for each in found) for name in AvoidedOut.model_fields
    }
    return CallsAvoidedOut(since=start, until=end, notices=len(found), **counts)


@router.get(f"{API}/suspected-links")
def get_suspected_links(
    caller: Calling,
    house: Working,
    since: Annotated[Moment | None, Query(description="three years back, if not given")] = None,
    until: Until = None,
) -> list[SuspectedLinkOut]:
    """List customers who call when a neighbouring transformer is out, and not with their own."""
    start, end = period(house, since, until, LINKS_OVER)
    with reading(house.engine) as connection:
        history = read_links(connection, start, end, caller.scope)
        rates = rates_in_force(connection, ())[None]
    return [SuspectedLinkOut.of(link) for link in suspect_links(history, rates)]
