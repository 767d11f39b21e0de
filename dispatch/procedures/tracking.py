"""Take fixes into the record: who may be followed, what is doubtful, what is new."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import (
    Doubt,
    Extent,
    Track,
    TrackingPolicy,
    doubted,
)
from dispatch.domain.words import CrewId
from dispatch.ports import Store

Key = tuple[CrewId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of some fixes.

    `taken` are those that stand on record now, with their doubts; `new` how many of them were not
    there before; `dropped` says of each other one why it was not kept.
    """

    taken: tuple[PositionFix, ...]
    new: int
    dropped: tuple[tuple[PositionFix, str], ...]

    @property
    def doubts(self) -> Mapping[str, int]:
        """How many fixes were marked, by doubt."""
        return Counter(word for fix in self.taken for word in Doubt(fix.doubts).words)


def keep_fixes(store: Store, fixes: Sequence[PositionFix], policy: TrackingPolicy) -> Kept:
    """Store the fixes of crews at work, mark what cannot be true, drop the rest.

    Fixes of any number of crews and devices, in any order, hours late; one that was sent before
    is not new. A fix dated ahead is judged by the shift at its receipt.
    """
    crews = sorted({fix.crew_id for fix in fixes})
    wanted, dropped = _followed(store, crews, fixes, policy)
    if not wanted:
        return Kept(taken=(), new=0, dropped=dropped)
    extents = store.positions.extents(crews)
    seeds = store.positions.last_of_devices({_key(fix) for fix in wanted})
    taken: list[PositionFix] = []
    for key, of_device in groupby(sorted(wanted, key=_key), key=_key):
        taken += _marked(store, key, list(of_device), seeds, extents, policy)
    return Kept(taken=tuple(taken), new=store.crews.record_fixes(taken), dropped=dropped)


def _key(fix: PositionFix) -> Key:
    return fix.crew_id, fix.device


def _followed(
    store: Store, crews: Sequence[CrewId], fixes: Sequence[PositionFix], policy: TrackingPolicy
) -> tuple[list[PositionFix], tuple[tuple[PositionFix, str], ...]]:
    """Those that may be kept, and the others with the reason."""
    recent = [fix for fix in fixes if fix.fixed_at >= fix.received_at - policy.oldest]
    dropped = [(fix, "too_old") for fix in fixes if fix.fixed_at < fix.received_at - policy.oldest]
    if not recent or not policy.on_duty_only:
        return recent, tuple(dropped)
    moments = [min(fix.fixed_at, fix.received_at) for fix in recent]
    duty = store.positions.duty(crews, min(moments), max(moments))
    wanted = []
    for fix, at in zip(recent, moments, strict=True):
        if duty.covers(fix.crew_id, at):
            wanted.append(fix)
        else:
            dropped.append((fix, "off_duty"))
    return wanted, tuple(dropped)


def _marked(
    store: Store,
    key: Key,
    fixes: Sequence[PositionFix],
    seeds: Mapping[Key, PositionFix],
    extents: Mapping[CrewId, Extent],
    policy: TrackingPolicy,
) -> list[PositionFix]:
    """One device's fixes with their doubts; what it jumped before is read only when it jumps."""
    crew_id, device = key
    track, extent = Track(last=seeds.get(key)), extents.get(crew_id)
    if track.last is not None and not all(track.fits(fix, policy) for fix in fixes):
        first = min(fix.fixed_at for fix in fixes)
        since, most = track.last.fixed_at, policy.agreeing - 1
        jumps = store.positions.list_jumps(crew_id, device, since, first, most)
        track = replace(track, jumps=tuple(jumps))
    return doubted(fixes, track, extent, policy)[0]
