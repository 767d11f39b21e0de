"""Phases of supply, written as letters of ABC in their order; None: all of them, or not said."""

from dispatch.errors import InvalidInput

ALL = "ABC"


def read_phases(said: str | None, *, field: str) -> str | None:
    """Which phases somebody means, in their order; None where nothing is said.

    Raises
    ------
    InvalidInput
        Something else than letters of ABC, or none of them.
    """
    if said is None:
        return None
    letters = set(said.strip().upper())
    if not letters or letters - set(ALL):
        raise InvalidInput(field, said, "some of the phases A, B and C, such as A or BC")
    return "".join(sorted(letters))


def open_phases(said: str) -> str | None:
    """The open phases as they are kept, of `read_phases`; all of them are None."""
    return None if said == ALL else said


def joined(whole: str | None, part: str | None) -> str | None:
    """What an outage has lost that another became a part of; of which perhaps nothing was said."""
    if whole is None or part is None:
        return whole
    return open_phases("".join(sorted({*whole, *part})))


def share_a_phase(one: str | None, other: str | None) -> bool:
    """Whether what one has lost may be what the other lives on."""
    return one is None or other is None or not set(one).isdisjoint(other)
