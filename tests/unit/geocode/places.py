"""Entries for the search tests, and the way a caller of the package uses it."""

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path

import osmium

from gis import geocode
from gis.geocode import (
    Entry,
    EntryKind,
    Level,
    Located,
    Match,
    MemoryGazetteer,
    NotFound,
    Tie,
)


def find(gazetteer: MemoryGazetteer, text: str) -> list[Match]:
    return list(geocode.locate(text, gazetteer.search).matches)


def locate(gazetteer: MemoryGazetteer, text: str) -> Located | Tie | NotFound:
    return geocode.locate(text, gazetteer.search).outcome


def usage_point(name: str, address: str, lon: float = 115.9, lat: float = 28.7) -> Entry:
    return Entry(id=name, kind=EntryKind.USAGE_POINT, name="", address=address, lon=lon, lat=lat)


def macau_roads(path: Path) -> list[Entry]:
    with gzip.open(path) as file:
        content = json.load(file)
    pieces = content if isinstance(content, list) else next(iter(content.values()))
    shapes: dict[str, list[list[float]]] = defaultdict(list)
    for piece in pieces:
        shapes[piece["name"]] += piece["path"]
    return [
        Entry(
            id=f"road-{number}",
            kind=EntryKind.LANDMARK,
            name=name,
            address="",
            lon=sum(point[1] for point in shape) / len(shape),
            lat=sum(point[0] for point in shape) / len(shape),
        )
        for number, (name, shape) in enumerate(sorted(shapes.items()))
    ]


def nanchang_villages(folder: Path) -> list[Entry]:
    """The register has no coordinates: every village gets a point of its own on a grid."""

    def read(name: str, key: str = "code") -> dict[str, dict[str, str]]:
        with (folder / name).open(encoding="utf-8-sig") as file:
            return {row[key]: row for row in csv.DictReader(file)}

    villages, towns, areas = (
        read(name) for name in ("villages_3601_nanchang.csv", "streets.csv", "areas.csv")
    )
    return [
        Entry(
            id=code,
            kind=EntryKind.PLACE,
            name=row["name"],
            address="",
            lon=115.5 + number % 50 * 0.02,
            lat=28.2 + number // 50 * 0.02,
            parts={
                Level.CITY: "南昌市",
                Level.COUNTY: areas[row["areaCode"]]["name"],
                Level.TOWN: towns[row["streetCode"]]["name"],
                Level.VILLAGE: row["name"],
            },
        )
        for number, (code, row) in enumerate(villages.items())
    ]


def lauf_addresses(path: Path) -> list[tuple[Entry, dict[str, str]]]:
    found = []
    for thing in osmium.FileProcessor(str(path)).with_locations():
        tags = {tag.k.removeprefix("addr:"): tag.v for tag in thing.tags}
        if not {"housenumber", "street", "city"} <= tags.keys() or thing.is_relation():
            continue
        points = [thing] if thing.is_node() else [n for n in thing.nodes if n.location.valid()]
        entry = usage_point(
            f"{thing.type_str()}{thing.id}",
            f"{tags['street']} {tags['housenumber']}, {tags.get('postcode', '')} {tags['city']}",
            lon=sum(point.location.lon for point in points) / len(points),
            lat=sum(point.location.lat for point in points) / len(points),
        )
        found.append((entry, tags))
    return found
