"""The base map: made of loaded roads and a small extract, drawn in the page, nothing fetched."""

import gzip
import os
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.basemap import FILE, OSM_CREDIT, Basemap, BasemapFailed, make_basemap
from api.callers import COOKIE, Role
from tests.browser.conftest import Company, Server, add_roads
from tests.store import builders as build

STEP = build.METRE
LAKE = ((-600, -600), (-600, 600), (600, 600), (600, -600))


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    """An OpenStreetMap file of a lake, a brook and a town with a Chinese name."""
    corners = [(build.LON + x * STEP, build.LAT + y * STEP) for x, y in LAKE]
    nodes = "".join(
        f'<node id="{n}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>'
        for n, (lon, lat) in enumerate(corners, start=1)
    )
    ring = "".join(f'<nd ref="{n}"/>' for n in (1, 2, 3, 4, 1))
    town = (
        f'<node id="9" version="1" lat="{build.LAT + 900 * STEP:.7f}" lon="{build.LON:.7f}">'
        '<tag k="place" v="town"/><tag k="name" v="青云谱区&lt;script&gt;"/></node>'
    )
    lake = f'<way id="1" version="1">{ring}<tag k="natural" v="water"/></way>'
    path = tmp_path / "town.osm"
    path.write_text(f'<osm version="0.6">{nodes}{town}{lake}</osm>', "utf-8")
    return path


@pytest.fixture
def grounded(company: Company, extract: Path) -> Path:
    """The company's server with a base map of its roads and the extract."""
    add_roads(company.engine)
    target = extract.with_name(FILE)
    with company.engine.connect() as connection:
        make_basemap(connection, [extract], target)
    company.server.stop()
    company.server = Server(company.house, drawn=Basemap(file=target))
    return target


def pixel(page: Page, lon: float, lat: float) -> list[int]:
    """The colour that the base map's tile has at a place."""
    return page.evaluate(
        """([lon, lat]) => {
            const at = relightMap.latLngToContainerPoint([lat, lon]);
            const frame = relightMap.getContainer().getBoundingClientRect();
            for (const tile of document.querySelectorAll("canvas.leaflet-tile-loaded")) {
                const box = tile.getBoundingClientRect();
                const [x, y] = [frame.x + at.x - box.x, frame.y + at.y - box.y];
                if (x >= 0 && y >= 0 && x < box.width && y < box.height) {
                    const scale = tile.width / box.width;
                    return [...tile.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data];
                }
            }
            return [];
        }""",
        [lon, lat],
    )


def opened(company: Company) -> Page:
    page = company.screen(Role.DISPATCHER, "/console")
    page.evaluate(
        "([lon, lat]) => relightMap.setView([lat, lon], 14, {animate: false})",
        [build.LON, build.LAT],
    )
    expect(page.locator("canvas.leaflet-tile-loaded").first).to_be_attached()
    expect(page.locator("canvas.leaflet-tile:not(.leaflet-tile-loaded)")).to_have_count(0)
    return page


def test_water_is_drawn_in_both_themes_and_the_choice_is_kept(company: Company, grounded: Path):
    page = opened(company)
    lake = (build.LON + 150 * STEP, build.LAT + 150 * STEP)
    assert pixel(page, *lake)[:3] == [0x1B, 0x2A, 0x38]
    expect(page.locator("#credit")).to_have_text(OSM_CREDIT)
    page.locator("#layerbox > summary").press("Enter")
    page.get_by_label("Base map").select_option("light")
    expect(page.locator("[data-ground=light]")).to_have_count(1)
    page.reload()
    opened_again = page.locator("[data-ground=light]")
    expect(opened_again).to_have_count(1)
    page.locator("#layerbox > summary").press("Enter")
    page.get_by_label("Base map").select_option("none")
    expect(page.locator("canvas.leaflet-tile")).to_have_count(0)


def test_the_file_is_read_in_ranges_by_who_may_watch(company: Company, grounded: Path):
    page = opened(company)
    cookie = next(c for c in page.context.cookies() if c["name"] == COOKIE)
    url = company.server.url + page.locator("#ground").get_attribute("data-url")
    part = httpx.get(url, headers={"Range": "bytes=0-6"}, cookies={COOKIE: cookie["value"]})
    assert (part.status_code, part.content) == (206, b"PMTiles")
    assert "immutable" in part.headers["Cache-Control"]
    assert httpx.get(url).status_code == 401


def test_without_a_base_map_the_network_and_the_roads_stay_and_the_box_says_how_to_make_one(
    company: Company,
):
    add_roads(company.engine)
    page = company.screen(Role.DISPATCHER, "/console")
    with page.expect_response("**/console/layers/roads*"):
        page.evaluate("relightMap.fire('moveend')")
    page.locator("#layerbox > summary").press("Enter")
    expect(page.locator("#layerbox")).to_contain_text("relight basemap makes one")


def test_a_damaged_file_is_said_to_be_damaged(company: Company, tmp_path: Path):
    broken = tmp_path / FILE
    broken.write_bytes(b"PMTiles\x03" + gzip.compress(os.urandom(300)))
    assert Basemap(file=broken).shown()["kind"] == "damaged"
    broken.write_bytes(b"PMT")
    assert Basemap(file=broken).shown()["kind"] == "damaged"
    assert Basemap(file=tmp_path / "absent.pmtiles").shown()["kind"] == "none"


def test_nothing_loaded_makes_no_file_and_leaves_the_one_before(company: Company, tmp_path: Path):
    target = tmp_path / FILE
    target.write_bytes(b"before")
    with (
        company.engine.connect() as connection,
        pytest.raises(BasemapFailed, match="relight load roads"),
    ):
        make_basemap(connection, [], target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
