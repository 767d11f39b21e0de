from datetime import datetime, timedelta, timezone

import pytest
from shapely import Point

from dispatch.drill.elsewhere import day_on, network_on
from gis.network.detect import read_network
from gis.network.notation import parse
from gis.roads.readers import read_roads
from tests.data import test_data

BEGINS = datetime(2026, 7, 15, 13, tzinfo=timezone(timedelta(hours=8)))

DRAWN = """
[F1<S] -B:cb1- a(T1:40) -900- b -F:k1- c(T2:30) -400- d(T3:20)
               a -R:r1- e(T4:60>x) -1500- g(T5:80)
                                 x -F:lv1- y{9}
[F2<S] -B:cb2- h(T6:50) -700- i(T7:1)
g -/L:tie/- i
"""


@pytest.fixture(scope="session")
def drawn():
    return parse(DRAWN, "drawn", Point(116.0, 28.6))


@pytest.fixture(scope="session")
def tapejara():
    return read_network(test_data("network_mux_tapejara_2024/mux_2024.gpkg.zip")).network


@pytest.fixture(scope="session")
def oberrhein():
    folder = "network_oberrhein_schutterwald"
    names = ("mv_oberrhein.json", "lv_schutterwald.json")
    return read_network([test_data(f"{folder}/{name}") for name in names]).network


@pytest.fixture(scope="session")
def nanchang_roads():
    folder = "roads_nanchang_kddcup2021"
    return read_roads([test_data(f"{folder}/{name}.csv") for name in ("nodes", "edges")])


@pytest.fixture(scope="session")
def nanchang(nanchang_roads):
    return network_on(nanchang_roads, 1)


@pytest.fixture(params=["drawn", "tapejara", "oberrhein", "nanchang"], scope="session")
def network(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def storm(network):
    return day_on(network, 3, begins=BEGINS)
