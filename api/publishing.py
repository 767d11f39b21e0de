"""The public picture: made by a worker every minute, kept as files, handed out as bytes.

Nothing that the public asks for touches the tables of outages or customers. A web process holds the
last set of files in memory, asks every few seconds whether there is a newer one, and goes on with
what it has while the database is away.
"""

import gzip
import hashlib
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import shapely
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from api.house import House
from api.settings import PublicSettings
from dispatch.domain.told import AreaTold, PublicArea, PublicPolicy
from dispatch.domain.zone import Zone
from dispatch.errors import StoreUnavailable
from dispatch.notices import community_of
from dispatch.picture import Picture, paint
from dispatch.store import public
from dispatch.store.public import KeptAreas, PublicFile, PublicSet
from dispatch.store.reads import public as read
from dispatch.store.transaction import reading, retrying
from dispatch.store.zones import zones_at
from dispatch.usecases.tell_watchers import TellWatchers, tell_watchers
from gis.patchwork import Cell, cell_at, outline, patches
from maps.languages import Language
from maps.pages import Moment, Pages

SHOWN: Mapping[str, str] = {
    **{f"{language}.html": "text/html; charset=utf-8" for language in Language},
    "outages.geojson": "application/geo+json",
    "ground.geojson": "application/geo+json",
}
"""The files that anybody may have, and what they are."""
AREAS = "areas.json"
"""For the web process alone: into which areas the map is cut."""
ADDRESSES = 50_000
BETWEEN = " · "
"""Stands between the communities that an area is named after."""
NAMED_BY = 2
ASK_AFTER_S = 5.0


def old(name: str) -> str:
    """The file that says in large letters how old the picture is."""
    return name.replace(".html", ".old.html")


class Publisher:
    """Makes the picture; the worker's part."""

    def __init__(self, house: House, settings: PublicSettings) -> None:
        self._house = house
        self._settings = settings
        self._policy = PublicPolicy(area_customers=settings.public_area_customers)
        self._pages = Pages()

    def publish(self, written_at: datetime) -> Picture:
        """Write the picture of now, and the messages for those whose supply is back.

        `written_at` is the machine's own time, by which the age of the picture is judged.
        """
        house, now = self._house, self._house.now()
        kept = self._areas(now)
        with reading(house.engine) as connection:
            memory = public.read_memory(connection)
            zones = _told_zones(connection, now)
            picture = paint(
                kept.areas,
                read.out_by_square(connection, now),
                read.causes_now(connection, now),
                memory,
                now=now,
                policy=self._policy,
            )
        files = self._files(picture, zones, kept, now, written_at)
        with house.engine.begin() as connection:
            public.write_picture(
                connection, picture.memory, files, made_at=now, written_at=written_at
            )
        self._tell(picture, now)
        return picture

    def _areas(self, now: datetime) -> KeptAreas:
        """The areas that stand; cut anew after a load, but only while nothing is shown.

        Two cuts of the same outage could be laid over each other.
        """
        with reading(self._house.engine) as connection:
            standing = public.find_areas(connection)
            made_from = f"{read.made_from(connection)}-{self._policy.area_customers}"
            if standing is not None and (
                standing.made_from == made_from or public.read_memory(connection)
            ):
                return standing
            fresh = KeptAreas(
                made_from=made_from,
                areas=cut(connection, self._policy),
                ground=_compact(read.ground(connection)),
            )
        with self._house.engine.begin() as connection:
            public.keep_areas(connection, fresh, now)
        return fresh

    def _files(
        self,
        picture: Picture,
        zones: Sequence[Zone],
        kept: KeptAreas,
        now: datetime,
        written_at: datetime,
    ) -> Mapping[str, PublicFile]:
        made = {
            "outages.geojson": geojson(picture, now, written_at, zones),
            "ground.geojson": kept.ground,
            AREAS: _compact([_listed(each) for each in kept.areas]),
        }
        moment = Moment(now, self._house.clockface.zone)
        values = {
            "picture": picture,
            "zones": zones,
            "settings": self._settings,
            "written_at": written_at,
            "policy": self._policy,
        }
        for language in Language:
            for name, is_old in ((f"{language}.html", False), (old(f"{language}.html"), True)):
                made[name] = self._pages.render(
                    "public_map.html", language, moment, {**values, "is_old": is_old}
                )
        return {name: packed(content.encode()) for name, content in made.items()}

    def _tell(self, picture: Picture, now: datetime) -> None:
        if not self._settings.public_messages:
            return
        command = TellWatchers(
            dark={each.area.id for each in picture.areas if each.customers},
            company=self._settings.company,
            phone=self._settings.emergency_phone,
        )
        retrying(self._house.transaction, lambda store: tell_watchers(store, command, now=now))


