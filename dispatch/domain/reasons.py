"""How a reason is written down: a code and its facts; `dispatch.sayings` has the sentences."""

from functools import lru_cache
from urllib.parse import quote_plus

_quoted = lru_cache(4_096)(quote_plus)  # callers of one outage get the same names and numbers


def written(code: str, **facts: object) -> str:
    """Write `code?name=value&...`, or the code alone where there is nothing to add."""
    told = "&".join(f"{name}={_quoted(str(value))}" for name, value in facts.items())
    return f"{code}?{told}" if facts else code
