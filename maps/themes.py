"""The ground on which the screens are drawn, as somebody chose it for a browser."""

from enum import StrEnum


class Theme(StrEnum):
    """Dark as control rooms want it, light for daylight, or as the browser's system says."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


def chosen(cookie: str | None) -> Theme:
    """What the cookie says; dark where it says nothing that we know."""
    return Theme(cookie) if cookie in set(Theme) else Theme.DARK
