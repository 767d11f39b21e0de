"""The drill's results as JSON, and as one HTML page with drawings that need nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape

from dispatch.drill.storms.running import Results
from dispatch.drill.storms.summary import (
    FIGURES,
    Figure,
    Reliability,
    device_reliability,
    figures,
    ticket_reliability,
)

LOWER_IS_BETTER = frozenset(
    {"needless", "nothing_found", "hidden", "hops_15", "minutes_until_right"}
)
SHARES = frozenset({"right_5", "right_15", "right_30", "right_60", "top3_15", "ever_right"})
"""Figures that are read as per cent."""

HIDDEN_COUNTS_BELOW = 150.0
"""A rule's hidden faults are compared only if it keeps needless orders below this per 100."""

PROTOTYPE: Mapping[str, Mapping[str, tuple[float, float, float, float]]] = {
    "best tuned rule": {
        "f1": (0.95, 0.87, 0.98, 0.92),
        "needless": (40, 72, 22, 23),
        "hidden": (18, 40, 5, 36),
        "right_15": (0.50, 0.35, 0.45, 0.33),
    },
    "posterior": {
        "f1": (0.974, 0.955, 0.989, 0.969),
        "needless": (21, 40, 11, 22),
        "hidden": (7, 15, 4, 15),
        "right_15": (0.65, 0.53, 0.45, 0.40),
    },
}
"""An earlier prototype on other networks: European style calm and storm, American style both."""


def shown(name: str, figure: Figure) -> str:
    """A figure with its interval, as people read it."""
    if figure.value is None:
        return "-"
    scale, digits = (100, 0) if name in SHARES else (1, 3 if figure.value < 1.5 else 0)  # noqa: PLR2004
    if name in {"needless", "nothing_found", "hidden"}:
        digits = 0
    value, low, high = (
        f"{scale * (part or 0.0):.{digits}f}" for part in (figure.value, figure.low, figure.high)
    )
    unit = " %" if name in SHARES else ""
    return f"{value}{unit} ({low} to {high})"


def best_rule(results: Results, name: str) -> str | None:
    """The rule that did best by one figure; None where no rule can be compared."""
    candidates = {}
    for method in sorted(results.rules):
        found = figures(results.scores[method])
        needless = found["needless"].value
        over = needless is not None and needless > HIDDEN_COUNTS_BELOW
        value = found[name].value
        if value is not None and not (name == "hidden" and over):
            candidates[method] = -value if name in LOWER_IS_BETTER else value
    return max(candidates, key=lambda method: candidates[method]) if candidates else None


def as_json(results: Sequence[Results]) -> dict[str, object]:
    """Everything for programs; figures as `value`, `low`, `high`, None where nothing counted."""
    return {
        "what": dict(FIGURES),
        "conditions": [_condition(result) for result in results],
        "prototype": {
            "order": ["european calm", "european storm", "american calm", "american storm"],
            "figures": PROTOTYPE,
        },
    }


def _condition(results: Results) -> dict[str, object]:
    return {
        "network": results.network,
        "customers": results.customers,
        "transformers": results.transformers,
        "feeders": results.feeders,
        "condition": asdict(results.condition),
        "first_seed": results.seeds[0],
        "episodes": len(results.seeds),
        "settings": results.settings,
        "best_rule": {name: best_rule(results, name) for name in FIGURES},
        "methods": {
            name: {
                "reports": sum(s.reports for s in scores),
                "figures": {key: asdict(figure) for key, figure in figures(scores).items()},
                "device_probabilities": asdict(device_reliability(scores)),
                "ticket_probabilities": asdict(ticket_reliability(scores)),
                "suppressed_hazards": sum(s.suppressed_hazards for s in scores),
            }
            for name, scores in results.scores.items()
        },
    }


