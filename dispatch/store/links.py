"""Suspected links: what they are judged by, the list as it was last worked out, and decisions."""

from collections import Counter
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, text, update

from dispatch.domain.link import LinkDecision, LinkEvidence, LinkLook, LinkVerdict, SuspectedLink
from dispatch.domain.past import Darkness, LinkedCustomer, LinkHistory, ReportedLoss
from dispatch.domain.words import NOT_A_LOSS, DistrictId, OutageId, UsagePointId
from dispatch.errors import NotFound
from dispatch.learning.linking import GASP_LATE, GASP_WITHIN
from dispatch.store.tables.learned import link_decision, link_look, suspected_link

NEARBY_M = 500.0
METRES_PER_DEGREE = 111_195.0
MOST_NEARBY = 8
READ_WITHIN = timedelta(minutes=15)
"""Years of everybody's record are read once a night; nobody waits for it."""

_DARKNESS = text(
    """
    WITH held AS (
        SELECT held.*, transformer.customers
        FROM outage_transformer AS held
        JOIN outage ON outage.id = held.outage_id
        JOIN transformer ON transformer.id = held.transformer_id
        WHERE outage.merged_into_id IS NULL
            AND held.out_from >= :since AND held.out_from < :until
    ), whole AS (
        SELECT outage_id, CAST(sum(customers) AS integer) AS customers
        FROM held GROUP BY outage_id
    ), called AS (
        SELECT outage_id, CAST(count(DISTINCT usage_point_id) AS integer) AS callers
        FROM ticket WHERE outage_id IN (SELECT outage_id FROM whole) GROUP BY outage_id
    ), gasped AS (
        SELECT held.outage_id, CAST(count(DISTINCT gasp.usage_point_id) AS integer) AS gasps
        FROM held
        JOIN meter_signal AS gasp ON gasp.transformer_id = held.transformer_id
            AND gasp.kind = 'last_gasp'
            AND gasp.at BETWEEN held.out_from - CAST(:gasp_within AS interval)
                AND held.out_from + CAST(:gasp_late AS interval)
        GROUP BY held.outage_id
    )
    SELECT outage_id, transformer_id, out_from AS from_at, restored_at AS to_at,
        whole.customers, coalesce(called.callers, 0) AS callers,
        coalesce(gasped.gasps, 0) AS gasps
    FROM held JOIN whole USING (outage_id) LEFT JOIN called USING (outage_id)
    LEFT JOIN gasped USING (outage_id)
    WHERE restored_at > out_from
    ORDER BY from_at, outage_id, transformer_id
    """
)
_REPORTS = text(
    """
    SELECT ticket.usage_point_id, usage_point.transformer_id, ticket.received_at AS at
    FROM ticket JOIN usage_point ON usage_point.id = ticket.usage_point_id
    WHERE ticket.received_at >= :since AND ticket.received_at < :until
        AND usage_point.transformer_id IS NOT NULL AND ticket.disposition <> 'planned'
        AND NOT (symptoms <> '{}' AND symptoms <@ CAST(:not_a_loss AS text[]))
    ORDER BY ticket.received_at, ticket.id
    """
)
# Of the customer's own outage a gasp tells nothing of another transformer.
_ASTRAY = text(
    """
    SELECT gasp.usage_point_id, count(*) AS times
    FROM meter_signal AS gasp JOIN usage_point ON usage_point.id = gasp.usage_point_id
    WHERE gasp.kind = 'last_gasp' AND gasp.at >= :since AND gasp.at < :until
        AND usage_point.transformer_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM outage_transformer AS own
            WHERE own.transformer_id = usage_point.transformer_id
                AND own.out_from <= gasp.at + CAST(:gasp_within AS interval)
                AND (own.restored_at IS NULL OR own.restored_at >= gasp.at)
        )
    GROUP BY gasp.usage_point_id
    """
)
_GASPS = text(
    """
    SELECT gasp.usage_point_id, usage_point.transformer_id, gasp.at
    FROM usage_point
    JOIN meter_signal AS gasp ON gasp.usage_point_id = usage_point.id
    WHERE usage_point.transformer_id = ANY(:ids) AND gasp.kind = 'last_gasp'
        AND gasp.at >= :since AND gasp.at < :until
    ORDER BY gasp.at, gasp.id
    """
)
_LINKED = text(
    """
    SELECT usage_point.id AS usage_point_id, usage_point.account, usage_point.transformer_id,
        coalesce(usage_point.district_id, own.district_id) AS district_id,
        ARRAY(
            SELECT other.id FROM transformer AS other
            WHERE other.id <> usage_point.transformer_id AND other.retired_at IS NULL
                AND other.point && ST_Expand(place.point, :reach / place.narrow, :reach)
                AND ST_DistanceSphere(other.point, place.point) <= :metres
            ORDER BY ST_DistanceSphere(other.point, place.point), other.id LIMIT :most
        ) AS nearby
    FROM usage_point
    JOIN transformer AS own ON own.id = usage_point.transformer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(usage_point.point, own.point) AS point,
            greatest(cos(radians(ST_Y(own.point))), 0.01) AS narrow
    ) AS place
    WHERE usage_point.id = ANY(:ids)
    ORDER BY usage_point.id
    """
)
_SERVED = text("SELECT id, customers FROM transformer WHERE id = ANY(:ids) ORDER BY id")


