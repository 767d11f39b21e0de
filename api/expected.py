"""What a field should have been, in one form for requests, settings and commands."""

from collections.abc import Mapping
from typing import Any

_EXPECTED: Mapping[str, str] = {
    "missing": "a value",
    "extra_forbidden": "no field of this name; see /api/openapi.json for those there are",
    "model_attributes_type": "an object with fields of its own",
    "timezone_aware": "a time with its zone, such as 2026-03-02T20:00:00+08:00",
}
_STARTS = ("Value error, ", "expected ", "Input should be ")


def expected_of(error: Mapping[str, Any]) -> str:
    """What was expected, of one error that pydantic tells: it goes on after "expected"."""
    said = str(_EXPECTED.get(error["type"], error["msg"]))
    for start in _STARTS:
        said = said.removeprefix(start)
    return said
