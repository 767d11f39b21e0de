"""The picture as files: a whole set at once, and an old one that says so."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from api.cli import build
from api.house import House
from api.public_files import KEPT_SETS, lay_out
from dispatch.store import public
from dispatch.store.public import PublicSet
from dispatch.store.transaction import reading
from maps.assets import SHIPPED, STATIC
from tests.api.public_town import add_communities, darken, publish

NEEDED = pytest.mark.skipif(
    not (STATIC / SHIPPED["leaflet.js"]).is_file(), reason="the screens' scripts are not there"
)


@pytest.fixture
def company(house: House) -> House:
    add_communities(house.engine)
    darken(house, "FAR")
    return house


def a_set(house: House, written_at: datetime) -> PublicSet:
    publish(house, written_at)
    with reading(house.engine) as connection:
        found = public.find_set(connection)
    assert found is not None
    return found


@NEEDED
def test_the_files_are_those_that_the_web_process_hands_out(company: House, tmp_path):
    now = datetime.now(UTC)
    lay_out(a_set(company, now), tmp_path, now=now)
    page = (tmp_path / "current" / "map" / "en.html").read_text("utf-8")
    assert "about 150" in page
    assert gzip.decompress((tmp_path / "current/map/en.html.gz").read_bytes()).decode() == page
    for asset in ("/static/css/public.css", "/static/js/public.js", "/static/vendor/leaflet.js"):
        assert asset in page
        assert (tmp_path / "current" / asset.lstrip("/")).is_file()


@NEEDED
def test_a_reader_of_the_last_set_is_not_disturbed_and_old_sets_go(company: House, tmp_path):
    now = datetime.now(UTC)
    first = lay_out(a_set(company, now), tmp_path, now=now)
    lay_out(a_set(company, now), tmp_path, now=now)
    assert (first / "map" / "en.html").is_file()
    for _ in range(KEPT_SETS):
        last = lay_out(a_set(company, now), tmp_path, now=now)
    assert not first.exists()
    assert (tmp_path / "current").resolve() == last.resolve()
    assert len([each for each in tmp_path.iterdir() if each.name.startswith(".")]) == 0


@NEEDED
def test_a_set_that_grew_old_is_replaced_by_one_that_says_so(company: House, tmp_path):
    now = datetime.now(UTC)
    found = a_set(company, now)
    lay_out(found, tmp_path, now=now)
    lay_out(found, tmp_path, now=now + timedelta(minutes=6))
    page = (tmp_path / "current" / "map" / "en.html").read_text("utf-8")
    assert '<p class="old" id="old" role="alert"><b>' in page


@NEEDED
def test_the_command_writes_a_set_or_says_why_not(
    company: House, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    url = company.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("RELIGHT_DATABASE_URL", url)
    refused = CliRunner().invoke(build(), ["publish", str(tmp_path)])
    assert refused.exit_code != 0
    assert not (tmp_path / "current").exists()
    publish(company)
    done = CliRunner().invoke(build(), ["publish", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "current" / "index.html").is_file()
