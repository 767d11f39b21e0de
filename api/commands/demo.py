"""`relight demo`: a made-up county, or your own network, through a simulated day."""

from pathlib import Path
from typing import Annotated

import typer

Network = Annotated[
    list[Path] | None, typer.Option("--network", exists=True, help="your own network file(s)")
]
RoadFiles = Annotated[
    list[Path] | None, typer.Option("--roads", exists=True, help="its roads (OSM, or two tables)")
]
City = Annotated[
    Path | None, typer.Option(exists=True, help="folder with a city's nodes.csv and edges.csv")
]


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("demo")(demo)


def demo(
    network: Network = None,
    roads: RoadFiles = None,
    nanchang: City = None,
    seed: Annotated[int, typer.Option(help="another seed, another county and day")] = 20260618,
    customers: Annotated[
        int, typer.Option(help="of the made-up county", min=2_000, max=200_000)
    ] = 50_000,
    begin: Annotated[float, typer.Option(help="hour of the day to begin at", min=0, max=23)] = 13.0,
    speed: Annotated[float, typer.Option(help="times faster than life", min=1, max=120)] = 20.0,
    storm: Annotated[bool, typer.Option(help="let a storm front cross")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    stop_after: Annotated[
        float | None, typer.Option(help="minutes of the machine's time; else until Ctrl-C")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="folder of the demonstration")] = None,
) -> None:
    """Load a county, let its day happen, and serve the screens meanwhile."""
    from api.demo.run import Wish, run  # noqa: PLC0415 (web and worker need none of it)

    run(
        Wish(
            network=tuple(network or ()),
            roads=tuple(roads or ()),
            nanchang=nanchang,
            seed=seed,
            customers=customers,
            begin_h=begin,
            speed=speed,
            storm=storm,
            port=port,
            stop_after_min=stop_after,
            home=home,
        )
    )
