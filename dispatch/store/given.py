"""What callers were told: written once, read by customer and by telephone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from dispatch.domain.given import AnswerGiven, GivenBefore
from dispatch.domain.words import DistrictId, KnownKind, OutageId, UsagePointId
from dispatch.store.direct import Direct, Row

_COLUMNS = (
    *("id", "at", "by", "kind", "said", "tongue", "district_id", "usage_point_id", "phone"),
    *("ticket_id", "outage_id", "etr_at", "etr_to", "checked"),
)
_NAMES = ", ".join(_COLUMNS)
_ADD = Direct(
    f"""
    INSERT INTO answer_given ({_NAMES}) VALUES ({", ".join(f":{name}" for name in _COLUMNS)})
    ON CONFLICT (id) DO NOTHING
    """  # noqa: S608 (names of columns)
)
_GET = Direct(f"SELECT {_NAMES} FROM answer_given WHERE id = :id")  # noqa: S608 (the same)

# By either index; a caller without a number is not everybody without a number. Light is back when
# it is for their home, else for their transformer, else for their report, else with the outage, or
# with that which it became part of.
_BEFORE = Direct(
    f"""
    SELECT {", ".join(f"told.{name}" for name in _COLUMNS)}, CASE
        WHEN home.outage_id IS NOT NULL THEN home.restored_at
        WHEN supply.outage_id IS NOT NULL THEN supply.restored_at
        ELSE coalesce(ticket.restored_at, ended.restored_at)
    END AS lit_at
    FROM (
        (SELECT * FROM answer_given
        WHERE usage_point_id = CAST(:usage_point_id AS bigint) AND at > :since
        ORDER BY at DESC LIMIT :most)
        UNION
        (SELECT * FROM answer_given
        WHERE phone = CAST(:phone AS text) AND at > :since
            AND coalesce(usage_point_id = CAST(:usage_point_id AS bigint), true)
        ORDER BY at DESC LIMIT :most)
    ) AS told
    LEFT JOIN usage_point ON usage_point.id = told.usage_point_id
    LEFT JOIN outage ON outage.id = told.outage_id
    LEFT JOIN outage AS ended ON ended.id = coalesce(outage.merged_into_id, outage.id)
    LEFT JOIN outage_usage_point AS home ON home.outage_id = ended.id
        AND home.usage_point_id = told.usage_point_id
    LEFT JOIN outage_transformer AS supply ON supply.outage_id = ended.id
        AND supply.transformer_id = usage_point.transformer_id
    LEFT JOIN ticket ON ticket.id = told.ticket_id
    ORDER BY told.at DESC, told.id LIMIT :most
    """  # noqa: S608 (names of columns)
)


class PgGiven:
    """Reads and writes what callers were told on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, given: AnswerGiven) -> AnswerGiven:
        """Keep an answer; of one sent twice the first stands, and is given back."""
        row = {name: getattr(given, name) for name in _COLUMNS}
        _ADD.run(self._connection, {**row, "kind": given.kind.value, "checked": [*given.checked]})
        kept = _GET.first(self._connection, {"id": given.id})
        assert kept is not None, "it was just written, or stood there"
        return _given(kept)

    def list_before(
        self,
        usage_point_id: UsagePointId | None,
        phone: str | None,
        *,
        since: datetime,
        most: int,
    ) -> Sequence[GivenBefore]:
        """List what a customer, or a telephone, was told since then, the latest first."""
        asked = {"usage_point_id": usage_point_id, "phone": phone, "since": since, "most": most}
        rows = _BEFORE.rows(self._connection, asked)
        return [GivenBefore(given=_given(row), lit_at=row["lit_at"]) for row in rows]


def _given(row: Row) -> AnswerGiven:
    facts = {name: row[name] for name in _COLUMNS}
    numbered = {
        "usage_point_id": UsagePointId,
        "outage_id": OutageId,
        "district_id": DistrictId,
        "kind": KnownKind,
    }
    for name, kind in numbered.items():
        facts[name] = None if facts[name] is None else kind(facts[name])
    return AnswerGiven(**{**facts, "checked": tuple(facts["checked"])})
