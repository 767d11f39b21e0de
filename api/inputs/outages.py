"""Bodies about outages, planned and not."""

from typing import Annotated

from pydantic import Field

from api.inputs.fields import (
    ClientId,
    Code,
    Moment,
    Name,
    NetworkId,
    Reason,
    ReasonIn,
    Serial,
    Strict,
    Word,
)


class DeviceIn(Strict):
    """A device as somebody saw it."""

    id: NetworkId | None = None
    kind: Word
    name: Name


class ConfirmIn(Strict):
    """What was seen; without a device the predicted one is confirmed."""

    device: DeviceIn | None = None
    cause: Reason | None = None
    phases: Word | None = None
    at: Moment | None = None


class SplitIn(ReasonIn):
    """Which tickets get an outage of their own."""

    tickets: Annotated[list[ClientId], Field(min_length=1, max_length=1000)]


class MergeIn(ReasonIn):
    """Which outage becomes a part of this one."""

    outage_id: Serial


class EstimateIn(Strict):
    """When supply is expected back."""

    at: Moment
    confidence: str = Field(default="medium", pattern="^(low|medium|high)$")


class RestoreIn(Strict):
    """Who has light again since when; neither list means everybody."""

    at: Moment | None = None
    transformers: Annotated[list[NetworkId], Field(max_length=5000)] | None = None
    usage_points: Annotated[list[Serial], Field(max_length=5000)] | None = None
    cause: Reason | None = None


class ReleaseIn(Strict):
    """Which draft of the notice was read: the `mark` it came with."""

    mark: Code


class CloseIn(Strict):
    """Why it is closed although somebody did not say that power is on."""

    reason: Reason | None = None


class PlannedIn(ReasonIn):
    """Which transformers, or all below a device, are out on purpose, and when."""

    starts_at: Moment
    ends_at: Moment
    transformers: Annotated[list[NetworkId], Field(max_length=5000)] = []
    device_id: NetworkId | None = None


class EndIn(Strict):
    """When supply was back."""

    at: Moment | None = None
