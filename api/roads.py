"""Travel times over the loaded roads, as the core asks for them, and what is shut on them.

The graphs lie packed in the database; each process unpacks them once and again only when others
were loaded. Closures are told by a notification and read again every few seconds besides; new times
are prepared beside those in use, and change places with them.
"""

import logging
import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock, Thread
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from dispatch.errors import StoreUnavailable
from dispatch.ports import Travel, TravelTimes
from dispatch.store import roads as stored
from dispatch.store import speeds
from dispatch.store.constraints import in_our_words
from dispatch.store.roads import PackedGraph, RoadClosure
from dispatch.store.speeds import SpeedsVersion
from dispatch.store.transaction import reading
from gis.crs import distance_m
from gis.errors import GisError
from gis.roads.cch import engine_for
from gis.roads.closing import Shut, edges_shut, shut_by
from gis.roads.engine import Route
from gis.roads.graph import from_bytes
from gis.roads.learned import factors, slower_by_hour, travel_ms_at
from gis.roads.network import KMH_MPS, Circle, RoadNetwork
from gis.roads.several import RoadNetworks
from gis.roads.speeds import OffRoad

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
MINUTE_S = 60.0


class StraightLines:
    """Times as the crow flies, declared as such: what there is while no roads are loaded."""

    def __init__(self, off_road: OffRoad | None = None) -> None:
        self._mps = (off_road or OffRoad()).line_kmh * KMH_MPS
        self.version: Hashable = ("straight lines", self._mps)

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        """Give the time from each origin; empty gives empty."""
        metres = [distance_m(x, y, lon, lat) for x, y in origins]
        return [Travel(m / self._mps, m, "straight_line") for m in metres]

    def minutes(
        self, starts: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]
    ) -> NDArray[np.float32]:
        """Give the minutes from each of n places to each of m, shape (n, m)."""
        at = np.array(starts, float).reshape(-1, 1, 2)
        to = np.array(ends, float).reshape(1, -1, 2)
        metres = distance_m(at[..., 0], at[..., 1], to[..., 0], to[..., 1])
        return (metres / self._mps / MINUTE_S).astype(np.float32)

    def least_s(self, start: Circle, end: Circle) -> float | None:  # noqa: ARG002
        """Know no road."""
        return None

    def off_road_m(self, places: Sequence[tuple[float, float]]) -> Sequence[float] | None:  # noqa: ARG002
        """Know no road."""
        return None


