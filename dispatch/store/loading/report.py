"""What a load says of itself: what it took, what it refused and why, what else it found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import gis.network.model
import gis.vectors
from gis.network.devices import Problem


class LoadRefused(Exception):
    """The whole input is refused: nothing of it may be stored; `context` carries the facts."""

    code: ClassVar[str] = "load-refused"

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context


class Progress(Protocol):
    """Somebody who watches a load."""

    def __call__(self, step: str, done: int = 0) -> None:
        """Hear that `step` begins or, where it counts rows, that so many are done."""


def silent(step: str, done: int = 0) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken; `row` counts from 1 within `layer`, None: not told by the file."""

    layer: str
    row: int | None
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one kind of thing; `removed` and `retired` name ids."""

    new: int = 0
    changed: int = 0
    same: int = 0
    removed: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    @property
    def taken(self) -> int:
        """How many the file gave."""
        return self.new + self.changed + self.same

    @property
    def is_nothing(self) -> bool:
        """Whether the tables stayed as they were."""
        return not (self.new or self.changed or self.removed or self.retired)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """The outcome of loading one input.

    `already` is set when the same input was loaded before and nothing had to be done. `changes`
    says per kind of thing what happened, `notes` what the loader decided by itself, and `problems`
    what the network itself is found to lack.
    """

    what: str
    source: str
    already: str | None = None
    changes: Mapping[str, Change] = field(default_factory=dict)
    refused: Sequence[Refused] = ()
    notes: Sequence[str] = ()
    problems: Sequence[Problem] = ()

    @property
    def taken(self) -> int:
        """How many rows the file gave that were taken."""
        return sum(change.taken for change in self.changes.values())


AnyRefusal = gis.vectors.Refusal | gis.network.model.Refusal


def refused_of(layer: str, refusals: Iterable[AnyRefusal]) -> list[Refused]:
    """Bring the readers' refusals to one form; `layer` where a refusal names none."""
    return [
        Refused(getattr(refusal, "layer", layer), refusal.row, refusal.id or "", refusal.reason)
        for refusal in refusals
    ]


class RowsRefused(LoadRefused):
    """The input is refused because of its rows; `report` says which and why."""

    code = "rows-refused"

    def __init__(self, message: str, report: LoadReport) -> None:
        super().__init__(message, refused=len(report.refused))
        self.report = report
