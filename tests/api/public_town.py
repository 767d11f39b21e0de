"""A town with enough people to have a public map: two communities, of 120 and of 150 customers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.app import create_app
from api.house import House
from api.publishing import Publisher
from api.settings import PublicSettings, WebSettings
from dispatch.domain.outage import Outage, Scope
from dispatch.picture import Picture
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from tests.store import builders as build

FAR_LON, FAR_LAT = build.LON + 0.2, build.LAT + 0.2
SETTINGS = PublicSettings(
    public_map=True,
    public_messages=True,
    company="Lights & Co",
    emergency_phone="95598",
    public_area_customers=100,
)


def add_communities(engine: Engine) -> None:
    """BIG0 to BIG11, ten customers each with addresses, and FAR with 150 somewhere else."""
    with engine.begin() as c:
        for n in range(12):
            build.add_transformer(c, f"BIG{n}", 10)
        build.add_transformer(c, "FAR", 150, lon=FAR_LON, lat=FAR_LAT)
        c.execute(
            text(
                "UPDATE usage_point SET address = '江西省南昌市东湖区幸福村' || id || '号',"
                " name = '王建国', critical = CASE WHEN account = 'BIG0-0' THEN 'dialysis' END"
                " WHERE transformer_id LIKE 'BIG%'"
            )
        )


def publish(
    house: House, written_at: datetime | None = None, settings: PublicSettings = SETTINGS
) -> Picture:
    """What the worker does every minute."""
    return Publisher(house, settings).publish(written_at or datetime.now(UTC))


def darken(house: House, *transformers: str, **fields: object) -> Outage:
    """An outage of some transformers."""
    with house.engine.begin() as c:
        outage = build.an_outage(c, **fields)
    with house.transaction() as store:
        store.outages.add(outage, Scope(transformers=frozenset(transformers)))
    return outage


def lighten(house: House, outage: Outage) -> None:
    """Everybody of it has light."""
    with house.transaction() as store:
        restore_outage(
            store, RestoreOutage(outage_id=outage.id, by="test", at=house.now()), now=house.now()
        )


@contextmanager
def visiting(house: House, settings: PublicSettings = SETTINGS) -> Iterator[TestClient]:
    """Somebody from the street in front of the application."""
    app = create_app(WebSettings(), house, settings)
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
