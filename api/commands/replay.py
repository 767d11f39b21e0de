"""`relight replay`: what happened somewhere, line by line, through the house's own use cases."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dispatch.store.loading.how import DEFAULT_ZONE, How
from gis.counting import counted

err = Console(highlight=False, soft_wrap=True, stderr=True)

Files = Annotated[list[Path], typer.Option("--network", exists=True, help="the network's file(s)")]
More = list[Path] | None
FAILED = 1


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("replay")(replay)


def replay(
    lines: Annotated[Path, typer.Argument(metavar="INPUT.jsonl", exists=True, dir_okay=False)],
    network: Files,
    out: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="the decisions, as JSON lines")
    ],
    *,
    customers: Annotated[More, typer.Option("--customers", exists=True)] = None,
    crews: Annotated[More, typer.Option("--crews", exists=True)] = None,
    roads: Annotated[More, typer.Option("--roads", exists=True)] = None,
    areas: Annotated[More, typer.Option("--areas", exists=True)] = None,
    districts: Annotated[More, typer.Option("--districts", exists=True)] = None,
    crs: Annotated[
        str | None, typer.Option(help="reference system of files that name none")
    ] = None,
    zone: Annotated[str, typer.Option(help="time zone of shifts that name none")] = DEFAULT_ZONE,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="leave out lines that cannot be read")
    ] = False,
) -> None:
    """Replay INPUT.jsonl on a network: the real use cases on a simulated clock.

    No server is needed and none is touched. The same input gives the same bytes. See
    docs/replay.md for the format.
    """
    from api.replaying import replay as run  # noqa: PLC0415 (the readers take seconds to import)
    from api.replaying import seconds_since, show_bad  # noqa: PLC0415
    from dispatch.drill.replay.lines import SHOWN_BAD, LinesRefused, must_read  # noqa: PLC0415
    from dispatch.store.loading.report import LoadRefused  # noqa: PLC0415
    from gis.errors import GisError  # noqa: PLC0415

    begun = datetime.now(UTC)
    given = {
        "network": network,
        "customers": customers,
        "crews": crews,
        "roads": roads,
        "areas": areas,
        "districts": districts,
    }
    try:
        with lines.open("rb") as file:
            good, bad = must_read(file, skip_bad=skip_bad)
        show_bad(bad, SHOWN_BAD, err)
        if not good:
            raise typer.BadParameter(f"{lines} holds no line to replay")
        files = {what: paths for what, paths in given.items() if paths}
        done = run(good, files, out, how=How(zone=zone, crs=crs), console=err)
    except (GisError, LinesRefused, LoadRefused) as refusal:
        err.print(f"relight: {refusal}", markup=False)
        raise typer.Exit(FAILED) from None
    if done.failed:
        err.print(
            f"[red]{counted(done.failed, 'step')} failed[/red] and told as such; the log says where"
        )
    err.print(
        f"{counted(done.lines, 'line')}, {done.refused:,} of them refused, "
        f"{counted(done.told, 'line')} told, "
        f"{seconds_since(begun):.1f} s: {out}"
    )