class RoadTimes:
    """Times over the road networks; `version` names the roads and what is shut on them."""

    def __init__(self, networks: RoadNetworks, version: Hashable) -> None:
        self._networks = networks
        self.version = version

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        """Give the time from each origin; empty gives empty."""
        if not origins:
            return []
        starts = np.array(origins, float)
        found = self._networks.travel(starts[:, 0], starts[:, 1], lon, lat)
        return [
            Travel(each.seconds, each.metres, each.basis.value, on_foot_m=each.snap_offset_m)
            for each in found
        ]

    def minutes(
        self, starts: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]
    ) -> NDArray[np.float32]:
        """Give the minutes from each of n places to each of m, shape (n, m)."""
        return (self._networks.table(starts, ends) / MINUTE_S).astype(np.float32)

    def least_s(self, start: Circle, end: Circle) -> float | None:
        """Give the least drive from anywhere in one circle to anywhere in another, seconds."""
        return self._networks.least_s(start, end)

    def off_road_m(self, places: Sequence[tuple[float, float]]) -> Sequence[float] | None:
        """Say how far each place is from the nearest road, metres."""
        return self._networks.off_road_m(places)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What was read: the graphs by name and digest, and every closure that stands or is announced.

    `shut` keeps what each closure shuts, by graph, for as long as both are there. `pace` is the
    version of learned speeds driven by and the hour; None for the planned speeds. `standing` are
    the closures that hold now. `slower` says by how much drives take longer hour by hour from now
    on than at that pace; None at the planned speeds, which know no hours.
    """

    loaded: tuple[tuple[str, str], ...] = ()
    networks: RoadNetworks | None = None
    closures: tuple[RoadClosure, ...] = ()
    shut: dict[int, tuple[Shut, ...]] = field(default_factory=dict)
    pace: tuple[int, int] | None = None
    standing: tuple[int, ...] = ()
    slower: tuple[float, ...] | None = None

    def times(self) -> TravelTimes:
        if self.networks is None:
            return StraightLines()
        return RoadTimes(self.networks, (self.loaded, self.pace, self.standing))


@dataclass(frozen=True, slots=True, eq=False)
class _Fresh:
    """Graphs that nobody drives on yet, by name and digest, and the pace they are prepared for."""

    loaded: tuple[tuple[str, str], ...] = ()
    networks: RoadNetworks | None = None
    pace: tuple[int, int] | None = None


class Roads:
    """The roads of this process, kept up to date.

    Parameters
    ----------
    engine
        The database that holds the packed graphs and the closures.
    now
        The time by which closures begin and end.
    look_again_s
        How many seconds to go on with what was read while nobody follows the notifications.
    """

    def __init__(
        self, engine: Engine, *, now: Callable[[], datetime], look_again_s: float = LOOK_AGAIN_S
    ) -> None:
        self._engine = engine
        self._look_again_s = look_again_s
        self._now = now
        self._lock = Lock()
        self._turning: Thread | None = None
        self._loading: Thread | None = None
        self._fresh = _Fresh()
        self._looked_at: float | None = None
        self._known = _Known()
        self.followed = False

    def current(self) -> TravelTimes:
        """The times to use now; straight lines while no usable roads are loaded.

        While the notifications are followed nobody waits here: what is known is given.
        """
        if self._is_old():
            self.refresh()
        return self._known.times()

    @property
    def slower(self) -> tuple[float, ...] | None:
        """By how much drives take longer, hour by hour from now on, than the times say.

        None where no learned speeds are driven by: then the times are of no hour.
        """
        return self._known.slower

    @property
    def shut_here(self) -> frozenset[int]:
        """The closures that are in this process's graphs now; none while it drives on no roads."""
        known = self._known
        return frozenset(known.standing if known.networks is not None else ())

    def refresh(self) -> None:
        """Read what is loaded and what is closed, and drive by it at this hour's speeds."""
        self.look()
        if (loading := self._loading) is not None:
            loading.join()
        if (turning := self._turning) is not None:
            turning.join()

    def look(self) -> None:
        """The same, but other graphs, and other speeds where the hour has changed, come beside.

        Until they are ready, those from before are driven by; roads are shut and opened meanwhile.
        """
        with self._lock:
            self._look()
            self._looked_at = time.monotonic()

    def what_shuts(self, drawn: BaseGeometry, *, one_way: bool) -> tuple[Shut, ...] | None:
        """What a WGS-84 line or area would shut, one for each graph; None where there is none.

        The roads are read now: who closes one may have loaded it a moment ago.
        """
        self.look()
        shut = self._shut_by(drawn, one_way=one_way)
        if (loading := self._loading) is None or (shut and any(each.edges for each in shut)):
            return shut
        loading.join()
        return self._shut_by(drawn, one_way=one_way)

    def _shut_by(self, drawn: BaseGeometry, *, one_way: bool) -> tuple[Shut, ...] | None:
        networks = self._known.networks
        return None if networks is None else _shut_on(networks, drawn, one_way=one_way)

    def way(self, start: tuple[float, float], end: tuple[float, float]) -> Route | None:
        """The fastest way between two places, by the roads as they are now; None without one."""
        self.current()
        networks = self._known.networks
        return None if networks is None else networks.route(start, end)

    def closures(self) -> list[tuple[RoadClosure, shapely.MultiLineString]]:
        """What stands or is announced, read now, with the streets that each shuts."""
        self.look()
        known = self._known
        return [(each, _lines(known.shut.get(each.id, ()))) for each in known.closures]

    def next_change_s(self) -> float:
        """Seconds until a closure begins or ends, at most those to look again."""
        now = self._now()
        turns = [at for c in self._known.closures for at in (c.starts_at, c.ends_at) if at]
        waits = [(at - now).total_seconds() for at in turns if at > now]
        return min([self._look_again_s, *waits])

    def note_taken(self, closure_ids: Collection[int], process: str) -> Mapping[int, float]:
        """Write down that this process drives by closures; the seconds since each was closed."""
        with in_our_words(), self._engine.begin() as connection:
            return stored.note_taken(connection, closure_ids, process)

    def note_opened(self, closure_ids: Collection[int], process: str) -> Mapping[int, float]:
        """Write down that this process drives there again; the seconds since each was opened."""
        with in_our_words(), self._engine.begin() as connection:
            return stored.note_opened(connection, closure_ids, process)

    def _is_old(self) -> bool:
        if self._looked_at is None:
            return True
        return not self.followed and time.monotonic() - self._looked_at > self._look_again_s

    def _look(self) -> None:
        now = self._now()
        with reading(self._engine) as connection:
            loaded = tuple(stored.list_graphs(connection))
            closures = tuple(stored.list_closures(connection, now))
            graphs = self._graphs(connection, loaded)
            learned = speeds.find_in_force(connection)
        networks, same = graphs.networks, graphs.loaded == self._known.loaded
        pace, hours = _pace(learned, now)
        slower = (
            None if learned is None or networks is None else slower_by_hour(learned.learned, hours)
        )
        kept = self._known.shut if same else {}
        shut = {
            each.id: kept.get(each.id) or _shut_on(networks, each.drawn, one_way=each.one_way)
            for each in closures
            if networks is not None
        }
        standing = tuple(each.id for each in closures if each.holds_at(now))
        if networks is not None:
            _close(networks, [shut[closure_id] for closure_id in standing])
        before = self._known
        self._known = _Known(graphs.loaded, networks, closures, shut, pace, standing, slower)
        if networks is None or pace == graphs.pace:
            return
        if same:
            self._known = replace(self._known, pace=before.pace, slower=before.slower)
            self._turn(networks, learned, int(hours), pace, slower)
        else:
            _drive_by(networks, learned, int(hours))

    def _graphs(self, connection: Connection, loaded: tuple[tuple[str, str], ...]) -> _Fresh:
        """The graphs to drive on now; others than before are unpacked beside if there are any."""
        known = self._known
        if loaded == known.loaded:
            return _Fresh(loaded, known.networks, known.pace)
        if loaded == self._fresh.loaded:
            return self._fresh
        if known.networks is None or not loaded:
            return _Fresh(loaded, _networks(connection, loaded))
        if self._loading is None:
            self._loading = Thread(target=self._load, name="other roads", daemon=True)
            self._loading.start()
        return _Fresh(known.loaded, known.networks, known.pace)

    def _load(self) -> None:
        """Unpack the graphs that were loaded until nobody has loaded others meanwhile."""
        try:
            while not self._take_up(self._unpacked()):
                pass
        except StoreUnavailable as away:
            log.warning("other roads were not read: %s", away)
            self._loading = None  # the next look begins again
        except BaseException:
            self._loading = None
            raise

    def _unpacked(self) -> _Fresh:
        with reading(self._engine) as connection:
            loaded = tuple(stored.list_graphs(connection))
            networks = _networks(connection, loaded)
            learned = speeds.find_in_force(connection)
        pace, hours = _pace(learned, self._now())
        if networks is not None and learned is not None:
            _drive_by(networks, learned, int(hours))
        return _Fresh(loaded, networks, pace)

    def _take_up(self, fresh: _Fresh) -> bool:
        """Drive on these from now on, if they are still the ones that are loaded."""
        with self._lock:
            self._fresh = fresh
            self._look()
            self._fresh = _Fresh()
            if self._known.loaded != fresh.loaded:
                return False
            self._loading = None
            return True

    def _turn(
        self,
        networks: RoadNetworks,
        learned: SpeedsVersion | None,
        hour: int,
        pace: tuple[int, int] | None,
        slower: tuple[float, ...] | None,
    ) -> None:
        """Prepare the speeds of an hour beside those in use, unless that is being done."""
        if self._turning is not None and self._turning.is_alive():
            return

        def prepare() -> None:
            _drive_by(networks, learned, hour)
            with self._lock:
                if self._known.networks is networks:
                    self._known = replace(self._known, pace=pace, slower=slower)

        self._turning = Thread(target=prepare, name="speeds of the hour", daemon=True)
        self._turning.start()


