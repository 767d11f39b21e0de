"""Sentences in both languages."""

from collections.abc import Iterable

from pydantic import BaseModel

from dispatch.sayings import Saying, say_reason


class SayingOut(BaseModel):
    """One sentence in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, saying: Saying) -> "SayingOut":
        """Build from the sentence."""
        return cls(zh=saying.zh, en=saying.en)


def reasons_of(written: Iterable[str]) -> list[SayingOut]:
    """Reasons as people read them."""
    return [SayingOut.of(say_reason(each)) for each in written]
