"""What the surroundings say: environment variables that begin with RELIGHT_, read at the edge.

Nothing here is read at import; a program makes one `Settings()` and hands its parts on.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.domain.desk import CallBackPolicy
from dispatch.domain.repair import Telling
from dispatch.domain.safety import SafetyPolicy
from dispatch.verdict import Costs

_CONFIG = SettingsConfigDict(env_prefix="RELIGHT_", frozen=True, extra="ignore")
_DRIVER = "postgresql+psycopg://"


def _with_driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgres", "postgresql", "postgresql+psycopg"} or not rest:
        raise ValueError("expected an address such as postgresql://user:password@host/database")
    return _DRIVER + rest


def default_home(folder: Path, environment: Mapping[str, str], *, root: bool) -> Path:
    """Where data go when RELIGHT_HOME is not set.

    A checkout of the source, or a folder that has data already, keeps them in `.relight`. An
    installed program keeps them where its user's data lie; for root that is /var/lib/relight,
    since the database's system user cannot enter root's own home.
    """
    here = folder / ".relight"
    if here.is_dir() or ((folder / "run").is_file() and (folder / "pyproject.toml").is_file()):
        return here
    if root:
        return Path("/var/lib/relight")
    share = environment.get("XDG_DATA_HOME") or Path(environment["HOME"]) / ".local" / "share"
    return Path(share) / "relight"


def _home() -> Path:
    return default_home(Path.cwd(), os.environ, root=os.geteuid() == 0)


class DatabaseSettings(BaseSettings):
    """Where the data are: a server of the company's, or the private cluster in `home`."""

    model_config = _CONFIG

    database_url: Annotated[str, AfterValidator(_with_driver)] | None = Field(
        default=None, description="a PostgreSQL with PostGIS; unset: the private cluster"
    )
    home: Path = Field(default_factory=_home, description="the private cluster's folder")


class WebSettings(BaseSettings):
    """How the web program listens and what it shows to whom."""

    model_config = _CONFIG

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    public_pages: bool = Field(default=False, description="answer /public/ without a token")
    secure_cookies: bool = Field(default=False, description="set behind HTTPS")
    storm_from: Annotated[int, Field(ge=1)] = Field(
        default=50, description="open rows from which on the console offers the roll-up"
    )
    demo: bool = Field(default=False, description="mark every screen as demonstration data")


class PublicSettings(BaseSettings):
    """What the public sees, and how far it may write to us."""

    model_config = _CONFIG

    public_map: bool = Field(default=False, description="show outages to everybody at /map")
    public_reports: bool = Field(default=True, description="take reports at /map/report")
    public_messages: bool = Field(
        default=False, description="offer a text message; only where a gateway sends them"
    )
    company: Annotated[
        str, Field(max_length=60, validate_default=True, description="its name on the pages")
    ] = ""
    emergency_phone: Annotated[str, Field(max_length=30, validate_default=True)] = Field(
        default="", description="whom to call in danger; needed for the public map"
    )
    public_area_customers: Annotated[
        int, Field(ge=50, le=100_000, description="so many customers an area holds at least")
    ] = 100

    @field_validator("company", mode="after")
    @classmethod
    def _signed(cls, name: str, info: ValidationInfo) -> str:
        if info.data.get("public_messages") and not name.strip():
            raise ValueError("expected a name, since a text message has to say who sends it")
        return name.strip()

    @field_validator("emergency_phone", mode="after")
    @classmethod
    def _reachable(cls, phone: str, info: ValidationInfo) -> str:
        if info.data.get("public_map") and not phone.strip():
            raise ValueError("expected the number to call in danger, which the public map needs")
        return phone.strip()


def _basemap(said: str) -> str:
    is_template = said.startswith(("http://", "https://")) and all(
        part in said for part in ("{z}", "{x}", "{y}")
    )
    if said in {"", "none"} or said.endswith(".pmtiles") or is_template:
        return said
    raise ValueError("expected none, a .pmtiles file, or an address with {z}, {x} and {y}")


class BasemapSettings(BaseSettings):
    """What lies under the network on the map."""

    model_config = _CONFIG

    home: Path = Field(default_factory=_home, description="where `relight basemap` leaves its file")
    basemap: Annotated[str, AfterValidator(_basemap)] = Field(
        default="", description="unset: the file in `home`, if there is one"
    )
    basemap_credit: str = Field(default="", description="whom to name for a basemap of another")