def _pace(learned: SpeedsVersion | None, now: datetime) -> tuple[tuple[int, int] | None, float]:
    """The version of learned speeds and its hour, and the time of day there in hours."""
    at = now if learned is None else now.astimezone(ZoneInfo(learned.zone))
    pace = None if learned is None else (learned.version, at.hour)
    return pace, at.hour + at.minute / 60


def _networks(connection: Connection, loaded: Sequence[tuple[str, str]]) -> RoadNetworks | None:
    found = [_network(name, stored.read_graph(connection, name)) for name, _ in loaded]
    usable = [network for network in found if network is not None]
    return RoadNetworks(usable) if usable else None


def _network(name: str, packed: PackedGraph) -> RoadNetwork | None:
    try:
        return RoadNetwork(engine_for(from_bytes(packed.arrays), packed.node_order))
    except GisError as unusable:
        log.warning("the roads %r cannot be used: %s", name, unusable)
        return None


def _drive_by(networks: RoadNetworks, learned: SpeedsVersion | None, hour: int) -> None:
    """Take the speeds of an hour; prepared beside those in use, which answer meanwhile."""
    table = factors(() if learned is None else learned.learned)
    for network in networks.networks:
        network.engine.reweight(travel_ms_at(network.engine.graph, table, hour))


def _shut_on(networks: RoadNetworks, drawn: BaseGeometry, *, one_way: bool) -> tuple[Shut, ...]:
    return tuple(shut_by(each.snapper, drawn, one_way=one_way) for each in networks.networks)


def _close(networks: RoadNetworks, standing: Sequence[tuple[Shut, ...]]) -> None:
    """Shut on every graph what stands and nothing else."""
    for at, network in enumerate(networks.networks):
        network.engine.shut_only(edges_shut(each[at] for each in standing))


def _lines(shut: Sequence[Shut]) -> shapely.MultiLineString:
    return shapely.MultiLineString([line for each in shut for line in each.lines.geoms])
