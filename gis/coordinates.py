"""Coordinates as people type or paste them, with the datum they say."""

import math
import re

from gis.crs import MAX_LAT, MAX_LON, Datum, to_wgs84

_DATUMS = {
    "wgs84": Datum.WGS84,
    "gps": Datum.WGS84,
    "gcj02": Datum.GCJ02,
    "amap": Datum.GCJ02,
    "高德": Datum.GCJ02,
    "腾讯": Datum.GCJ02,
    "bd09": Datum.BD09,
    "baidu": Datum.BD09,
    "百度": Datum.BD09,
}
_PAIR = re.compile(
    r"^([-+]?\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEW])?[\s,;，；]+([-+]?\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEW])?$",
    re.IGNORECASE,
)


def read_coordinates(said: str) -> list[tuple[float, float]]:
    """Read a pair of decimal degrees, in either order, with a datum's name before or after it.

    Letters (N, S, E, W) or a number beyond 90 say which is the longitude; where nothing does, both
    readings are given, longitude first. Without a datum it is WGS-84.

    Returns
    -------
    list of (lon, lat)
        WGS-84; empty where the words are no coordinates.
    """
    words, datum = _without_datum(said.strip())
    pair = _PAIR.match(words)
    if pair is None:
        return []
    one, of_one = _signed(pair[1], pair[2])
    other, of_other = _signed(pair[3], pair[4])
    readings = [(one, other), (other, one)]
    if of_one == "lat" or of_other == "lon":
        readings = readings[1:]
    elif of_one == "lon" or of_other == "lat":
        readings = readings[:1]
    found = [
        to_wgs84(lon, lat, datum)
        for lon, lat in readings
        if abs(lon) <= MAX_LON and abs(lat) <= MAX_LAT
    ]
    return [each for n, each in enumerate(found) if each not in found[:n]]


def _without_datum(said: str) -> tuple[str, Datum]:
    plain = re.sub(r"(?i)(wgs|gcj|bd)[-\s]?(\d\d)", r"\1\2", said)
    for name, datum in _DATUMS.items():
        rest = re.sub(rf"(?i)^{name}[\s:：]*|[\s:：]*{name}$", "", plain)
        if rest != plain:
            return rest.strip(), datum
    return plain, Datum.WGS84


def _signed(number: str, letter: str | None) -> tuple[float, str | None]:
    """The degrees with their sign, and which of the two a letter says they are."""
    value = float(number)
    if letter is None:
        return value, None
    upper = letter.upper()
    signed = math.copysign(value, -1.0) if upper in "SW" else value
    return signed, "lat" if upper in "NS" else "lon"
