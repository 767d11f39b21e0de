"""Phases as every source writes them, in one way: letters of ABC in their order."""


def live_phases(said: str | None) -> str | None:
    """The phases of a word such as `CAN` or `abc`, without its neutral; None where it has none."""
    return "".join(sorted(set((said or "").upper()) & set("ABC"))) or None
