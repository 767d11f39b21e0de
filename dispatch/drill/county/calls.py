"""Who calls on the simulated day, when, by which channel, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.county import County
from dispatch.drill.county.faults import Fault
from dispatch.drill.county.frame import lonlat
from gis.crs import Datum, from_wgs84
from gis.network.model import UsagePoint

Why = Literal["fault", "internal", "planned", "arrears", "low_voltage", "wrong_number"]
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
DAYLIGHT = range(7, 23)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One report. `payload` is a body of `POST tickets`; `fault_id` and `why` are the truth."""

    at: datetime
    payload: Mapping[str, object]
    why: Why
    fault_id: str | None
    account: str | None


def is_awake(rng: np.random.Generator, at: datetime) -> bool:
    """Whether somebody who would call is up at that hour."""
    return at.astimezone(p.CHINA).hour in DAYLIGHT or bool(rng.random() < p.NIGHT_CALLS)


def delay(rng: np.random.Generator) -> timedelta:
    """How long somebody sits in the dark before calling."""
    quick = rng.random() < p.QUICK_CALL_SHARE
    minutes = (
        rng.gamma(p.QUICK_CALL_SHAPE, p.QUICK_CALL_SCALE_MIN)
        if quick
        else rng.exponential(p.LATE_CALL_MEAN_MIN)
    )
    return timedelta(seconds=round(float(minutes) * 60))


def new_id(rng: np.random.Generator) -> str:
    """The client's own id of a report."""
    return str(UUID(bytes=rng.bytes(16), version=4))


def fault_call(
    rng: np.random.Generator, county: County, row: int, at: datetime, of: tuple[Fault, str]
) -> Call:
    """A customer reports a fault; `of` is the fault and what the caller says first."""
    fault, text = of
    customer = county.network.usage_points[row]
    body: dict[str, object] = {"symptoms": ["no_power"], "hazards": []}
    if fault.kind == "internal":
        body["multiple_premises"] = False
        body["symptoms"] = [str(rng.choice(["neighbours_lit", "main_switch_tripped"]))]
    elif fault.kind != "service" and rng.random() < 0.4:  # noqa: PLR2004 - who looks outside
        body["multiple_premises"] = True
        body["symptoms"] = ["no_power", "neighbours_out"]
    if fault.hazard is not None and rng.random() < p.HAZARD_SEEN:
        body["hazards"] = [fault.hazard]
        text += words.HAZARD_TEXTS[fault.hazard]
    body["description"] = text
    why: Why = "internal" if fault.kind == "internal" else "fault"
    payload = {**_who(rng, county, customer), **body}
    return Call(
        at=at,
        payload=_stamped(rng, payload, at),
        why=why,
        fault_id=fault.id,
        account=customer.account,
    )


def other_call(
    rng: np.random.Generator, county: County, row: int, at: datetime, of: tuple[Why, str]
) -> Call:
    """A call that no fault explains: planned work, arrears, voltage."""
    why, text = of
    customer = county.network.usage_points[row]
    symptom = str(rng.choice(["low_voltage", "flicker"])) if why == "low_voltage" else "no_power"
    payload = {**_who(rng, county, customer), "symptoms": [symptom], "description": text}
    stamped = _stamped(rng, payload, at)
    return Call(at=at, payload=stamped, why=why, fault_id=None, account=customer.account)


def wrong_number(rng: np.random.Generator, at: datetime) -> Call:
    """Somebody who wants something else."""
    number = f"{p.PHONE_PREFIX}{int(rng.integers(10_000_000)):07d}"
    text = str(rng.choice(words.WRONG_NUMBER_TEXTS))
    payload = {"channel": "phone", "phone": number, "description": text}
    stamped = _stamped(rng, payload, at)
    return Call(at=at, payload=stamped, why="wrong_number", fault_id=None, account=None)


def again(rng: np.random.Generator, call: Call, at: datetime) -> Call:
    """The same caller reports the same thing once more."""
    payload = {**call.payload, "description": str(rng.choice(words.AGAIN_TEXTS)), "hazards": []}
    stamped = _stamped(rng, payload, at)
    return Call(at=at, payload=stamped, why=call.why, fault_id=call.fault_id, account=call.account)


def _stamped(
    rng: np.random.Generator, payload: Mapping[str, object], at: datetime
) -> dict[str, object]:
    return {**payload, "id": new_id(rng), "received_at": at.isoformat()}


def _who(rng: np.random.Generator, county: County, customer: UsagePoint) -> dict[str, object]:
    """How the caller is known: by account, number, address or position."""
    draw = rng.random()
    known: dict[str, object]
    number = customer.phones[0]
    if draw < p.WITH_ACCOUNT:
        if rng.random() < p.WRONG_ACCOUNT:
            others = county.network.usage_points
            stranger = others[int(rng.integers(len(others)))].account
            return {"channel": "phone", "account": stranger}
        channel = str(rng.choice(["phone", "phone", "app", "web", "chat"]))
        known = {"channel": channel, "account": customer.account}
        if channel == "phone":
            known["phone"] = number
        return known
    if draw < p.WITH_ACCOUNT + p.WITH_PHONE:
        return {"channel": str(rng.choice(["phone", "ivr", "sms"])), "phone": number}
    if draw < p.WITH_ACCOUNT + p.WITH_PHONE + p.WITH_ADDRESS:
        channel = str(rng.choice(["phone", "web"]))
        return {"channel": channel, "address": spoken(rng, customer.address)}
    return {
        "channel": str(rng.choice(["app", "chat"])),
        "location": _position(rng, customer),
    }


def spoken(rng: np.random.Generator, address: str) -> str:
    """The address as people write it: levels left out, other words, full-width digits."""
    said = address
    if rng.random() < 0.7:  # noqa: PLR2004 - who leaves out city and county
        said = said.removeprefix(p.CITY).removeprefix(p.COUNTY)
    if rng.random() < 0.3:  # noqa: PLR2004 - who says another word for a building
        said = said.replace("栋", str(rng.choice(["幢", "号楼"])))
    if said.endswith("室") and rng.random() < 0.25:  # noqa: PLR2004 - who leaves out the flat
        said = said.rstrip("室").rstrip("0123456789")
    if rng.random() < 0.1:  # noqa: PLR2004 - who types full-width digits
        said = said.translate(FULL_WIDTH)
    return said


def _position(rng: np.random.Generator, customer: UsagePoint) -> dict[str, object]:
    assert customer.point is not None
    error = p.POSITION_ERROR_M[0 if rng.random() < p.GOOD_POSITION else 1]
    off = lonlat(rng.normal(0, error / 2, (1, 2)))[0] - np.array([p.ORIGIN_LON, p.ORIGIN_LAT])
    lon, lat = float(customer.point.x + off[0]), float(customer.point.y + off[1])
    datum = Datum.GCJ02 if rng.random() < p.GCJ02_SHARE else Datum.WGS84
    lon, lat = from_wgs84(lon, lat, datum)
    return {
        "lon": round(lon, 6),
        "lat": round(lat, 6),
        "datum": datum.value,
        "accuracy_m": error,
    }