class WorkerSettings(BaseSettings):
    """How the background work runs."""

    model_config = _CONFIG

    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    niceness: Annotated[
        int, Field(ge=0, le=19, description="how far the worker stands back behind the requests")
    ] = 10
    position_days: Annotated[
        int, Field(ge=32, le=3660, description="how long positions are kept")
    ] = 90


class GatewaySettings(BaseSettings):
    """How the JT/T 808 gateway listens."""

    model_config = _CONFIG

    gateway: bool = Field(default=False, description="run by `relight serve` as well")
    gateway_host: str = "127.0.0.1"
    gateway_port: Annotated[int, Field(ge=0, le=65535)] = 6808
    gateway_connections: Annotated[int, Field(ge=1, le=100_000)] = 10_000


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise ValueError("expected an IANA time zone such as Asia/Shanghai") from unknown
    return name


class FieldSettings(BaseSettings):
    """Whose time it is, and in which form the processes log."""

    model_config = _CONFIG

    zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Asia/Shanghai", description="the zone in which times are said to people"
    )
    clock: str | None = Field(default=None, description="a demonstration's faster clock")
    log: Literal["text", "json"] = "text"


class TellingSettings(BaseSettings):
    """What callers are told of the time at which supply is expected back."""

    model_config = _CONFIG

    told_share: Annotated[
        float, Field(ge=0.5, le=0.95, description="in so many cases supply is back by then")
    ] = 0.8
    ask_minutes: Annotated[
        int,
        Field(ge=11, le=240, description="so long before it passes, an estimate is asked about"),
    ] = 20

    def telling(self) -> Telling:
        """The rule with these settings."""
        return Telling(share=self.told_share, ask_within=timedelta(minutes=self.ask_minutes))


class SafetySettings(BaseSettings):
    """How often a crew at a site is to say that all is well."""

    model_config = _CONFIG

    check_in_minutes: Annotated[int, Field(ge=0, le=240, description="0: nobody is asked")] = 30
    check_in_grace_minutes: Annotated[
        int, Field(ge=0, le=60, description="so long after that, the console is told")
    ] = 5

    def policy(self) -> SafetyPolicy:
        """The rule with these settings."""
        return SafetyPolicy(
            every=timedelta(minutes=self.check_in_minutes),
            grace=timedelta(minutes=self.check_in_grace_minutes),
        )


class DeskSettings(BaseSettings):
    """How call-backs are handed out to agents."""

    model_config = _CONFIG

    callback_minutes: Annotated[
        int, Field(ge=1, le=60, description="so long a customer is one agent's to call back")
    ] = 5

    def policy(self) -> CallBackPolicy:
        """The rule with these settings."""
        return CallBackPolicy(holds=timedelta(minutes=self.callback_minutes))


class MistakesSettings(BaseSettings):
    """What mistakes of inference cost the company, in minutes of one caller's waiting."""

    model_config = _CONFIG

    needless_trip_minutes: Annotated[
        float, Field(gt=0, le=1_000, description="a crew is sent where nothing is to be done")
    ] = 60.0
    hidden_fault_minutes: Annotated[
        float, Field(gt=0, le=2_000, description="a caller is taken for part of another's outage")
    ] = 120.0
    longest_hold_minutes: Annotated[
        float, Field(ge=0, le=60, description="no order is held longer than that")
    ] = 12.0
    moving_takes: Annotated[
        float, Field(ge=0, le=5, description="log odds by which another device must be likelier")
    ] = 1.0

    def costs(self) -> Costs:
        """The costs with these settings."""
        return Costs(
            needless_trip=self.needless_trip_minutes,
            hidden_fault=self.hidden_fault_minutes,
            longest_hold_min=self.longest_hold_minutes,
            move=self.moving_takes,
        )


class Settings:
    """All of them, each group read once when this is made."""

    def __init__(self) -> None:
        self.database = DatabaseSettings()
        self.web = WebSettings()
        self.public = PublicSettings()
        self.basemap = BasemapSettings()
        self.worker = WorkerSettings()
        self.gateway = GatewaySettings()
        self.field = FieldSettings()
        self.telling = TellingSettings()
        self.safety = SafetySettings()
        self.desk = DeskSettings()
        self.mistakes = MistakesSettings()
