"""Proposals to split as a screen lists them: the alarm of hidden faults."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from dispatch.domain.proposal import ProposalStatus, SplitProposal, most_urgent_first
from dispatch.domain.words import OutageId
from dispatch.store.proposals import proposal_from
from dispatch.store.reads.visible import listed, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspected:
    """A proposal with the name of its outage's device, and its callers as people name them."""

    proposal: SplitProposal
    outage_device: str
    callers: tuple[str, ...]

    @property
    def waits(self) -> bool:
        """Whether nobody has decided yet."""
        return self.proposal.status is ProposalStatus.OPEN


_COLUMNS = """
    SELECT split_proposal.*, ST_X(split_proposal.point) AS lon, ST_Y(split_proposal.point) AS lat,
        outage.device_name AS outage_device,
        ARRAY(
            SELECT coalesce(nullif(ticket.address, ''), ticket.account, ticket.meter, ticket.id)
            FROM ticket WHERE ticket.id = ANY(split_proposal.tickets)
            ORDER BY ticket.received_at, ticket.id
        ) AS callers
    FROM split_proposal JOIN outage ON outage.id = split_proposal.outage_id
"""
_OPEN = text(f"{_COLUMNS} WHERE split_proposal.status = 'open' AND {visible('split_proposal')}")
_OF_OUTAGE = text(f"{_COLUMNS} WHERE split_proposal.outage_id = :id ORDER BY split_proposal.id")


def waiting(connection: Connection, districts: Collection[str] | None) -> list[Suspected]:
    """List what waits for a decision: danger first, then critical customers, then the oldest."""
    rows = connection.execute(_OPEN, {"districts": listed(districts)}).mappings()
    return sorted(map(_suspected, rows), key=lambda each: most_urgent_first(each.proposal))


def of_outage(connection: Connection, outage_id: OutageId) -> list[Suspected]:
    """List all that were ever made for an outage: those that wait first, the most urgent first."""
    found = map(_suspected, connection.execute(_OF_OUTAGE, {"id": outage_id}).mappings())
    return sorted(found, key=lambda each: (not each.waits, most_urgent_first(each.proposal)))


def _suspected(row: RowMapping) -> Suspected:
    return Suspected(
        proposal=proposal_from({str(key): value for key, value in row.items()}),
        outage_device=row["outage_device"],
        callers=tuple(row["callers"]),
    )
