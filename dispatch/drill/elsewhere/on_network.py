"""A simulated day on any network with customers."""

from datetime import datetime

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.calls import DAYLIGHT, Call, delay
from dispatch.drill.county.day import ORDER, Happening, afterwards, reported, truth_of
from dispatch.drill.county.faults import Fault
from dispatch.drill.county.frame import Floats, Ints, stream
from dispatch.drill.elsewhere.callers import Callers
from dispatch.drill.elsewhere.exposure import Land, Window, faults_on, land_of
from gis.network.model import Network


def day_on(
    network: Network,
    seed: int,
    *,
    begins: datetime,
    hours: float = 10,
    faults: int = 25,
    storm: bool = True,
) -> list[Happening]:
    """Live through some hours on `network` (EPSG:4326).

    Parameters
    ----------
    network
        Any, in its normal state. Where it has no feeders, only single customers lose supply.
    seed
        The same network, seed and arguments give the same day.
    begins
        Aware; its zone is the customers' own, for at night fewer people call.
    hours
        How long faults go on happening; above 0. What follows from them may come later.
    faults
        How many things break, single customers' services and installations included.
    storm
        Whether a storm front crosses: most faults then come with it, more of them on lines.

    Returns
    -------
    happenings
        Of the kinds `fault`, `ticket`, `urge` and `call_back`, in the order of their times.

    Raises
    ------
    EmptyInput
        The network has no connected customer, or nothing in it has a position.
    ValueError
        `begins` is naive, or `hours` or `faults` out of range.
    """
    if begins.tzinfo is None:
        raise ValueError(f"begins is {begins.isoformat()}; expected a time with its zone")
    if hours <= 0 or faults < 0:
        raise ValueError(f"{faults} faults in {hours} hours; expected 0 or more in more than none")
    land = land_of(network)
    window = Window(begins=begins, hours=float(hours), storm=storm)
    broken = faults_on(stream(seed, "faults elsewhere"), land, window, faults)
    rng = stream(seed, "calls elsewhere")
    calls = _calls(rng, land, broken)
    happenings = [truth_of(fault) for fault in broken]
    for call in sorted(calls, key=lambda call: (call.at, str(call.payload["id"]))):
        happenings.append(reported(call))
        happenings += afterwards(rng, call, broken)
    return sorted(happenings, key=lambda each: (each.at, ORDER[each.kind]))


def _calls(rng: np.random.Generator, land: Land, faults: list[Fault]) -> list[Call]:
    """Calls about faults; who is dark already does not notice a second one."""
    people = Callers(land.network)
    row_of = {u.account: i for i, u in enumerate(land.network.usage_points)}
    dark_until = np.zeros(len(land.homes))
    calls: list[Call] = []
    for fault in faults:
        if fault.device_id is not None:
            rows = land.supply.below(fault.device_id)
        else:
            rows = np.array([row_of[fault.account or ""]])
        calls += _calls_of(rng, people, fault, (rows, dark_until))
        dark_until[rows] = np.maximum(dark_until[rows], fault.clears_at.timestamp())
    return calls


def _calls_of(
    rng: np.random.Generator, people: Callers, fault: Fault, state: tuple[Ints, Floats]
) -> list[Call]:
    rows, dark_until = state
    began, ends = fault.at.timestamp(), fault.clears_at.timestamp()
    calls = []
    for row in rows[rng.random(len(rows)) < _share(rng, fault, len(rows))].tolist():
        hidden = dark_until[row] > began
        if hidden and (dark_until[row] >= ends or rng.random() > p.NEIGHBOURS_LIT_CALLS):
            continue
        start = max(float(dark_until[row]), began)
        at = datetime.fromtimestamp(start, tz=fault.at.tzinfo) + delay(rng)
        if at > fault.clears_at or not _is_awake(rng, at):
            continue
        said: tuple[str, ...] = words.STILL_OUT_TEXTS if hidden else words.OUT_TEXTS
        if fault.kind == "internal":
            said = words.INTERNAL_TEXTS
        calls.append(people.report(rng, row, at, fault, said[int(rng.integers(len(said)))]))
    return calls


def _share(rng: np.random.Generator, fault: Fault, customers: int) -> float:
    """Share of the customers put out who report, at least enough for somebody to do so."""
    mean = p.CALL_SHARE_STORM if fault.stormy else p.CALL_SHARE_CALM
    share = rng.beta(mean * p.CALL_SHARE_CONCENTRATION, (1 - mean) * p.CALL_SHARE_CONCENTRATION)
    return max(float(share), min(0.9, p.CALLS_WANTED / customers))


def _is_awake(rng: np.random.Generator, at: datetime) -> bool:
    return at.hour in DAYLIGHT or bool(rng.random() < p.NIGHT_CALLS)
