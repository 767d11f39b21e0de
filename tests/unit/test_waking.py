"""By the hour: who sleeps through the beginning of an outage calls in the morning."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dispatch.domain.facts import FeederEvidence, ReportFact
from dispatch.domain.words import TicketId, UsagePointId
from dispatch.grouping import judge
from dispatch.rates import Delay, Floats, Rates
from dispatch.verdict import Costs, Verdict
from dispatch.waking import Night, Sending, calls_along
from tests.unit.core import evidence

DAY = datetime(2026, 3, 1, tzinfo=UTC)
ALIKE = replace(Rates(), awake_at_night=1.0)
ASLEEP = replace(Rates(), awake_at_night=0.5)
"""To whom every hour is alike."""

STREET = "[F1] -B:cb1- a(T1:60)" + "".join(
    f" -F:k{n}- {place}(T{n}:60)" for n, place in enumerate("bcdefgh", start=2)
)


def at_hour(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def seen_from(hour: float, lon: float = 0.0) -> Night:
    return Night.at(lon, at_hour(hour), Rates())


def calls_of_sleepers(began_h: float, count: int) -> Floats:
    """Hours at which people who sleep from 23 to 7 call; the delay is lived through by minutes."""
    rng, delay = np.random.default_rng(1), Delay()
    quick = rng.gamma(delay.shape, delay.scale_min, count)
    left = np.where(rng.random(count) < delay.soon, quick, rng.exponential(delay.late_min, count))
    minute, called = began_h * 60, np.full(count, np.inf)
    while np.isinf(called).any():
        if 7 * 60 <= minute % 1440 < 23 * 60:
            left -= 1
            called = np.where((left <= 0) & np.isinf(called), (minute + 1) / 60, called)
        minute += 1
    return called


@pytest.mark.parametrize("began_h", [3.0, 12.0, 22.5])
def test_callers_have_called_when_those_awake_and_those_who_slept_have(began_h):
    sending = Sending(Delay(), replace(seen_from(48.0), awake=0.0))
    slept = calls_of_sleepers(began_h, 20_000)
    for hour in (began_h + 0.3, began_h + 1, 7.2, 7.7, 24.0, 31.5):
        begin, end = np.array([(began_h - 48) * 60]), np.array([(hour - 48) * 60])
        told = float(sending.reached(begin, end)[0]) if hour > began_h else 0.0
        assert told == pytest.approx((slept <= hour).mean(), abs=0.02)


def test_some_are_awake_at_night_and_call_as_by_day():
    sending = Sending(Delay(), seen_from(4.0))
    hour_ago = np.array([-60.0])
    awake = float(Delay().distribution(np.array([60.0]))[0])
    told = float(sending.reached(hour_ago, np.zeros(1))[0])
    assert told == pytest.approx(Rates().awake_at_night * awake, rel=1e-3)


@pytest.mark.parametrize("began_h", [4.0, 13.0, 22.8])
def test_the_density_of_calls_adds_up_to_those_who_have_called(began_h):
    sending, step = Sending(Delay(), seen_from(40.0)), 0.05
    begin = np.array([(began_h - 40) * 60])
    minutes = np.arange(float(begin[0]) + step / 2, 0.0, step)
    summed = np.cumsum(sending.density_at(begin, minutes)) * step
    np.testing.assert_allclose(
        summed[2000::2000], sending.reached(begin, minutes[2000::2000] + step / 2), atol=3e-3
    )


def test_the_density_around_a_beginning_is_the_mean_over_it():
    sending, at = Sending(Delay(), seen_from(9.0)), np.array([-60.0])
    around = np.linspace(-120.0 - 8, -120.0 + 8, 4_001)
    mean = float(sending.density_at(around, at).mean())
    told = float(sending.density(np.array([-120.0]), at, np.array([16.0]))[0])
    assert told == pytest.approx(mean, rel=0.05)


def test_over_a_day_homes_report_as_often_as_on_average_few_at_night_and_many_after_it():
    night = seen_from(12.0)
    minutes = np.arange(-1440.0, 0.0, 0.5)
    assert float(night.of_homes(minutes, Delay()).mean()) == pytest.approx(1.0, abs=0.01)
    three, quarter_past_seven, noon = night.of_homes(np.array([-540.0, -285.0, -1.0]), Delay())
    assert three < noon < 1.05 < quarter_past_seven


def test_the_hour_is_that_of_the_sun():
    at_noon_utc = seen_from(12.0, lon=-150.0)
    assert at_noon_utc.is_day(np.array([-1.0, 301.0])).tolist() == [0.0, 1.0]


def test_what_has_no_place_on_the_map_has_every_hour_alike():
    nowhere = replace(evidence(STREET, "").tree, transformers=())
    assert calls_along(nowhere, Rates(), DAY).night is None


def called(hour: float, *where: tuple[int, float]) -> FeederEvidence:
    """The transformer of each customer and the minute after an hour at which they called."""
    reports = tuple(
        ReportFact(
            ticket_id=TicketId(f"r{n}"),
            usage_point_id=UsagePointId(n),
            transformer_id=f"T{transformer}",
            outage_id=None,
            received_at=at_hour(hour) + timedelta(minutes=minutes),
        )
        for n, (transformer, minutes) in enumerate(where, start=1)
    )
    return replace(evidence(STREET, ""), reports=reports)


def thought(hour: float, minutes: float, where, rates: Rates) -> Verdict:
    now = at_hour(hour) + timedelta(minutes=minutes)
    return judge(called(hour, *where), rates, Costs(), now=now)


def chance(verdict: Verdict, device: str) -> float:
    return max(dict(outage.devices).get(device, 0.0) for outage in verdict.outages)


ONE_BRANCH = ((6, 0.0), (8, 6.0), (7, 11.0), (8, 13.0))


def test_the_silence_of_sleepers_speaks_less_against_a_larger_outage():
    """Four callers of the far end, and nobody of the many before it for three hours."""
    night, noon = (chance(thought(h, 200, ONE_BRANCH, Rates()), "switch:cb1") for h in (2, 12))
    alike = chance(thought(2, 200, ONE_BRANCH, ALIKE), "switch:cb1")
    assert night > 1.25 * noon
    assert alike == pytest.approx(noon, rel=0.2)


LONE = ((2, 6.0), (8, 14.0))


def test_lone_callers_of_the_morning_are_homes_that_failed_in_the_night():
    """Two who have just got up; at noon they might well be one device."""
    morning, noon, alike = (
        chance(thought(h, 40, LONE, rates), "switch:k2")
        for h, rates in ((7, ASLEEP), (12, ASLEEP), (7, ALIKE))
    )
    assert morning < 0.6 * noon
    assert alike == pytest.approx(noon, rel=0.1)
