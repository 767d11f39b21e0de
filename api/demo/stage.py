"""Set the stage: inputs loaded through the loaders, people with logins, phones with tokens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine

from api.callers import Role, issue
from api.demo.reserves import with_reserves
from api.passwords import hashed
from dispatch.drill.county import County, Happening, day, generate, write
from dispatch.drill.county.files import write_crews
from dispatch.drill.county.parameters import DAY
from dispatch.store import access
from dispatch.store.loading.files import How, load
from dispatch.store.loading.report import LoadReport
from gis.counting import counted

PASSWORD = "relight-demo"  # noqa: S105 (for the demonstration, printed on the screen)
PEOPLE: Mapping[str, tuple[str, Role]] = {
    "dispatcher": ("调度员 李", Role.DISPATCHER),
    "agent": ("坐席 王", Role.AGENT),
    "supervisor": ("值长 赵", Role.SUPERVISOR),
    "admin": ("管理员", Role.ADMIN),
}
LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A crew of the demonstration and where it starts; EPSG:4326."""

    crew_id: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the day needs: who calls when, which crews drive, on which roads, in which districts."""

    day: Sequence[Happening]
    crews: Sequence[Base]
    roads: Sequence[Path]
    begins: datetime
    districts: Sequence[str] = ()


FORM = 2
"""Files that an earlier version wrote are written anew: they had no depots."""


def make_county(
    folder: Path, seed: int, customers: int, out: Console
) -> tuple[County, dict[str, Path]]:
    """Make the county of a seed, and its files unless they stand in `folder` already."""
    out.print(f"making the county of seed {seed} with {counted(customers, 'customer')} ...")
    county = generate(seed, customers)
    note = folder / "made.json"
    made = {"seed": seed, "customers": customers, "form": FORM}
    if note.is_file() and json.loads(note.read_text("utf-8"))["of"] == made:
        files = json.loads(note.read_text("utf-8"))["files"]
        return county, {what: folder / name for what, name in files.items()}
    files = dict(write(county, folder))
    names = {what: path.name for what, path in files.items()}
    note.write_text(json.dumps({"of": made, "files": names}), "utf-8")
    return county, files


def load_files(
    engine: Engine, files: Mapping[str, Sequence[Path]], now: datetime, out: Console
) -> None:
    """Load inputs in the order that suits them; what is loaded already is not loaded again."""
    for what in ("districts", "areas", "roads", "network", "customers", "crews", "depots"):
        if what in files:
            out.print(f"loading {what}: {', '.join(path.name for path in files[what])} ...")
            with engine.begin() as connection:
                report: LoadReport = load(connection, what, files[what], How(), now=now)
            if report.refused:
                out.print(f"  {counted(len(report.refused), 'row')} refused")


def admit_people(engine: Engine, crews: Sequence[Base]) -> tuple[dict[str, str], dict[str, str]]:
    """Logins for people and crews; tokens of agent, dispatcher and each crew, by name."""
    now = datetime.now(UTC)
    with engine.connect() as connection:
        known = {user.login for user in access.list_users(connection)}
    password = hashed(PASSWORD)
    logins: dict[str, tuple[str, Role, str | None]] = {
        login: (name, role, None) for login, (name, role) in PEOPLE.items()
    }
    logins |= {base.crew_id: (base.crew_id, Role.CREW, base.crew_id) for base in crews}
    with engine.begin() as connection:
        for login, (name, role, crew_id) in logins.items():
            if login not in known:
                someone = access.User(
                    login=login,
                    name=name,
                    password_hash=password,
                    role=role.value,
                    districts=frozenset(),
                    crew_id=crew_id,
                )
                access.add_user(connection, someone)
    tokens = {
        login: issue(engine, label=f"demo {login}", role=role, now=now, lasts=LASTS)
        for login, (_, role) in PEOPLE.items()
    }
    phones = {
        base.crew_id: issue(
            engine,
            label=f"demo {base.crew_id}",
            role=Role.CREW,
            crew_id=base.crew_id,
            now=now,
            lasts=LASTS,
        )
        for base in crews
    }
    return tokens, phones


def county(
    folder: Path, seed: int, customers: int, *, begin_h: float, storm: bool, out: Console
) -> tuple[Stage, dict[str, list[Path]]]:
    """The made-up county, from `begin_h` on its simulated day."""
    made, files = make_county(folder, seed, customers, out)
    happenings = day(made, seed, storm=storm)
    if storm:
        made = with_reserves(made)
        files["crews"] = folder / "crews-storm.csv"
        write_crews(made, files["crews"])
    set_up = Stage(
        day=happenings,
        crews=[Base(crew_id=c.id, lon=c.lon, lat=c.lat) for c in made.crews],
        roads=[files["roads"]],
        begins=DAY + timedelta(hours=begin_h),
        districts=[district.id for district in made.districts],
    )
    wanted = ("districts", "areas", "roads", "network", "crews", "depots")
    return set_up, {what: [files[what]] for what in wanted}
