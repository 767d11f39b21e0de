"""Suspected links as they were last worked out, and what was decided lately."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

from dispatch.domain.link import LinkDecision, SuspectedLink
from dispatch.store.links import decision_of, link_of
from dispatch.store.reads.visible import listed, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLink:
    """A suspicion with the names a person knows the customer and the transformers by."""

    link: SuspectedLink
    name: str
    address: str
    on_record: str
    candidate: str


# What is on the page is chosen by the index alone; names are looked up for those.
_LISTED = text(
    f"""
    SELECT suspected.*, usage_point.name, usage_point.address,
        own.name AS own_name, other.name AS other_name
    FROM (
        SELECT * FROM suspected_link
        WHERE decision_id IS NULL AND {visible("suspected_link")}
            AND (CAST(:district_id AS text) IS NULL OR district_id = :district_id)
            AND (CAST(:below AS double precision) IS NULL
                OR probability < :below OR (probability = :below AND account > :after))
        ORDER BY probability DESC, account LIMIT :limit
    ) AS suspected
    JOIN usage_point ON usage_point.id = suspected.usage_point_id
    LEFT JOIN transformer AS own ON own.id = suspected.transformer_id
    LEFT JOIN transformer AS other ON other.id = suspected.candidate_id
    ORDER BY probability DESC, suspected.account
    """  # noqa: S608 (constants)
)
_DECIDED = text(
    f"""
    SELECT * FROM link_decision
    WHERE {visible("link_decision")} ORDER BY at DESC, id DESC LIMIT :limit
    """  # noqa: S608 (constants)
)


def suspected_links(
    connection: Connection,
    districts: Collection[str] | None,
    *,
    district_id: str | None = None,
    after: tuple[float, str] | None = None,
    limit: int,
) -> list[ListedLink]:
    """List what nobody has decided on, the surest first, from behind a probability and account."""
    below, account = after or (None, "")
    asked = {"districts": listed(districts), "district_id": district_id, "limit": limit}
    rows = connection.execute(_LISTED, {**asked, "below": below, "after": account}).mappings()
    return [
        ListedLink(
            link=link_of(row),
            name=row["name"],
            address=row["address"],
            on_record=row["own_name"] or row["transformer_id"],
            candidate=row["other_name"] or row["candidate_id"],
        )
        for row in rows
    ]


def link_decisions(
    connection: Connection, districts: Collection[str] | None, *, limit: int
) -> list[LinkDecision]:
    """List what was decided, the newest first, also what was taken back."""
    asked = {"districts": listed(districts), "limit": limit}
    return [decision_of(row) for row in connection.execute(_DECIDED, asked).mappings()]


_DISTRICTS = text(
    """
    SELECT id, name FROM district
    WHERE CAST(:districts AS text[]) IS NULL OR id = ANY(:districts) ORDER BY name, id
    """
)


def districts_to_choose(
    connection: Connection, districts: Collection[str] | None
) -> list[tuple[str, str]]:
    """Ids and names of the districts that a list may be narrowed to."""
    rows = connection.execute(_DISTRICTS, {"districts": listed(districts)})
    return [(row.id, row.name) for row in rows]
