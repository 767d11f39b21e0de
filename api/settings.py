"""What the surroundings say: environment variables that begin with RELIGHT_, read at the edge.

Nothing here is read at import; a program makes one `Settings()` and hands its parts on.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

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
    demo: bool = Field(default=False, description="mark every screen as demonstration data")


class WorkerSettings(BaseSettings):
    """How the background work runs."""

    model_config = _CONFIG

    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    position_days: Annotated[
        int, Field(ge=32, le=3660, description="how long positions are kept")
    ] = 90


class GatewaySettings(BaseSettings):
    """How the JT/T 808 gateway listens."""

    model_config = _CONFIG

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


class Settings:
    """All of them, each group read once when this is made."""

    def __init__(self) -> None:
        self.database = DatabaseSettings()
        self.web = WebSettings()
        self.worker = WorkerSettings()
        self.gateway = GatewaySettings()
        self.field = FieldSettings()
