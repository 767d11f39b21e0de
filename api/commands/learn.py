"""`relight learn`: rates re-estimated from closed outages, and links that seem to be wrong."""

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine

from api.commands.token import reached_engine
from api.settings import FieldSettings
from dispatch.errors import InvalidInput
from dispatch.rates import SHIPPED, Rates
from dispatch.store.transaction import reading, transactions

if TYPE_CHECKING:
    from dispatch.learning.learn import Learned


def out() -> Console:
    """The terminal as wide as it is now."""
    return Console(highlight=False)


LONGEST = timedelta(days=3 * 365)
"""How far back is looked if nobody says: networks and people change."""

Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="first day, UTC; three years back, or when records begin"
    ),
]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="day after the last, UTC; now")
]
Keep = Annotated[bool, typer.Option("--store", help="keep the result as a version")]
Use = Annotated[
    bool, typer.Option("--apply", help="keep it and put it into force, without a restart")
]
Reason = Annotated[str, typer.Option(help="why, for the record")]
Listed = Annotated[bool, typer.Option("--list", help="list the versions")]
Revert = Annotated[
    int | None, typer.Option(help="put this version into force; 1 is what was shipped")
]
NOTHING_KEPT = "Nothing was stored; --store keeps it, --apply puts it into force."


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(learn)
    group.command("speeds")(learn_speeds)
    group.command("restoration")(learn_restoration)
    app.add_typer(group, name="learn")


def learn(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    store: Keep = False,
    apply: Use = False,
    reason: Reason = "re-estimated",
    list_: Listed = False,
    revert: Revert = None,
    links: Annotated[
        bool, typer.Option("--links", help="work out, list and keep who seems to hang elsewhere")
    ] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="with --links: write the evidence here")
    ] = None,
) -> None:
    """Re-estimate fault rates, callers and delays from closed outages; shows, changes nothing."""
    if context.invoked_subcommand is not None:
        return
    if list_ + links + (revert is not None) + (store or apply) > 1:
        raise typer.BadParameter("choose one of --store or --apply, --list, --revert, --links")
    if csv_file is not None and not links:
        raise typer.BadParameter("--csv goes with --links")
    with reached_engine("relight learn") as engine:
        if list_:
            _list(engine)
        elif revert is not None:
            _apply(engine, revert, reason)
        elif links:
            _links(engine, *_period(engine, since, until), csv_file)
        else:
            _rates(engine, _period(engine, since, until), reason, keep=store or apply, use=apply)


def _rates(
    engine: Engine, period: tuple[datetime, datetime], reason: str, *, keep: bool, use: bool
) -> None:
    learned = _estimate(engine, *period)
    version = _keep(engine, learned, period, reason) if keep else None
    if version is None:
        out().print(NOTHING_KEPT)
    elif use:
        _apply(engine, version, reason)


def learn_speeds(
    since: Since = None,
    until: Until = None,
    store: Keep = False,
    apply: Use = False,
    reason: Reason = "learned from tracks",
    list_: Listed = False,
    revert: Revert = None,
) -> None:
    """Learn driving speeds by class and hour from four weeks of tracks; shows, changes nothing."""
    from api.learning_speeds import (  # noqa: PLC0415 (others start faster)
        drive_by_version,
        learn_and_show,
        show_versions,
    )

    if list_ + (revert is not None) + (store or apply) > 1:
        raise typer.BadParameter("choose one of --store or --apply, --list, --revert")
    with reached_engine("relight learn speeds") as engine:
        if list_:
            show_versions(engine)
        elif revert is not None:
            drive_by_version(engine, revert, reason)
        else:
            version = learn_and_show(engine, since, until, reason, keep=store or apply)
            if version is None:
                out().print(NOTHING_KEPT)
            elif apply:
                drive_by_version(engine, version, reason)


