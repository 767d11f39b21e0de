"""True arrivals, with all that goes wrong with devices, networks and clocks."""

from dataclasses import replace
from typing import Any

import numpy as np

from dispatch.domain.arrival import Companion
from dispatch.domain.crew import PositionFix
from dispatch.drill.arrivals.devices import moment, moved
from dispatch.drill.arrivals.driving import Ride, length_m, part
from dispatch.drill.arrivals.scenes import Asked, Case, Kind, Scene
from gis.crs import Datum, from_wgs84, to_wgs84

DAY_S = 86_400.0
NEAR_M = 45.0
"""Who comes slowly counts as there from so near."""


def plain(scene: Scene) -> Case:
    """A phone every ten seconds; the same crew drove the same way yesterday."""
    ride, arrived_s = scene.ride()
    earlier = moved(scene.track(ride), -DAY_S)
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
        earlier=tuple(earlier),
    )


def _with(scene: Scene, *, claims: bool = True, **device: Any) -> Case:  # noqa: ANN401 (of Device)
    ride, arrived_s = scene.ride()
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride, **device),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s) if claims else None,
    )


def forgotten(scene: Scene) -> Case:
    """Nobody pressed the button."""
    return _with(scene, claims=False)


def tunnel(scene: Scene) -> Case:
    """No fix for the last minutes of the way."""
    ride, arrived_s = scene.ride()
    begin = arrived_s - scene.rng.uniform(120, 400)
    dark = ((begin, arrived_s - scene.rng.uniform(-20, 40)),)
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride, dark=dark),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


def canyon(scene: Scene) -> Case:
    """Between high buildings: errors of some twenty metres that drift."""
    return _with(scene, error_m=float(scene.rng.uniform(12, 22)), drift_s=90.0)


def flattered(scene: Scene) -> Case:
    """Errors of ten to sixteen metres from a phone that names a half to a third of them."""
    error_m, honest = float(scene.rng.uniform(10, 16)), float(scene.rng.uniform(0.3, 0.5))
    return _with(scene, error_m=error_m, drift_s=60.0, honest=honest)


def lossy(scene: Scene) -> Case:
    """Half of all positions are lost, in runs and one by one."""
    case = plain(scene)
    lost, fixes = False, []
    for fix in case.fixes:
        lost = bool(scene.rng.random() < (0.6 if lost else 0.35))
        if not lost:
            fixes.append(fix)
    return replace(case, fixes=fixes)


def on_foot(scene: Scene) -> Case:
    """The vehicle stops 60 to 100 m away, and the crew walks on with its phone."""
    off_m = float(scene.rng.uniform(60, 100))
    angle = float(scene.rng.uniform(0, 2 * np.pi))
    place = scene.parked + off_m * np.array([np.cos(angle), np.sin(angle)])
    ride = Ride(scene.rng, 0.0).stand(scene.line[0], scene.waits_s)
    ride.drive(scene.line, scene.pace_mps).stand(scene.parked, 20)
    mps = float(scene.rng.uniform(0.9, 1.4))
    ride.walk(np.array([scene.parked, place]), mps)
    arrived_s = ride.now_s - NEAR_M / mps
    ride.stand(place, scene.works_s, walking_m=8.0)
    return scene.case(
        site=scene.site_at(place, off_m=(0.0, 15.0)),
        fixes=scene.track(ride),
        arrived_s=arrived_s,
        settled_s=arrived_s + NEAR_M / mps,
        claimed_s=scene.presses(arrived_s),
    )


def rare(scene: Scene) -> Case:
    """A fix every 30 to 120 seconds."""
    return _with(scene, every_s=float(scene.rng.uniform(30, 120)))


def late_batches(scene: Scene) -> Case:
    """A dead zone around the place: what was measured comes up to three hours later."""
    ride, arrived_s = scene.ride()
    offline = ((arrived_s - 200.0, arrived_s + scene.rng.uniform(3600, 10_800)),)
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride, offline=offline),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


