"""False arrivals, made by somebody who knows how the evidence is weighed."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from dispatch.domain.arrival import Companion, Site
from dispatch.domain.crew import PositionFix
from dispatch.drill.arrivals.devices import moment, moved
from dispatch.drill.arrivals.driving import Ride, length_m, part
from dispatch.drill.arrivals.genuine import DAY_S
from dispatch.drill.arrivals.scenes import Asked, Case, Kind, Scene
from gis.crs import Datum, Floats, from_wgs84


def _joined(scene: Scene) -> tuple[Floats, float]:
    """The way to the place and on without stopping, and how far along it the place is."""
    return np.vstack([scene.line, scene.onward]), length_m(scene.line)


def _passing(scene: Scene) -> tuple[Ride, float, Floats, float]:
    """Up to 200 m before the place; the way and where the place is follow."""
    way, at_m = _joined(scene)
    ride = Ride(scene.rng, 0.0).stand(way[0], scene.waits_s)
    ride.drive(part(way, 0, at_m - 200), scene.pace_mps)
    return ride, ride.now_s, way, at_m


def drives_past(scene: Scene) -> Case:
    """Passes on the road beside at the usual pace, and presses the button while passing."""
    ride, near_s, way, at_m = _passing(scene)
    ride.drive(part(way, at_m - 200, length_m(way)), scene.pace_mps, lights=False)
    return scene.case(
        site=scene.site(), fixes=scene.track(ride), arrived_s=None, claimed_s=near_s + 10
    )


def jam_past(scene: Scene) -> Case:
    """Creeps past in a jam that is the slower the worse, half of the time unsaid."""
    rng = scene.rng
    ride, near_s, way, at_m = _passing(scene)
    ride.creep(part(way, at_m - 200, at_m + 300), float(rng.uniform(0.45, 1.8)))
    ride.drive(part(way, at_m + 300, length_m(way)), scene.pace_mps)
    claimed_s = near_s + 120 if rng.random() < 0.5 else None  # noqa: PLR2004
    return scene.case(
        site=scene.site(), fixes=scene.track(ride), arrived_s=None, claimed_s=claimed_s
    )


def red_light(scene: Scene) -> Case:
    """Stops at a light in the fence for 90 s on the way elsewhere; presses the button there."""
    rng = scene.rng
    ride, _, way, at_m = _passing(scene)
    light_m = at_m + float(rng.uniform(-90, 90))
    ride.drive(part(way, at_m - 200, light_m), scene.pace_mps, lights=False)
    stopped_s = ride.now_s
    ride.stand(ride.places[-1][-1], float(rng.uniform(75, 95)))
    ride.drive(part(way, light_m, length_m(way)), scene.pace_mps, lights=False)
    claimed_s = stopped_s + 20 if rng.random() < 0.7 else None  # noqa: PLR2004
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride, every_s=float(rng.choice([5, 10, 20, 30]))),
        arrived_s=None,
        claimed_s=claimed_s,
    )


def level_crossing(scene: Scene) -> Case:
    """Waits for four minutes at a level crossing 110 to 145 m from the place, and says nothing."""
    ride, _, way, at_m = _passing(scene)
    off_m = float(scene.rng.uniform(110, 145))
    ride.drive(part(way, at_m - 200, at_m), scene.pace_mps, lights=False)
    ride.stand(way[len(scene.line) - 1], 240)
    ride.drive(part(way, at_m, length_m(way)), scene.pace_mps)
    return scene.case(
        site=scene.site(off_m=(off_m, off_m + 1)),
        fixes=scene.track(ride),
        arrived_s=None,
        claimed_s=None,
    )


def _sitting(scene: Scene, seconds: float = 2400.0) -> Ride:
    return Ride(scene.rng, 0.0).stand(scene.line[0], seconds, walking_m=10.0)


def from_depot(scene: Scene) -> Case:
    """Never leaves; presses the button when the drive would be over."""
    drive_s = length_m(scene.line) / scene.pace_mps
    return scene.case(
        site=scene.site(),
        fixes=scene.track(_sitting(scene, scene.waits_s + drive_s + 1200)),
        arrived_s=None,
        claimed_s=scene.waits_s + drive_s,
    )


def four_hundred(scene: Scene) -> Case:
    """Drives to 400 m from the place, stays there, and presses the button."""
    ride, stopped_s = scene.ride()
    return scene.case(
        site=scene.site(off_m=(380.0, 420.0)),
        fixes=scene.track(ride),
        arrived_s=None,
        claimed_s=stopped_s + 10,
    )


def vague_lunch(scene: Scene) -> Case:
    """Lunch 200 to 320 m from an address that is known to 300 m, the button pressed."""
    ride, stopped_s = scene.ride()
    return scene.case(
        site=scene.site(off_m=(200.0, 320.0), accuracy_m=300.0),
        fixes=scene.track(ride),
        arrived_s=None,
        claimed_s=stopped_s + 10,
    )


def _at_the_depot_but(scene: Scene, fixes: list[PositionFix], claimed_s: float) -> Case:
    return scene.case(site=scene.site(), fixes=fixes, arrived_s=None, claimed_s=claimed_s)


def mocked(scene: Scene) -> Case:
    """An app that plays the whole drive; the phone marks its positions as mock."""
    ride, there_s = scene.ride()
    fixes = [replace(fix, mock=True) for fix in scene.track(ride)]
    return _at_the_depot_but(scene, fixes, there_s + 20)


def mocked_in_part(scene: Scene) -> Case:
    """As before, with the mark taken off whatever lies at the place."""
    ride, there_s = scene.ride()
    fixes = [
        replace(fix, mock=fix.fixed_at < moment(there_s - scene.rng.uniform(20, 120)))
        for fix in scene.track(ride)
    ]
    return _at_the_depot_but(scene, fixes, there_s + 20)


def replayed(scene: Scene) -> Case:
    """Yesterday's true drive to the same place, sent again with the times of today."""
    ride, there_s = scene.ride()
    yesterday = scene.track(ride)
    case = _at_the_depot_but(scene, yesterday, there_s + 20)
    return replace(case, earlier=tuple(moved(yesterday, -DAY_S)))


