"""The process behind the requests: groups reports, sends crews, lets the clocks run."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import procrastinate
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Status
from sqlalchemy import Connection

from api.ahead import Ahead
from api.forecasting import renew_forecasts
from api.house import House
from api.jobs import (
    ASSIGN,
    ESTIMATE,
    GROUP,
    LEND,
    LINKS,
    PUBLISH,
    QUEUES,
    SPEEDS,
    SWEEP,
    TEND,
    TICK,
    WAITS,
    shard_of,
)
from api.learning import look_for_links
from api.lending import tend_lending
from api.publishing import Publisher
from api.roadnews import RoadNews
from api.settings import PublicSettings
from api.speeds import learn_tonight
from dispatch.domain.outage import Outage
from dispatch.domain.words import DistrictId
from dispatch.errors import CrewBusy, DispatchError, TooLittleToLearn
from dispatch.journal import SYSTEM
from dispatch.ports import TravelTimes
from dispatch.store import access, waiting, watchers
from dispatch.store.constraints import in_our_words
from dispatch.store.partitions import drop_fix_partitions, ensure_fix_partitions
from dispatch.store.reads import on_site
from dispatch.store.reads.demand import district_names
from dispatch.store.statistics import refresh_statistics
from dispatch.store.transaction import BY_INDEX, reading, retrying, session
from dispatch.usecases.assign_orders import AssignOrders, assign_orders
from dispatch.usecases.group_district import GroupDistrict, group_district
from dispatch.usecases.group_feeder import GroupFeeder, group_feeder
from dispatch.usecases.reestimate_district import ReestimateDistrict, reestimate_district
from dispatch.usecases.watch_check_ins import WatchCheckIns, watch_check_ins
from dispatch.usecases.watch_clocks import WatchClocks, watch_clocks
from dispatch.usecases.watch_estimates import WatchEstimates, watch_estimates
from dispatch.usecases.watch_planned import WatchPlanned, watch_planned

log = logging.getLogger(__name__)

EVERY_FIVE_SECONDS = "* * * * * */5"
EVERY_TEN_MINUTES = "*/10 * * * *"
EVERY_HOUR = "20 * * * *"
EVERY_HALF_MINUTE = "* * * * * */30"
EVERY_MINUTE = "* * * * *"
AT_NIGHT = range(2, 5)
"""Local hours in which what takes long is worked out."""
A_NIGHT = timedelta(hours=20)
LINKS_OVER = timedelta(days=3 * 365)
FORGET_JOBS_AFTER_H = 1
STALLED_AFTER_S = 30.0
STOP_WITHIN_S = 20.0
POLL_S = 2.0
POSITIONS_KEPT = timedelta(days=90)
MESSAGES_KEPT = timedelta(days=7)
PHOTOS_WAIT = timedelta(days=30)
"""So long a photograph that came in part waits for the rest."""


Waits = Callable[[Connection, datetime], Sequence[str]]
"""What lists the places with news, the most pressing first."""
AT_ONCE = 8
"""Places of a shard looked at before it is asked again what presses."""


class Work:
    """The jobs themselves, each a plain function on the house; what fails, the sweep finds."""

    def __init__(self, house: House, keep_positions: timedelta = POSITIONS_KEPT) -> None:
        self._house = house
        self._keep_positions = keep_positions

    def group(self, shard: int) -> None:
        """Look at the shard's feeders that have news, and let the waiting orders be looked at."""
        self._group(shard, waiting.feeders_to_group, self._group_feeder)
        # a feeder without a model leaves it to its district
        self._group(shard, waiting.districts_to_group, self._group_district)

    def _group(self, shard: int, waits: Waits, look: Callable[[str], tuple[Outage, ...]]) -> None:
        """Look once at every place of the shard; after a few, ask anew what presses most."""
        house = self._house
        seen: set[str] = set()
        while True:
            with reading(house.engine) as connection:
                places = waits(connection, house.now())
            left = [each for each in places if shard_of(each) == shard and each not in seen]
            if not left:
                return
            for place in left[:AT_ONCE]:
                seen.add(place)
                try:
                    changed = look(place)
                except DispatchError as refusal:  # its news stay; the others must not wait for it
                    log.warning("%s was not grouped, the sweep asks anew: %s", place, refusal)
                else:
                    house.queue.assign(*(outage.district_id for outage in changed))

    def _group_feeder(self, feeder_id: str) -> tuple[Outage, ...]:
        house = self._house
        command = GroupFeeder(feeder_id=feeder_id)
        return retrying(
            house.transaction,
            lambda store: group_feeder(
                store, command, policy=house.policies.grouping, now=house.now()
            ),
        )

    def _group_district(self, district_id: str) -> tuple[Outage, ...]:
        house = self._house
        command = GroupDistrict(district_id=DistrictId(district_id))
        return retrying(
            house.transaction,
            lambda store: group_district(
                store, command, policy=house.policies.grouping, now=house.now()
            ),
        )

    def assign(self, district_id: str) -> None:
        """Send crews to the orders of one district that wait."""
        house = self._house
        command = AssignOrders(district_id=DistrictId(district_id))
        travel_times = house.travel_times()
        try:
            retrying(
                house.transaction,
                lambda store: assign_orders(
                    store,
                    command,
                    travel_times,
                    house.planner,
                    policy=house.policies.assignment,
                    planning=house.planning,
                    now=house.now(),
                ),
            )
        except CrewBusy as busy:  # a dispatcher sent the crew at the same moment
            log.info("%s is looked at again: %s", district_id, busy)
            house.queue.assign(district_id)

    def sweep(self) -> None:
        """Queue again whatever waits: a lost job, a crew that became free, a refused attempt."""
        house = self._house
        with reading(house.engine) as connection:
            places = [
                *waiting.feeders_to_group(connection, house.now()),
                *waiting.districts_to_group(connection, house.now()),
            ]
            districts = waiting.districts_to_assign(connection, house.now())
        house.queue.group(*places)
        house.queue.assign(*districts)
        with in_our_words(), house.engine.begin() as connection:
            for table in refresh_statistics(connection):
                log.info("%s has grown; its statistics were taken anew", table)

    def tick(self) -> None:
        """Let the clocks run: warnings, escalations, late planned work, crews that fall silent."""
        house = self._house
        retrying(
            house.transaction,
            lambda store: watch_planned(store, WatchPlanned(), now=house.now()),
        )
        retrying(
            house.transaction,
            lambda store: watch_clocks(
                store, WatchClocks(), policy=house.policies.assignment, now=house.now()
            ),
        )
        retrying(
            house.transaction,
            lambda store: watch_check_ins(
                store, WatchCheckIns(), policy=house.policies.safety, now=house.now()
            ),
        )

    def reestimate(self) -> None:
        """Say anew when supply is expected back, and raise what is about to pass unsaid."""
        house = self._house
        with reading(house.engine) as connection:
            districts = waiting.districts_to_estimate(connection)
        travel_times = house.travel_times()
        for district_id in districts:
            try:
                self._reestimate(DistrictId(district_id), travel_times)
            except DispatchError as refusal:  # the others must not wait for it
                log.warning("%s was not estimated, the next time will: %s", district_id, refusal)
        retrying(
            house.transaction,
            lambda store: watch_estimates(store, WatchEstimates(), now=house.now()),
        )

    def _reestimate(self, district_id: DistrictId, travel_times: TravelTimes) -> None:
        house = self._house
        retrying(
            house.transaction,
            lambda store: reestimate_district(
                store,
                ReestimateDistrict(district_id=district_id),
                travel_times,
                house.planner,
                assignment=house.policies.assignment,
                planning=house.planning,
                now=house.now(),
            ),
        )

    def learn_waits(self) -> None:
        """Once a week, at night, learn from the repairs that have been added."""
        house, now = self._house, self._house.now()
        if now.astimezone(house.clockface.zone).hour in AT_NIGHT:
            for sentence in renew_forecasts(
                house.engine, house.transaction, zone=str(house.clockface.zone), now=now
            ):
                log.info("%s", sentence)

    def tend(self) -> None:
        """Make room: partitions for the coming days; old positions and sessions are forgotten."""
        house = self._house
        with in_our_words(), house.engine.begin() as connection:
            ensure_fix_partitions(connection, house.now())
        with in_our_words(), house.engine.begin() as connection:
            for name in drop_fix_partitions(connection, house.now() - self._keep_positions):
                log.info("%s is older than positions are kept, and was dropped", name)
        with in_our_words(), house.engine.begin() as connection:
            on_site.drop_broken_off(connection, house.now() - PHOTOS_WAIT)
        with in_our_words(), house.engine.begin() as connection:
            access.forget_expired_sessions(connection, datetime.now(UTC) - timedelta(days=1))
        now = self._house.now()
        with in_our_words(), self._house.engine.begin() as connection:
            watchers.forget(connection, now=now, ended_before=now - MESSAGES_KEPT)

    def look_for_links(self) -> None:
        """Once a night, work out who seems to hang on another transformer than on record."""
        house, now = self._house, self._house.now()
        if now.astimezone(house.clockface.zone).hour not in AT_NIGHT:
            return
        with house.transaction() as store:
            last = store.links.last_look()
        if last is not None and now - last.made_at < A_NIGHT:
            return
        look = look_for_links(house.transaction, now - LINKS_OVER, now, by=SYSTEM, now=now)
        log.info("%d of %d links are suspected", len(look.found), look.judged)

    def learn_speeds(self) -> None:
        """Once a night, learn how fast crews drive; in force unless a person chose another."""
        house, now = self._house, self._house.now()
        if now.astimezone(house.clockface.zone).hour not in AT_NIGHT:
            return
        try:
            kept = learn_tonight(house.engine, now, house.clockface.zone)
        except TooLittleToLearn as little:
            log.info("no speeds were learned: %s", little)
        else:
            if kept is not None:
                log.info("speeds of version %d, from %d runs", kept.version, kept.runs)


