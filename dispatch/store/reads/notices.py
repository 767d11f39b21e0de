"""What notices answered, and which outages have a burst of calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from dispatch.domain.notice import Avoided, Notice
from dispatch.domain.words import NoticeId, OutageId
from dispatch.store.notices import notice_from
from dispatch.store.reads.visible import listed, visible

NOTHING = Avoided(customers=0, told=0, told_only=0, attached=0, unattended=0, repeats=0)

# A customer who was told and then reported all the same (whatever it was) was spared nothing.
_AVOIDED = text(
    """
    SELECT answer.notice_id, count(DISTINCT answer.usage_point_id) AS customers,
        count(*) FILTER (WHERE answer.how = 'question') AS told,
        count(*) FILTER (
            WHERE answer.how = 'question' AND NOT EXISTS (
                SELECT FROM ticket
                WHERE ticket.usage_point_id = answer.usage_point_id
                    AND ticket.received_at >= notice.released_at
            )
        ) AS told_only,
        count(*) FILTER (WHERE answer.how = 'attached') AS attached,
        count(*) FILTER (
            WHERE answer.how = 'attached' AND EXISTS (
                SELECT FROM ticket WHERE ticket.id = answer.key AND ticket.channel <> 'phone'
            )
        ) AS unattended,
        count(*) FILTER (WHERE answer.how = 'repeat') AS repeats
    FROM notice_answer AS answer JOIN notice ON notice.id = answer.notice_id
    WHERE answer.notice_id = ANY(:notices) GROUP BY answer.notice_id
    """
)
_RELEASED = text(
    f"""
    SELECT notice.*, outage.status IN ('predicted', 'confirmed', 'partially_restored')
        AND notice.withdrawn_at IS NULL AS is_out
    FROM notice JOIN outage ON outage.id = notice.outage_id
    WHERE notice.released_at >= :since AND notice.released_at < :until AND {visible("notice")}
    ORDER BY notice.released_at DESC, notice.id DESC
    """  # noqa: S608 (constants)
)
_OF_OUTAGE = text(
    """
    SELECT notice.*, outage.status IN ('predicted', 'confirmed', 'partially_restored')
        AND notice.withdrawn_at IS NULL AS is_out
    FROM notice JOIN outage ON outage.id = notice.outage_id
    WHERE notice.outage_id = :outage_id ORDER BY notice.released_at DESC, notice.id DESC
    """
)
_BURSTING = text(
    f"""
    SELECT outage.id
    FROM outage JOIN outage_transformer AS supply
        ON supply.outage_id = outage.id AND supply.restored_at IS NULL
    JOIN ticket ON ticket.transformer_id = supply.transformer_id
        AND ticket.received_at > :since AND ticket.received_at <= :now
    WHERE outage.status <> 'closed' AND outage.status <> 'restored' AND {visible("outage")}
    GROUP BY outage.id HAVING count(*) >= :least ORDER BY count(*) DESC, outage.id
    """  # noqa: S608 (constants)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A notice, whether it answers callers, and what it answered so far."""

    notice: Notice
    is_out: bool
    avoided: Avoided


def released(
    connection: Connection, districts: Collection[str] | None, since: datetime, until: datetime
) -> Sequence[Released]:
    """List notices released in a period, newest first."""
    values = {"since": since, "until": until, "districts": listed(districts)}
    return _with_counts(connection, connection.execute(_RELEASED, values).mappings().all())


def released_of(connection: Connection, outage_id: OutageId) -> Sequence[Released]:
    """List the notices of an outage, newest first."""
    rows = connection.execute(_OF_OUTAGE, {"outage_id": outage_id}).mappings().all()
    return _with_counts(connection, rows)


def avoided(connection: Connection, notices: Collection[NoticeId]) -> Mapping[NoticeId, Avoided]:
    """Count what each notice answered; one that answered nobody is left out."""
    rows = connection.execute(_AVOIDED, {"notices": sorted(notices)}).mappings()
    return {
        NoticeId(row["notice_id"]): Avoided(**{k: v for k, v in row.items() if k != "notice_id"})
        for row in rows
    }


def many_calls(
    connection: Connection,
    districts: Collection[str] | None,
    *,
    since: datetime,
    now: datetime,
    least: int,
) -> Sequence[OutageId]:
    """List open outages from whose transformers `least` calls or more came, most calls first."""
    values = {"since": since, "now": now, "least": least, "districts": listed(districts)}
    return [OutageId(each) for each in connection.scalars(_BURSTING, values)]


def _with_counts(connection: Connection, rows: Sequence[RowMapping]) -> list[Released]:
    notices = [notice_from(row) for row in rows]
    counts = avoided(connection, [each.id for each in notices])
    return [
        Released(notice=notice, is_out=bool(row["is_out"]), avoided=counts.get(notice.id, NOTHING))
        for notice, row in zip(notices, rows, strict=True)
    ]
