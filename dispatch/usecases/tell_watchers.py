"""Write the messages for those whose supply is back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.ports import Store
from dispatch.sayings import BACK_AGAIN, YOUR_REPORT, Saying

NEWS_FOR = timedelta(hours=6)
"""A message that could not be sent within this time is no news any more (assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellWatchers:
    """Which areas the picture still shows a number for, and in whose name to write."""

    dark: Collection[str]
    company: str
    phone: str
    limit: int = 1000


def tell_watchers(store: Store, command: TellWatchers, *, now: datetime) -> int:
    """Write one message each and forget whom it was for; how many."""
    lit = store.watchers.take_lit(command.dark, most=command.limit, now=now)
    for watcher in lit:
        place = watcher.area_name or _said(YOUR_REPORT, watcher.language)
        body = _said(BACK_AGAIN, watcher.language).format(
            company=command.company, place=place, phone=command.phone
        )
        store.watchers.say(
            watcher.phone, watcher.language, body, now=now, expires_at=now + NEWS_FOR
        )
    return len(lit)


def _said(saying: Saying, language: str) -> str:
    return saying.en if language == "en" else saying.zh