def learn_restoration(
    since: Since = None,
    until: Until = None,
    store: Keep = False,
    apply: Use = False,
    reason: Reason = "re-estimated",
    list_: Listed = False,
    revert: Revert = None,
    made_up: Annotated[
        int | None,
        typer.Option("--made-up", min=4, max=520, help="try it on so many made-up weeks instead"),
    ] = None,
    seed: Annotated[int, typer.Option(min=1, help="with --made-up")] = 1,
) -> None:
    """Learn waits for crews and supply from repairs, and judge them on weeks held out."""
    from api import learning_waits as waits  # noqa: PLC0415 (others start faster)

    if list_ + (made_up is not None) + (revert is not None) + (store or apply) > 1:
        raise typer.BadParameter("choose one of --store or --apply, --list, --revert, --made-up")
    zone = FieldSettings().zone
    if made_up is not None:
        waits.learn_made_up(out(), made_up, seed, zone)
        return
    with reached_engine("relight learn restoration") as engine:
        if list_:
            waits.list_versions(out(), engine)
        elif revert is not None:
            waits.put_into_force(out(), engine, revert, reason)
        else:
            learned = waits.learn_on_record(out(), engine, *_period(engine, since, until), zone)
            if store or apply:
                waits.keep(out(), engine, learned, reason, apply=apply)
            else:
                out().print(NOTHING_KEPT)


def _period(
    engine: Engine, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    """From when to when outages count; not from before there were records."""
    from dispatch.store.past import recorded_since  # noqa: PLC0415 (as in `_estimate`)

    end = until.replace(tzinfo=UTC) if until is not None else datetime.now(UTC)
    with reading(engine) as connection:
        first = recorded_since(connection) or end - timedelta(days=1)
    start = since.replace(tzinfo=UTC) if since is not None else max(first, end - LONGEST)
    if start >= end:
        raise InvalidInput("since", start.isoformat(), "a time before until")
    return start, end


def _estimate(engine: Engine, since: datetime, until: datetime) -> "Learned":
    """Learn from a period, and print it beside what is in force."""
    from api.learning import (  # noqa: PLC0415 (others start faster)
        estimates_table,
        rates_in_force,
        summary,
    )
    from dispatch.learning.learn import learn as learn_from  # noqa: PLC0415
    from dispatch.store.past import read_past  # noqa: PLC0415

    assumed = Rates()
    with reading(engine) as connection:
        past = read_past(connection, since, until, km_where_unknown=assumed.km_where_unknown)
        in_force = rates_in_force(connection, past.customers)
    learned = learn_from(past, assumed)
    out().print(estimates_table(learned, in_force))
    for sentence in summary(learned):
        out().print(sentence, soft_wrap=True)
    return learned


def _keep(engine: Engine, learned: "Learned", period: tuple[datetime, datetime], why: str) -> int:
    """Keep what was learned; the version's number."""
    from dispatch.usecases.keep_rates import KeepRates, keep_rates  # noqa: PLC0415

    since, until = period
    command = KeepRates(learned=learned, since=since, until=until, by=getpass.getuser(), reason=why)
    with transactions(engine)() as store:
        version = keep_rates(store, command, now=datetime.now(UTC)).version
    out().print(f"kept as version {version}")
    return version


def _apply(engine: Engine, version: int, reason: str) -> None:
    from dispatch.usecases.apply_rates import ApplyRates, apply_rates  # noqa: PLC0415

    command = ApplyRates(version=version, by=getpass.getuser(), reason=reason)
    with transactions(engine)() as store:
        before = apply_rates(store, command, now=datetime.now(UTC))
    out().print(f"version {version} is in force instead of version {before}")


def _list(engine: Engine) -> None:
    from api.learning import versions_table  # noqa: PLC0415
    from dispatch.store.rates import PgRates  # noqa: PLC0415

    with reading(engine) as connection:
        rates = PgRates(connection)
        versions, in_force = rates.list_versions(), rates.in_force() or SHIPPED
    out().print(versions_table(versions, in_force))


def _links(engine: Engine, since: datetime, until: datetime, csv_file: Path | None) -> None:
    from api.learning import links_table, look_for_links, write_links  # noqa: PLC0415

    look = look_for_links(
        transactions(engine), since, until, by=getpass.getuser(), now=datetime.now(UTC)
    )
    if look.found:
        out().print(links_table(look.found))
    out().print(
        f"{len(look.found)} of {look.judged} customers who called more than once seem to hang"
        " on another transformer; the list is kept, nothing else was changed",
        soft_wrap=True,
    )
    if csv_file is not None:
        write_links(look.found, csv_file)
