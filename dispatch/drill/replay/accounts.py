"""Accounts as other people write them: the source's own number, without what a loader put before.

Where two files of one network use the same account, the loader puts the file's name and a slash
before it; a pandapower bus without a name of its own is `Bus 131`. Who knows only the source says
`131`. Such an ending counts when exactly one account has it.
"""

import re
from collections.abc import Iterable

_BEFORE = re.compile(r"[/: ]")


class Accounts:
    """Every account of the network."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        several: dict[str, list[str]] = {}
        for account in sorted(self._known):
            for before in _BEFORE.finditer(account):
                several.setdefault(account[before.end() :], []).append(account)
        self._by_ending = {end: found[0] for end, found in several.items() if len(found) == 1}

    def meant(self, account: str) -> str:
        """The account as the house has it; one that nobody knows stays as it was given."""
        if account in self._known:
            return account
        return self._by_ending.get(account, account)
