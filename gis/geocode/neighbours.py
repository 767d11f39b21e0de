"""Neighbours' addresses differ in a few numbers: what was read of one of them serves all.

An address is read with its fine numbers (栋, 单元, 层, 室, 号) replaced by stand-ins of as many
digits, and that reading is remembered; then each number goes where its stand-in was found. The
rules that read addresses ask whether digits stand somewhere, never which; where a stand-in does
not turn up as the whole value of just one level, or could be taken for another number of the
address, the address is read by itself.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from gis.geocode.address import NUMBERED, Level
from gis.geocode.parse import parse

_FINE = re.compile(
    r"(?<![0-9a-zA-Z\-.])([1-9][0-9]{0,3})(?=栋|幢|座|单元|层|室|号楼|号[0-9]|号$)", re.ASCII
)
_DIGITS = re.compile("[0-9]+", re.ASCII)


def read_parts(text: str) -> Mapping[Level, str]:
    """The parts of an address as `parse` gives them; sooner where a neighbour's was read before.

    Raises
    ------
    AddressTooLong
        The text is longer than any address.
    """
    pieces = _FINE.split(text)  # what stands between the numbers, and each number
    between, numbers = pieces[::2], pieces[1::2]
    if numbers and not _ends_in_another(numbers):
        street = _street(tuple(between), tuple(map(len, numbers)))
        if street is not None and not _clash(street.digits, numbers):
            return {level: value if n is None else numbers[n] for level, value, n in street.levels}
    return parse(text).parts


def _ends_in_another(numbers: Sequence[str]) -> bool:
    """Whether the digits of one number are the end of another's: a rule may find the wrong one."""
    return any(
        one.endswith(other)
        for n, one in enumerate(numbers)
        for m, other in enumerate(numbers)
        if n != m
    )


def _clash(digits: Sequence[str], numbers: Sequence[str]) -> bool:
    """The same between the numbers and the other digits of the address."""
    return any(one.endswith(other) or other.endswith(one) for one in digits for other in numbers)


class _Street(NamedTuple):
    """What stands at each level, its value or which of the numbers, and the other digits."""

    levels: tuple[tuple[Level, str, int | None], ...]
    digits: tuple[str, ...]


@lru_cache(maxsize=65536)
def _street(between: tuple[str, ...], lengths: tuple[int, ...]) -> _Street | None:
    """Read an address but for its fine numbers; None where their places are not sure."""
    digits = tuple({found for text in between for found in _DIGITS.findall(text)})
    free = [sign for sign in "123456789" if not any(found.endswith(sign) for found in digits)]
    if len(free) < len(lengths):
        return None
    stand_ins = [sign * length for sign, length in zip(free, lengths, strict=False)]
    filled = [text + number for text, number in zip(between, [*stand_ins, ""], strict=True)]
    parts = parse("".join(filled)).parts
    found = {
        level: stand_ins.index(value)
        for level, value in parts.items()
        if level in NUMBERED and value in stand_ins
    }
    if sorted(found.values()) != list(range(len(stand_ins))):
        return None
    levels = tuple((level, value, found.get(level)) for level, value in parts.items())
    return _Street(levels, digits)