def build(
    connector: BaseConnector,
    house: House,
    keep_positions: timedelta = POSITIONS_KEPT,
    public: PublicSettings | None = None,
) -> procrastinate.App:
    """The queue's application with every job registered; the picture's only where it is shown."""
    app = procrastinate.App(connector=connector, periodic_defaults={"max_delay": 10})
    work = Work(house, keep_positions)

    @app.task(name=GROUP, queue=QUEUES[GROUP])
    def group(shard: int) -> None:
        work.group(shard)

    @app.task(name=ASSIGN, queue=QUEUES[ASSIGN])
    def assign(district_id: str) -> None:
        work.assign(district_id)

    @app.periodic(cron=EVERY_FIVE_SECONDS)
    @app.task(name=TICK, queue=QUEUES[TICK], lock=TICK, queueing_lock=TICK)
    def tick(timestamp: int) -> None:  # noqa: ARG001 (procrastinate's)
        work.tick()

    @app.periodic(cron=EVERY_FIVE_SECONDS)
    @app.task(name=SWEEP, queue=QUEUES[SWEEP], lock=SWEEP, queueing_lock=SWEEP)
    async def sweep(timestamp: int) -> None:  # noqa: ARG001
        await _release_jobs_of_the_dead(app)
        await asyncio.to_thread(work.sweep)

    @app.periodic(cron=EVERY_TEN_MINUTES)
    @app.task(name=TEND, queue=QUEUES[TEND], lock=TEND, queueing_lock=TEND)
    async def tend(timestamp: int) -> None:  # noqa: ARG001
        await app.job_manager.delete_old_jobs(
            FORGET_JOBS_AFTER_H, include_failed=True, include_cancelled=True, include_aborted=True
        )
        await asyncio.to_thread(work.tend)

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name=SPEEDS, queue=QUEUES[SPEEDS], lock=SPEEDS, queueing_lock=SPEEDS)
    def learn_speeds(timestamp: int) -> None:  # noqa: ARG001
        work.learn_speeds()

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name=LINKS, queue=QUEUES[LINKS], lock=LINKS, queueing_lock=LINKS)
    def find_links(timestamp: int) -> None:  # noqa: ARG001
        work.look_for_links()

    _register_forecasts(app, work)
    _register_picture(app, house, public)
    _register_lending(app, house)
    return app