def frozen_at_once(scene: Scene) -> Case:
    """From the depot, silent for as long as the drive would take, then one place for good."""
    drive_s = length_m(scene.line) / scene.pace_mps
    begins_s = scene.waits_s + drive_s
    fixes = scene.track(_sitting(scene, begins_s + 1500))
    site = scene.site()
    kept = [fix for fix in fixes if not scene.waits_s < _second(fix) < begins_s]
    return scene.case(
        site=site,
        fixes=[_put(fix, site) if _second(fix) >= begins_s else fix for fix in kept],
        arrived_s=None,
        claimed_s=begins_s + 30,
    )


def frozen_while_driving(scene: Scene) -> Case:
    """Drives past and on, with the place held from there: by a phone, or by a terminal."""
    ride, near_s, way, at_m = _passing(scene)
    ride.drive(part(way, at_m - 200, length_m(way)), scene.pace_mps, lights=False)
    terminal = scene.rng.random() < 0.5  # noqa: PLR2004
    fixes = scene.track(ride, name="jt808:1" if terminal else "")
    passed_s = near_s + 200 / scene.pace_mps
    held = next(fix for fix in fixes if _second(fix) >= passed_s)
    stuck = [
        replace(fix, lon=held.lon, lat=held.lat) if _second(fix) >= passed_s else fix
        for fix in fixes
    ]
    return _at_the_depot_but(scene, stuck, passed_s + 20)


def interpolated(scene: Scene) -> Case:
    """A straight line from the depot to the place in equal steps, then the place itself."""
    site = scene.site()
    return _drawn(scene, np.array([scene.line[0], scene.parked]), site, still=True)


def interpolated_along_roads(scene: Scene) -> Case:
    """Equal steps along the roads, rounded to a metre, then a place that trembles a little."""
    case = _drawn(scene, scene.line, scene.site(), still=False)
    fixes = [replace(fix, lon=round(fix.lon, 5), lat=round(fix.lat, 5)) for fix in case.fixes]
    return replace(case, fixes=fixes)


def _drawn(scene: Scene, line: Floats, site: Site, *, still: bool) -> Case:
    """A way made by ruler and clock; every radius the same."""
    step_m = 10.0 * scene.pace_mps
    gone = np.arange(0.0, length_m(line), step_m)
    way = np.vstack([part(line, 0.0, metres)[-1] for metres in gone[1:]])
    end = np.repeat(line[-1][None, :], 60, axis=0)
    if not still:
        end = end + scene.rng.normal(0, 2.0, end.shape)
    places = scene.city.lon_lat(np.vstack([way, end])).tolist()
    model = scene.track(_sitting(scene, scene.waits_s))
    template = model[-1]
    begins_s = scene.waits_s
    made = [
        replace(
            template,
            id=f"made{n}",
            lon=lon,
            lat=lat,
            accuracy_m=5.0,
            speed_mps=scene.pace_mps if n < len(way) else 0.0,
            fixed_at=moment(begins_s + 10.0 * n),
            received_at=moment(begins_s + 10.0 * n + 1.0),
        )
        for n, (lon, lat) in enumerate(places, start=1)
    ]
    return scene.case(
        site=site,
        fixes=[*model, *made],
        arrived_s=None,
        claimed_s=begins_s + 10.0 * (len(way) + 3),
    )


