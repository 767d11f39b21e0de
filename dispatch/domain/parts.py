"""Parts that work needs: words of the company's own, written one way however they are typed."""

import re
import unicodedata
from collections.abc import Iterable

from dispatch.errors import InvalidInput

LONGEST, MOST, MOST_STOCKED = 60, 20, 2000

_UNITS = {
    unit.casefold(): unit
    for unit in ("kVA", "MVA", "kV", "V", "kA", "A", "kW", "MW", "W", "mm2", "mm", "m", "km")
}
# A comma between two digits belongs to the number.
_BETWEEN = re.compile(r"[;；、，|\n]|,(?!\d)|(?<!\d),")
_QUANTITY = re.compile(rf"(\d)\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![^\W\d_])")
_HAN_DIGIT = re.compile(r"(?<=[\u4e00-\u9fff])(?=\d)")


def part_name(said: str) -> str:
    """Write a part's name as it is kept: `Transformer  100KVA` is `transformer 100 kVA`.

    Empty for a name of spaces only. Small letters, single spaces, units as they are usually
    written and apart from their number.
    """
    plain = " ".join(unicodedata.normalize("NFKC", said).casefold().split())
    spaced = _HAN_DIGIT.sub(" ", plain)
    return _QUANTITY.sub(lambda found: f"{found[1]} {_UNITS[found[2]]}", spaced)


def parts_in(said: Iterable[str]) -> frozenset[str]:
    """Read what an order needs or a crew carries, each text one part or several between commas.

    Raises
    ------
    InvalidInput
        More than twenty, or a name of more than sixty letters.
    """
    return _read(said, MOST)


def stock_in(said: Iterable[str]) -> frozenset[str]:
    """Read what a depot stocks; as `parts_in`, up to two thousand."""
    return _read(said, MOST_STOCKED)


def _read(said: Iterable[str], most: int) -> frozenset[str]:
    names = (part_name(each) for text in said for each in _BETWEEN.split(text))
    parts = frozenset(name for name in names if name)
    if len(parts) > most:
        raise InvalidInput("parts", len(parts), f"at most {most} parts")
    for name in sorted(parts):
        if len(name) > LONGEST:
            raise InvalidInput("parts", name, f"names of at most {LONGEST} letters")
    return parts
