"""What has to hold before a person's wish is carried out."""

from dispatch.domain.outage import Outage
from dispatch.errors import ReasonRequired, StaleVersion


def check_version(outage: Outage, seen: int | None) -> None:
    """`StaleVersion` if the outage changed since somebody looked."""
    if seen is not None and outage.version != seen:
        raise StaleVersion("the outage has changed", outage_id=outage.id, version=outage.version)


def need_reason(reason: str | None, what: str) -> str:
    """The reason, or `ReasonRequired` if none was given for `what`."""
    if reason is None or not reason.strip():
        raise ReasonRequired(f"{what} needs a reason")
    return reason.strip()
