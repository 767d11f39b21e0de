"""The county written out in the open formats that the loaders read."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from xml.sax.saxutils import quoteattr

import geopandas
import numpy as np
import pandas as pd

from dispatch.drill.county import parameters as p
from dispatch.drill.county.county import County
from dispatch.drill.county.frame import Floats, lonlat
from gis.network.model import Network

FIRST_NODE, FIRST_POINT, FIRST_WAY = 1_000_001, 5_000_001, 8_000_001
STAMP = "2026-01-01T00:00:00Z"
CLASS_OF_PLACE = {"seat": "town", "town": "town", "village": "village", "hamlet": "hamlet"}
HOUSES_SHOWN = 5  # every fifth farmhouse stands on the map
ZONE = "Asia/Shanghai"


def write(county: County, folder: Path) -> Mapping[str, Path]:
    """Write the county into `folder`, which is made if need be.

    Returns
    -------
    files
        `roads`, `network`, `areas`, `districts`, `crews`, `depots` and `planned`,
        by what they hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "roads": folder / "roads.osm",
        "network": folder / "network.gpkg",
        "areas": folder / "areas.gpkg",
        "districts": folder / "districts.gpkg",
        "crews": folder / "crews.csv",
        "depots": folder / "depots.csv",
        "planned": folder / "planned_outages.json",
    }
    for path in files.values():
        path.unlink(missing_ok=True)
    write_roads(county, files["roads"])
    _write_network(county.network, files["network"])
    _write_polygons(county, files["areas"], files["districts"])
    write_crews(county, files["crews"])
    _write_depots(county, files["depots"])
    files["planned"].write_text(_planned(county), encoding="utf-8")
    return files


def write_roads(county: County, path: Path) -> Path:
    """Write the roads alone, as OSM XML; gives the path back."""
    path.write_text("".join(_osm(county)), encoding="utf-8")
    return path


