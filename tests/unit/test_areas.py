import geopandas
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.areas import Area, AreaClass, AreaMap, read_areas, read_districts
from gis.errors import OffPlanet

URBAN, RURAL, REMOTE = AreaClass

COUNTY = AreaMap(
    "2026-1",
    [
        Area(REMOTE, shapely.box(0, 0, 10, 10)),
        Area(RURAL, shapely.box(2, 2, 8, 8)),
        Area(URBAN, shapely.box(4, 4, 6, 6)),
    ],
)


@pytest.mark.parametrize(
    ("lon", "lat", "wanted"),
    [(5, 5, URBAN), (3, 3, RURAL), (1, 1, REMOTE), (6, 6, URBAN), (8, 5, RURAL)],
)
def test_where_areas_overlap_or_meet_the_stricter_class_holds(lon, lat, wanted):
    assert COUNTY.classify(lon, lat) == (wanted, True)


def test_a_place_no_polygon_covers_gets_the_strictest_class_and_says_so():
    assert COUNTY.classify(20, 20) == (URBAN, False)


def test_a_map_without_polygons_covers_nothing():
    assert AreaMap("empty", []).classify(5, 5) == (URBAN, False)


def test_a_place_off_the_planet_is_refused():
    with pytest.raises(OffPlanet):
        COUNTY.classify(5, 500)


@given(
    st.lists(
        st.tuples(st.sampled_from(AreaClass), st.integers(0, 9), st.integers(0, 9)), max_size=8
    ),
    st.floats(0, 12),
    st.floats(0, 12),
)
def test_the_tree_finds_what_looking_at_every_polygon_finds(squares, lon, lat):
    areas = [Area(kind, shapely.box(x, y, x + 3, y + 3)) for kind, x, y in squares]
    covering = [
        area.area_class for area in areas if area.polygon.intersects(shapely.Point(lon, lat))
    ]
    wanted = next((kind for kind in AreaClass if kind in covering), None)
    assert AreaMap("v", areas).classify(lon, lat) == (wanted or URBAN, wanted is not None)


def test_areas_are_read_from_any_projection_with_refusals_row_by_row(tmp_path):
    frame = geopandas.GeoDataFrame(
        {"kind": ["城市", "Rural", "suburb", "remote", "remote"]},
        geometry=[
            shapely.box(115.8, 28.6, 115.9, 28.7),
            shapely.box(115.9, 28.6, 116.0, 28.7),
            shapely.box(115.8, 28.7, 115.9, 28.8),
            shapely.Point(115.8, 28.7),
            shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
        ],
        crs=4326,
    ).to_crs(3857)
    path = tmp_path / "areas.gpkg"
    frame.to_file(path)
    areas, refusals = read_areas(path, {"class": "kind"})
    assert [area.area_class for area in areas] == [URBAN, RURAL]
    assert AreaMap("v", areas).classify(115.95, 28.65) == (RURAL, True)
    assert [(refusal.row, refusal.id) for refusal in refusals] == [
        (3, "suburb"),
        (4, "remote"),
        (5, "remote"),
    ]
    reasons = [refusal.reason for refusal in refusals]
    assert "no area class" in reasons[0]
    assert reasons[1] == "is a Point; expected Polygon or MultiPolygon"
    assert "Self-intersection" in reasons[2]


def test_districts_are_read_with_id_and_name_and_a_repeated_id_is_refused(tmp_path):
    path = tmp_path / "districts.geojson"
    geopandas.GeoDataFrame(
        {"编号": [1.0, 2.0, 1.0], "名称": ["东湖供电所", "西湖供电所", "again"]},
        geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(2, 0, 3, 1)],
        crs=4326,
    ).to_file(path)
    districts, refusals = read_districts(path, {})
    assert [(district.id, district.name) for district in districts] == [
        ("1", "东湖供电所"),
        ("2", "西湖供电所"),
    ]
    assert [refusal.reason for refusal in refusals] == ["id '1' was already given in row 1"]