def read_links(connection: Connection, since: datetime, until: datetime) -> LinkHistory:
    """Read what customers' transformers can be judged by: who was out when, and who was heard."""
    asked = {
        "since": since,
        "until": until,
        "not_a_loss": sorted(NOT_A_LOSS),
        "gasp_within": GASP_WITHIN,
        "gasp_late": GASP_LATE,
    }
    reports = tuple(map(_loss, connection.execute(_REPORTS, asked).mappings()))
    heard = Counter(report.usage_point_id for report in reports)
    for row in connection.execute(_ASTRAY, asked):
        heard[UsagePointId(row.usage_point_id)] += int(row.times)
    often = sorted(who for who, times in heard.items() if times > 1)
    near = {"reach": NEARBY_M / METRES_PER_DEGREE, "metres": NEARBY_M, "most": MOST_NEARBY}
    customers = tuple(
        LinkedCustomer(
            usage_point_id=UsagePointId(row.usage_point_id),
            account=row.account,
            transformer_id=row.transformer_id,
            nearby=tuple(row.nearby),
            district_id=_district(row.district_id),
        )
        for row in connection.execute(_LINKED, {"ids": often, **near})
    )
    own = sorted({customer.transformer_id for customer in customers})
    return LinkHistory(
        customers=customers,
        darkness=tuple(Darkness(**row) for row in connection.execute(_DARKNESS, asked).mappings()),
        reports=reports,
        gasps=tuple(map(_loss, connection.execute(_GASPS, {**asked, "ids": own}).mappings())),
        served={row.id: int(row.customers) for row in connection.execute(_SERVED, {"ids": own})},
    )


def _loss(row: RowMapping) -> ReportedLoss:
    return ReportedLoss(
        usage_point_id=UsagePointId(row["usage_point_id"]),
        transformer_id=row["transformer_id"],
        at=row["at"],
    )


# A suspicion that somebody dismissed stays so until two more outages speak for it.
_DECIDED = text(
    """
    UPDATE suspected_link SET decision_id = decided.id
    FROM (
        SELECT DISTINCT ON (usage_point_id, transformer_id, candidate_id) *
        FROM link_decision WHERE verdict = 'dismissed' AND undone_at IS NULL
        ORDER BY usage_point_id, transformer_id, candidate_id, id DESC
    ) AS decided
    WHERE decided.usage_point_id = suspected_link.usage_point_id
        AND decided.transformer_id = suspected_link.transformer_id
        AND decided.candidate_id = suspected_link.candidate_id
        AND suspected_link.outages < decided.outages + 2
    """
)
_MOVE = text(
    """
    UPDATE usage_point SET transformer_id = :to_id
    WHERE id = :usage_point_id AND transformer_id = :from_id
    RETURNING disconnected_for IS NULL AS counted, kind
    """
)
_COUNT = text(
    """
    UPDATE transformer SET customers = customers + moved.by,
        kinds = CASE
            WHEN CAST(:kind AS text) IS NULL THEN kinds
            ELSE jsonb_set(
                kinds, ARRAY[CAST(:kind AS text)],
                to_jsonb(coalesce(CAST(kinds ->> CAST(:kind AS text) AS int), 0) + moved.by)
            )
        END
    FROM (VALUES (CAST(:to_id AS text), 1), (CAST(:from_id AS text), -1)) AS moved (id, by)
    WHERE transformer.id = moved.id
    """
)


