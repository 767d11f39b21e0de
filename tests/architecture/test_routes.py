"""Every route of the application stands in the table of who may, and nobody else gets in."""

import re

import pytest

from api.access import ROUTES, every_route, roles_of
from api.callers import Role
from tests.api.conftest import Town, clock, house, town  # noqa: F401 (fixtures)

REFUSED = {401, 403}


def _address(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "1", path)


def test_every_route_has_a_row(town: Town):  # noqa: F811
    without = [route for route in every_route(town.app) if roles_of(*route) is None]
    assert without == []


def test_every_row_has_a_route(town: Town):  # noqa: F811
    assert set(ROUTES) - set(every_route(town.app)) == set()


def test_every_role_gets_in_exactly_where_the_table_says(town: Town):  # noqa: F811
    wrong = []
    for method, path in every_route(town.app):
        if path.endswith("/live"):
            continue  # an endless answer; its own test is with the live stream
        allowed = roles_of(method, path)
        if not allowed:
            continue
        for role in Role:
            answer = town.client.request(method, _address(path), headers=town.headers(role.value))
            if (answer.status_code not in REFUSED) != (role in allowed):
                wrong.append((method, path, role.value, answer.status_code))
    assert wrong == []


def test_nobody_gets_in_without_a_caller(town: Town):  # noqa: F811
    wrong = []
    for method, path in every_route(town.app):
        if roles_of(method, path):
            answer = town.client.request(method, _address(path))
            if answer.status_code != 401:
                wrong.append((method, path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CREW])
def test_the_live_stream_is_open_to_every_role(role: Role):
    assert role in (roles_of("GET", "/api/v1/live") or ())


def test_a_route_without_a_row_is_closed_to_everybody(town: Town):  # noqa: F811
    @town.app.get("/api/v1/forgotten")
    def forgotten() -> str:
        return "should never be read"

    answer = town.client.get("/api/v1/forgotten", headers=town.headers("admin"))
    assert answer.status_code == 403
