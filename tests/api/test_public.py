"""What the public is handed: bytes that were made before, and nothing of anybody."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from procrastinate import testing
from sqlalchemy import text

from api.house import House
from api.jobs import PUBLISH
from api.settings import PublicSettings
from api.worker import build
from dispatch.domain.outage import OutageStatus
from tests.api.conftest import FieldClock
from tests.api.public_town import SETTINGS, add_communities, darken, lighten, publish, visiting

MOST = [f"BIG{n}" for n in range(12)]
SECRETS = ("BIG0", "王建国", "dialysis", "Mill Lane", "crew C1", "line F1", "13800")


@pytest.fixture
def company(house: House) -> House:
    add_communities(house.engine)
    return house


@pytest.fixture
def visitor(company: House) -> Iterator[TestClient]:
    with visiting(company) as client:
        yield client


def told(client: TestClient) -> dict:
    return client.get("/map/outages.geojson").json()


def test_an_outage_is_shown_as_an_area_with_a_round_number(company: House, visitor: TestClient):
    darken(company, *MOST[:7], status=OutageStatus.CONFIRMED, cause="Fuse at 12 Mill Lane")
    publish(company)
    (area,) = told(visitor)["features"]
    assert area["properties"]["customers"] == 70
    assert area["properties"]["name"] == "幸福村"
    assert area["properties"]["causes"][0]["cause"] == "equipment"
    page = visitor.get("/map/en.html").text
    assert "about 70" in page and "Equipment failed" in page


def test_nothing_that_is_shown_names_a_home_a_customer_a_crew_or_what_somebody_wrote(
    company: House, visitor: TestClient
):
    darken(company, *MOST, status=OutageStatus.CONFIRMED, cause="Fuse at 12 Mill Lane, crew C1")
    publish(company)
    for name in ("zh-CN.html", "en.html", "outages.geojson"):
        shown = visitor.get(f"/map/{name}").text
        assert [secret for secret in SECRETS if secret in shown] == []


def test_no_gap_stands_before_a_chinese_comma(company: House, visitor: TestClient):
    darken(company, *MOST, status=OutageStatus.CONFIRMED)
    publish(company)
    assert "户停电</b><span>，涉及" in visitor.get("/map/zh-CN.html").text


def test_fewer_than_ten_customers_are_not_on_any_file(company: House, visitor: TestClient):
    publish(company)
    before = told(visitor)["features"]
    darken(company, "T1")
    publish(company)
    assert told(visitor)["features"] == before == []
    assert "No larger outage is known" in visitor.get("/map/en.html").text


def test_planned_work_is_shown_with_its_end(company: House, visitor: TestClient):
    from tests.store import builders as build  # noqa: PLC0415

    with company.engine.begin() as c:
        planned = build.a_planned_outage(c, "FAR", reason="王建国家门口换杆")
    with company.transaction() as store:
        store.planned.add(planned)
    publish(company)
    (area,) = told(visitor)["features"]
    assert area["properties"]["causes"][0]["cause"] == "planned"
    assert area["properties"]["customers"] == 150
    assert "王建国" not in visitor.get("/map/zh-CN.html").text


def test_a_home_that_stands_in_two_scopes_is_out_once(company: House, visitor: TestClient):
    darken(company, *MOST[:2])
    home = text("SELECT id FROM usage_point WHERE account = 'BIG0-1'")
    with company.engine.begin() as c:
        number = c.scalar(home)
        c.execute(
            text(
                "INSERT INTO outage_usage_point (outage_id, usage_point_id, out_from)"
                " SELECT max(id), :home, now() FROM outage"
            ),
            {"home": number},
        )
    publish(company)
    assert told(visitor)["features"][0]["properties"]["customers"] == 20


def test_after_the_restoration_a_line_says_so_for_an_hour(
    company: House,
    visitor: TestClient,
    clock: FieldClock,
):
    outage = darken(company, *MOST)
    publish(company)
    clock.advance(5)
    lighten(company, outage)
    publish(company)
    assert "Power is back for nearly everybody" in visiting_page(company)
    clock.advance(61)
    publish(company)
    assert "No larger outage is known" in visiting_page(company)


def visiting_page(house: House) -> str:
    """The page as a process sees it that has just started."""
    with visiting(house) as client:
        return client.get("/map/en.html").text


def test_areas_are_cut_anew_after_a_load_but_not_while_anything_is_shown(company: House):
    outage = darken(company, *MOST)
    publish(company)

    def areas() -> object:
        with company.engine.connect() as c:
            return c.scalar(text("SELECT made_at FROM public_areas"))

    first = areas()
    with company.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO load_receipt (what, source, digest, taken, refused, loaded_at)"
                " VALUES ('customers', 'file', 'x', 1, 0, now())"
            )
        )
        c.execute(text("UPDATE public_areas SET made_at = made_at - interval '1 day'"))
    kept = areas()
    assert kept != first
    publish(company)
    assert areas() == kept
    lighten(company, outage)
    with company.engine.begin() as c:
        c.execute(text("UPDATE public_picture SET memory = '{}'"))
    publish(company)
    assert areas() == first


# Bytes -------------------------------------------------------------------------------------------


def test_a_file_comes_packed_with_a_tag_and_may_be_kept_by_caches(
    company: House, visitor: TestClient
):
    publish(company)
    first = visitor.get("/map/zh-CN.html", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["Cache-Control"].startswith("public, max-age=30")
    assert "nonce" not in first.headers["Content-Security-Policy"]
    assert "set-cookie" not in first.headers
    again = visitor.get("/map/zh-CN.html", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = visitor.get("/map/zh-CN.html", headers={"Accept-Encoding": "identity"})
    assert plain.text == first.text
    assert "Content-Encoding" not in plain.headers


def test_a_picture_of_more_than_five_minutes_says_so_in_large_letters(
    company: House, visitor: TestClient
):
    publish(company, datetime.now(UTC) - timedelta(minutes=6))
    page = visitor.get("/map/en.html").text
    assert '<p class="old" id="old" role="alert"><b>This picture is old' in page


def test_a_fresh_picture_keeps_that_for_itself(company: House, visitor: TestClient):
    publish(company)
    assert 'role="alert" hidden><b>This picture is old' in visitor.get("/map/en.html").text


def test_without_the_database_the_last_picture_is_still_handed_out(
    company: House, visitor: TestClient
):
    publish(company)
    page = visitor.get("/map/en.html").text
    shelf = visitor.app.state.shelf
    shelf._asked_at = float("-inf")
    with company.engine.begin() as c:
        c.execute(text("ALTER TABLE public_picture RENAME TO gone"))
    assert visitor.get("/map/en.html").text == page


def test_the_map_leads_to_the_reader_s_language(company: House, visitor: TestClient):
    publish(company)
    answer = visitor.get("/map", headers={"Accept-Language": "en-GB"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/map/en.html")
    assert answer.headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize("name", ["areas.json", "en.old.html", "nothing", "..%2Fhealthz"])
def test_no_other_file_is_handed_out(company: House, visitor: TestClient, name: str):
    publish(company)
    assert visitor.get(f"/map/{name}").status_code == 404


def test_before_the_first_picture_there_is_nothing(visitor: TestClient):
    assert visitor.get("/map/en.html").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/map"),
        ("GET", "/map/en.html"),
        ("GET", "/map/outages.geojson"),
        ("GET", "/map/report"),
        ("POST", "/map/report"),
        ("GET", "/map/tell"),
        ("POST", "/map/tell"),
    ],
)
def test_switched_off_there_is_nothing_at_any_address(company: House, method: str, path: str):
    publish(company)
    with visiting(company, PublicSettings(public_map=False)) as client:
        assert client.request(method, path).status_code == 404


def test_the_same_content_is_packed_into_the_same_bytes(company: House):
    from api.publishing import packed  # noqa: PLC0415

    assert packed(b"light") == packed(b"light")
    assert gzip.decompress(packed(b"light").body) == b"light"


def test_the_map_wants_a_number_to_call_and_messages_a_name():
    with pytest.raises(ValueError, match="the number to call in danger"):
        PublicSettings(public_map=True, emergency_phone="")
    with pytest.raises(ValueError, match="who sends it"):
        PublicSettings(public_messages=True, company=" ")
    assert SETTINGS.public_map


def test_a_worker_makes_pictures_only_where_the_map_is_on(company: House):
    def jobs(settings: PublicSettings | None) -> set[str]:
        return set(build(testing.InMemoryConnector(), company, public=settings).tasks)

    assert PUBLISH in jobs(SETTINGS)
    assert PUBLISH not in jobs(None) | jobs(PublicSettings(public_map=False))
