"""How well a method did in an episode, by what it said at the time.

Every report is judged once: where it was when a crew found its own fault, just before that was
told; a report that came later, or whose fault nobody found, where it was when it was settled or the
episode ended. Reports of one fault belong together; every wrong call is alone. Reports that were
settled within half a minute, before anybody looked, are left out.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import comb

from dispatch.domain.words import TicketId
from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.messages import Called, Episode, FaultLife
from dispatch.drill.storms.records import Record, Said

MINUTES = (5, 15, 30, 60)
"""After a fault's first call, when its predicted device is looked at."""

CALIBRATED_AT = 15
"""Minutes after the first call, when the probabilities of devices are held to their word."""

CALIBRATED_DEVICES = 5

Ratio = tuple[float, float]
"""Numerator and denominator, so that episodes can be added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitions:
    """How alike two partitions of the same things are, the true one first.

    `precision` and `recall` are of pairs; both are 1 where there is no pair to be wrong about.
    `pairs` is F1 as a ratio that can be added up: twice the pairs rightly together, over those
    truly together and those said to be.
    """

    precision: float
    recall: float
    f1: float
    bcubed: float
    rand: float
    pairs: Ratio = (0.0, 0.0)


def compare(truth: Sequence[Hashable], told: Sequence[Hashable]) -> Partitions:
    """Compare two partitions, given as labels of the same things in the same order.

    Pairs as in Rand (1971), adjusted as by Hubert and Arabie (1985); B-cubed F1 as by Bagga and
    Baldwin (1998). Of nothing, everything is 1.
    """
    both = Counter(zip(truth, told, strict=True))
    true_sizes, told_sizes = Counter(truth), Counter(told)
    together = sum(comb(n, 2) for n in both.values())
    truly = sum(comb(n, 2) for n in true_sizes.values())
    claimed = sum(comb(n, 2) for n in told_sizes.values())
    precision, recall = _share(together, claimed), _share(together, truly)
    count = len(truth)
    bp = _share(sum(n * n / told_sizes[g] for (_, g), n in both.items()), count)
    br = _share(sum(n * n / true_sizes[t] for (t, _), n in both.items()), count)
    chance = truly * claimed / comb(count, 2) if count > 1 else 0.0
    most = (truly + claimed) / 2
    return Partitions(
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        bcubed=_harmonic(bp, br),
        pairs=(2.0 * together, float(truly + claimed)),
        rand=1.0 if most == chance else (together - chance) / (most - chance),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


@dataclass(slots=True, kw_only=True)
class Score:
    """One method in one episode.

    `ratios` can be added up over episodes: a rate is the sum of the first over that of the second.
    `device_bins` and `ticket_bins` are pairs of a probability given and whether it was so.
    `suppressed_hazards` counts dangerous reports that got no order of their own.
    """

    reports: int
    partitions: Partitions
    ratios: dict[str, Ratio] = field(default_factory=dict)
    device_bins: list[tuple[float, bool]] = field(default_factory=list)
    ticket_bins: list[tuple[float, bool]] = field(default_factory=list)
    suppressed_hazards: int = 0


def score(episode: Episode, record: Record) -> Score:
    """Score what a method said in an episode."""
    calls = [m for m in episode.messages if isinstance(m, Called)]
    calls = [call for call in calls if call.report.ticket_id not in record.unseen]
    truth = [call.fault for call in calls]
    told = [_label(record, call.report.ticket_id) for call in calls]
    called = {call.fault for call in calls}
    real = [n for n in called if episode.lives[n].fault.is_real]
    isolated = [n for n in called if episode.lives[n].fault.is_isolated]
    to_real = [o for o in record.orders if episode.lives[o.fault].fault.is_real]
    needless = sum(1 for o in to_real if o.is_needless)
    astray = sum(1 for o in to_real if o.is_astray and not o.is_needless)
    to_nothing = len(record.orders) - len(to_real) + astray
    partitions = compare(truth, told)
    tally = Score(
        reports=len(calls),
        partitions=partitions,
        ratios={
            "pooled_f1": partitions.pairs,
            "needless": (100.0 * needless, len(real)),
            "nothing_found": (100.0 * to_nothing, len(real)),
            "hidden": (100.0 * len(record.hidden), len(isolated)),
        },
        ticket_bins=[
            (chance, belongs) for key, chance, belongs in record.placed.values() if key >= 0
        ],
        suppressed_hazards=sum(1 for has_order in record.hazards.values() if not has_order),
    )
    _score_devices(tally, episode, record, called)
    for number in sorted(called):
        tally.device_bins += _device_chances(episode, record, number)
    return tally


def _device_chances(episode: Episode, record: Record, number: int) -> Iterable[tuple[float, bool]]:
    """The first device probabilities of the outage that holds a fault's reports, and what was so.

    Every fault counts, a home's own and a wrong call too, or only those would be left in which a
    device did open.
    """
    life = episode.lives[number]
    said = _said_at(episode, life, record.said.get(number, []), CALIBRATED_AT)
    at = _moment(episode, life, CALIBRATED_AT)
    if said is None or at is None:
        return []
    cause = _keeping_dark(episode, at)
    return [(chance, id_ in cause) for id_, chance in said.devices[:CALIBRATED_DEVICES]]


def _keeping_dark(episode: Episode, at: datetime) -> set[str]:
    """Ids of the devices that keep somebody in the dark then, but for what crews had found.

    Where two are open, one above the other, that is the one which opened first.
    """
    open_ = _open_at(episode, at)
    unfound = {
        _target(episode, life): life.fault.onset_s
        for life in open_
        if life.seen_at is None or life.seen_at > at
    }
    path = episode.ground.tracing.path_to_head
    onsets = {_target(episode, life): life.fault.onset_s for life in open_}
    return {
        id_
        for id_, onset in onsets.items()
        if not any(unfound.get(d.id, onset) < onset for d in path(id_)[1:])
    }


def _open_at(episode: Episode, at: datetime) -> list[FaultLife]:
    """Faults that kept a device open then; one whose device was open already kept none."""
    last: dict[int, FaultLife] = {}
    for life in episode.lives:
        onset = episode.begins + timedelta(seconds=life.fault.onset_s)
        if life.fault.device is None or not life.fault.is_real or onset > at:
            continue
        before = last.get(life.fault.device)
        if before is None or (before.over_at is not None and before.over_at <= onset):
            last[life.fault.device] = life
    return [life for life in last.values() if life.over_at is None or life.over_at > at]


def _target(episode: Episode, life: FaultLife) -> str:
    """The device that a method ought to name."""
    assert life.fault.device is not None
    return episode.ground.devices[episode.ground.shown(life.fault.device)].id


def _said_at(
    episode: Episode, life: FaultLife, history: Sequence[Said], minutes: int
) -> Said | None:
    """What was said some minutes after the first call; None where a crew had been there by then."""
    at = _moment(episode, life, minutes)
    if at is None:
        return None
    return next((s for s in reversed(history) if s.at <= at), None)


def _moment(episode: Episode, life: FaultLife, minutes: int) -> datetime | None:
    """Some minutes after the first call; None where that is not in time."""
    assert life.first_call_at is not None
    at = life.first_call_at + timedelta(minutes=minutes)
    ends = [end for end in (life.seen_at, life.over_at) if end is not None]
    return None if at > episode.ends or any(end <= at for end in ends) else at


def _label(record: Record, ticket_id: TicketId) -> Hashable:
    """The outage that held a report when it was judged; one that none held is alone."""
    placed = record.placed.get(ticket_id)
    return ("alone", ticket_id) if placed is None else placed[0]


def _score_devices(tally: Score, episode: Episode, record: Record, called: Iterable[int]) -> None:
    """Score the predicted devices of outages of more than one customer."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for number in sorted(called):
        life = episode.lives[number]
        if life.fault.device is None or not life.fault.is_real or life.customers < 2:  # noqa: PLR2004
            continue
        history = record.said.get(number, [])
        for minutes in MINUTES:
            _score_moment(sums, episode, life, (history, minutes))
        found_s = _seconds_until_right(episode, life, history)
        if found_s is not None:
            _add(sums, "minutes_until_right", found_s / 60)
        _add(sums, "ever_right", float(found_s is not None))
    tally.ratios |= {name: (total, count) for name, (total, count) in sums.items()}


