"""Numbers of things as messages to people name them."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """Name so many things: `1 row`, `1,234 rows`; `many` where an s does not make it."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
