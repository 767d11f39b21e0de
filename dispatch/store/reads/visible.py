"""Which rows a caller of some districts may see."""

from collections.abc import Collection

# Not the column itself: the keys of clocks begin with the rule, and reading all that a rule ever
# had, to narrow one month further, grows year by year. The month alone is read (clock_started_ix).
OF_RULE = "coalesce(rule_id, '') = :rule_id"
"""A condition of sums over clocks: those of `:rule_id`."""


def visible(alias: str) -> str:
    """A condition on `alias.district_id`: one of `:districts`, or none yet; NULL sees all."""
    return (
        f"(CAST(:districts AS text[]) IS NULL OR {alias}.district_id IS NULL"
        f" OR {alias}.district_id = ANY(:districts))"
    )


def listed(districts: Collection[str] | None) -> list[str] | None:
    """The value of `:districts`; None sees every district, an empty collection no district."""
    return None if districts is None else sorted(districts)
