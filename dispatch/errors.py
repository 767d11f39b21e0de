"""What can go wrong in the core, in the field's words; HTTP is not known here."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar


class DispatchError(Exception):
    """Something the core refuses on purpose; `context` carries the facts."""

    code: ClassVar[str] = "dispatch-error"

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context


_SHOWN = 80
_DEEP = 4


def written(value: object, deep: int = _DEEP) -> str:
    """A value as people write it in a file, never as Python does; four levels deep at most."""
    if isinstance(value, Mapping | list | tuple):
        return _listed(value, deep)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    return "missing" if value is None else repr(value)


def _listed(values: Mapping[Any, object] | Sequence[object], deep: int) -> str:
    if deep == 0:
        return "..."
    if isinstance(values, Mapping):
        pairs = (f"{key}: {written(each, deep - 1)}" for key, each in values.items())
        return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join(written(each, deep - 1) for each in values) + "]"


def shown(value: object) -> str:
    """The same, of what is long only the beginning."""
    whole = written(value)
    return whole if len(whole) <= _SHOWN else whole[:_SHOWN] + "..."


class InvalidInput(DispatchError):
    """A field holds a value that cannot be meant."""

    code = "invalid-input"

    def __init__(self, field: str, value: object, expected: str) -> None:
        said = shown(value)
        super().__init__(
            f"{field} is {said}; expected {expected}", field=field, value=said, expected=expected
        )


class NotFound(DispatchError):
    """The thing named does not exist, or not for this caller; `named` are the fields that name it.

    Both are said in the same words.
    """

    code = "not-found"

    def __init__(self, what: str, **named: object) -> None:
        fields = ", ".join(f"{field} is {shown(value)}" for field, value in named.items())
        said = f"{fields}; expected an existing {what}" if fields else f"there is no {what}"
        super().__init__(said, **named)


class StaleVersion(DispatchError):
    """Somebody else changed the record first."""

    code = "stale-version"


class Collision(DispatchError):
    """Two writers met on one record; trying again sees the other's work."""

    code = "collision"


class IllegalStep(DispatchError):
    """The state of the thing does not allow this step."""

    code = "illegal-step"


class CrewUnavailable(DispatchError):
    """This crew cannot take the order, and nobody overruled that."""

    code = "crew-unavailable"


class CrewBusy(DispatchError):
    """This crew already has an order under way."""

    code = "crew-busy"


class NoGoZone(DispatchError):
    """The place lies on ground that nobody may enter now."""

    code = "no-go-zone"


class ReasonRequired(DispatchError):
    """A human overrules the system here and has to say why."""

    code = "reason-required"


class NotVerified(DispatchError):
    """Not every caller has light again as far as anybody knows."""

    code = "not-verified"


class BeingCalled(DispatchError):
    """Another agent is calling this customer at this moment."""

    code = "being-called"


class IdentityTaken(DispatchError):
    """The same identifier was used before for something else."""

    code = "identity-taken"


class OverlappingInterruption(DispatchError):
    """A usage point cannot be without supply twice at the same time."""

    code = "overlapping-interruption"


class TooLittleToLearn(DispatchError):
    """Too little is on record to learn anything from."""

    code = "too-little-to-learn"


class StoreUnavailable(DispatchError):
    """The database cannot be reached now; nothing was stored."""

    code = "store-unavailable"


class Forbidden(DispatchError):
    """The caller's role does not allow this."""

    code = "forbidden"


class NotAuthenticated(DispatchError):
    """No valid token or session came with the request."""

    code = "not-authenticated"
