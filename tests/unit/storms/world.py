"""Small drawn networks and given faults for tests of the drill."""

import numpy as np
from shapely import Point

from dispatch.drill.storms.episode import live_through
from dispatch.drill.storms.ground import Ground, ground_of
from dispatch.drill.storms.messages import Called, Episode, Left, Relit, Seen
from dispatch.drill.storms.records import Group, Picture
from dispatch.drill.storms.truth import Condition, Fault, FaultKind
from gis.network.notation import parse

DRAWN = """
[F1] -B:cb1- a(T1:40) -900- b -F:k1- c(T2:30) -400- d(T3:20)
             a -R:r1- e(T4:60) -1500- g(T5:80)
[F2] -B:cb2- h(T6:50) -700- i(T7:1)
"""

MINUTE = 60.0


def a_ground(drawing: str = DRAWN) -> Ground:
    return ground_of(parse(drawing, "drawn", Point(116.0, 28.6)))


def a_fault(ground: Ground, device_id: str, minute: float, kind=FaultKind.LINE) -> Fault:
    device = ground.tracing.device(device_id)
    return Fault(
        number=0,
        kind=kind,
        onset_s=minute * MINUTE,
        feeder_id=device.feeder_id,
        device=device.pre,
    )


def one_home(ground: Ground, account: str, minute: float, kind=FaultKind.SERVICE) -> Fault:
    row = ground.customers.accounts.index(account)
    feeder_id = ground.devices[ground.customers.device[row]].feeder_id
    return Fault(number=0, kind=kind, onset_s=minute * MINUTE, feeder_id=feeder_id, row=row)


def an_episode(ground: Ground, faults, seed: int = 1, **condition) -> Episode:
    """Live through given faults; they are numbered as listed."""
    numbered = [
        Fault(
            number=number,
            kind=f.kind,
            onset_s=f.onset_s,
            feeder_id=f.feeder_id,
            device=f.device,
            row=f.row,
            hazard=f.hazard,
        )
        for number, f in enumerate(faults)
    ]
    rng = np.random.default_rng(seed)
    return live_through(rng, ground, Condition(**condition), numbered, seed=seed)


def calls(episode: Episode, fault: int | None = None) -> list[Called]:
    return [
        m for m in episode.messages if isinstance(m, Called) and (fault is None or m.fault == fault)
    ]


def leaves(episode: Episode) -> dict:
    return {m.ticket_id: m.at for m in episode.messages if isinstance(m, Left)}


def of_kind(episode: Episode, kind: type[Seen] | type[Relit], fault: int) -> list:
    return [m for m in episode.messages if isinstance(m, kind) and m.fault == fault]


class Oracle:
    """A method that is told the truth: each fault's reports are one outage, its device is known."""

    name = "oracle"

    def __init__(self, episode: Episode) -> None:
        self.fault_of = {m.report.ticket_id: m.fault for m in calls(episode)}
        self.episode = episode

    def look(self, evidence, now):
        by_fault: dict[int, list] = {}
        for report in evidence.reports:
            by_fault.setdefault(self.fault_of[report.ticket_id], []).append(report)
        return Picture(groups=tuple(map(self._group, by_fault, by_fault.values())))

    def _group(self, fault, reports):
        held = {r.outage_id for r in reports if r.outage_id is not None}
        device = self.episode.lives[fault].fault.device
        ground = self.episode.ground
        device_id = None if device is None else ground.devices[ground.shown(device)].id
        return Group(
            key=min(held, default=fault + 1),
            device_id=device_id,
            tickets={r.ticket_id: 1.0 for r in reports},
            devices=() if device_id is None else ((device_id, 1.0),),
        )
