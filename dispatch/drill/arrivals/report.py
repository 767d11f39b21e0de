"""What came of the made-up arrivals: by kind, as numbers with their intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dispatch.drill.arrivals.running import Count, wilson
from dispatch.drill.arrivals.scenes import Asked


def hits(count: Count) -> int:
    """How many cases went as asked."""
    asked = count.kind.asked
    if asked is Asked.CONFIRM:
        return count.in_time
    if asked is Asked.LATE:
        return count.confirmed
    if asked is Asked.BEYOND:
        return count.confirmed
    return count.cases - count.confirmed


def share(hit: int, cases: int) -> dict[str, Any]:
    """A share with its 95 % interval after Wilson."""
    low, high = wilson(hit, cases)
    whole = hit / cases if cases else None
    return {"hits": hit, "cases": cases, "share": whole, "low": low, "high": high}


def of_all(counts: Sequence[Count]) -> dict[str, Any]:
    """The marks over all kinds.

    `in_time`: genuine arrivals confirmed within two minutes of dwell, without the kinds that
    cannot be; `genuine_all`: the same with them; `false`: false arrivals confirmed at any moment,
    without the kind that no single device can refute; `holds`: confirmed ones whose interval holds
    the truth.
    """
    able = [c for c in counts if c.kind.asked is Asked.CONFIRM]
    genuine = [c for c in counts if c.kind.asked in {Asked.CONFIRM, Asked.LATE, Asked.SILENT}]
    false = [c for c in counts if c.kind.asked is Asked.REFUSE]
    return {
        "in_time": share(_sum(able, "in_time"), _sum(able, "cases")),
        "genuine_all": share(_sum(genuine, "in_time"), _sum(genuine, "cases")),
        "holds": share(_sum(able, "holds"), _sum(able, "confirmed")),
        "false": share(_sum(false, "confirmed"), _sum(false, "cases")),
    }


def _sum(counts: Sequence[Count], what: str) -> int:
    return sum(int(getattr(count, what)) for count in counts)


def as_json(city: str, seed: int, counts: Sequence[Count]) -> dict[str, Any]:
    """All figures; widths are seconds."""
    return {
        "city": city,
        "seed": seed,
        "marks": of_all(counts),
        "kinds": [
            {
                "kind": count.kind.name,
                "asked": count.kind.asked.value,
                "why": count.kind.why,
                "as_asked": share(hits(count), count.cases),
                "confirmed": count.confirmed,
                "in_time": count.in_time,
                "interval_holds_the_truth": count.holds if count.confirmed else None,
                "contradicted": count.contradicted,
                "interval_s": _quantiles(count.widths_s),
                "reasons": dict(sorted(count.reasons.items())),
                "numbers_of_the_others": count.wrong,
            }
            for count in counts
        ],
    }


def _quantiles(widths_s: Sequence[float]) -> dict[str, float] | None:
    if not widths_s:
        return None
    p50, p90 = np.percentile(widths_s, [50, 90])
    return {"p50": round(float(p50), 1), "p90": round(float(p90), 1)}
