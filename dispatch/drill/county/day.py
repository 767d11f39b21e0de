"""The simulated day: faults, calls, planned work and second calls, in the order of the clock."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.calls import (
    Call,
    Why,
    again,
    delay,
    fault_call,
    is_awake,
    other_call,
    wrong_number,
)
from dispatch.drill.county.county import County
from dispatch.drill.county.faults import Fault, Supply, make_faults, supply_of
from dispatch.drill.county.frame import Floats, Ints, stream

Kind = Literal["planned_outage", "fault", "ticket", "urge", "call_back"]
ORDER: Mapping[Kind, int] = {
    "planned_outage": 0,
    "fault": 1,
    "ticket": 2,
    "urge": 3,
    "call_back": 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens at a time (aware).

    `payload` by `kind`: `ticket` and `planned_outage` are bodies of those POST calls; `urge` is
    `ticket_id` and the body of `POST tickets/{id}/urge`; `call_back` is `ticket_id` and the
    caller's answer, to be held back until the ticket's supply is thought to be back; `fault` is
    ground truth and is sent nowhere. `fault_id`, `why` and `account` say the truth about a report.
    """

    at: datetime
    kind: Kind
    payload: Mapping[str, object]
    fault_id: str | None = None
    why: Why | None = None
    account: str | None = None


def day(county: County, seed: int, *, storm: bool = True) -> list[Happening]:
    """Live through one day, midnight to midnight, China Standard Time.

    Parameters
    ----------
    county
        Where.
    seed
        The same county and seed give the same day.
    storm
        Whether a storm front crosses in the afternoon.

    Returns
    -------
    happenings
        In the order of their times; what follows late in the night may fall on the next day.
    """
    supply = supply_of(county)
    faults = make_faults(county, seed, supply, storm=storm)
    rng = stream(seed, "calls")
    calls = _calls(rng, county, supply, faults)
    calls += _others(rng, county)
    happenings = [_announced(work) for work in _planned_bodies(county)]
    happenings += [truth_of(fault) for fault in faults]
    for call in sorted(calls, key=lambda call: (call.at, str(call.payload["id"]))):
        happenings.append(reported(call))
        happenings += afterwards(rng, call, faults)
    return sorted(happenings, key=lambda each: (each.at, ORDER[each.kind]))


def _calls(
    rng: np.random.Generator, county: County, supply: Supply, faults: list[Fault]
) -> list[Call]:
    """Calls about faults and planned work; who is dark already does not notice a second fault."""
    customers = len(county.network.usage_points)
    dark_until = np.zeros(customers)
    row_of = {u.account: i for i, u in enumerate(county.network.usage_points)}
    calls: list[Call] = []
    for work in county.planned:
        rows = _rows_of(county, work.transformers)
        dark_until[rows] = work.ends_at.timestamp()
        for row in rows[rng.random(len(rows)) < p.PLANNED_CALL_SHARE].tolist():
            at = work.starts_at + delay(rng)
            calls.append(
                other_call(rng, county, row, at, ("planned", _one(rng, words.PLANNED_TEXTS)))
            )
    for fault in faults:
        if fault.device_id is not None:
            rows = supply.below(fault.device_id)
        else:
            rows = np.array([row_of[fault.account or ""]])
        calls += _calls_of(rng, county, fault, (rows, dark_until))
        until = fault.clears_at.timestamp()
        dark_until[rows] = np.maximum(dark_until[rows], until)
    return calls


def _rows_of(county: County, transformers: tuple[str, ...]) -> Ints:
    wanted = [i for i, t in enumerate(county.network.transformers) if t.id in set(transformers)]
    return np.flatnonzero(np.isin(county.premises.transformer, wanted))


