"""What geometry and graph code refuses, in words that name the file, the field and the value."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


class GisError(Exception):
    """Something this package refuses on purpose; `context` carries the facts."""

    code: ClassVar[str] = "gis-error"

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context


class UnreadableFile(GisError):
    """The file is absent, cut off, damaged or not of a kind that can be read."""

    code = "unreadable-file"

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"cannot read {path}: {reason}", path=str(path), reason=reason)


def said_by_gdal(error: Exception) -> str:
    """GDAL's words about a file, without its advice to programmers."""
    if "not recognized as being in a supported file format" in str(error):
        return "its content is of no format known here; see docs/formats.md for those that are"
    return str(error)


class EmptyInput(GisError):
    """The input was read, and holds nothing of what was asked for."""

    code = "empty-input"

    def __init__(self, source: Path | str, expected: str) -> None:
        super().__init__(
            f"{source} holds nothing usable: expected {expected}",
            source=str(source),
            expected=expected,
        )


class UnknownColumn(GisError):
    """A field was mapped to a column that the file does not have."""

    code = "unknown-column"

    def __init__(self, field: str, column: str | None, present: list[str]) -> None:
        asked = "no column" if column is None else f"no column {column!r}"
        super().__init__(
            f"{asked} for {field}; the file has {', '.join(present) or 'none'}",
            field=field,
            column=column,
            present=present,
        )


class UnknownField(GisError):
    """A column was mapped to a field that nobody asked for."""

    code = "unknown-field"

    def __init__(self, field: str, column: str, known: Sequence[str]) -> None:
        super().__init__(
            f"column {column!r} is mapped to {field!r}, which is no field here; expected one of"
            f" {', '.join(known)}",
            field=field,
            column=column,
            known=list(known),
        )


class OffPlanet(GisError):
    """A position that lies nowhere on Earth, or is not a number."""

    code = "off-planet"

    def __init__(self, lon: float, lat: float, hint: str = "") -> None:
        super().__init__(
            f"lon {lon}, lat {lat} is no place on Earth" + (f": {hint}" if hint else ""),
            lon=lon,
            lat=lat,
        )


class BadOutline(GisError):
    """Corners that enclose no one area, or too wide a one: what was found and expected."""

    code = "bad-outline"

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"{found}; expected {expected}", found=found, expected=expected)
        self.found = found
        self.expected = expected


class InvalidGraph(GisError):
    """A road graph whose arrays contradict each other."""

    code = "invalid-graph"


class UnknownDevice(GisError):
    """A tracing has no protective device, or no feeder, of that id."""

    code = "unknown-device"


class NotationError(GisError):
    """A line of the text notation that draws no network."""

    code = "notation-error"

    def __init__(self, line: int, token: str, expected: str) -> None:
        super().__init__(
            f"line {line}: {token!r} where {expected} was expected",
            line=line,
            token=token,
            expected=expected,
        )