def packed(content: bytes) -> PublicFile:
    """A file as it is kept; the same content gives the same bytes."""
    return PublicFile(
        gzip.compress(content, compresslevel=6, mtime=0), hashlib.sha256(content).hexdigest()[:20]
    )


# Areas -----------------------------------------------------------------------------------------


def cut(connection: Connection, policy: PublicPolicy) -> tuple[PublicArea, ...]:
    """Cut the served ground into areas and name each after where many of its customers live."""
    settled = read.customers_by_square(connection)
    customers: Counter[Cell] = Counter()
    districts: dict[Cell, Counter[str]] = defaultdict(Counter)
    for each in settled:
        customers[each.cell] += each.customers
        districts[each.cell][each.district] += each.customers
    every = max(1, customers.total() // ADDRESSES)
    said: dict[Cell, Counter[str]] = defaultdict(Counter)
    for cell, address in read.some_addresses(connection, every=every, most=ADDRESSES):
        if (name := community_of(address)) is not None:
            said[cell][name] += every
    areas = [
        PublicArea(
            id=hashlib.sha256(repr(sorted(cells)).encode()).hexdigest()[:10],
            name=_named(sum((said[c] for c in cells), Counter()), policy),
            district=_first(sum((districts[c] for c in cells), Counter())),
            cells=cells,
        )
        for cells in patches(customers, policy.area_customers)
    ]
    return _told_apart(areas)


def _first(counted: Counter[str]) -> str:
    return min(counted, key=lambda name: (-counted[name], name), default="")


def _named(said: Counter[str], policy: PublicPolicy) -> str:
    """The communities with the most customers; one with few would name somebody's home."""
    ranked = sorted(said.items(), key=lambda each: (-each[1], each[0]))
    return BETWEEN.join([name for name, n in ranked if n >= policy.least][:NAMED_BY])


def _told_apart(areas: Sequence[PublicArea]) -> tuple[PublicArea, ...]:
    """Give every area a name of its own: that of its district and a number where need be."""
    count = Counter((each.district, each.name) for each in areas)
    number: Counter[tuple[str, str]] = Counter()
    apart = []
    for each in areas:
        key = (each.district, each.name)
        number[key] += 1
        name = each.name or each.district
        if count[key] > 1 or not each.name:
            name = f"{name} {number[key]}".strip()
        apart.append(replace(each, name=name))
    return tuple(apart)


def _listed(area: PublicArea) -> dict[str, object]:
    return {
        "id": area.id,
        "name": area.name,
        "district": area.district,
        "cells": sorted(area.cells),
    }


def _told_zones(connection: Connection, now: datetime) -> list[Zone]:
    """Storms, floods and fires that hold; where nobody may enter, and why, is not the public's."""
    return [zone for zone in zones_at(connection, None, now) if zone.kind.breaks_things]


def geojson(
    picture: Picture, now: datetime, written_at: datetime, zones: Sequence[Zone] = ()
) -> str:
    """The told areas as GeoJSON (EPSG:4326) with what is told of each, for the map and others.

    The zones that hold stand beside them, a collection of their own.
    """
    return _compact(
        {
            "type": "FeatureCollection",
            "made_at": now.isoformat(),
            "written_at": written_at.isoformat(),
            "customers": picture.customers,
            "features": [_feature(each) for each in picture.areas],
            "zones": {
                "type": "FeatureCollection",
                "features": [_zone_feature(each) for each in zones],
            },
        }
    )


def _zone_feature(zone: Zone) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": json.loads(shapely.to_geojson(zone.area)),
        "properties": {"name": zone.name, "kind": zone.kind.value, "until": _iso(zone.ends_at)},
    }


