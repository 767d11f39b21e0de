"""What can go wrong in the core, in the field's words; HTTP is not known here."""

from typing import ClassVar


class DispatchError(Exception):
    """Something the core refuses on purpose; `context` carries the facts."""

    code: ClassVar[str] = "dispatch-error"

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context


_SHOWN = 80


class InvalidInput(DispatchError):
    """A field holds a value that cannot be meant."""

    code = "invalid-input"

    def __init__(self, field: str, value: object, expected: str) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
        super().__init__(
            f"{field} is {shown}; expected {expected}", field=field, value=shown, expected=expected
        )


class NotFound(DispatchError):
    """The thing named does not exist, or not for this caller."""

    code = "not-found"

    def __init__(self, what: str, **context: object) -> None:
        super().__init__(f"no such {what}", **context)


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