def second_phone(scene: Scene) -> Case:
    """A phone in another crew's vehicle, which works 100 m from the place of its own order."""
    ride, there_s = scene.ride()
    their_site = scene.site(off_m=(5.0, 30.0))
    every_s = float(scene.rng.choice([5, 10, 30, 60, 90]))
    theirs = tuple(scene.track(ride, crew="C2", every_s=float(scene.rng.choice([10, 30, 60]))))
    return scene.case(
        site=scene.site(off_m=(85.0, 115.0)),
        fixes=scene.track(ride, every_s=every_s),
        arrived_s=None,
        claimed_s=there_s + 40,
        others=(
            Companion(crew_id="C2", fixes=theirs, order_place=(their_site.lon, their_site.lat)),
        ),
    )


def vehicle_elsewhere(scene: Scene) -> Case:
    """A phone that plays an honest-looking drive; the vehicle's terminal stands at the depot."""
    ride, there_s = scene.ride()
    every_s = float(scene.rng.choice([10, 30, 60, 120]))
    truth = scene.track(_sitting(scene, ride.now_s), name="jt808:1", every_s=every_s, pins=True)
    return scene.case(
        site=scene.site(),
        fixes=[*scene.track(ride), *truth],
        arrived_s=None,
        claimed_s=there_s + 20,
    )


def clock_set_back(scene: Scene) -> Case:
    """Truly there, an hour later than its clock says: no arrival before the true one."""
    ride, arrived_s = scene.ride()
    return scene.case(
        site=scene.site(),
        fixes=scene.track(ride, clock_s=-3600.0),
        arrived_s=arrived_s,
        claimed_s=arrived_s + 20,
        sent_s=-1800.0,
    )


def clock_set_back_on_the_way(scene: Scene) -> Case:
    """The clock is set back by 40 minutes in the middle of the drive, and right again later."""
    ride, arrived_s = scene.ride()
    fixes = scene.track(ride)
    middle_s = (scene.waits_s + arrived_s) / 2
    back = timedelta(minutes=40)
    wrong = [
        replace(fix, fixed_at=fix.fixed_at - back)
        if middle_s <= _second(fix) <= arrived_s + 600
        else fix
        for fix in fixes
    ]
    return scene.case(
        site=scene.site(),
        fixes=wrong,
        arrived_s=arrived_s,
        claimed_s=arrived_s + 20,
        sent_s=-1800.0,
    )


def other_datum(scene: Scene) -> Case:
    """Stays half a kilometre away; read as WGS-84 its GCJ-02 coordinates lie at the place."""
    ride, there_s = scene.ride()
    fixes = []
    for fix in scene.track(ride):
        lon, lat = from_wgs84(fix.lon, fix.lat, Datum.GCJ02)
        fixes.append(replace(fix, lon=lon, lat=lat))
    lon, lat = from_wgs84(*scene.lon_lat(scene.parked), Datum.GCJ02)
    return scene.case(
        site=Site(lon=lon + float(scene.rng.uniform(-2e-4, 2e-4)), lat=lat, accuracy_m=15.0),
        fixes=fixes,
        arrived_s=None,
        claimed_s=there_s + 20,
    )


def teleported(scene: Scene) -> Case:
    """At the depot, and ten seconds later at the place, with honest-looking errors."""
    return _leaps(scene, scene.waits_s + 60)


def _leaps(scene: Scene, begins_s: float) -> Case:
    """At the depot until that second, at the place from then on."""
    fixes = scene.track(_sitting(scene, begins_s + 900))
    dx, dy = np.array(scene.lon_lat(scene.parked)) - np.array(scene.lon_lat(scene.line[0]))
    jumped = [
        replace(fix, lon=fix.lon + dx, lat=fix.lat + dy) if _second(fix) >= begins_s else fix
        for fix in fixes
    ]
    return _at_the_depot_but(scene, jumped, begins_s + 20)


def too_soon(scene: Scene) -> Case:
    """Seen at the depot, then silent for a third of the usual drive less 40 s, then there."""
    gone_s = scene.waits_s + 60
    there_s = gone_s + max(10.0, scene.usual_s / 3 - 40)
    case = _leaps(scene, there_s)
    return replace(case, fixes=[fix for fix in case.fixes if not gone_s < _second(fix) < there_s])