def shuffled(scene: Scene) -> Case:
    """Out of order, and a third of it twice."""
    case = plain(scene)
    fixes = list(case.fixes)
    again = [fixes[n] for n in scene.rng.integers(len(fixes), size=len(fixes) // 3)]
    return replace(
        case,
        fixes=[
            *np.array([*fixes, *again], dtype=object)[
                scene.rng.permutation(len(fixes) + len(again))
            ]
        ],
    )


def skewed(scene: Scene) -> Case:
    """A clock that is up to forty minutes wrong."""
    wrong_s = float(scene.rng.choice([-1, 1]) * scene.rng.uniform(30, 2400))
    return _with(scene, clock_s=wrong_s)


def declared_gcj(scene: Scene) -> Case:
    """A terminal that gives GCJ-02 and is enrolled so: turned into WGS-84 when it comes in."""
    case = _with(scene, every_s=15.0)

    def there_and_back(fix: PositionFix) -> PositionFix:
        lon, lat = to_wgs84(*from_wgs84(fix.lon, fix.lat, Datum.GCJ02), Datum.GCJ02)
        return replace(fix, lon=lon, lat=lat)

    return replace(case, fixes=[there_and_back(fix) for fix in case.fixes])


def terminal(scene: Scene) -> Case:
    """A terminal in the vehicle that holds its place while it stands, beside the phone."""
    ride, arrived_s = scene.ride(walking_m=0.0)
    phone = scene.track(ride, every_s=20.0)
    fixed = scene.track(ride, name="jt808:1", every_s=15.0, pins=True)
    return scene.case(
        site=scene.site(),
        fixes=[*phone, *fixed],
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


def terminal_alone(scene: Scene) -> Case:
    """Only the vehicle's terminal, which holds its place while it stands."""
    ride, arrived_s = scene.ride(walking_m=0.0)
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride, name="jt808:1", every_s=15.0, pins=True),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


def shared_car(scene: Scene) -> Case:
    """Another crew's phone rides along; its own order lies elsewhere."""
    ride, arrived_s = scene.ride()
    other = tuple(scene.track(ride, crew="C2"))
    elsewhere = scene.lon_lat(scene.parked + scene.rng.uniform(150, 900, 2))
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
        others=(Companion(crew_id="C2", fixes=other, order_place=elsewhere),),
    )


def near_address(scene: Scene) -> Case:
    """An address known to some fifty metres, and that far off."""
    ride, arrived_s = scene.ride()
    return scene.case(
        site=scene.site(off_m=(10.0, 50.0), accuracy_m=50.0),
        fixes=scene.track(ride),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


def jammed(scene: Scene) -> Case:
    """The last hundreds of metres in a jam."""
    rng, line = scene.rng, scene.line
    whole = length_m(line)
    ride = Ride(rng, 0.0).stand(line[0], scene.waits_s)
    ride.drive(part(line, 0, whole - 300), scene.pace_mps)
    mean_mps = float(rng.uniform(0.8, 1.6))
    ride.creep(part(line, whole - 300, whole - NEAR_M), mean_mps)
    arrived_s = ride.now_s
    ride.creep(part(line, whole - NEAR_M, whole), mean_mps)
    ride.stand(scene.parked, scene.works_s, walking_m=8.0)
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


def far_address(scene: Scene) -> Case:
    """A geocoded address 100 to 300 m off, known to be that vague."""
    ride, arrived_s = scene.ride()
    return scene.case(
        site=scene.site(off_m=(100.0, 300.0), accuracy_m=300.0),
        fixes=scene.track(ride),
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


def undeclared_gcj(scene: Scene) -> Case:
    """A device that gives GCJ-02 and is enrolled as WGS-84."""
    case = plain(scene)
    fixes = []
    for fix in case.fixes:
        lon, lat = from_wgs84(fix.lon, fix.lat, Datum.GCJ02)
        fixes.append(replace(fix, lon=lon, lat=lat))
    return replace(case, fixes=fixes, earlier=())


def frozen_phone(scene: Scene) -> Case:
    """A phone that gives its last coordinates again and again where it has none."""
    ride, arrived_s = scene.ride()
    fixes = scene.track(ride)
    there = [fix for fix in fixes if fix.fixed_at >= moment(arrived_s)]
    held = [
        replace(fix, lon=there[0].lon, lat=there[0].lat) if fix in there else fix for fix in fixes
    ]
    return scene.case(
        site=scene.site(),
        fixes=held,
        arrived_s=arrived_s,
        claimed_s=scene.presses(arrived_s),
    )


GENUINE: tuple[Kind, ...] = (
    Kind(name="a phone, the button pressed", asked=Asked.CONFIRM, make=plain),
    Kind(name="the button forgotten", asked=Asked.CONFIRM, make=forgotten),
    Kind(name="a tunnel before the place", asked=Asked.CONFIRM, make=tunnel),
    Kind(name="between high buildings", asked=Asked.CONFIRM, make=canyon),
    Kind(name="half of the positions lost", asked=Asked.CONFIRM, make=lossy),
    Kind(name="the last hundred metres on foot", asked=Asked.CONFIRM, make=on_foot),
    Kind(name="a fix every 30 to 120 s", asked=Asked.CONFIRM, make=rare),
    Kind(name="sent hours late from a dead zone", asked=Asked.CONFIRM, make=late_batches),
    Kind(name="out of order and twice", asked=Asked.CONFIRM, make=shuffled),
    Kind(name="a clock up to 40 min wrong", asked=Asked.CONFIRM, make=skewed),
    Kind(name="GCJ-02, declared", asked=Asked.CONFIRM, make=declared_gcj),
    Kind(name="a phone and a terminal", asked=Asked.CONFIRM, make=terminal),
    Kind(name="a terminal that holds its place", asked=Asked.CONFIRM, make=terminal_alone),
    Kind(name="another crew's phone aboard", asked=Asked.CONFIRM, make=shared_car),
    Kind(name="an address known to 50 m", asked=Asked.CONFIRM, make=near_address),
    Kind(
        name="a phone that flatters itself",
        asked=Asked.LATE,
        make=flattered,
        why="who names a third of the true error seems to move; it takes longer to see a stay",
    ),
    Kind(
        name="through a jam to the place",
        asked=Asked.LATE,
        make=jammed,
        why="who creeps has to stay six minutes: a jam stands still as well",
    ),
    Kind(
        name="an address 100 to 300 m off",
        asked=Asked.SILENT,
        make=far_address,
        why="300 m from the place on record is no proof of being at the true one",
    ),
    Kind(
        name="GCJ-02, taken for WGS-84",
        asked=Asked.SILENT,
        make=undeclared_gcj,
        why="named, and to be mended at the device; nothing is moved silently",
    ),
    Kind(
        name="a phone that repeats its last place",
        asked=Asked.SILENT,
        make=frozen_phone,
        why="the same is sent by a phone that was set by hand",
    ),
)
