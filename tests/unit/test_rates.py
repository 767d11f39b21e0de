"""What inference assumes: delays and shares are distributions, weather is told by counts."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.facts import Surroundings
from dispatch.rates import STORMIEST, Delay, Promptly, Rates, Share, stirred


@pytest.mark.parametrize("delay", [Delay(), Delay(shape=2.4, scale_min=4.0), Promptly(0.5)])
def test_the_density_of_a_delay_adds_up_to_its_distribution(delay):
    minutes = np.linspace(0.0, 120.0, 240_001)
    summed = np.cumsum(delay.density(minutes)) * (minutes[1] - minutes[0])
    np.testing.assert_allclose(
        summed[1000::1000], delay.distribution(minutes)[1000::1000], atol=2e-3
    )


@given(
    scale_min=st.floats(2.0, 40.0),
    shape=st.floats(1.0, 4.0),
    late_min=st.floats(5.0, 300.0),
    minutes=st.floats(-10.0, 20_000.0),
)
def test_the_table_of_a_delay_is_its_distribution(scale_min, shape, late_min, minutes):
    delay = Delay(scale_min=scale_min, shape=shape, late_min=late_min)
    at = np.array([minutes])
    np.testing.assert_allclose(delay.reached(at), delay.distribution(at), atol=2e-4)


@given(scale_min=st.floats(2.0, 40.0), shape=st.floats(1.0, 4.0), minutes=st.floats(0.01, 2_000.0))
def test_one_density_is_that_of_arrays(scale_min, shape, minutes):
    delay = Delay(scale_min=scale_min, shape=shape)
    assert delay.density_at(minutes) == pytest.approx(delay.density(np.array([minutes]))[0])


@given(mean=st.floats(0.02, 0.6), open_minded=st.floats(0.0, 1.0), hardly_any=st.floats(0.0, 0.2))
def test_a_table_of_shares_is_a_distribution(mean: float, open_minded: float, hardly_any: float):
    share = Share(mean=mean, open_minded=open_minded, hardly_any=hardly_any)
    for coarse in (False, True):
        points, weights = share.table(coarse=coarse)
        assert (np.diff(points) > 0).all() and (weights >= 0).all()
        assert weights.sum() == pytest.approx(1.0)


@given(happened=st.integers(0, 60), usually=st.floats(1e-4, 5.0))
def test_more_of_it_never_tells_of_calmer_weather(happened: int, usually: float):
    now, more = stirred(happened, usually), stirred(happened + 1, usually)
    assert 1.0 <= now <= more <= STORMIEST


def test_what_usually_happens_is_calm_and_a_storm_is_measured():
    assert stirred(0, 0.05) < 2
    assert stirred(1, 0.5) < 2
    assert stirred(20, 0.05) == pytest.approx(400, rel=0.15)


def test_a_storm_of_lines_stirs_devices_more_than_homes():
    around = Surroundings(
        devices={"fuse": 200, "transformer": 300},
        km=100.0,
        customers=13_000,
        within=timedelta(hours=3),
        opened_devices=15,
        opened_homes=3,
    )
    stirring = Rates().stirring(around)
    assert stirring.devices > 2 * stirring.singles > 2


def test_a_declared_storm_is_no_calm_for_devices_and_says_nothing_of_single_homes():
    around = Surroundings(
        devices={"fuse": 100}, km=100.0, customers=10_000, within=timedelta(hours=6)
    )
    calm = Rates().stirring(around)
    declared = Rates().stirring(replace(around, declared=True))
    assert declared.devices > 5 * calm.devices
    assert declared.singles == calm.singles