class PgLinks:
    """Reads and writes suspicions and decisions on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def history(self, since: datetime, until: datetime) -> LinkHistory:
        """Read what links are judged by; long, and allowed to be."""
        milliseconds = round(READ_WITHIN.total_seconds() * 1000)
        self._connection.execute(text(f"SET LOCAL statement_timeout = {milliseconds}"))
        return read_links(self._connection, since, until)

    def renew(self, look: LinkLook, found: tuple[SuspectedLink, ...]) -> None:
        """Replace the list; what was dismissed stays so."""
        self._connection.execute(insert(link_look).values(**asdict(look)))
        self._connection.execute(delete(suspected_link))
        if found:
            self._connection.execute(insert(suspected_link), [_values(each) for each in found])
            self._connection.execute(_DECIDED)

    def last_look(self) -> LinkLook | None:
        """When the list was last worked out; None: never."""
        names = [link_look.c[each.name] for each in fields(LinkLook)]
        query = select(*names).order_by(link_look.c.id.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else LinkLook(**row)

    def lock(self, usage_point_id: UsagePointId) -> SuspectedLink:
        """Read a suspicion that nobody has decided on, for whoever decides now."""
        query = (
            select(suspected_link)
            .where(
                suspected_link.c.usage_point_id == usage_point_id,
                suspected_link.c.decision_id.is_(None),
            )
            .with_for_update(key_share=True)
        )
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("suspected link", usage_point_id=usage_point_id)
        return link_of(row)

    def decide(self, decision: LinkDecision) -> LinkDecision:
        """Keep a decision; the suspicion is off the list. It comes back with its number."""
        values = asdict(decision)
        del values["id"]
        number = self._connection.execute(
            insert(link_decision).values(**values).returning(link_decision.c.id)
        ).scalar_one()
        self._connection.execute(
            update(suspected_link)
            .where(suspected_link.c.usage_point_id == decision.usage_point_id)
            .values(decision_id=number)
        )
        return replace(decision, id=number)

    def lock_decision(self, decision_id: int) -> LinkDecision:
        """Read a decision for whoever takes it back."""
        query = (
            select(link_decision)
            .where(link_decision.c.id == decision_id)
            .with_for_update(key_share=True)
        )
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("decision on a link", id=decision_id)
        return decision_of(row)

    def take_back(self, decision: LinkDecision) -> None:
        """Write down that a decision counts no more; its suspicion is on the list again."""
        self._connection.execute(
            update(link_decision)
            .where(link_decision.c.id == decision.id)
            .values(
                undone_at=decision.undone_at,
                undone_by=decision.undone_by,
                undone_for=decision.undone_for,
            )
        )
        self._connection.execute(
            update(suspected_link)
            .where(suspected_link.c.decision_id == decision.id)
            .values(decision_id=None)
        )

    def move(self, usage_point_id: UsagePointId, from_id: str, to_id: str) -> bool:
        """Hang a customer on another transformer; False if they are not on `from_id` any more."""
        asked = {"usage_point_id": usage_point_id, "from_id": from_id, "to_id": to_id}
        moved = self._connection.execute(_MOVE, asked).first()
        if moved is None:
            return False
        if moved.counted:
            self._connection.execute(_COUNT, {**asked, "kind": moved.kind})
        return True


def _values(link: SuspectedLink) -> dict[str, Any]:
    evidence = [
        {n: v.isoformat() if isinstance(v, datetime) else v for n, v in asdict(each).items()}
        for each in link.evidence
    ]
    return {**asdict(link), "outages": link.outages, "evidence": evidence}


def link_of(row: RowMapping) -> SuspectedLink:
    """Make the suspicion of a row of `suspected_link`."""
    evidence = row["evidence"]
    return SuspectedLink(
        usage_point_id=UsagePointId(row["usage_point_id"]),
        account=row["account"],
        transformer_id=row["transformer_id"],
        candidate_id=row["candidate_id"],
        probability=row["probability"],
        of_candidate=row["of_candidate"],
        evidence=tuple(map(_evidence, evidence)),
        district_id=_district(row["district_id"]),
    )


def _evidence(facts: dict[str, Any]) -> LinkEvidence:
    times = ("from_at", "to_at", "called_at", "gasped_at")
    read = {name: facts[name] and datetime.fromisoformat(facts[name]) for name in times}
    return LinkEvidence(**{**facts, **read, "outage_id": OutageId(facts["outage_id"])})


def decision_of(row: RowMapping) -> LinkDecision:
    """Make the decision of a row of `link_decision`."""
    return LinkDecision(
        **{
            **row,
            "usage_point_id": UsagePointId(row["usage_point_id"]),
            "district_id": _district(row["district_id"]),
            "verdict": LinkVerdict(row["verdict"]),
        }
    )


def _district(name: str | None) -> DistrictId | None:
    return None if name is None else DistrictId(name)
