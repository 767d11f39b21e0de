"""How the customers of any network report: with what its records know of them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.calls import Call, Why, new_id, spoken
from dispatch.drill.county.faults import Fault
from gis.crs import EARTH_RADIUS_M, Datum, from_wgs84
from gis.network.model import Network, UsagePoint

LOOKS_OUTSIDE = 0.4
"""Share of callers who say that others are dark too (as in the county)."""


class Callers:
    """The customers of a network as people who call.

    A report names an account, a number, an address or a position, in the county's shares of those
    that the record has; an address only where it is nobody else's.
    """

    def __init__(self, network: Network) -> None:
        self.people = network.usage_points
        times = Counter(person.address for person in self.people if person.address)
        self.unique = frozenset(address for address, count in times.items() if count == 1)

    def report(
        self, rng: np.random.Generator, row: int, at: datetime, fault: Fault, text: str
    ) -> Call:
        """The call of a customer whom `fault` put out; `text` is what is said first."""
        person = self.people[row]
        body: dict[str, object] = {"symptoms": ["no_power"], "hazards": []}
        if fault.kind == "internal":
            body["multiple_premises"] = False
            body["symptoms"] = [str(rng.choice(["neighbours_lit", "main_switch_tripped"]))]
        elif fault.kind != "service" and rng.random() < LOOKS_OUTSIDE:
            body |= {"multiple_premises": True, "symptoms": ["no_power", "neighbours_out"]}
        if fault.hazard is not None and rng.random() < p.HAZARD_SEEN:
            body["hazards"] = [fault.hazard]
            text += words.HAZARD_TEXTS[fault.hazard]
        who = self._who(rng, person)
        known = {"id": new_id(rng), "received_at": at.isoformat(), "description": text}
        why: Why = "internal" if fault.kind == "internal" else "fault"
        payload = {**who, **body, **known}
        return Call(at=at, payload=payload, why=why, fault_id=fault.id, account=person.account)

    def _who(self, rng: np.random.Generator, person: UsagePoint) -> dict[str, object]:
        """How the caller is known, in one of the ways that the record allows."""
        way = _pick(rng, self._ways(person))
        if way == "phone":
            return {"channel": _one(rng, "phone", "ivr", "sms"), "phone": person.phones[0]}
        if way == "address":
            said = spoken(rng, person.address)
            return {"channel": _one(rng, "phone", "web"), "address": said}
        if way == "position":
            return {"channel": _one(rng, "app", "chat"), "location": _position(rng, person)}
        if rng.random() < p.WRONG_ACCOUNT:
            stranger = self.people[int(rng.integers(len(self.people)))]
            return {"channel": "phone", "account": stranger.account}
        channel = _one(rng, "phone", "phone", "app", "web", "chat")
        known: dict[str, object] = {"channel": channel, "account": person.account}
        return (
            {**known, "phone": person.phones[0]} if channel == "phone" and person.phones else known
        )

    def _ways(self, person: UsagePoint) -> dict[str, float]:
        ways = {"account": p.WITH_ACCOUNT}
        if person.phones:
            ways["phone"] = p.WITH_PHONE
        if person.address in self.unique:
            ways["address"] = p.WITH_ADDRESS
        if person.point is not None:
            ways["position"] = 1.0 - p.WITH_ACCOUNT - p.WITH_PHONE - p.WITH_ADDRESS
        return ways


def _pick(rng: np.random.Generator, ways: Mapping[str, float]) -> str:
    weights = np.array(list(ways.values()))
    return list(ways)[int(rng.choice(len(weights), p=weights / weights.sum()))]


def _one(rng: np.random.Generator, *words_: str) -> str:
    return words_[int(rng.integers(len(words_)))]


def _position(rng: np.random.Generator, person: UsagePoint) -> dict[str, object]:
    """Where the telephone thinks it is; in the Chinese datum only where that differs."""
    assert person.point is not None
    error = p.POSITION_ERROR_M[0 if rng.random() < p.GOOD_POSITION else 1]
    east, north = (rng.normal(0, error / 2, 2) / EARTH_RADIUS_M).tolist()
    lat = person.point.y + float(np.degrees(north))
    lon = person.point.x + float(np.degrees(east / np.cos(np.radians(lat))))
    datum = Datum.GCJ02 if rng.random() < p.GCJ02_SHARE else Datum.WGS84
    shown = from_wgs84(lon, lat, datum)
    if shown == (lon, lat):
        datum = Datum.WGS84
    return {
        "lon": round(shown[0], 6),
        "lat": round(shown[1], 6),
        "datum": datum.value,
        "accuracy_m": error,
    }