def _register_picture(app: procrastinate.App, house: House, public: PublicSettings | None) -> None:
    """What the public is shown, where it is shown anything."""
    if public is None or not public.public_map:
        return
    publisher = Publisher(house, public)

    @app.periodic(cron=EVERY_MINUTE)
    @app.task(name=PUBLISH, queue=QUEUES[PUBLISH], lock=PUBLISH, queueing_lock=PUBLISH)
    def publish(timestamp: int) -> None:  # noqa: ARG001 (procrastinate's)
        publisher.publish(datetime.now(UTC))


def _register_forecasts(app: procrastinate.App, work: Work) -> None:
    """What concerns the time at which supply is expected back."""

    @app.periodic(cron=EVERY_HALF_MINUTE)
    @app.task(name=ESTIMATE, queue=QUEUES[ESTIMATE], lock=ESTIMATE, queueing_lock=ESTIMATE)
    def reestimate(timestamp: int) -> None:  # noqa: ARG001
        work.reestimate()

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name=WAITS, queue=QUEUES[WAITS], lock=WAITS, queueing_lock=WAITS)
    def learn_waits(timestamp: int) -> None:  # noqa: ARG001
        work.learn_waits()


def _register_lending(app: procrastinate.App, house: House) -> None:
    """What districts lend each other."""

    @app.periodic(cron=EVERY_HALF_MINUTE)
    @app.task(name=LEND, queue=QUEUES[LEND], lock=LEND, queueing_lock=LEND)
    def lend(timestamp: int) -> None:  # noqa: ARG001
        tend_lending(house)


