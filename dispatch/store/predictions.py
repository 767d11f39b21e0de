"""What inference made of an outage, as it is stored with it."""

from collections.abc import Mapping
from typing import Any

from dispatch.domain.outage import Prediction


def prediction(facts: Mapping[str, Any] | None) -> Prediction | None:
    """Read it; None where there is none."""
    if facts is None:
        return None
    between = facts.get("customers_between")
    return Prediction(
        devices=tuple((device, probability) for device, probability in facts["devices"]),
        probability=facts["probability"],
        customers_out=facts["customers_out"],
        customers_between=None if between is None else (between[0], between[1]),
    )
