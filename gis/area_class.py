"""Area classes by name alone, for those who need no polygons."""

from enum import StrEnum


class AreaClass(StrEnum):
    """How far out a place is; the order is from the strictest commitment to the longest."""

    URBAN = "urban"
    RURAL = "rural"
    REMOTE = "remote"


STRICTEST_FIRST = tuple(AreaClass)