async def _release_jobs_of_the_dead(app: procrastinate.App) -> None:
    """A worker that was killed holds its jobs' locks; end them, so that the sweep asks anew."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
        log.warning("%s was left behind by a dead worker", job.call_string)
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)


_DUE = """
SELECT EXISTS (
    SELECT FROM procrastinate_jobs
    WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()
) AS due
"""


async def run(
    house: House,
    *,
    concurrency: int,
    until_idle: bool = False,
    keep_positions: timedelta = POSITIONS_KEPT,
    public: PublicSettings | None = None,
) -> None:
    """Work until told to stop by a signal, or (`until_idle`) until nothing waits."""
    connector = procrastinate.PsycopgConnector(
        conninfo=house.conninfo,
        min_size=1,
        max_size=concurrency + 3,
        timeout=30.0,
        kwargs={"options": session(BY_INDEX)},
    )
    app = build(connector, house, keep_positions, public)
    ahead = Ahead(house.transaction, house.now)
    roads = RoadNews(house.roads, house.conninfo, changed=lambda: plan_everywhere(house))
    async with app.open_async(), roads.followed(), ahead.kept():
        while True:
            await app.run_worker_async(
                concurrency=concurrency,
                wait=not until_idle,
                install_signal_handlers=not until_idle,
                listen_notify=not until_idle,
                fetch_job_polling_interval=POLL_S,
                shutdown_graceful_timeout=STOP_WITHIN_S,
                stalled_worker_timeout=STALLED_AFTER_S,
            )
            if not until_idle or not await _waits(app):
                break


def plan_everywhere(house: House) -> None:
    """Queue a plan of every district; where nobody drives that is no work."""
    with reading(house.engine) as connection:
        house.queue.assign(*district_names(connection, None))


async def _waits(app: procrastinate.App) -> bool:
    """Whether a job is due: a worker that finds none leaves, and its last jobs may queue more."""
    found = await app.connector.execute_query_one_async(_DUE)
    return bool(found["due"])
