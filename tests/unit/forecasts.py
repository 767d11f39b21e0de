"""A forecaster learned once from a made-up year."""

from functools import cache

from dispatch.drill.repairs import Law, made_up
from dispatch.learning.forecaster import Forecaster
from dispatch.learning.forecasting import learn_waits

ZONE = "Asia/Shanghai"


@cache
def a_learned_forecaster() -> Forecaster:
    """Two districts, half a year."""
    return learn_waits(made_up(1, 26, Law(districts=2))[0], ZONE)