def _feature(told: AreaTold) -> dict[str, object]:
    return {
        "type": "Feature",
        "id": told.area.id,
        "geometry": json.loads(shapely.to_geojson(outline(told.area.cells))),
        "properties": {
            "name": told.area.name,
            "district": told.area.district,
            "customers": told.customers,
            "causes": [
                {
                    "began_at": each.began_at.isoformat(),
                    "cause": each.cause.value,
                    "progress": each.progress.value,
                    "expected_by": _iso(each.expected.by),
                    "expected_from": _iso(each.expected.from_at),
                    "expected_to": _iso(each.expected.to_at),
                    "confidence": each.expected.confidence,
                    "passed": each.expected.passed,
                }
                for each in told.causes
            ],
        },
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# What a web process holds ----------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A set of files in memory, with what the report pages need of it unpacked."""

    files: PublicSet

    @cached_property
    def areas(self) -> Sequence[PublicArea]:
        """Every area of the map."""
        return [
            PublicArea(
                id=each["id"],
                name=each["name"],
                district=each["district"],
                cells=frozenset((c, r) for c, r in each["cells"]),
            )
            for each in json.loads(self._unpacked(AREAS))
        ]

    @cached_property
    def told(self) -> Mapping[str, Mapping[str, object]]:
        """What is told of each area that is shown, by its id."""
        features = json.loads(self._unpacked("outages.geojson"))["features"]
        return {each["id"]: each["properties"] for each in features}

    @cached_property
    def _by_cell(self) -> Mapping[Cell, PublicArea]:
        return {cell: area for area in self.areas for cell in area.cells}

    @cached_property
    def _by_name(self) -> Mapping[str, PublicArea]:
        return {named(area): area for area in self.areas}

    def area_at(self, lon: float, lat: float) -> PublicArea | None:
        """The area that holds a place, if customers live around there."""
        return self._by_cell.get(cell_at(lon, lat))

    def area_named(self, name: str) -> PublicArea | None:
        """The area of this name, or the only one that is named after what an address names."""
        chosen = self._by_name.get(name.strip())
        if chosen is not None:
            return chosen
        asked = {name.strip(), community_of(name)}
        found = [each for each in self.areas if asked & {each.name, *each.name.split(BETWEEN)}]
        return found[0] if len(found) == 1 else None

    def _unpacked(self, name: str) -> bytes:
        return gzip.decompress(self.files.files[name].body)


def named(area: PublicArea) -> str:
    """An area as people choose it from a list."""
    return area.name if area.district in area.name else f"{area.district} {area.name}".strip()


class Shelf:
    """The set that a web process hands out; asks for a newer one every few seconds, one at a time.

    With the database away it hands out what it has, which says itself how old it is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Held | None = None
        self._asked_at = float("-inf")
        self._guard = threading.Lock()

    def held(self) -> Held | None:
        """The newest set that could be had; None before the first was made."""
        if time.monotonic() - self._asked_at < ASK_AFTER_S or not self._guard.acquire(
            blocking=self._held is None
        ):
            return self._held
        try:
            self._renew()
        finally:
            self._guard.release()
        return self._held

    def _renew(self) -> None:
        if time.monotonic() - self._asked_at < ASK_AFTER_S:
            return
        try:
            with reading(self._engine) as connection:
                number = public.find_number(connection)
                if self._held is None or number != self._held.files.number:
                    found = public.find_set(connection)
                    self._held = None if found is None else Held(found)
        except (SQLAlchemyError, StoreUnavailable):
            if self._held is None:
                raise
        self._asked_at = time.monotonic()
