"""What reports, meters, crews and restorations say along a feeder, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from dispatch.domain.facts import (
    FeederEvidence,
    MeterSignal,
    MeterSignalKind,
    OutageFact,
    ReportFact,
)
from dispatch.domain.signal import SightingSource
from dispatch.feeder import Feeder
from dispatch.rates import MINUTES_PER_YEAR, Floats, Rates
from dispatch.signals import Relit, Signals, States, Told
from dispatch.without import Without, minutes_from, said_of

DarkWhen = Mapping[str, tuple[float, float]]
"""The minutes at which transformers lost supply for a known outage, and got it back."""


def called(
    reports: Sequence[Sequence[ReportFact]],
    at: Floats,
    without: Without,
    feeder: Feeder,
    rates: Rates,
    dark: DarkWhen,
    *,
    counts_for: Floats,
) -> Signals:
    """Reports by place; from where it was dark for a known outage they tell of no other.

    `counts_for` is how many mean customers each report's customer counts for.
    """
    number, pre, weight, tells = [], [], [], []
    for n, mine in enumerate(reports):
        for transformer, share in _places(mine[0], feeder):
            number.append(n)
            pre.append(feeder.transformer_pre[transformer])
            weight.append(share)
            tells.append(not _was_dark(dark, transformer, at[n]))
    said = np.array([said_of(mine, rates) for mine in reports], dtype=float)
    rows = np.array(number, dtype=np.intp)
    odds = said * counts_for / without.total if len(reports) else said
    return Signals(
        rows,
        np.array(pre, dtype=np.intp),
        np.array(weight, dtype=float),
        at[rows],
        odds[rows] * np.array(tells, dtype=float),
        counts_for[rows],
    )


def _places(report: ReportFact, feeder: Feeder) -> list[tuple[str, float]]:
    here = [(t, w) for t, w in report.spread if t in feeder.transformer_pre]
    if here:
        return here
    return [(report.transformer_id, 1.0)] if report.transformer_id else []


def gasped(
    evidence: FeederEvidence,
    feeder: Feeder,
    rates: Rates,
    dark_since: Mapping[str, float],
    now: datetime,
) -> Signals:
    """Each meter's last gasps that no later sign of light, its own or its place's, has answered."""
    last: dict[int, MeterSignal] = {}
    for signal in sorted(evidence.signals, key=lambda s: s.at):
        if signal.transformer_id not in feeder.transformer_pre:
            continue
        if signal.kind is MeterSignalKind.LAST_GASP:
            last[signal.usage_point_id] = signal
        elif signal.kind is not MeterSignalKind.PING_OFF:
            last.pop(signal.usage_point_id, None)
    heard = [
        (feeder.transformer_pre[signal.transformer_id], minutes_from(signal.at, now))
        for signal in last.values()
        if not _lit_after(evidence, signal.transformer_id, signal.at)
        and minutes_from(signal.at, now) < dark_since.get(signal.transformer_id, np.inf)
    ]
    pre, at = zip(*heard, strict=True) if heard else ((), ())
    return Signals(
        np.arange(len(heard), dtype=np.intp),
        np.array(pre, dtype=np.intp),
        np.ones(len(heard)),
        np.array(at, dtype=float),
        np.full(len(heard), MINUTES_PER_YEAR / rates.false_gasps),
        np.ones(len(heard)),
    )


def _lit_after(evidence: FeederEvidence, transformer_id: str, at: datetime) -> bool:
    """Whether supply was restored to a place after something was seen."""
    lit = evidence.lit.get(transformer_id)
    return lit is not None and lit > at


def seen_states(
    evidence: FeederEvidence,
    reports: Sequence[Sequence[ReportFact]],
    feeder: Feeder,
    rates: Rates,
    dark: DarkWhen,
    now: datetime,
) -> States:
    """Light and dark as meters, restorations, callers and who looked at a device tell of them.

    That a place is dark tells of nothing else while it is for a known outage; see `called`. A
    report from before its transformer was restored that is still open is a caller who has no light
    all the same.
    """
    sure = float(np.log((1 - rates.meter_errs) / rates.meter_errs))
    odds = {
        MeterSignalKind.PING_OFF: sure,
        MeterSignalKind.PING_ON: -sure,
        MeterSignalKind.POWER_UP: -sure,
    }
    seen = [
        (feeder.transformer_pre[s.transformer_id], minutes_from(s.at, now), odds[s.kind], -1)
        for s in evidence.signals
        if s.kind in odds
        and s.transformer_id in feeder.transformer_pre
        and (
            s.kind.tells_of_light or not _was_dark(dark, s.transformer_id, minutes_from(s.at, now))
        )
    ]
    lit = {t: at for t, at in evidence.lit.items() if t in feeder.transformer_pre}
    numbers = {at: n for n, at in enumerate(sorted(set(lit.values())))}
    reached = float(np.log(rates.restored_errs))
    seen += [
        (feeder.transformer_pre[t], minutes_from(at, now), reached, numbers[at])
        for t, at in lit.items()
    ]
    seen += [
        (feeder.transformer_pre[transformer], minutes_from(at, now), rates.still_dark, -1)
        for mine in reports
        if (transformer := mine[0].transformer_id) is not None
        and (at := lit.get(transformer)) is not None
        and mine[0].received_at < at
    ]
    seen += _voltage_seen(evidence, feeder, rates, dark, now)
    pre, minutes, log, statement = zip(*seen, strict=True) if seen else ((), (), (), ())
    return States(
        np.array(pre, dtype=np.intp),
        np.array(minutes, dtype=float),
        np.array(log, dtype=float),
        np.array(statement, dtype=np.intp),
    )


def _was_dark(dark: DarkWhen, transformer_id: str, minute: float) -> bool:
    """Whether a place was dark at a minute for a known outage."""
    lost, relit = dark.get(transformer_id, (np.inf, np.inf))
    return bool(lost <= minute <= relit)


def _voltage_seen(
    evidence: FeederEvidence, feeder: Feeder, rates: Rates, dark: DarkWhen, now: datetime
) -> list[tuple[int, float, float, int]]:
    """Devices seen with voltage or without, as places lit or dark at the time.

    At an open device it is what comes from above, so it tells of the place of the next one there.
    """
    found = []
    surely = float(-np.log(rates.sighted_closed))
    for sighting in evidence.sightings:
        row = feeder.row.get(sighting.device_id)
        if row is None or sighting.is_live is None:
            continue
        at_row = int(feeder.parent[row]) if sighting.is_open else row
        below = feeder.below(at_row) if at_row >= 0 else ()
        minute = minutes_from(sighting.at, now)
        known = not sighting.is_live and all(_was_dark(dark, t, minute) for t in below)
        if at_row >= 0 and not known:
            log = -surely if sighting.is_live else surely
            found.append((int(feeder.pre[at_row]), minute, log, -1))
    return found


def told_of(
    evidence: FeederEvidence,
    known: Sequence[OutageFact],
    feeder: Feeder,
    dark_since: Mapping[str, float],
    now: datetime,
) -> Told:
    """What was seen of devices, and who is out for a known cause.

    A device seen open has been closed again, or got round, once supply was restored below it.
    """
    dark = [t for t in feeder.tree.transformers if t.id in dark_since]
    told = replace(
        Told.nothing(feeder),
        dark_pre=np.array([t.pre for t in dark], dtype=np.intp),
        dark_customers=np.array([t.customers for t in dark], dtype=float),
        dark_callers=np.array([feeder.callers_of[t.id] for t in dark], dtype=float),
        dark_since=np.array([dark_since[t.id] for t in dark], dtype=float),
        relit=_relit(evidence, feeder, dark_since, now),
    )
    for sighting in sorted(evidence.sightings, key=lambda s: s.at):
        row = feeder.row.get(sighting.device_id)
        if row is None:
            continue
        if not sighting.is_open:
            told.device_open[row] = np.nan
            told.device_from[row] = minutes_from(sighting.at, now)
        elif not any(_lit_after(evidence, t, sighting.at) for t in feeder.below(row)):
            told.device_open[row] = min(minutes_from(sighting.at, now), 0.0)
            told.told_late[row] = sighting.source != SightingSource.SCADA
    for outage in known:
        if outage.device_id in feeder.row:
            told.shut[feeder.row[outage.device_id]] = outage.phases is None
            told.device_open[feeder.row[outage.device_id]] = np.nan
    return told


def _relit(
    evidence: FeederEvidence, feeder: Feeder, dark_since: Mapping[str, float], now: datetime
) -> Relit:
    """Where a known outage is over, and no other one has begun since."""
    places = sorted(
        (
            *(t.pre, t.customers, feeder.callers_of[t.id]),
            *(minutes_from(at, now) for at in evidence.relit[t.id]),
        )
        for t in feeder.tree.transformers
        if t.id in evidence.relit and t.id not in dark_since
    )
    columns = zip(*places, strict=True) if places else ((),) * 5
    pre, customers, callers, lost, at = columns
    return Relit(
        np.array(pre, dtype=np.intp),
        np.array(customers, dtype=float),
        np.array(callers, dtype=float),
        np.array(lost, dtype=float),
        np.array(at, dtype=float),
    )