def _score_moment(
    sums: dict[str, list[float]],
    episode: Episode,
    life: FaultLife,
    what: tuple[Sequence[Said], int],
) -> None:
    """Score what was said some minutes after the first call, unless a crew had been there."""
    history, minutes = what
    if _moment(episode, life, minutes) is None:
        return
    said = _said_at(episode, life, history, minutes)
    target = _target(episode, life)
    guesses = [] if said is None else _guesses(said)
    _add(sums, f"right_{minutes}", float(guesses[:1] == [target]))
    _add(sums, f"top3_{minutes}", float(target in guesses[:3]))
    _add(sums, f"hops_{minutes}", hops(episode.ground, guesses[0] if guesses else None, target))


def _guesses(said: Said) -> list[str]:
    """The predicted device, then the next likely ones."""
    ordered = [] if said.device_id is None else [said.device_id]
    return ordered + [id_ for id_, _ in said.devices if id_ != said.device_id]


def _seconds_until_right(
    episode: Episode, life: FaultLife, history: Sequence[Said]
) -> float | None:
    """Seconds from the first call until the device was right and stayed so; None if it never was.

    What counts is what was said before a crew found it.
    """
    assert life.first_call_at is not None
    target = _target(episode, life)
    since = None
    for said in history:
        if said.device_id != target:
            since = None
        elif since is None:
            since = said.at
    return None if since is None else (since - life.first_call_at).total_seconds()


def hops(ground: Ground, told: str | None, target: str) -> float:
    """Devices between the one told and the true one along the tree; one home counts as one below.

    Of different feeders, the depths of both.
    """
    tracing = ground.tracing
    true_path = [d.id for d in tracing.path_to_head(target)]
    if told is None:
        return 1.0
    path = [d.id for d in tracing.path_to_head(told)]
    shared = len(set(true_path) & set(path))
    return float(len(true_path) + len(path) - 2 * shared)


def _add(sums: Mapping[str, list[float]], name: str, value: float) -> None:
    sums[name][0] += value
    sums[name][1] += 1.0
