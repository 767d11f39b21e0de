"""How a reason is written down: a code and its facts; `dispatch.sayings` has the sentences."""

from urllib.parse import urlencode


def written(code: str, **facts: object) -> str:
    """Write `code?name=value&...`, or the code alone where there is nothing to add."""
    return f"{code}?{urlencode(facts)}" if facts else code
