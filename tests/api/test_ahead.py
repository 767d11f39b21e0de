"""A process sums what its plans will ask of the learned trees while nothing else is done."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from api.ahead import Ahead
from dispatch.domain.repair import Milestone, RepairMoment
from dispatch.domain.words import AreaClass, DistrictId
from dispatch.learning.forecaster import Forecaster
from dispatch.procedures.expecting import forecaster_of
from dispatch.store.transaction import Transaction, transactions
from tests.loops import run_async
from tests.store import builders as build
from tests.store.made_up_forecasts import adopt


def used(transaction: Transaction) -> Forecaster:
    with transaction() as store:
        return forecaster_of(store)


def asked_of(forecaster: Forecaster, count: int) -> None:
    moment = RepairMoment(
        milestone=Milestone.ARRIVED,
        at=build.NOW.astimezone(ZoneInfo(forecaster.zone)),
        district_id=DistrictId("west"),
        kind="fuse",
        area_class=AreaClass.URBAN,
        customers=1,
        on_site_min=0.0,
    )
    moments = [replace(moment, customers=3**n, since_opened_min=9.0**n) for n in range(count)]
    forecaster.work_ahead({moment.district_id: moments})


def adopted(database: Engine) -> Transaction:
    transaction = transactions(database)
    with transaction() as store:
        adopt(store)
    return transaction


def near_the_turn(forecaster: Forecaster, count: int):
    """The first moment from which the hour's next cell is near enough to be summed ahead."""
    moments = (build.NOW + timedelta(minutes=m) for m in range(10))
    return next(at for at in moments if forecaster.sum_ahead(at, most=0) == count)


def test_what_plans_asked_about_is_summed_until_nothing_is_left(database: Engine):
    transaction = adopted(database)
    asked_of(used(transaction), 5)
    at = near_the_turn(used(transaction), 5)
    assert Ahead(transaction, lambda: at).sum_some() == 0
    assert used(transaction).sum_ahead(at, most=0) == 0


def test_a_process_goes_on_with_it_for_as_long_as_it_lives(database: Engine):
    transaction = adopted(database)
    asked_of(used(transaction), 5)
    at = near_the_turn(used(transaction), 5)

    async def lives() -> None:
        looks: asyncio.Queue[None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def now():
            loop.call_soon_threadsafe(looks.put_nowait, None)
            return at

        async with asyncio.timeout(30), Ahead(transaction, now, every_s=0.0).kept():
            for _ in range(2):
                await looks.get()

    run_async(lives())
    assert used(transaction).sum_ahead(at, most=0) == 0