def first_heard_of_there(scene: Scene) -> Case:
    """At the depot with a phone that is silent until it leaps to the place."""
    case = teleported(scene)
    return replace(case, fixes=[fix for fix in case.fixes if _second(fix) >= scene.waits_s + 60])


def invented(scene: Scene) -> Case:
    """A drive made up with the very errors of a receiver, at the pace of the roads."""
    ride, there_s = scene.ride()
    return _at_the_depot_but(scene, scene.track(ride), there_s + 20)


def silent_then_there(scene: Scene) -> Case:
    """No position for as long as the drive takes, then a place that trembles as it should."""
    ride, there_s = scene.ride()
    fixes = scene.track(ride)
    kept = [fix for fix in fixes if not scene.waits_s < _second(fix) < there_s]
    return _at_the_depot_but(scene, kept, there_s + 20)


def halts_and_says_so(scene: Scene) -> Case:
    """A halt of three minutes 60 to 100 m from the place, the button pressed, and on."""
    ride, there_s = scene.ride(works_s=180.0)
    return scene.case(
        site=scene.site(off_m=(60.0, 100.0)),
        fixes=scene.track(ride),
        arrived_s=None,
        claimed_s=there_s + 20,
    )


def _second(fix: PositionFix) -> float:
    return (fix.fixed_at - moment(0)).total_seconds()


def _put(fix: PositionFix, site: Site) -> PositionFix:
    return replace(fix, lon=site.lon, lat=site.lat, speed_mps=0.0)


FALSE: tuple[Kind, ...] = (
    Kind(name="drives past", asked=Asked.REFUSE, make=drives_past),
    Kind(name="creeps past in a jam", asked=Asked.REFUSE, make=jam_past),
    Kind(name="waits at a red light", asked=Asked.REFUSE, make=red_light),
    Kind(name="waits at a level crossing", asked=Asked.REFUSE, make=level_crossing),
    Kind(name="claims from the depot", asked=Asked.REFUSE, make=from_depot),
    Kind(name="claims from 400 m away", asked=Asked.REFUSE, make=four_hundred),
    Kind(name="lunch near a vague address", asked=Asked.REFUSE, make=vague_lunch),
    Kind(name="mock positions", asked=Asked.REFUSE, make=mocked),
    Kind(name="mock, the mark taken off", asked=Asked.REFUSE, make=mocked_in_part),
    Kind(name="yesterday's drive again", asked=Asked.REFUSE, make=replayed),
    Kind(name="one place for good", asked=Asked.REFUSE, make=frozen_at_once),
    Kind(name="the place held while driving on", asked=Asked.REFUSE, make=frozen_while_driving),
    Kind(name="a straight line in equal steps", asked=Asked.REFUSE, make=interpolated),
    Kind(name="equal steps along the roads", asked=Asked.REFUSE, make=interpolated_along_roads),
    Kind(name="the second phone in a vehicle", asked=Asked.REFUSE, make=second_phone),
    Kind(name="the vehicle is elsewhere", asked=Asked.REFUSE, make=vehicle_elsewhere),
    Kind(name="the clock set back an hour", asked=Asked.REFUSE, make=clock_set_back),
    Kind(name="the clock set back on the way", asked=Asked.REFUSE, make=clock_set_back_on_the_way),
    Kind(name="GCJ-02 makes the place", asked=Asked.REFUSE, make=other_datum),
    Kind(name="a leap to the place", asked=Asked.REFUSE, make=teleported),
    Kind(name="there sooner than roads allow", asked=Asked.REFUSE, make=too_soon),
    Kind(
        name="a drive made up with true errors",
        asked=Asked.BEYOND,
        make=invented,
        why="one device alone cannot tell it; the vehicle's own terminal does",
    ),
    Kind(
        name="silent for the drive, then there",
        asked=Asked.BEYOND,
        make=silent_then_there,
        why="as a true arrival out of a dead zone; the vehicle's own terminal tells",
    ),
    Kind(
        name="first heard of at the place",
        asked=Asked.BEYOND,
        make=first_heard_of_there,
        why="as a phone that is switched on there; where it was last seen before tells, if ever",
    ),
    Kind(
        name="halts by the place, and says so",
        asked=Asked.BEYOND,
        make=halts_and_says_so,
        why="to stay two minutes in the fence and to say so is what is asked of an arrival",
    ),
)
