"""What-if files change what they name, and nothing they do not know goes by in silence."""

import pytest

from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.domain.words import AreaClass
from dispatch.drill.policies.ground import Ground, Shift, usual_faults
from dispatch.drill.policies.scenario import read_scenario
from dispatch.errors import InvalidInput
from dispatch.planning.district import PlanningPolicy
from gis.network.model import Network
from tests.unit.policies.days import a_duty


class NoRoads:
    """No day is made on this ground."""


def ground() -> Ground:
    shifts = tuple(
        Shift(crew=a_duty(name, skills=frozenset({"lv"})).crew, begins_h=8, ends_h=20)
        for name in ("A", "B")
    )
    return Ground(
        name="here",
        network=Network(name="here"),
        drives=NoRoads(),
        class_of=lambda lon, lat: AreaClass.URBAN,
        shifts=shifts,
        faults=usual_faults(shifts),
    )


def read(tmp_path, text: str):
    path = tmp_path / "more_crews.toml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path, ground(), PlanningPolicy())


def test_a_depot_moves_a_shift_changes_a_crew_goes_and_another_comes(tmp_path):
    text = """
        [[crews]]
        id = "A"
        lon = 115.5
        lat = 28.1
        from = "06:30"
        [[crews]]
        id = "B"
        away = true
        [[crews]]
        id = "C"
        lon = 115
        lat = 28
        skills = ["mv"]
        from = "20:00"
        to = "08:00"
    """
    first, second = read(tmp_path, text).ground.shifts
    assert (first.crew.id, first.crew.base_lon) == ("A", 115.5)
    assert (first.begins_h, first.ends_h) == (6.5, 20)
    assert first.crew.skills == {"lv"}
    assert (second.crew.id, second.crew.skills, second.ends_h) == ("C", {"mv"}, 8)


def test_rules_and_settings_change_by_name(tmp_path):
    text = """
        name = "thirty minutes in town"
        [rules.arrival_commitment]
        urban = 30
        [planning]
        charge_min = 0
    """
    found = read(tmp_path, text)
    minutes = found.ground.rules.get(ARRIVAL_COMMITMENT).minutes
    assert found.name == "thirty minutes in town"
    assert (minutes[AreaClass.URBAN], minutes[AreaClass.RURAL]) == (30, 90)
    assert found.planning.charge_min == 0
    assert len(found.ground.shifts) == 2


def test_a_month_that_went_badly_is_what_every_day_begins_with(tmp_path):
    text = "[month.rural]\norders = 200\nkept = 170\nminutes = 81"
    month = read(tmp_path, text).ground.month[AreaClass.RURAL]
    assert (month.ended, month.judged, month.kept) == (200, 200, 170)
    assert (month.target_minutes, month.saved_minutes) == (90, 200 * 9)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("crews = 3", "crews"),
        ("[depots]", "depots"),
        ("[[crews]]\nlon = 1\nlat = 1", "id"),
        ('[[crews]]\nid = "N"\nlon = 1\nlat = 1\nto = "8 pm"\nfrom = "07:00"', "to"),
        ('[[crews]]\nid = "N"\nlon = 200\nlat = 1', "lon"),
        ('[[crews]]\nid = "A"\nskills = "mv"', "skills"),
        ('[[crews]]\nid = "A"\nspeed = 3', "speed"),
        ('[[crews]]\nid = "A"\naway = true\n[[crews]]\nid = "B"\naway = true', "crews"),
        ("[rules.arrival]\nurban = 3", "arrival"),
        ("[rules.arrival_commitment]\ncity = 3", "city"),
        ("[rules.arrival_commitment]\nurban = -3", "arrival_commitment"),
        ("[planning]\nslow_by_hour = 3", "slow_by_hour"),
        ("[planning]\ncharge_min = nan", "charge_min"),
        ("[planning", "TOML"),
        ("[month.city]", "city"),
        ("[month.urban]\norders = 5\nkept = 6\nminutes = 30", "kept"),
        ("[month.urban]\norders = 5\nkept = 5", "minutes"),
        ("[month.urban]\norders = 5\nkept = 5\nminutes = 5\nlate = 5", "late"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, named):
    with pytest.raises(InvalidInput, match=named):
        read(tmp_path, text)
