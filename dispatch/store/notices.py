"""Public notices, whom they serve, and whom they answered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, text, update

from dispatch.domain.notice import How, Notice, NoticeAnswer, NoticeFacts, Served
from dispatch.domain.outage import Confidence, Outage, Scope
from dispatch.domain.words import DistrictId, NoticeId, OutageId, TicketId
from dispatch.errors import NotFound, StaleVersion
from dispatch.store.direct import Direct
from dispatch.store.tables.outages import notice as t
from dispatch.store.tables.outages import notice_answer

# One address stands for all customers of a street or compound: they share the words it is found by.
_ADDRESSES = text(
    """
    SELECT min(address) AS address, count(*) AS customers FROM usage_point
    WHERE transformer_id = ANY(:transformers) AND address <> '' AND disconnected_for IS NULL
    GROUP BY coalesce(CAST(address_text_id AS text), address) ORDER BY 1
    """
)
_AROUND = text(
    """
    SELECT district.name AS district, feeder.name AS feeder,
        ARRAY(
            SELECT name FROM transformer WHERE id = ANY(:transformers) ORDER BY name
        ) AS names,
        (
            SELECT count(*) FROM ticket
            WHERE transformer_id = ANY(:transformers)
                AND received_at > :since AND received_at <= :now
        ) AS calls,
        (
            SELECT count(*) FROM ticket
            WHERE transformer_id = ANY(:transformers)
                AND received_at > :earlier_since AND received_at <= :earlier_until
        ) AS earlier_calls
    FROM district LEFT JOIN feeder ON feeder.id = :feeder_id
    WHERE district.id = :district_id
    """
)
COUNT = Direct(
    """
    INSERT INTO notice_answer (notice_id, how, key, usage_point_id, at)
    VALUES (:notice_id, :how, :key, :usage_point_id, :at)
    ON CONFLICT DO NOTHING
    """
)
_LAST_DAY = timedelta(days=1)


class PgNotices:
    """Reads and writes notices on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def served(
        self, outage: Outage, scope: Scope, *, window: timedelta, earlier: timedelta, now: datetime
    ) -> Served:
        """Read whom the transformers of `scope` serve, and how many calls came from them."""
        transformers = sorted(scope.transformers)
        values = {
            "transformers": transformers,
            "feeder_id": outage.feeder_id,
            "district_id": outage.district_id,
            "now": now,
            "since": now - window,
            "earlier_since": now - _LAST_DAY - earlier,
            "earlier_until": now - _LAST_DAY,
        }
        around = self._connection.execute(_AROUND, values).mappings().one()
        rows = self._connection.execute(_ADDRESSES, {"transformers": transformers})
        return Served(
            district=around["district"],
            feeder=around["feeder"],
            addresses=tuple((row.address, row.customers) for row in rows),
            transformer_names=tuple(around["names"]),
            calls=around["calls"],
            window=window,
            earlier_calls=around["earlier_calls"],
            earlier=earlier,
        )

    def get(self, notice_id: NoticeId) -> Notice:
        """Read one notice."""
        row = self._connection.execute(select(t).where(t.c.id == notice_id)).mappings().first()
        if row is None:
            raise NotFound("notice", id=notice_id)
        return notice_from(row)

    def find_out(self, outage_id: OutageId) -> Notice | None:
        """Read the notice of the outage that was not withdrawn, if there is one."""
        query = select(t).where(t.c.outage_id == outage_id, t.c.withdrawn_at.is_(None))
        row = self._connection.execute(query).mappings().first()
        return None if row is None else notice_from(row)

    def find_answering(self, ticket_id: TicketId) -> Notice | None:
        """Read the notice that a report was answered from, if one was."""
        query = (
            select(t)
            .join(notice_answer, notice_answer.c.notice_id == t.c.id)
            .where(notice_answer.c.key == ticket_id, notice_answer.c.how != How.QUESTION.value)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else notice_from(row)

    def add(
        self,
        outage: Outage,
        facts: NoticeFacts,
        *,
        say_by: datetime,
        released_at: datetime,
        released_by: str,
    ) -> Notice:
        """Store a notice that goes out now; it comes back with its number."""
        values = {
            "outage_id": outage.id,
            "district_id": outage.district_id,
            "transformers": list(facts.transformers),
            "facts": _written(facts),
            "say_by": say_by,
            "released_at": released_at,
            "released_by": released_by,
            "version": 0,
        }
        row = self._connection.execute(insert(t).values(**values).returning(t)).mappings().one()
        return notice_from(row)

    def save(self, notice: Notice) -> Notice:
        """Write a withdrawal over the version the notice was read at."""
        query = (
            update(t)
            .where(t.c.id == notice.id, t.c.version == notice.version)
            .values(
                withdrawn_at=notice.withdrawn_at,
                withdrawn_by=notice.withdrawn_by,
                withdrawn_for=notice.withdrawn_for,
                version=notice.version + 1,
            )
        )
        if self._connection.execute(query).rowcount != 1:
            raise StaleVersion("the notice has changed", notice_id=notice.id)
        return replace(notice, version=notice.version + 1)

    def answered(self, answer: NoticeAnswer) -> None:
        """Count a caller who was answered; the same one twice counts once."""
        COUNT.run(self._connection, answer_row(answer))


def answer_row(answer: NoticeAnswer) -> dict[str, object]:
    """The parameters of `COUNT`."""
    return {
        "notice_id": answer.notice_id,
        "how": answer.how.value,
        "key": answer.key,
        "usage_point_id": answer.usage_point_id,
        "at": answer.at,
    }


def notice_from(row: RowMapping) -> Notice:
    """Make a notice of a row of its table."""
    return Notice(
        id=NoticeId(row["id"]),
        outage_id=OutageId(row["outage_id"]),
        district_id=DistrictId(row["district_id"]),
        facts=facts_read(row["facts"]),
        say_by=row["say_by"],
        released_at=row["released_at"],
        released_by=row["released_by"],
        withdrawn_at=row["withdrawn_at"],
        withdrawn_by=row["withdrawn_by"],
        withdrawn_for=row["withdrawn_for"],
        version=row["version"],
    )


def facts_read(written: Mapping[str, Any]) -> NoticeFacts:
    """What a notice states, from its JSON."""
    restore_at, confidence = written["restore_at"], written["confidence"]
    return NoticeFacts(
        district=written["district"],
        feeder=written["feeder"],
        communities=tuple(written["communities"]),
        transformers=tuple(written["transformers"]),
        customers=written["customers"],
        cause=written["cause"],
        restore_at=None if restore_at is None else datetime.fromisoformat(restore_at),
        confidence=None if confidence is None else Confidence(confidence),
        confirmed=written["confirmed"],
        percent=written["percent"],
    )


def _written(facts: NoticeFacts) -> dict[str, object]:
    return {
        "district": facts.district,
        "feeder": facts.feeder,
        "communities": facts.communities,
        "transformers": facts.transformers,
        "customers": facts.customers,
        "cause": facts.cause,
        "restore_at": None if facts.restore_at is None else facts.restore_at.isoformat(),
        "confidence": None if facts.confidence is None else facts.confidence.value,
        "confirmed": facts.confirmed,
        "percent": facts.percent,
    }
