"""Bodies of what meters and switchgear say."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from api.inputs.fields import ClientId, Code, Moment, NetworkId, Strict
from dispatch.domain.facts import MeterSignalKind


class MeterSignalIn(Strict):
    """One signal of a meter, at the meter's time; the meter by its number or its account."""

    id: ClientId
    meter: Code | None = None
    account: Code | None = None
    kind: MeterSignalKind
    at: Moment

    @model_validator(mode="after")
    def _one_of_them(self) -> "MeterSignalIn":
        if not (self.meter or self.account):
            raise ValueError("one of meter, account")
        return self


class MeterSignalsIn(Strict):
    """What meters said, in any order."""

    signals: Annotated[list[MeterSignalIn], Field(min_length=1, max_length=5000)]


class DeviceStateIn(Strict):
    """A device seen open or closed: our id, the asset's own id, or its name.

    `live` says whether there was voltage at it; left out: nobody looked.
    """

    id: ClientId
    device: NetworkId
    state: Literal["open", "closed"]
    live: bool | None = None
    at: Moment


class DeviceStatesIn(Strict):
    """Which devices were seen in which state, in any order."""

    states: Annotated[list[DeviceStateIn], Field(min_length=1, max_length=1000)]
