"""Where the data go, and what a wrong setting says."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.cli import settings_complaint
from api.processes import opened
from api.settings import (
    DatabaseSettings,
    FieldSettings,
    MistakesSettings,
    Settings,
    WebSettings,
    default_home,
)
from dispatch.verdict import Costs

HOME = {"HOME": "/people/li"}


def test_a_checkout_keeps_its_data_in_itself(tmp_path):
    (tmp_path / "run").touch()
    (tmp_path / "pyproject.toml").touch()
    assert default_home(tmp_path, HOME, root=True) == tmp_path / ".relight"


def test_a_folder_that_has_data_keeps_them(tmp_path):
    (tmp_path / ".relight").mkdir()
    assert default_home(tmp_path, HOME, root=False) == tmp_path / ".relight"


def test_an_installed_program_uses_the_folder_of_its_user(tmp_path):
    assert default_home(tmp_path, HOME, root=False) == Path("/people/li/.local/share/relight")


def test_the_desktop_may_say_where_data_lie(tmp_path):
    environment = HOME | {"XDG_DATA_HOME": "/data"}
    assert default_home(tmp_path, environment, root=False) == Path("/data/relight")


def test_root_avoids_its_own_home(tmp_path):
    assert default_home(tmp_path, HOME, root=True) == Path("/var/lib/relight")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_spelling_of_a_postgresql_address_is_understood(scheme):
    settings = DatabaseSettings(database_url=f"{scheme}://me:s%40@db/relight")
    assert settings.database_url == "postgresql+psycopg://me:s%40@db/relight"


@pytest.mark.parametrize("url", ["mysql://db/relight", "relight", "postgresql://", ""])
def test_another_address_is_refused_with_an_example(url):
    with pytest.raises(ValidationError, match="postgresql://user:password@host/database"):
        DatabaseSettings(database_url=url)


def test_the_environment_is_read_when_settings_are_made(monkeypatch):
    monkeypatch.setenv("RELIGHT_PORT", "9000")
    assert WebSettings().port == 9000


def test_public_pages_are_off_until_somebody_opens_them(monkeypatch):
    monkeypatch.delenv("RELIGHT_PUBLIC_PAGES", raising=False)
    assert WebSettings().public_pages is False


@pytest.mark.parametrize(
    ("family", "name", "value", "words"),
    [
        (FieldSettings, "zone", "Mars/X", "RELIGHT_ZONE is 'Mars/X'; expected an IANA time zone"),
        (WebSettings, "port", "abc", "RELIGHT_PORT is 'abc'; expected a valid integer"),
        (DatabaseSettings, "database_url", "mysql://me:secret@db", "RELIGHT_DATABASE_URL is ***; "),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_with_value_and_expectation_but_no_password(
    family, name, value, words
):
    with pytest.raises(ValidationError) as refused:
        family(**{name: value})
    said = settings_complaint(refused.value)
    assert said.startswith(words)
    assert "secret" not in said


def test_what_mistakes_cost_is_as_assumed_until_a_company_says_otherwise():
    assert MistakesSettings().costs() == Costs()


def test_processes_judge_by_the_costs_of_the_company(monkeypatch, database_url):
    monkeypatch.setenv("RELIGHT_NEEDLESS_TRIP_MINUTES", "240")
    monkeypatch.setenv("RELIGHT_HIDDEN_FAULT_MINUTES", "80")
    monkeypatch.setenv("RELIGHT_LONGEST_HOLD_MINUTES", "20")
    monkeypatch.setenv("RELIGHT_MOVING_TAKES", "2.5")
    with opened(database_url, Settings(), 2, plans=False) as house:
        costs = house.policies.grouping.costs
    assert costs == Costs(needless_trip=240, hidden_fault=80, longest_hold_min=20, move=2.5)
    assert costs.join > Costs().join


@pytest.mark.parametrize("minutes", ["0", "-5", "nothing"])
def test_a_trip_that_costs_nothing_is_refused(monkeypatch, minutes):
    monkeypatch.setenv("RELIGHT_NEEDLESS_TRIP_MINUTES", minutes)
    with pytest.raises(ValidationError, match="needless_trip_minutes"):
        MistakesSettings()
