"""What inference made of an outage, as it is stored with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from dispatch.domain.outage import Calling, Prediction


def prediction(facts: Mapping[str, Any] | None) -> Prediction | None:
    """Read it; None where there is none."""
    if facts is None:
        return None
    between = facts.get("customers_between")
    return Prediction(
        devices=_devices(facts["devices"]),
        probability=facts["probability"],
        customers_out=facts["customers_out"],
        customers_between=None if between is None else (between[0], between[1]),
        calling=calling(facts.get("calling")),
    )


def calling(facts: Mapping[str, Any] | None) -> Calling | None:
    """Read what was held of an outage's callers; None where nothing was."""
    if facts is None:
        return None
    read = {
        "began_at": datetime.fromisoformat(facts["began_at"]),
        "devices": _devices(facts.get("devices", ())),
    }
    return Calling(**{**facts, **read})


def _devices(listed: Iterable[Sequence[Any]]) -> tuple[tuple[str, float], ...]:
    return tuple((device, probability) for device, probability in listed)


def written(made: Prediction | None) -> dict[str, Any] | None:
    """Write it as plain values, as JSON takes them."""
    if made is None:
        return None
    values = asdict(made)
    if made.calling is not None:
        values["calling"]["began_at"] = made.calling.began_at.isoformat()
    return values
