"""Phases of supply, written as letters of ABC in their order; None: all of them, or not said."""

from dispatch.errors import InvalidInput

ALL = "ABC"


def read_phases(said: str | None, *, field: str) -> str | None:
    """Which phases somebody means; all three are None.

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
    return None if letters == set(ALL) else "".join(sorted(letters))


def share_a_phase(one: str | None, other: str | None) -> bool:
    """Whether what one has lost may be what the other lives on."""
    return one is None or other is None or not set(one).isdisjoint(other)
