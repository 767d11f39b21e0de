"""Let the day run: the office and every crew, until it is over or somebody stops it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import httpx
import numpy as np
from rich.console import Console

from api.clock import FastClock
from api.demo.crews import SimulatedCrew, Truth
from api.demo.office import Office
from api.demo.stage import Stage
from api.demo.wire import Wire
from gis.roads.cch import engine_for
from gis.roads.network import RoadNetwork
from gis.roads.readers import read_roads

SAY_EVERY_S = 20.0
NOTHING_FOUND = Truth(cause="未发现故障", repair=timedelta(minutes=10))


def truth_for(stage: Stage) -> Mapping[str, Truth]:
    """What is truly broken behind each ticket."""
    faults = {}
    for happening in stage.day:
        if happening.kind != "fault" or happening.fault_id is None:
            continue
        fault = happening.payload
        device_id = fault["device_id"]
        faults[happening.fault_id] = Truth(
            cause=str(fault["cause"]),
            repair=timedelta(seconds=float(str(fault["repair_s"]))),
            device_id=None if device_id is None else str(device_id),
            transformers=frozenset(map(str, fault["transformers"])),  # type: ignore[call-overload]
        )
    return {
        str(happening.payload["id"]): faults[happening.fault_id]
        for happening in stage.day
        if happening.kind == "ticket" and happening.fault_id in faults
    }


async def play(
    address: str,
    stage: Stage,
    clock: FastClock,
    tokens: Mapping[str, str],
    phones: Mapping[str, str],
    out: Console,
    *,
    seed: int,
) -> None:
    """Play the day against the server at `address`."""
    truth = truth_for(stage)

    def find(tickets: list[str]) -> Truth:
        found = [truth[ticket] for ticket in tickets if ticket in truth]
        return max(found, key=lambda t: len(t.transformers), default=NOTHING_FOUND)

    roads = await asyncio.to_thread(_roads, stage)
    if (stranded := off_the_roads(stage, roads)) is not None:
        out.print(stranded, style="bold yellow")
    limits = httpx.Limits(max_connections=60)
    async with httpx.AsyncClient(base_url=address, timeout=30, limits=limits) as client:
        office = Office(
            agent=Wire(client, tokens["agent"]),
            dispatcher=Wire(client, tokens["dispatcher"]),
            clock=clock,
            day=[h for h in stage.day if h.at >= clock.begins or h.kind == "planned_outage"],
        )
        crews = [
            SimulatedCrew(
                crew_id=base.crew_id,
                wire=Wire(client, phones[base.crew_id]),
                clock=clock,
                roads=roads,
                truth_of=find,
                rng=np.random.default_rng([seed, number]),
                lon=base.lon,
                lat=base.lat,
            )
            for number, base in enumerate(stage.crews)
        ]
        await office.consent_to_lending(stage.districts)
        async with asyncio.TaskGroup() as group:
            group.create_task(office.take_calls())
            group.create_task(office.call_back())
            group.create_task(_say_how_it_goes(office, clock, out))
            for crew in crews:
                group.create_task(crew.live())


def _roads(stage: Stage) -> RoadNetwork | None:
    if not stage.roads:
        return None
    return RoadNetwork(engine_for(read_roads(stage.roads).largest_part()))


def off_the_roads(stage: Stage, roads: RoadNetwork | None) -> str | None:
    """What to say where crews stand beside the roads that were given, or no roads were."""
    if roads is None:
        return (
            "no roads were given: crews drive straight lines, and every time on the road is a guess"
        )
    snaps = roads.snap_all([c.lon for c in stage.crews], [c.lat for c in stage.crews])
    far = sum(snap is None for snap in snaps)
    if not far:
        return None
    return (
        f"{far} of {len(stage.crews)} crews have no road within {roads.max_snap_m:,.0f} m: these"
        " roads are not those of this network, and crews there drive straight lines"
    )


async def _say_how_it_goes(office: Office, clock: FastClock, out: Console) -> None:
    while True:
        await asyncio.sleep(SAY_EVERY_S)
        counted = ", ".join(f"{n} {what}" for what, n in sorted(office.counts.items()))
        out.print(f"{clock():%H:%M} of the simulated day: {counted or 'quiet so far'}")
