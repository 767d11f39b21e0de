"""What requests and jobs of one process work with, wired in one place."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, make_url

from api.clock import Now, system_now
from api.coverage import Board
from api.jobs import Queue, open_queue
from api.planner import RollingPlanner, by_rounds
from api.roads import Roads
from dispatch.assignment import AssignmentPolicy
from dispatch.coverage import CoveragePolicy
from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.desk import CallBackPolicy
from dispatch.domain.eta import EtaPolicy
from dispatch.domain.loan import LendingPolicy
from dispatch.domain.repair import Telling
from dispatch.domain.safety import SafetyPolicy
from dispatch.domain.tracking import TrackingPolicy
from dispatch.planning.district import PlanningPolicy
from dispatch.ports import TravelTimes
from dispatch.procedures.planning import Planner
from dispatch.sayings import Clockface
from dispatch.store.transaction import Transaction, transactions
from dispatch.usecases.group_feeder import GroupingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The settings of the rules."""

    assignment: AssignmentPolicy = field(default_factory=AssignmentPolicy)
    planning: PlanningPolicy = field(default_factory=PlanningPolicy)
    coverage: CoveragePolicy = field(default_factory=CoveragePolicy)
    lending: LendingPolicy = field(default_factory=LendingPolicy)
    grouping: GroupingPolicy = field(default_factory=GroupingPolicy)
    arrival: ArrivalPolicy = field(default_factory=ArrivalPolicy)
    tracking: TrackingPolicy = field(default_factory=TrackingPolicy)
    eta: EtaPolicy = field(default_factory=EtaPolicy)
    telling: Telling = field(default_factory=Telling)
    safety: SafetyPolicy = field(default_factory=SafetyPolicy)
    calling_back: CallBackPolicy = field(default_factory=CallBackPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The database, the queue, the roads, the planner, who covers what, the time and the rules."""

    engine: Engine
    transaction: Transaction
    queue: Queue
    roads: Roads
    travel_times: Callable[[], TravelTimes]
    planner: Planner
    coverage: Board
    clockface: Clockface
    policies: Policies
    now: Now

    @property
    def planning(self) -> PlanningPolicy:
        """What the planner weighs, with the hours of the speeds that are driven by.

        Times at learned speeds hold the slowness of this hour; a setting for it besides would count
        it twice.
        """
        slower = self.roads.slower
        standing = self.policies.planning
        return standing if slower is None else replace(standing, slow_by_hour=slower)

    @property
    def conninfo(self) -> str:
        """The database's address as psycopg reads it."""
        return conninfo_of(self.engine)

    def close(self) -> None:
        """Give up what `furnish` opened; the engine stays with its owner."""
        self.queue.close()


def furnish(
    engine: Engine,
    *,
    zone: str,
    now: Now = system_now,
    policies: Policies | None = None,
    travel_times: Callable[[], TravelTimes] | None = None,
    planner: Planner | None = None,
    gathering: bool = False,
) -> House:
    """Wire a house around a database.

    Parameters
    ----------
    engine
        The database; it is not closed with the house.
    zone
        IANA time zone in which times are said to people.
    now
        The time of the field; a drill runs its own.
    policies
        Rules other than the standing ones.
    travel_times
        Road times other than those of the loaded roads.
    planner
        A planner other than the one that gives the same plan every time.
    gathering
        Queue the jobs of many requests together, a moment later; for processes that stay.
    """
    roads = Roads(engine, now=now)
    policies = policies or Policies()
    return House(
        engine=engine,
        transaction=transactions(engine, policies.telling, zone),
        queue=open_queue(conninfo_of(engine), gathering=gathering),
        roads=roads,
        travel_times=travel_times or roads.current,
        planner=planner or RollingPlanner(by_rounds, ready=True),
        coverage=Board(engine, policies.coverage, policies.assignment),
        clockface=Clockface(ZoneInfo(zone)),
        policies=policies,
        now=now,
    )


def conninfo_of(engine: Engine) -> str:
    """The address of `engine` as psycopg and procrastinate read it."""
    url = make_url(engine.url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
