"""Which rows a caller of some districts may see."""

from collections.abc import Collection


def visible(alias: str) -> str:
    """A condition on `alias.district_id`: one of `:districts`, or none yet; NULL sees all."""
    return (
        f"(CAST(:districts AS text[]) IS NULL OR {alias}.district_id IS NULL"
        f" OR {alias}.district_id = ANY(:districts))"
    )


def listed(districts: Collection[str] | None) -> list[str] | None:
    """The value of `:districts`; None sees every district, an empty collection no district."""
    return None if districts is None else sorted(districts)
