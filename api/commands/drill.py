"""`relight drill`: simulated calm days and storms with a known truth, and who tells it best."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.drilling import Asked, ground_for, recorded_on, replayed_on
from api.drilling import policies as compare_policies
from gis.counting import counted

if TYPE_CHECKING:
    from dispatch.drill.storms.ground import Ground
    from dispatch.drill.storms.running import Results
    from dispatch.drill.storms.truth import Condition
    from gis.network.model import Network

out = Console(highlight=False)

NetworkFiles = Annotated[
    list[Path] | None, typer.Option("--network", exists=True, help="network file; repeat for parts")
]
COUNTY_SEED = 20260618
"""The county that the demonstration shows."""

MAIN = ("f1", "needless", "hidden", "right_15", "nothing_found")
"""Figures of the short table."""

WEATHERS = ("calm", "storm", "both")


drills = typer.Typer(invoke_without_command=True)
"""The drill of storms, and others as commands of it."""


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    drills.callback()(drill)
    app.add_typer(drills, name="drill")


def drill(
    context: typer.Context,
    network: NetworkFiles = None,
    county: Annotated[bool, typer.Option("--county", help="the generated county")] = False,
    american: Annotated[
        bool, typer.Option("--american", help="a made-up network of the American kind")
    ] = False,
    crs: Annotated[
        str | None, typer.Option(help="reference system of a network that names none")
    ] = None,
    feeders: Annotated[int, typer.Option(min=0, help="only so many feeders; 0 means all")] = 0,
    episodes: Annotated[int, typer.Option(min=1)] = 30,
    seed: Annotated[int, typer.Option(min=1, help="number of the first episode")] = 1,
    weather: Annotated[str, typer.Option(help="calm, storm or both")] = "both",
    methods: Annotated[
        list[str] | None, typer.Option("--method", help="only these; repeat for several")
    ] = None,
    gasps: Annotated[float, typer.Option(min=0, max=1, help="share of meters that tell")] = 0.0,
    call_rate: Annotated[float, typer.Option(min=0.01, help="callers, times the usual")] = 1.0,
    delay: Annotated[float, typer.Option(min=0.01, help="delays, times the usual")] = 1.0,
    wrong_links: Annotated[
        float, typer.Option(min=0, max=1, help="customers recorded on a neighbouring transformer")
    ] = 0.0,
    mislocated: Annotated[
        float, typer.Option(min=0, max=1, help="calls filed in another place nearby")
    ] = 0.0,
    level: Annotated[
        list[str] | None,
        typer.Option(help="also judge on less: transformer or point; repeat for both"),
    ] = None,
    asked: Annotated[bool, typer.Option("--asked", help="callers tell of neighbours")] = False,
    by_kind: Annotated[
        bool, typer.Option("--kinds", help="some kinds of customer call more often than others")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="also every lesser figure")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
    html: Annotated[Path | None, typer.Option(help="write a page with drawings here")] = None,
    plate: Annotated[
        Path | None, typer.Option("--map", help="write a map of the first episode here (HTML)")
    ] = None,
    policies: Annotated[
        bool, typer.Option("--policies", help="compare ways of sending crews instead")
    ] = False,
    roads: Annotated[
        list[Path] | None,
        typer.Option("--roads", exists=True, help="with --policies: road file; repeat for parts"),
    ] = None,
    crews: Annotated[int, typer.Option(min=0, help="with --policies and --roads: how many")] = 0,
    load: Annotated[float, typer.Option(min=0.01, help="with --policies: faults, times usual")] = 1,
    scenario: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="with --policies: what if (TOML)"),
    ] = None,
    recorded: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="with --policies and --roads: a day that was"),
    ] = None,
    replayed: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            exists=True,
            dir_okay=False,
            help="with --policies, --network and --roads: a day told line by line",
        ),
    ] = None,
    lending: Annotated[
        bool, typer.Option("--lending", help="with --policies: districts apart, and lending crews")
    ] = False,
    districts: Annotated[
        int, typer.Option(min=1, help="with --lending and --roads: how many districts")
    ] = 3,
) -> None:
    """Let every method judge the same simulated episodes, and compare what it said at the time.

    With --policies: play the same simulated days with every way of sending crews.
    """
    if context.invoked_subcommand is not None:
        return
    if weather not in WEATHERS:
        raise typer.BadParameter(f"{weather!r}; expected calm, storm or both", param_hint="weather")
    storms = [word == "storm" for word in ("calm", "storm") if weather in {word, "both"}]
    _refuse_mixed(
        policies=policies,
        told={"--html": html, "--map": plate, "--level": level, "--kinds": by_kind},
        played={
            "--roads": roads,
            "--scenario": scenario,
            "--crews": crews,
            "--lending": lending,
            "--recorded": recorded,
            "--replay": replayed,
        },
    )
    if policies:
        question = Asked(
            storms=storms,
            days=episodes,
            first_seed=seed,
            load=load,
            methods=methods or [],
            scenario=scenario,
            lending=lending,
            json_file=json_file,
        )
        _play(
            question,
            network=network or [],
            roads=roads or [],
            crs=crs,
            county=county,
            american=american,
            feeders=feeders,
            crews=crews,
            districts=districts,
            recorded=recorded,
            replayed=replayed,
        )
        return
    from dispatch.drill.storms.ground import ground_of  # noqa: PLC0415 (web and worker need none)
    from dispatch.drill.storms.ours import KINDS_KNOWN, our_methods  # noqa: PLC0415
    from dispatch.drill.storms.running import drill as run  # noqa: PLC0415
    from dispatch.drill.storms.truth import Condition  # noqa: PLC0415

    ours, kinds = _methods(methods)
    ours = (*ours, *_at_levels(level or ()))
    ground = ground_of(
        _network(network or [], crs, county=county, american=american, feeders=feeders)
    )
    if by_kind and not any(ground.customers.kinds):
        why = "nobody's kind is on record in this network"
        raise typer.BadParameter(why, param_hint="--kinds")
    ours = (*ours, KINDS_KNOWN) if by_kind and not methods else ours
    results = []
    for storm in storms:
        condition = Condition(
            storm=storm,
            gasps=gasps,
            call_rate=call_rate,
            delay=delay,
            wrong_links=wrong_links,
            mislocated=mislocated,
            asked=asked,
            kinds=by_kind,
        )
        with out.status("") as status:
            results.append(
                run(
                    ground,
                    condition,
                    our_methods(condition, ours),
                    episodes=episodes,
                    seed=seed,
                    kinds=kinds,
                    progress=status.update,
                )
            )
        _print(results[-1], every=report)
    _write(results, json_file, html)
    if plate is not None:
        _draw(ground, condition, seed, plate)


def _play(
    question: Asked,
    *,
    network: list[Path],
    roads: list[Path],
    crs: str | None,
    county: bool,
    american: bool,
    feeders: int,
    crews: int,
    districts: int,
    recorded: datetime | None,
    replayed: Path | None,
) -> None:
    """Compare ways of sending on a day that was told, one that is on record, or drawn ones."""
    if replayed is not None:
        others = {
            "--recorded": recorded,
            "--county": county,
            "--american": american,
            "--crews": crews,
            "--feeders": feeders,
            "--lending": question.lending,
        }
        _refuse(others, "not with --replay")
        if not network:
            raise typer.BadParameter("name the network of the lines", param_hint="--network")
        compare_policies(*replayed_on(replayed, network, roads, crs, question))
    elif recorded is not None:
        compare_policies(*recorded_on(recorded, roads, question))
    else:
        given = partial(_network, network, crs, county=False, american=american, feeders=feeders)
        own = given if network or american else None
        ground = ground_for(roads, own, county=county, crews=crews, districts=districts)
        compare_policies(ground, question)


def _refuse_mixed(
    *, policies: bool, told: Mapping[str, object], played: Mapping[str, object]
) -> None:
    """Refuse what is meant for days of dispatching without them, and the other way round."""
    if policies:
        _refuse(told, "not with --policies")
    else:
        _refuse(played, "only with --policies")


def _refuse(options: Mapping[str, object], why: str) -> None:
    for name, value in options.items():
        if value:
            raise typer.BadParameter(why, param_hint=name)


def _network(
    files: list[Path],
    crs: str | None = None,
    *,
    county: bool,
    american: bool,
    feeders: int,
    seed: int = 1,
) -> "Network":
    """The one network that the options name, with made-up customers where it has none."""
    from dispatch.drill import networks  # noqa: PLC0415

    if bool(files) + county + american != 1:
        raise typer.BadParameter("name one network: --network FILE, --county or --american")
    if american:
        found = networks.american(seed)
    elif county:
        from dispatch.drill.county import generate  # noqa: PLC0415

        found = generate(COUNTY_SEED).network
    else:
        found = networks.with_customers(_read(files, crs), seed)
    return networks.some_feeders(found, feeders, seed)


def _read(files: list[Path], crs: str | None) -> "Network":
    from gis.errors import GisError  # noqa: PLC0415
    from gis.network.detect import read_network  # noqa: PLC0415

    try:
        return read_network(files, crs).network
    except GisError as refusal:
        raise typer.BadParameter(str(refusal), param_hint="--network") from None


def _methods(wanted: list[str] | None) -> tuple[tuple[str, ...], list[str]]:
    """Our own methods and the kinds of rules, all or those wanted."""
    from dispatch.drill.storms.ours import KINDS_KNOWN, NAMES  # noqa: PLC0415
    from dispatch.drill.storms.rules import KINDS  # noqa: PLC0415

    own = (*NAMES, KINDS_KNOWN)
    known = [*own, *KINDS]
    for name in wanted or ():
        if name not in known:
            raise typer.BadParameter(f"{name!r}; expected one of: {', '.join(known)}")
    chosen = wanted or [*NAMES, *KINDS]
    return tuple(n for n in own if n in chosen), [k for k in KINDS if k in chosen]


def _at_levels(wanted: Sequence[str]) -> list[str]:
    """Our methods that know less, by the levels wanted."""
    from dispatch.drill.storms.ours import LEVELS  # noqa: PLC0415

    by_word = dict(zip(("transformer", "point"), LEVELS, strict=True))
    for word in wanted:
        if word not in by_word:
            raise typer.BadParameter(
                f"{word!r}; expected transformer or point", param_hint="--level"
            )
    return [by_word[word] for word in wanted]


def _print(results: "Results", *, every: bool) -> None:
    """Tables with a row per method: the main figures, then, if asked for, all others."""
    from dispatch.drill.storms.summary import FIGURES  # noqa: PLC0415

    out.print(
        f"\n[bold]{results.network}[/bold]: {results.condition.weather}, "
        f"{counted(results.customers, 'customer')}, "
        f"{counted(results.transformers, 'transformer')}, "
        f"{counted(results.feeders, 'feeder')}, {counted(len(results.seeds), 'episode')}"
    )
    _print_figures(results, MAIN)
    if every:
        _print_figures(results, [name for name in FIGURES if name not in MAIN])
    _print_probabilities(results)
    for name, setting in results.settings.items():
        out.print(f"  {name}: {setting}")


def _print_figures(results: "Results", names: Sequence[str]) -> None:
    from dispatch.drill.storms.report import shown  # noqa: PLC0415
    from dispatch.drill.storms.summary import FIGURES, figures  # noqa: PLC0415

    table = Table(show_lines=True)
    table.add_column("", min_width=14)
    for name in names:
        table.add_column(FIGURES[name], min_width=8)
    for method, scores in results.scores.items():
        found = figures(scores)
        table.add_row(method, *(shown(name, found[name]).replace(" (", "\n(") for name in names))
    out.print(table)


def _print_probabilities(results: "Results") -> None:
    """How our probabilities kept their word, and whether anything dangerous was suppressed."""
    from dispatch.drill.storms.summary import (  # noqa: PLC0415
        device_reliability,
        ticket_reliability,
    )

    for method, scores in results.scores.items():
        if method not in results.rules:
            for what, told in (
                ("devices", device_reliability(scores)),
                ("reports", ticket_reliability(scores)),
            ):
                if told.ece is not None and told.brier is not None:
                    out.print(
                        f"  {method}, {what}: calibration error {told.ece:.3f},"
                        f" Brier score {told.brier:.3f}"
                    )
    hazards = sum(s.suppressed_hazards for of in results.scores.values() for s in of)
    out.print(f"  suppressed hazards, all methods: {hazards}")


def _write(results: list["Results"], json_file: Path | None, html: Path | None) -> None:
    from dispatch.drill.storms.report import as_html, as_json  # noqa: PLC0415

    if json_file is not None:
        text = json.dumps(as_json(results), indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    if html is not None:
        html.write_text(as_html(results), encoding="utf-8")


def _draw(ground: "Ground", condition: "Condition", seed: int, path: Path) -> None:
    """Write the map of one episode, as the posterior saw it."""
    from dispatch.drill.storms.episode import live  # noqa: PLC0415
    from dispatch.drill.storms.harness import Desk  # noqa: PLC0415
    from dispatch.drill.storms.ours import POSTERIOR, our_methods  # noqa: PLC0415
    from dispatch.drill.storms.plate import plate  # noqa: PLC0415

    episode = live(ground, seed, condition)
    method = our_methods(condition)[POSTERIOR](episode.ground)
    path.write_text(plate(episode, Desk(method, episode).run(), method.name), encoding="utf-8")
