"""`relight drill arrival`: true and false arrivals with a known truth, and what is made of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.commands.drill import drills

if TYPE_CHECKING:
    from dispatch.drill.arrivals.city import City
    from dispatch.drill.arrivals.running import Count

out = Console(highlight=False)


def register(_app: typer.Typer) -> None:
    """Add this command to `drill`."""
    drills.command("arrival")(arrival)


def arrival(
    roads: Annotated[
        list[Path] | None,
        typer.Option("--roads", exists=True, help="road file, or two tables; a made-up town else"),
    ] = None,
    each: Annotated[int, typer.Option(min=1, help="cases of every kind")] = 40,
    seed: Annotated[int, typer.Option(min=1)] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    """Make up arrivals, true and false, and see which ones the evidence confirms.

    Ends with an error if a false arrival was confirmed, or fewer than 99 in 100 true ones in time.
    """
    from dispatch.drill.arrivals.report import as_json, of_all  # noqa: PLC0415 (web needs none)
    from dispatch.drill.arrivals.running import drill  # noqa: PLC0415

    city = _city(roads or [], seed)
    with out.status("") as status:
        counts = drill(city, each=each, seed=seed, progress=status.update)
    _print(city.name, counts)
    if json_file is not None:
        text = json.dumps(as_json(city.name, seed, counts), indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    marks = of_all(counts)
    if marks["false"]["hits"] or marks["in_time"]["share"] < 0.99:  # noqa: PLR2004 (the mark)
        raise typer.Exit(1)


def _city(files: list[Path], seed: int) -> "City":
    from dispatch.drill.arrivals.city import city_of, made_up  # noqa: PLC0415
    from gis.errors import GisError  # noqa: PLC0415
    from gis.roads.readers import read_roads  # noqa: PLC0415

    if not files:
        return made_up(seed)
    try:
        return city_of(files[0].name, read_roads(files))
    except GisError as refusal:
        raise typer.BadParameter(str(refusal), param_hint="--roads") from None


def _print(name: str, counts: "list[Count]") -> None:
    """A row per kind, then the marks."""
    from dispatch.drill.arrivals.report import hits, of_all  # noqa: PLC0415
    from dispatch.drill.arrivals.running import wilson  # noqa: PLC0415

    headings = {
        "confirm": "true, to be confirmed within two minutes of dwell",
        "late": "true, and may take longer",
        "silent": "true, and cannot be proven by positions",
        "refuse": "false, never to be confirmed",
        "beyond": "false, and beyond what one device's positions tell",
    }
    for asked, heading in headings.items():
        table = Table(title=heading, title_justify="left", min_width=88)
        for column in ("kind", "as asked", "95 %", "confirmed", "holds the truth"):
            table.add_column(column, justify="left" if column == "kind" else "right")
        for count in (c for c in counts if c.kind.asked.value == asked):
            low, high = wilson(hits(count), count.cases)
            why = f"\n[dim]{count.kind.why}[/dim]" if count.kind.why else ""
            table.add_row(
                count.kind.name + why,
                f"{hits(count)}/{count.cases}" if asked != "beyond" else "-",
                f"{100 * low:.1f}-{100 * high:.1f}" if asked != "beyond" else "-",
                str(count.confirmed),
                str(count.holds) if count.confirmed and asked in {"confirm", "late"} else "-",
            )
        out.print(table)
    marks = of_all(counts)
    for what, words in (
        ("in_time", "true arrivals confirmed within two minutes of dwell"),
        ("genuine_all", "the same, counting those that cannot be"),
        ("holds", "of the confirmed ones, the interval holds the truth"),
        ("false", "false arrivals confirmed"),
    ):
        mark = marks[what]
        out.print(
            f"{name}: {words}: {mark['hits']}/{mark['cases']}"
            f" (95 %: {100 * mark['low']:.2f} to {100 * mark['high']:.2f} %)"
        )
