"""What one cell of a table means: text, number, yes or no, list; ValueError says why not."""

import math
from collections.abc import Callable

Value = object
Parse = Callable[[Value], Value]

_SHOWN = 60


def text(value: Value) -> str:
    """Read a cell as text; whole floats lose their `.0`; NUL, held by no database, is refused."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    words = str(value).strip()
    if "\x00" in words:
        raise ValueError("holds a NUL character")
    return words


def number(value: Value) -> float:
    """Read a cell as a finite number."""
    try:
        found = float(text(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is not a number") from None
    if not math.isfinite(found):
        raise ValueError(f"{shown(value)} is not a finite number")
    return found


def named_number(name: str, value: Value) -> float:
    """Read a cell as a finite number; the ValueError also names the field."""
    try:
        return number(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def integer(value: Value) -> int:
    """Read a cell as a whole number."""
    found = number(value)
    if not found.is_integer():
        raise ValueError(f"{shown(value)} is not a whole number")
    return int(found)


_FLAGS = {"true": True, "yes": True, "y": True, "t": True, "1": True, "是": True} | {
    "false": False, "no": False, "n": False, "f": False, "0": False, "否": False,
}  # fmt: skip


def flag(value: Value) -> bool:
    """Read a cell as yes or no, in English, Chinese or digits."""
    try:
        return _FLAGS[text(value).casefold()]
    except KeyError:
        raise ValueError(f"{shown(value)} is neither yes nor no") from None


def words(value: Value) -> tuple[str, ...]:
    """Read a cell as a list separated by `;`, `,`, `|` or their Chinese forms; order is kept."""
    whole = text(value)
    for mark in ",|，；、":
        whole = whole.replace(mark, ";")
    return tuple(dict.fromkeys(part.strip() for part in whole.split(";") if part.strip()))


def shown(value: Value) -> str:
    """Show a cell in a message, cut where it is long."""
    whole = repr(value)
    return whole if len(whole) <= _SHOWN else whole[: _SHOWN - 3] + "..."
