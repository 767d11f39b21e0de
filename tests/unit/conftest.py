"""What several unit tests look at."""

import pytest

from dispatch.learning.forecaster import Forecaster
from tests.unit.forecasts import a_learned_forecaster


@pytest.fixture(scope="session")
def learned() -> Forecaster:
    """A forecaster learned from half a made-up year."""
    return a_learned_forecaster()
