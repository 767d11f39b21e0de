"""`relight tracker`: devices that say where crews are."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from api.callers import digest_of
from api.commands.token import reached_store
from api.expected import expected_of
from api.inputs.crews import TrackerIn
from api.trackers.registry import new_secret
from dispatch.domain.tracking import Tracker, Wire
from dispatch.domain.words import CrewId
from dispatch.errors import InvalidInput
from dispatch.usecases.bind_trackers import BindTrackers, bind_trackers
from dispatch.usecases.enrol_tracker import EnrolTracker, enrol_tracker
from dispatch.usecases.renew_tracker import RenewTracker, renew_tracker
from dispatch.usecases.revoke_tracker import RevokeTracker, revoke_tracker
from gis.counting import counted
from gis.crs import Datum

tracker = typer.Typer(help="Enrol devices that say where crews are, bind and revoke them.")
out = Console(highlight=False)

BY = "the command line"
TrackerId = Annotated[str, typer.Argument(help="such as jt808:13800001234, as `list` shows it")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(tracker, name="tracker", no_args_is_help=True)


@tracker.command()
def add(
    wire: Wire,
    device: Annotated[str, typer.Argument(help="what it calls itself; JT/T 808: its phone number")],
    crew: Annotated[str | None, typer.Option(help="for which crew it speaks")] = None,
    vehicle: Annotated[str | None, typer.Option(help="in which vehicle it is")] = None,
    datum: Annotated[Datum, typer.Option(help="what its positions are measured in")] = Datum.WGS84,
    label: Annotated[str, typer.Option(help="what people call it")] = "",
) -> None:
    """Enrol a device and print its secret, this once: the database keeps only its digest."""
    try:
        asked = TrackerIn(
            wire=wire, device=device, label=label, vehicle=vehicle, datum=datum, crew_id=crew
        )
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "device"
        raise InvalidInput(field, first.get("input"), expected_of(first)) from None
    secret = new_secret()
    command = EnrolTracker(
        wire=asked.wire,
        device=asked.device,
        digest=digest_of(secret),
        by=BY,
        label=asked.label,
        vehicle=asked.vehicle,
        datum=asked.datum,
        crew_id=None if crew is None else CrewId(crew),
    )
    with reached_store("relight tracker add") as store:
        enrol_tracker(store, command, now=datetime.now(UTC))
    typer.echo(secret)


@tracker.command()
def bind(
    crew: Annotated[str | None, typer.Argument(help="left out: they speak for nobody")] = None,
    device: Annotated[str | None, typer.Option("--tracker", help="one device, by its id")] = None,
    vehicle: Annotated[str | None, typer.Option(help="every device in a vehicle")] = None,
) -> None:
    """Say for which crew a device, or a vehicle's devices, speak from now on."""
    if (device is None) == (vehicle is None):
        raise InvalidInput("--tracker", device, "either --tracker or --vehicle")
    crew_id = None if crew is None else CrewId(crew)
    command = BindTrackers(crew_id=crew_id, by=BY, tracker_id=device, vehicle=vehicle)
    with reached_store("relight tracker bind") as store:
        bound = bind_trackers(store, command, now=datetime.now(UTC))
    for each in bound:
        out.print(f"{each.id} speaks for {each.crew_id or 'nobody'}")


@tracker.command()
def renew(tracker_id: TrackerId) -> None:
    """Print a new secret; the old one lets nobody in any more, and any unit may register."""
    secret = new_secret()
    command = RenewTracker(tracker_id=tracker_id, digest=digest_of(secret), by=BY)
    with reached_store("relight tracker renew") as store:
        renew_tracker(store, command, now=datetime.now(UTC))
    typer.echo(secret)


@tracker.command()
def revoke(tracker_id: TrackerId) -> None:
    """Let a device speak for nobody any more; processes notice within seconds."""
    with reached_store("relight tracker revoke") as store:
        command = RevokeTracker(tracker_id=tracker_id, by=BY)
        revoke_tracker(store, command, now=datetime.now(UTC))
    out.print(f"revoked {tracker_id}")


@tracker.command("list")
def list_() -> None:
    """List devices, what became of what they sent, and those that are not enrolled."""
    with reached_store("relight tracker list") as store:
        seen, counts = store.trackers.list_seen(), store.trackers.list_counts()
        for each in store.trackers.list_all():
            fates = ", ".join(f"{c.what} {c.count}" for c in counts if c.tracker_id == each.id)
            out.print(
                f"{_line(each, seen.get(each.id))}{': ' if fates else ''}{fates}", soft_wrap=True
            )
        for unknown in store.trackers.list_unknown():
            name = (
                f"{unknown.wire}:{unknown.device}" if unknown.device else f"{unknown.wire}, unnamed"
            )
            last = f"{unknown.last_at:%Y-%m-%d %H:%M}"
            out.print(
                f"not enrolled: {name}, {counted(unknown.count, 'time')}, last {last}",
                soft_wrap=True,
            )


def _line(each: Tracker, seen_at: datetime | None) -> str:
    where = f" in {each.vehicle}" if each.vehicle else ""
    whose = f" for {each.crew_id}" if each.crew_id else " for nobody"
    heard = f", heard {seen_at:%Y-%m-%d %H:%M}" if seen_at else ", never heard"
    gone = f", revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else ""
    label = f" ({each.label})" if each.label else ""
    return f"{each.id}{label}{where}{whose}, {each.datum}{heard}{gone}"
