"""`relight drill --policies`: days of dispatching, every way of sending crews side by side."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from gis.counting import counted

if TYPE_CHECKING:
    from dispatch.drill.policies.ground import Ground
    from dispatch.drill.policies.recorded import Recorded
    from dispatch.drill.policies.running import Results
    from dispatch.drill.policies.scores import Mean
    from dispatch.drill.replay.lines import Line
    from dispatch.planning.district import PlanningPolicy
    from gis.network.model import Network
    from gis.roads.graph import RoadGraph

out = Console(highlight=False)

FIRST = ("kept", "kept_urban", "kept_rural", "kept_remote", "kept_standard")
SECOND = ("p50_min", "p90_min", "km", "overtime_h", "customer_hours")
LENT = ("loans", "lent_h")
AS_ONE, APART, LENDING = "one district", "districts apart", "districts that lend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options of the command said."""

    storms: Sequence[bool]
    days: int
    first_seed: int
    load: float
    methods: Sequence[str]
    scenario: Path | None
    lending: bool
    json_file: Path | None
    recorded: "Recorded | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How things are, or could be, for the same days; `lends` is whether districts lend crews."""

    ground: "Ground"
    planning: "PlanningPolicy"
    lends: bool = False


def policies(ground: "Ground", asked: Asked) -> None:
    """Play the days with every way of sending, or ours with and without a scenario; tell all."""
    from api.planner import RollingPlanner, by_rounds  # noqa: PLC0415 (numba takes seconds)
    from dispatch.drill.policies.choosing import OURS  # noqa: PLC0415
    from dispatch.drill.policies.running import (  # noqa: PLC0415
        compare,
        drawn,
        lends_by,
        relived,
        ways,
    )
    from dispatch.drill.policies.vroom import is_installed  # noqa: PLC0415
    from dispatch.planning.district import PlanningPolicy  # noqa: PLC0415

    def new_planner() -> RollingPlanner:
        return RollingPlanner(by_rounds, ready=True)

    known = ways(new_planner)
    what_if = asked.scenario is not None or asked.lending
    default = [OURS] if what_if else list(known)
    chosen = {name: known[name] for name in _checked(asked.methods, list(known)) or default}
    cases = _cases(ground, PlanningPolicy(), asked)
    seeds = range(asked.first_seed, asked.first_seed + asked.days)
    told = []
    for storm in asked.storms:
        found = {}
        for name, case in cases.items():
            with out.status("") as status:
                days = drawn(case.ground, storm=storm, seeds=seeds, load=asked.load)
                if asked.recorded is not None:
                    days = relived(case.ground, asked.recorded, case.planning)
                found[name] = compare(
                    days,
                    chosen,
                    case.planning,
                    lend=lends_by(new_planner) if case.lends else None,
                    bounds=case.ground.as_one,
                    progress=status.update,
                )
        told.append(found)
        _print(found)
    if not is_installed():
        out.print("VROOM is left out: pyvroom is not installed.")
    if asked.json_file is not None:
        rows = [_as_json(name, results) for each in told for name, results in each.items()]
        text = json.dumps(rows, indent=1, ensure_ascii=False)
        asked.json_file.write_text(text + "\n", encoding="utf-8")


def recorded_on(day: datetime, roads: Sequence[Path], asked: Asked) -> tuple["Ground", Asked]:
    """Read a local day from the company's database, to be played on these roads."""
    from api.commands.token import reached_engine  # noqa: PLC0415
    from api.settings import FieldSettings  # noqa: PLC0415
    from dispatch.drill.policies.recorded import Recorded, recorded_ground  # noqa: PLC0415
    from dispatch.errors import InvalidInput  # noqa: PLC0415
    from dispatch.store.clocks import PgClocks  # noqa: PLC0415
    from dispatch.store.reads.recorded import recorded_orders, recorded_shifts  # noqa: PLC0415
    from dispatch.store.transaction import reading  # noqa: PLC0415

    since = day.replace(tzinfo=ZoneInfo(FieldSettings().zone))
    until = since + timedelta(days=1)
    with reached_engine("relight drill") as engine, reading(engine) as connection:
        recorded = Recorded(
            begins_at=since,
            orders=recorded_orders(connection, since, until),
            shifts=recorded_shifts(connection, since, until),
            rules=PgClocks(connection).rules_at(since).of_district(None, since),
        )
    _say_timed(recorded)
    try:
        ground = recorded_ground(f"{day:%Y-%m-%d}", _roads(roads), recorded)
    except InvalidInput as refusal:
        raise typer.BadParameter(str(refusal), param_hint="--recorded") from None
    return ground, replace(asked, storms=[False], recorded=recorded)


