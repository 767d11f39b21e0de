"""PostgreSQL's `pg_trgm`, in Python: the same trigrams, `similarity` and `word_similarity`.

Words are runs of letters and digits (a Han character is a letter in a UTF-8 locale such as
C.UTF-8; in the plain C locale the extension would see none), lower case, padded with two blanks
in front and one behind.
"""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=65536)
def trigrams(text: str) -> tuple[str, ...]:
    """Trigrams of `text` in the order of its words, repeats included; empty for no word."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        padded = f"  {word} "
        found.extend(padded[start : start + 3] for start in range(len(padded) - 2))
    return tuple(found)


def similarity(one: str, other: str) -> float:
    """Shared trigrams over all distinct trigrams of both, 0..1; 0 when either has none."""
    left, right = set(trigrams(one)), set(trigrams(other))
    return len(left & right) / len(left | right) if left and right else 0.0


def word_similarity(query: str, text: str) -> float:
    """Greatest similarity of `query` to any run of consecutive trigrams of `text`, 0..1.

    The order of `query` does not count, that of `text` only in that the run is consecutive.
    """
    wanted = set(trigrams(query))
    ordered = trigrams(text)
    if not wanted or not ordered:
        return 0.0
    starts = [place for place, trigram in enumerate(ordered) if trigram in wanted]
    return max((_best_run(wanted, ordered, start, starts[-1]) for start in starts), default=0.0)


def _best_run(wanted: set[str], ordered: tuple[str, ...], start: int, last: int) -> float:
    """Best similarity of a run beginning at `start`; it ends at a shared trigram."""
    best, shared = 0.0, 0
    run: set[str] = set()
    for trigram in ordered[start : last + 1]:
        if trigram in run:
            continue
        run.add(trigram)
        if trigram in wanted:
            shared += 1
            best = max(best, shared / (len(wanted) + len(run) - shared))
    return best
