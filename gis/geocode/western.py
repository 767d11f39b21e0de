"""Western addresses: street and number in either order, flat, postcode, town."""

import re

from gis.geocode.address import Level

_FLAT = re.compile(
    r"(?<![a-z])(?:apt|flat|unit|suite|ste|wohnung|whg|sala)\s+(?P<room>[0-9]{1,5}[a-z]?|[a-z])"
    r"(?![a-z0-9])"
)
_FLOOR = re.compile(
    r"(?<![a-z0-9])(?P<floor>\d{1,2})(?:st|nd|rd|th|o|a)?\s*(?:andar|og|stock|floor)(?![a-z])"
)
_POSTCODE = re.compile(r"(?<![0-9a-z\-])(?P<code>\d{5}-?\d{3}|\d{5}|\d{4}-\d{3})(?![0-9a-z\-])")
_NUMBER = re.compile(
    r"(?<![0-9a-z.])(?:no )?(?P<number>\d{1,4}[a-z]?(?: ?[-/] ?\d{1,4}[a-z]?|-[a-z])?)(?![0-9a-z.])"
)
_ORDINAL_BEFORE = re.compile(r"(?:^| )(?:des|der|de|da|do|the|of|rua|av|lote)$")
_ORDINAL_AFTER = re.compile(r"^ de(?= |$)")

Parts = dict[Level, str]


def read_western(fields: list[str]) -> Parts:
    """Parts of an address whose comma-separated, normalised `fields` are given in order."""
    parts: Parts = {}
    rest = [_take_out(field, parts) for field in fields]
    rest = [field for field in rest if field]
    if not rest:
        return parts
    street, after = _split_number(rest[0], parts)
    tail = ([after] if after else []) + rest[1:]
    if Level.HOUSE not in parts and tail:
        number = _NUMBER.match(tail[0])
        if number:
            parts[Level.HOUSE] = _tidy(number["number"])
            tail = [tail[0][number.end() :].strip(), *tail[1:]]
    if street:
        parts[Level.ROAD if Level.HOUSE in parts or tail else Level.NAME] = street
    towns = [field for field in tail if field]
    if towns:
        parts[Level.CITY] = towns[0] if len(towns) == 1 else towns[1]
    if len(towns) > 1:
        parts[Level.TOWN] = towns[0]
    return parts


def _take_out(field: str, parts: Parts) -> str:
    """`field` without flat, floor and postcode, which go to `parts`."""
    for pattern, level in ((_FLAT, Level.ROOM), (_FLOOR, Level.FLOOR), (_POSTCODE, Level.POSTCODE)):
        found = pattern.search(field)
        if found and level not in parts:
            parts[level] = found[1].replace("-", "")
            cut = " , " if level is Level.POSTCODE and field[: found.start()].strip() else " "
            field = " ".join((field[: found.start()] + cut + field[found.end() :]).split())
    return field.strip(" -/.")


def _split_number(field: str, parts: Parts) -> tuple[str, str]:
    """Street and what follows the house number, which goes to `parts`."""
    field, _, beyond = (piece.strip() for piece in field.partition(","))
    numbers = [
        number
        for number in _NUMBER.finditer(field)
        if not _ORDINAL_BEFORE.search(field[: number.start()].rstrip())
        and not _ORDINAL_AFTER.match(field[number.end() :])
    ]
    if not numbers:
        return field, beyond
    inner = [number for number in numbers if number.start() > 0]
    number = inner[-1] if inner else numbers[0]
    before, after = field[: number.start()].strip(), field[number.end() :].strip()
    parts[Level.HOUSE] = _tidy(number["number"])
    if not before:
        return after, beyond
    return before, " ".join(piece for piece in (after, beyond) if piece)


def _tidy(number: str) -> str:
    return number.replace(" ", "")