def replayed_on(
    lines: Path, network: Sequence[Path], roads: Sequence[Path], crs: str | None, asked: Asked
) -> tuple["Ground", Asked]:
    """Replay lines on a network, and take what came of them as a day to be played on these roads.

    Orders are those that the house's own use cases made of the lines; crews those they name.
    """
    from dispatch.drill.policies.recorded import recorded_ground  # noqa: PLC0415
    from dispatch.drill.replay.lines import LinesRefused, must_read  # noqa: PLC0415
    from dispatch.errors import InvalidInput  # noqa: PLC0415
    from dispatch.store.loading.report import LoadRefused  # noqa: PLC0415
    from gis.errors import GisError  # noqa: PLC0415

    graph = _roads(roads)
    try:
        with lines.open("rb") as file:
            good, _ = must_read(file, skip_bad=False)
        if not good:
            raise typer.BadParameter(f"{lines} holds no line to replay", param_hint="--replay")
        recorded = _replayed(good, network, crs)
        _say_timed(recorded)
        ground = recorded_ground(lines.stem, graph, recorded)
    except (InvalidInput, LinesRefused) as refusal:
        raise typer.BadParameter(str(refusal), param_hint="--replay") from None
    except (GisError, LoadRefused) as refusal:
        raise typer.BadParameter(str(refusal), param_hint="--network") from None
    return ground, replace(asked, storms=[False], recorded=recorded)


def _replayed(lines: Sequence["Line"], network: Sequence[Path], crs: str | None) -> "Recorded":
    """Take the lines on a database of its own, and read the day from it."""
    from api.replaying import load_all, private_database, replay_on  # noqa: PLC0415
    from dispatch.drill.policies.recorded import Recorded  # noqa: PLC0415
    from dispatch.drill.policies.replayed import (  # noqa: PLC0415
        crews_named,
        shifts_of,
        why_no_order,
    )
    from dispatch.drill.replay.driving import LATEST_RELEASE  # noqa: PLC0415
    from dispatch.drill.replay.lines import SHOWN_BAD  # noqa: PLC0415
    from dispatch.store.clocks import PgClocks  # noqa: PLC0415
    from dispatch.store.loading.how import How  # noqa: PLC0415
    from dispatch.store.reads.recorded import recorded_orders  # noqa: PLC0415
    from dispatch.store.transaction import reading  # noqa: PLC0415

    since, until = lines[0].at, lines[-1].at + LATEST_RELEASE
    crews = crews_named(lines)
    with private_database() as url:
        load_all(url, {"network": network}, how=How(crs=crs), now=since, console=out)
        with replay_on(url, since) as ready:
            told = [each for each in ready.run(lines) if each["type"] in {"refused", "failed"}]
            with reading(ready.engine) as connection:
                orders = recorded_orders(connection, since, until)
                rules = PgClocks(connection).rules_at(since).of_district(None, since)
    out.print(f"{counted(len(lines), 'line')}, {len(told)} of them refused or failed")
    for each in told[:SHOWN_BAD]:
        where = f"line {each['line']}" if "line" in each else each["job"]
        out.print(f"  {where}: {each['why']}", markup=False, soft_wrap=True)
    if not orders:
        raise why_no_order(lines)
    skills = frozenset(skill for order in orders for skill in order.skills)
    return Recorded(begins_at=since, orders=orders, shifts=shifts_of(crews, skills), rules=rules)


def _say_timed(recorded: "Recorded") -> None:
    done = sum(o.arrived_at is not None and o.completed_at is not None for o in recorded.orders)
    out.print(f"{counted(len(recorded.orders), 'order')}, {done} of them with the work timed")


def _roads(files: Sequence[Path]) -> "RoadGraph":
    from gis.errors import GisError  # noqa: PLC0415
    from gis.roads.readers import read_roads  # noqa: PLC0415

    try:
        return read_roads(files)
    except GisError as refusal:
        raise typer.BadParameter(str(refusal), param_hint="--roads") from None


def ground_for(
    roads: Sequence[Path],
    network: Callable[[], "Network"] | None,
    *,
    county: bool,
    crews: int,
    districts: int = 1,
) -> "Ground":
    """Take the county, or the roads that are named with a network of theirs or a made-up one.

    The county has districts of its own; roads are divided into so many.
    """
    from dispatch.drill.policies.ground import county_ground, ground_on_roads  # noqa: PLC0415

    if county == bool(roads):
        raise typer.BadParameter("name one place: --roads FILE, or --county")
    if county:
        from api.commands.drill import COUNTY_SEED  # noqa: PLC0415 (that imports this)

        return county_ground(COUNTY_SEED)
    graph = _roads(roads)
    given = None if network is None else network()
    return ground_on_roads(
        graph, roads[0].parent.name, network=given, crews=crews, districts=districts
    )


