from pathlib import Path

import pytest

from dispatch.drill.county import County, day, generate, write

SEED = 7


@pytest.fixture(scope="session")
def county() -> County:
    return generate(SEED)


@pytest.fixture(scope="session")
def files(county, tmp_path_factory) -> dict[str, Path]:
    return dict(write(county, tmp_path_factory.mktemp("county")))


@pytest.fixture(scope="session")
def storm(county):
    return day(county, 3)


@pytest.fixture(scope="session")
def calm(county):
    return day(county, 3, storm=False)
