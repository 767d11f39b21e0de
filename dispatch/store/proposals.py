"""Proposals to split a confirmed outage."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, literal_column, select, update

from dispatch.domain.outage import PredictedDevice
from dispatch.domain.proposal import Dismissed, LikelyPlace, ProposalStatus, SplitProposal
from dispatch.domain.words import DistrictId, OutageId, ProposalId, TicketId, UsagePointId
from dispatch.errors import NotFound, StaleVersion
from dispatch.store.direct import Direct, Row
from dispatch.store.points import lon_lat_instead, point
from dispatch.store.tables.outages import outage
from dispatch.store.tables.tickets import proposal_number
from dispatch.store.tables.tickets import split_proposal as t

SELECT = select(*lon_lat_instead(t))
_NEXT = Direct(select(proposal_number.next_value()))
_GET = Direct(SELECT.where(t.c.id == bindparam("id")))
_ADD = Direct(insert(t))
_UPDATE = Direct(
    update(t).where(t.c.id == bindparam("read_id"), t.c.version == bindparam("read_version"))
)
_ALONG = Direct(
    SELECT.join(outage, outage.c.id == t.c.outage_id)
    .where(
        outage.c.feeder_id == bindparam("feeder_id"),
        outage.c.status != literal_column("'closed'"),
        t.c.status == literal_column("'open'"),
    )
    .order_by(t.c.id)
)
_DISMISSED = Direct(
    """
    SELECT outage_id, tickets FROM split_proposal
    WHERE outage_id = ANY(CAST(:outages AS bigint[])) AND status = 'dismissed'
    """
)


class PgProposals:
    """Reads and writes proposals on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next_id(self) -> ProposalId:
        """Take the next number."""
        return ProposalId(_NEXT.value(self._connection))

    def get(self, proposal_id: ProposalId) -> SplitProposal:
        """Read one proposal."""
        row = _GET.first(self._connection, {"id": proposal_id})
        if row is None:
            raise NotFound("split proposal", id=proposal_id)
        return proposal_from(row)

    def add(self, proposal: SplitProposal) -> None:
        """Store a new proposal; `Collision` where the outage has an open one for its place."""
        _ADD.run(self._connection, _to_row(proposal))

    def save(self, proposal: SplitProposal) -> SplitProposal:
        """Write `proposal` over the version it was read at."""
        saved = replace(proposal, version=proposal.version + 1)
        read = {"read_id": proposal.id, "read_version": proposal.version}
        if _UPDATE.run(self._connection, {**_to_row(saved), **read}) != 1:
            raise StaleVersion("the proposal has changed", proposal_id=proposal.id)
        return saved

    def list_open(self, outage_ids: Collection[OutageId]) -> Sequence[SplitProposal]:
        """List those of some outages that wait for a decision, oldest first."""
        query = SELECT.where(t.c.outage_id.in_(sorted(outage_ids)), t.c.status == "open")
        rows = self._connection.execute(query.order_by(t.c.id)).mappings()
        return [proposal_from(row) for row in rows]

    def list_open_along(self, feeder_id: str) -> Sequence[SplitProposal]:
        """List those on a feeder's outages, over or not, that wait for a decision; oldest first."""
        rows = _ALONG.rows(self._connection, {"feeder_id": feeder_id})
        return [proposal_from(row) for row in rows]

    def dismissed(self, outage_ids: Collection[OutageId]) -> Dismissed:
        """Read which reports a dismissed proposal of each outage named."""
        found: dict[OutageId, frozenset[TicketId]] = {}
        for row in _DISMISSED.rows(self._connection, {"outages": sorted(outage_ids)}):
            outage_id = OutageId(row["outage_id"])
            found[outage_id] = found.get(outage_id, frozenset()) | frozenset(row["tickets"])
        return found


def proposal_from(row: Row) -> SplitProposal:
    """Make a proposal of a row of its table."""
    home = row["usage_point_id"]
    return SplitProposal(
        id=ProposalId(row["id"]),
        outage_id=OutageId(row["outage_id"]),
        district_id=DistrictId(row["district_id"]),
        place=LikelyPlace(
            device=PredictedDevice(
                id=row["device_id"], kind=row["device_kind"], name=row["device_name"]
            ),
            lon=row["lon"],
            lat=row["lat"],
            usage_point_id=None if home is None else UsagePointId(home),
        ),
        probability=row["probability"],
        tickets=tuple(map(TicketId, row["tickets"])),
        reasons=tuple(row["reasons"]),
        hazards=tuple(row["hazards"]),
        critical=row["critical"],
        proposed_at=row["proposed_at"],
        status=ProposalStatus(row["status"]),
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        decided_for=row["decided_for"],
        into_id=None if row["into_id"] is None else OutageId(row["into_id"]),
        version=row["version"],
    )


def _to_row(proposal: SplitProposal) -> dict[str, Any]:
    place = proposal.place
    return {
        "id": proposal.id,
        "outage_id": proposal.outage_id,
        "district_id": proposal.district_id,
        "status": proposal.status.value,
        "place": place.device.id or f"home:{place.usage_point_id or proposal.tickets[0]}",
        "device_id": place.device.id,
        "device_kind": place.device.kind,
        "device_name": place.device.name,
        "usage_point_id": place.usage_point_id,
        "point": point(place.lon, place.lat),
        "probability": proposal.probability,
        "tickets": list(proposal.tickets),
        "reasons": list(proposal.reasons),
        "hazards": list(proposal.hazards),
        "critical": proposal.critical,
        "proposed_at": proposal.proposed_at,
        "decided_at": proposal.decided_at,
        "decided_by": proposal.decided_by,
        "decided_for": proposal.decided_for,
        "into_id": proposal.into_id,
        "version": proposal.version,
    }