def _calls_of(
    rng: np.random.Generator, county: County, fault: Fault, state: tuple[Ints, Floats]
) -> list[Call]:
    rows, dark_until = state
    began, ends = fault.at.timestamp(), fault.clears_at.timestamp()
    mean = p.CALL_SHARE_STORM if fault.stormy else p.CALL_SHARE_CALM
    share = rng.beta(mean * p.CALL_SHARE_CONCENTRATION, (1 - mean) * p.CALL_SHARE_CONCENTRATION)
    share = max(share, min(0.9, p.CALLS_WANTED / len(rows)))
    calls = []
    for row in rows[rng.random(len(rows)) < share].tolist():
        hidden = dark_until[row] > began
        start = datetime.fromtimestamp(max(dark_until[row], began), tz=p.CHINA)
        if hidden and (dark_until[row] >= ends or rng.random() > p.NEIGHBOURS_LIT_CALLS):
            continue
        at = start + delay(rng)
        if at > fault.clears_at or not is_awake(rng, at):
            continue
        said: tuple[str, ...] = words.STILL_OUT_TEXTS if hidden else words.OUT_TEXTS
        if fault.kind == "internal":
            said = words.INTERNAL_TEXTS
        calls.append(fault_call(rng, county, row, at, (fault, _one(rng, said))))
    return calls


def _others(rng: np.random.Generator, county: County) -> list[Call]:
    """Calls about arrears and voltage, and wrong numbers, spread over the waking hours."""
    people = county.network.usage_points
    calls = []
    for row in [i for i, u in enumerate(people) if u.disconnected_for]:
        if rng.random() < p.ARREARS_CALLS:
            text = _one(rng, words.ARREARS_TEXTS)
            calls.append(other_call(rng, county, row, _waking(rng), ("arrears", text)))
    for row in rng.choice(len(people), p.LOW_VOLTAGE, replace=False).tolist():
        text = _one(rng, words.LOW_VOLTAGE_TEXTS)
        calls.append(other_call(rng, county, row, _waking(rng), ("low_voltage", text)))
    calls += [wrong_number(rng, _waking(rng)) for _ in range(p.WRONG_NUMBERS)]
    return calls


def afterwards(rng: np.random.Generator, call: Call, faults: list[Fault]) -> list[Happening]:
    """What the caller of a fault does later: presses, reports again, answers the call-back."""
    if call.fault_id is None:
        return []
    fault = faults[int(call.fault_id[1:]) - 1]
    ticket_id = call.payload["id"]
    later = []
    at = call.at + timedelta(minutes=15) + delay(rng)
    if rng.random() < p.CALLS_AGAIN and at < fault.clears_at:
        if rng.random() < p.URGES:
            note = _one(rng, words.AGAIN_TEXTS)
            body = {"ticket_id": ticket_id, "note": note}
            truth = (call.fault_id, call.why, call.account)
            later.append(_about(at, "urge", body, truth))
        else:
            later.append(reported(again(rng, call, at)))
    answers = rng.random() < p.ANSWERS_CALL_BACK
    answer = {
        "ticket_id": ticket_id,
        "power_on": True if answers else None,
        "satisfied": bool(rng.random() < p.SATISFIED) if answers else None,
    }
    back = fault.clears_at + timedelta(minutes=20 + round(float(rng.exponential(30))))
    later.append(_about(back, "call_back", answer, (call.fault_id, call.why, call.account)))
    return later


def _about(
    at: datetime,
    kind: Kind,
    payload: Mapping[str, object],
    truth: tuple[str | None, Why | None, str | None],
) -> Happening:
    fault_id, why, account = truth
    return Happening(at=at, kind=kind, payload=payload, fault_id=fault_id, why=why, account=account)


def reported(call: Call) -> Happening:
    """A call as it happens."""
    return _about(call.at, "ticket", call.payload, (call.fault_id, call.why, call.account))


def truth_of(fault: Fault) -> Happening:
    """A fault as it happens; nobody is told."""
    plain = asdict(fault)
    payload = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in plain.items()}
    return Happening(at=fault.at, kind="fault", payload=payload, fault_id=fault.id)


def _planned_bodies(county: County) -> list[dict[str, object]]:
    return [
        {
            "reason": work.reason,
            "starts_at": work.starts_at.isoformat(),
            "ends_at": work.ends_at.isoformat(),
            "transformers": list(work.transformers),
        }
        for work in county.planned
    ]


def _announced(body: dict[str, object]) -> Happening:
    """Planned work is known before the day begins."""
    return Happening(at=p.DAY, kind="planned_outage", payload=body)


def _waking(rng: np.random.Generator) -> datetime:
    return p.DAY + timedelta(seconds=round(float(rng.uniform(7, 22.5)) * 3_600))


def _one(rng: np.random.Generator, texts: tuple[str, ...]) -> str:
    return texts[int(rng.integers(len(texts)))]
