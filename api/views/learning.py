"""Versions of the rates, suspected links and decisions on them, as clients read them."""

from datetime import datetime

from pydantic import BaseModel

from dispatch.domain.link import LinkDecision, LinkEvidence, LinkLook, SuspectedLink
from dispatch.domain.past import RatesVersion
from dispatch.learning.comparing import Change
from dispatch.store.reads.links import ListedLink


class ChangeOut(BaseModel):
    """One number of a version against the one in force; `ratio` null: nothing to compare with.

    The truth lies from `low` to `high` nine times in ten; `clear` says that the old one does not.
    """

    what: str
    district: str | None
    before: float | None
    value: float
    low: float
    high: float
    events: float
    ratio: float | None
    clear: bool

    @classmethod
    def of(cls, change: Change) -> "ChangeOut":
        """Build from the change."""
        return cls(
            what=change.what,
            district=change.district_id,
            before=change.before,
            value=change.value,
            low=change.low,
            high=change.high,
            events=change.events,
            ratio=change.ratio,
            clear=change.clear,
        )


class VersionOut(BaseModel):
    """A version of the rates: who made it, why, and from what."""

    version: int
    in_force: bool
    made_at: datetime
    made_by: str
    reason: str
    since: datetime
    until: datetime
    outages: int
    changes: list[ChangeOut]

    @classmethod
    def of(cls, kept: RatesVersion, found: list[Change], *, in_force: bool) -> "VersionOut":
        """Build from the version and what it changes."""
        return cls(
            version=kept.version,
            in_force=in_force,
            made_at=kept.made_at,
            made_by=kept.made_by,
            reason=kept.reason,
            since=kept.since,
            until=kept.until,
            outages=kept.outages,
            changes=[ChangeOut.of(each) for each in found],
        )


class RatesOut(BaseModel):
    """Which version is in force (1 is what was shipped), and every kept one, newest first."""

    in_force: int
    versions: list[VersionOut]


class LinkEvidenceOut(BaseModel):
    """An outage of either transformer; `called_at` and `gasped_at` null: nothing was heard."""

    outage_id: int
    transformer_out: str
    from_at: datetime
    to_at: datetime
    called_at: datetime | None
    gasped_at: datetime | None
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
            gasped_at=evidence.gasped_at,
            log_odds=round(evidence.log_odds, 3),
        )


class SuspectedLinkOut(BaseModel):
    """A customer who seems to hang on another transformer.

    `probability` is that the record is wrong, `of_candidate` that the candidate is right.
    """

    usage_point_id: int
    account: str
    name: str
    address: str
    district: str | None
    on_record: str
    on_record_name: str
    candidate: str
    candidate_name: str
    probability: float
    of_candidate: float
    outages: int
    evidence: list[LinkEvidenceOut]

    @classmethod
    def of(cls, listed: ListedLink) -> "SuspectedLinkOut":
        """Build from the suspicion."""
        link = listed.link
        return cls(
            usage_point_id=link.usage_point_id,
            account=link.account,
            name=listed.name,
            address=listed.address,
            district=link.district_id,
            on_record=link.transformer_id,
            on_record_name=listed.on_record,
            candidate=link.candidate_id,
            candidate_name=listed.candidate,
            probability=link.probability,
            of_candidate=link.of_candidate,
            outages=link.outages,
            evidence=[LinkEvidenceOut.of(link, each) for each in link.evidence],
        )


class SuspectedLinksOut(BaseModel):
    """The list as it was last worked out, the surest first; all null where it never was.

    `judged` customers were looked at. `after` is what the next page is asked for by; null: no more.
    """

    made_at: datetime | None
    since: datetime | None
    until: datetime | None
    judged: int | None
    rates_version: int | None
    links: list[SuspectedLinkOut]
    after: str | None

    @classmethod
    def of(
        cls, look: LinkLook | None, links: list[ListedLink], after: str | None
    ) -> "SuspectedLinksOut":
        """Build from the look and a page of its list."""
        return cls(
            made_at=None if look is None else look.made_at,
            since=None if look is None else look.since,
            until=None if look is None else look.until,
            judged=None if look is None else look.judged,
            rates_version=None if look is None else look.rates_version,
            links=[SuspectedLinkOut.of(each) for each in links],
            after=after,
        )


class LinkDecisionOut(BaseModel):
    """What somebody decided on a suspected link; `undone_at` null: it stands."""

    id: int
    usage_point_id: int
    account: str
    on_record: str
    candidate: str
    verdict: str
    at: datetime
    by: str
    reason: str
    undone_at: datetime | None
    undone_by: str | None
    undone_for: str | None

    @classmethod
    def of(cls, made: LinkDecision) -> "LinkDecisionOut":
        """Build from the decision."""
        return cls(
            id=made.id,
            usage_point_id=made.usage_point_id,
            account=made.account,
            on_record=made.transformer_id,
            candidate=made.candidate_id,
            verdict=made.verdict.value,
            at=made.at,
            by=made.by,
            reason=made.reason,
            undone_at=made.undone_at,
            undone_by=made.undone_by,
            undone_for=made.undone_for,
        )