def _osm(county: County) -> Iterator[str]:
    """OSM XML 0.6: all nodes first, then the ways, ids rising."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<osm version="0.6" generator="Relight demo county, {p.SYNTHETIC}">\n'
    ids = np.arange(len(county.roads.xy)) + FIRST_NODE
    rows = zip(ids.tolist(), lonlat(county.roads.xy).tolist(), strict=True)
    for id_, (lon, lat) in rows:
        yield _node(id_, lon, lat, ())
    points = list(_points(county))
    at = lonlat(np.array([xy for xy, _ in points]))
    for k, ((_, tags), (lon, lat)) in enumerate(zip(points, at.tolist(), strict=True)):
        yield _node(FIRST_POINT + k, lon, lat, tags)
    river = range(FIRST_POINT + len(points), FIRST_POINT + len(points) + len(county.terrain.river))
    for id_, (lon, lat) in zip(river, lonlat(county.terrain.river).tolist(), strict=True):
        yield _node(id_, lon, lat, ())
    for k, way in enumerate(county.roads.ways):
        refs = [FIRST_NODE + node for node in way.nodes]
        tags = [("highway", way.highway), ("maxspeed", str(way.maxspeed))]
        tags += [("name", way.name)] if way.name else []
        tags += [("oneway", "yes")] if way.oneway else []
        yield _way(FIRST_WAY + k, refs, tags)
    end = FIRST_WAY + len(county.roads.ways)
    yield _way(end, list(river), [("waterway", "river"), ("name", "云水河")])
    yield "</osm>\n"


def _node(id_: int, lon: float, lat: float, tags: Sequence[tuple[str, str]]) -> str:
    head = f'<node id="{id_}" version="1" timestamp="{STAMP}" lat="{lat:.7f}" lon="{lon:.7f}"'
    if not tags:
        return f" {head}/>\n"
    return f" {head}>\n{_tags(tags)} </node>\n"


def _way(id_: int, refs: Sequence[int], tags: Sequence[tuple[str, str]]) -> str:
    nodes = "".join(f'  <nd ref="{ref}"/>\n' for ref in refs)
    return f' <way id="{id_}" version="1" timestamp="{STAMP}">\n{nodes}{_tags(tags)} </way>\n'


def _tags(tags: Sequence[tuple[str, str]]) -> str:
    marked = [*tags, ("source", p.SYNTHETIC)]
    return "".join(f'  <tag k="{key}" v={quoteattr(value)}/>\n' for key, value in marked)


def _points(county: County) -> Iterator[tuple[Floats, list[tuple[str, str]]]]:
    """Settlements, landmarks, and doors with their addresses."""
    for place in county.places:
        yield place.xy, [("place", CLASS_OF_PLACE[place.kind]), ("name", place.name)]
    for mark in county.landmarks:
        yield mark.xy, [mark.tag, ("name", mark.name)]
    seen: set[tuple[object, ...]] = set()
    homes, sites = county.premises, county.sites
    columns = (homes.transformer, homes.building, homes.street, homes.number)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for i, (t, building, street, number) in enumerate(rows):
        place = county.places[int(sites.place[t])]
        town = county.places[place.town].name
        rural = place.kind in ("village", "hamlet")
        key = (t, building) if building else (int(sites.place[t]), street, number)
        if (rural and i % HOUSES_SHOWN) or (not rural and key in seen) or sites.owner[t]:
            continue
        seen.add(key)
        yield homes.xy[i], [*_address(county, i, rural=rural), ("addr:city", town)]


def _address(county: County, i: int, *, rural: bool) -> list[tuple[str, str]]:
    homes = county.premises
    full = homes.address[i]
    place = county.places[int(county.sites.place[homes.transformer[i]])]
    tags = [("addr:county", p.COUNTY), ("addr:full", full)]
    if rural:
        house = full.rpartition(place.name)[2]
        return [*tags, ("addr:place", place.name), ("addr:housenumber", house)]
    if not homes.building[i]:
        street = homes.streets[homes.street[i]]
        return [*tags, ("addr:street", street), ("addr:housenumber", f"{homes.number[i]}号")]
    street, _, rest = full.rpartition("单元")[0].partition(place.name)[2].partition("号")
    name = street.rstrip("0123456789")
    estate = rest.rpartition("栋")[0].rstrip("0123456789")
    door = f"{street[len(name) :]}号{int(homes.building[i])}栋"
    return [*tags, ("addr:street", name), ("addr:housenumber", door), ("addr:housename", estate)]


def _write_network(network: Network, path: Path) -> None:
    layers = (
        ("substations", network.substations, "point"),
        ("feeders", network.feeders, ""),
        ("sections", network.sections, "line"),
        ("switches", network.switches, "point"),
        ("transformers", network.transformers, "point"),
        ("customers", network.usage_points, "point"),
    )
    for name, rows, shape in layers:
        fields = [f for f in rows[0].__dataclass_fields__ if f != shape]
        table = {f: [_cell(getattr(row, f)) for row in rows] for f in fields}
        frame = pd.DataFrame({**table, "synthetic": p.SYNTHETIC})
        shapes = [getattr(row, shape) for row in rows] if shape else [None] * len(rows)
        _to_file(geopandas.GeoDataFrame(frame, geometry=shapes, crs=4326), path, name)


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return ";".join(value)
    return value.value if isinstance(value, Enum) else value


def _write_polygons(county: County, areas: Path, districts: Path) -> None:
    frame = pd.DataFrame({"class": [a.area_class.value for a in county.areas]})
    frame["synthetic"] = p.SYNTHETIC
    shapes = [a.polygon for a in county.areas]
    _to_file(geopandas.GeoDataFrame(frame, geometry=shapes, crs=4326), areas, "areas")
    frame = pd.DataFrame(
        {"id": [d.id for d in county.districts], "name": [d.name for d in county.districts]}
    )
    frame["synthetic"] = p.SYNTHETIC
    shapes = [d.polygon for d in county.districts]
    _to_file(geopandas.GeoDataFrame(frame, geometry=shapes, crs=4326), districts, "districts")


def _to_file(frame: geopandas.GeoDataFrame, path: Path, layer: str) -> None:
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")


def write_crews(county: County, path: Path) -> None:
    """Write the list of crews alone."""
    rows = [
        {**asdict(crew), "skills": ";".join(crew.skills), "zone": ZONE, "synthetic": p.SYNTHETIC}
        for crew in county.crews
    ]
    _write_table(rows, path)


def _write_depots(county: County, path: Path) -> None:
    """Write the list of depots."""
    _write_table(
        [
            {**asdict(depot), "stock": ";".join(depot.stock), "synthetic": p.SYNTHETIC}
            for depot in county.depots
        ],
        path,
    )


def _write_table(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _planned(county: County) -> str:
    rows = [
        {
            "reason": work.reason,
            "starts_at": work.starts_at.isoformat(),
            "ends_at": work.ends_at.isoformat(),
            "transformers": list(work.transformers),
            "synthetic": p.SYNTHETIC,
        }
        for work in county.planned
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