# --- the page ---

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;border-bottom:1px solid #d5dce4;text-align:left}
th{font-weight:600}svg{margin:.5rem 1rem .5rem 0}figure{display:inline-block;margin:0}
figcaption{font-size:13px;color:#51606f}
"""

PLOTTED = ("f1", "needless", "hidden", "right_15")
COLORS = ("#0b62a4", "#c0392b", "#2d8a4e", "#8e44ad", "#b9770e", "#148f9b", "#6b7785")
WIDTH, BAR, LEFT = 620, 22, 300
SIDE = 220


def as_html(results: Sequence[Results]) -> str:
    """One page: a table per condition, the main figures as bars with intervals, reliability."""
    parts = "".join(_section(result) for result in results)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Relight drill</title>'
        f"<style>{STYLE}</style><h1>Drill</h1><p>Simulated episodes with a known truth; intervals"
        " are 95 % by bootstrap over episodes. Simulated figures are not a service level.</p>"
        f"{parts}</html>\n"
    )


def _section(results: Results) -> str:
    found = {name: figures(scores) for name, scores in results.scores.items()}
    condition = results.condition
    title = f"{results.network}: {condition.weather}, {len(results.seeds)} episodes"
    bars = "".join(_bars(name, found) for name in PLOTTED)
    curves = "".join(
        _curve(f"{method}: {what}", of(scores))
        for method, scores in results.scores.items()
        if method not in results.rules
        for what, of in (("devices", device_reliability), ("reports", ticket_reliability))
    )
    settings = "".join(
        f"<li>{escape(name)}: {escape(text)}</li>" for name, text in results.settings.items()
    )
    return (
        f"<h2>{escape(title)}</h2><p>{escape(str(asdict(condition)))}</p>{_table(found)}"
        f"{bars}{curves}<ul>{settings}</ul>"
    )


def _table(found: Mapping[str, Mapping[str, Figure]]) -> str:
    head = "".join(f"<th>{escape(method)}</th>" for method in found)
    rows = "".join(
        f"<tr><th>{escape(text)}</th>"
        + "".join(f"<td>{shown(name, of[name])}</td>" for of in found.values())
        + "</tr>"
        for name, text in FIGURES.items()
    )
    return f"<table><tr><th></th>{head}</tr>{rows}</table>"


def _bars(name: str, found: Mapping[str, Mapping[str, Figure]]) -> str:
    """Bars of one figure, a method each, with their intervals."""
    top = max((of[name].high or 0.0 for of in found.values()), default=0.0) or 1.0
    scale = (WIDTH - LEFT - 60) / top
    rows = []
    for place, (method, of) in enumerate(found.items()):
        figure, y = of[name], place * BAR + 4
        value, low, high = (scale * (v or 0.0) for v in (figure.value, figure.low, figure.high))
        middle = y + BAR / 2 - 3
        rows.append(
            f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end" font-size="12">'
            f"{escape(method)}</text>"
            f'<rect x="{LEFT}" y="{y}" width="{value:.1f}" height="{BAR - 7}"'
            f' fill="{COLORS[place % len(COLORS)]}" opacity=".75"/>'
            f'<line x1="{LEFT + low:.1f}" x2="{LEFT + high:.1f}" y1="{middle}" y2="{middle}"'
            ' stroke="#1c2530"/>'
        )
    height = len(found) * BAR + 8
    return (
        f'<figure><svg width="{WIDTH}" height="{height}" role="img">{"".join(rows)}</svg>'
        f"<figcaption>{escape(FIGURES[name])}</figcaption></figure>"
    )


def _curve(title: str, told: Reliability) -> str:
    """A reliability curve: on the diagonal, probabilities keep their word."""
    if told.brier is None or told.ece is None:
        return ""
    dots = "".join(
        f'<circle cx="{mean * SIDE:.1f}" cy="{(1 - share) * SIDE:.1f}"'
        f' r="{2 + min(count, 400) ** 0.5 / 4:.1f}" fill="{COLORS[0]}" opacity=".7"/>'
        for count, mean, share in told.bins
        if count
    )
    return (
        f'<figure><svg width="{SIDE}" height="{SIDE}" viewBox="-8 -8 {SIDE + 16} {SIDE + 16}"'
        f' role="img"><rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#d5dce4"/>'
        f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="#6b7785"/>{dots}</svg>'
        f"<figcaption>{escape(title)}<br>Brier {told.brier:.3f}, calibration error"
        f" {told.ece:.3f}</figcaption></figure>"
    )