def _cases(ground: "Ground", planning: "PlanningPolicy", asked: Asked) -> Mapping[str, Case]:
    """As it is, and as the scenario has it; each, if asked for, without borders, with and lending.

    Where districts are told apart, "as it is" is one district for all: the plan nobody has.
    """
    from dispatch.drill.policies.ground import apart  # noqa: PLC0415
    from dispatch.drill.policies.scenario import read_scenario  # noqa: PLC0415
    from dispatch.errors import InvalidInput  # noqa: PLC0415

    cases = {"as it is": Case(ground=ground, planning=planning)}
    if asked.scenario is not None:
        try:
            changed = read_scenario(asked.scenario, ground, planning)
        except InvalidInput as refusal:
            raise typer.BadParameter(str(refusal), param_hint="--scenario") from None
        cases[changed.name] = Case(ground=changed.ground, planning=changed.planning)
    if not asked.lending:
        return cases
    divided = {}
    for name, case in cases.items():
        alone = replace(case, ground=apart(case.ground))
        before = "" if len(cases) == 1 else f"{name}, "
        divided[f"{before}{AS_ONE}"] = case
        divided[f"{before}{APART}"] = alone
        divided[f"{before}{LENDING}"] = replace(alone, lends=True)
    return divided


def _checked(wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in wanted:
        if name not in known:
            raise typer.BadParameter(f"{name!r}; expected one of: {', '.join(known)}")
    return list(wanted)


def _print(found: Mapping[str, "Results"]) -> None:
    """Show a table of promises and one of the rest; a row for each way and case."""
    from dispatch.drill.policies.scores import KEPT, mean_of  # noqa: PLC0415

    first = next(iter(found.values()))
    out.print(
        f"\n[bold]{first.ground}[/bold]: {_weather(first)},"
        f" {counted(len(first.seeds), 'day')},"
        f" {sum(first.orders) / len(first.orders):.0f} orders a day"
    )
    lent = (
        LENT
        if any(
            results.mean(way, "loans").value
            for results in found.values()
            for way in results.figures
        )
        else ()
    )
    for names in (FIRST, (*SECOND, *lent)):
        table = _empty(names, ahead=KEPT in names)
        for case, results in found.items():
            for way in results.figures:
                cells = [_shown(results.mean(way, name)) for name in names]
                ahead = [_ahead(first, results, way)] if KEPT in names else []
                table.add_row(way if len(found) == 1 else f"{way}, {case}", *cells, *ahead)
        out.print(table)
    for case, results in found.items():
        if not results.bound:
            continue
        out.print(f"  {case}: nobody could keep more than {_shown(mean_of(results.bound))} %")


def _empty(names: Sequence[str], *, ahead: bool) -> Table:
    from dispatch.drill.policies.scores import WORDS  # noqa: PLC0415

    table = Table("")
    for name in (*(WORDS[name] for name in names), *(["less than ours"] * ahead)):
        table.add_column(name, justify="right")
    return table


def _ahead(first: "Results", results: "Results", way: str) -> str:
    """How many points of promises the way keeps less than ours, as things are."""
    from dispatch.drill.policies.choosing import OURS  # noqa: PLC0415
    from dispatch.drill.policies.scores import KEPT, paired  # noqa: PLC0415

    if OURS not in first.figures or (results is first and way == OURS):
        return ""
    ours = [each[KEPT] for each in first.figures[OURS]]
    return _shown(paired(ours, [each[KEPT] for each in results.figures[way]]))


def _shown(mean: "Mean") -> str:
    if math.isnan(mean.value):
        return "-"
    if math.isnan(mean.low) or math.isinf(mean.value):
        return f"{mean.value:,.1f}"
    return f"{mean.value:,.1f} ({mean.low:,.1f} to {mean.high:,.1f})"


def _weather(results: "Results") -> str:
    if results.storm is None:
        return "as recorded"
    return "storm" if results.storm else "calm"


def _as_json(case: str, results: "Results") -> dict[str, object]:
    """Every figure of every day, so that anybody can work out what is not shown."""
    return {
        "case": case,
        "place": results.ground,
        "weather": _weather(results),
        "seeds": list(results.seeds),
        "orders": list(results.orders),
        "bound": list(results.bound),
        "figures": {
            way: [{k: v if math.isfinite(v) else None for k, v in day.items()} for day in days]
            for way, days in results.figures.items()
        },
    }
