"""Run the demonstration: its database, its programs, its day."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console

from api.clock import FastClock
from api.database import kept_database
from api.demo import elsewhere, stage
from api.demo.play import play
from api.processes import prepare
from api.settings import DatabaseSettings, Settings
from dispatch.drill.county import Happening
from dispatch.drill.county.parameters import DAY
from dispatch.store.partitions import ensure_fix_partitions
from dispatch.store.transaction import open_engine

out = Console(highlight=False)

STOP_WITHIN_S = 20
ANSWERS_WITHIN_S = 60.0
LONGEST_ACCOUNT = 20  # that somebody would type; an anonymous register has hashes

SHOWN_TO_EVERYBODY = {
    "RELIGHT_PUBLIC_MAP": "on",
    "RELIGHT_EMERGENCY_PHONE": "95598",
    "RELIGHT_COMPANY": "演示供电公司（演示数据）",
}
"""The public map is on in the demonstration, unless the environment says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    network: tuple[Path, ...]
    roads: tuple[Path, ...]
    nanchang: Path | None
    seed: int
    customers: int
    begin_h: float
    speed: float
    storm: bool
    port: int
    stop_after_min: float | None
    home: Path | None


def run(wish: Wish) -> None:
    """Set the stage in a database of its own, and play until it is over or stopped."""
    for name, shown in SHOWN_TO_EVERYBODY.items():
        os.environ.setdefault(name, shown)  # this program reads the same settings as its children
    settings = DatabaseSettings()
    folder = (wish.home or settings.home / "demo").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    own = settings.model_copy(update={"home": folder / _name(wish)})
    with kept_database(own, "relight demo") as url:
        _run(url, folder, own.home, wish)


def _name(wish: Wish) -> str:
    """Each set of inputs has a database of its own."""
    if wish.network:
        return "network-" + "-".join(path.stem for path in wish.network)
    return "city" if wish.nanchang else f"county-{wish.seed}-{wish.customers}"


def _run(url: str, folder: Path, home: Path, wish: Wish) -> None:
    engine = open_engine(url, connections=2, patience_s=60)
    prepare(engine, Settings())
    set_up, files = _stage(folder, wish)
    with engine.begin() as connection:
        ensure_fix_partitions(connection, set_up.begins)
    stage.load_files(engine, files, set_up.begins, out)
    tokens, phones = stage.admit_people(engine, set_up.crews)
    engine.dispose()
    clock = FastClock(set_up.begins, datetime.now(UTC) + timedelta(seconds=4), wish.speed)
    surroundings = {
        **os.environ,
        "RELIGHT_DATABASE_URL": url,
        "RELIGHT_CLOCK": str(clock),
        "RELIGHT_DEMO": "1",
        "RELIGHT_PORT": str(wish.port),
    }
    address = f"http://127.0.0.1:{wish.port}"
    with ExitStack() as programs:
        programs.enter_context(_program("worker", surroundings))
        web = programs.enter_context(_program("web", surroundings))
        _wait_for(address, web)
        _say_where(address, set_up, home)
        with suppress(KeyboardInterrupt, TimeoutError):
            asyncio.run(_play(address, set_up, clock, tokens, phones, wish))
    out.print("the demonstration is over")


async def _play(
    address: str,
    set_up: stage.Stage,
    clock: FastClock,
    tokens: dict[str, str],
    phones: dict[str, str],
    wish: Wish,
) -> None:
    limit = None if wish.stop_after_min is None else wish.stop_after_min * 60
    async with asyncio.timeout(limit):
        await play(address, set_up, clock, tokens, phones, out=out, seed=wish.seed)


def _stage(folder: Path, wish: Wish) -> tuple[stage.Stage, dict[str, list[Path]]]:
    if wish.network or wish.nanchang:
        return elsewhere.set_up(
            folder,
            wish.network,
            wish.roads,
            wish.nanchang,
            wish.seed,
            begin_h=wish.begin_h,
            storm=wish.storm,
        )
    return stage.county(
        folder / f"county-{wish.seed}-{wish.customers}.files",
        wish.seed,
        wish.customers,
        begin_h=wish.begin_h,
        storm=wish.storm,
        out=out,
    )


@contextmanager
def _program(name: str, surroundings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `relight NAME` beside this program and stop it at the end."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", name],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()


def _wait_for(address: str, web: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; say so if it ends instead."""
    waited = 0.0
    while waited < ANSWERS_WITHIN_S:
        if web.poll() is not None:
            sys.exit(f"relight: the web program ended with {web.returncode}")
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/healthz", timeout=1).is_success:
                return
        with suppress(subprocess.TimeoutExpired):
            web.wait(0.3)
        waited += 0.3
    sys.exit(f"relight: nothing answers at {address} after {ANSWERS_WITHIN_S:.0f} s")


def _say_where(address: str, set_up: stage.Stage, home: Path) -> None:
    crew = set_up.crews[0].crew_id
    out.print(f"\n[bold]Relight runs at {address}[/bold]   (演示数据: all of it is made up)")
    out.print(f"  log in as   dispatcher, agent, supervisor, admin or {crew}")
    out.print(f"  password    {stage.PASSWORD}")
    out.print("  look first  /console as dispatcher: the storm comes in over the map")
    out.print("              /desk as agent: type an account, a telephone number or an address")
    if caller := _one_caller(set_up):
        out.print(f"              such as {caller.account}, who will call at {_hour(caller.at)}")
    out.print(f"              /crew as {crew}: the orders of one crew, as on its phone")
    out.print("              /board as supervisor: the wall; /commitments: what was promised")
    out.print("              /map as nobody: what the public sees, a minute after it is known")
    out.print(f"  commands    RELIGHT_HOME={home} ./run relight token create ...", soft_wrap=True)
    out.print("  stop with   Ctrl-C\n")


def _one_caller(set_up: stage.Stage) -> Happening | None:
    """Somebody whose supply will fail, and whom the desk can be asked about."""
    return next(
        (
            each
            for each in set_up.day
            if each.why == "fault"
            and each.account
            and len(each.account) <= LONGEST_ACCOUNT
            and each.at > set_up.begins + timedelta(hours=1)
        ),
        None,
    )


def _hour(at: datetime) -> str:
    return f"{at.astimezone(DAY.tzinfo):%H:%M}"
