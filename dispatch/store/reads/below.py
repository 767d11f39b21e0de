"""The lines that lose supply with a device, to be drawn."""

from typing import Any

from sqlalchemy import Connection, text

from dispatch.domain.outage import Outage

_BELOW = text(
    """
    SELECT CAST(ST_AsGeoJSON(ST_Collect(section.line), 6) AS jsonb)
    FROM device AS opened
    JOIN device AS protecting ON protecting.feeder_id = opened.feeder_id
        AND protecting.pre >= opened.pre AND protecting.pre < opened.post
    JOIN line_section AS section ON section.device_id = protecting.id
        AND section.feeder_id = opened.feeder_id
    WHERE opened.id = :device AND opened.feeder_id = :feeder AND section.level = 'mv'
    """
)


def lines_below(connection: Connection, outage: Outage) -> dict[str, Any]:
    """The medium-voltage lines below the device of an outage as GeoJSON; no features without any.

    EPSG:4326, as the network is switched now.
    """
    asked = {"device": outage.device.id, "feeder": outage.feeder_id}
    geometry = connection.scalar(_BELOW, asked)
    features = [] if geometry is None else [{"type": "Feature", "geometry": geometry}]
    return {"type": "FeatureCollection", "features": features}
