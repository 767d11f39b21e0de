"""Where something is, in a few words, from whatever is on record of it."""

WHERE = """
    coalesce(
        nullif(ticket.address, ''),
        (SELECT nullif(home.address, '') FROM usage_point AS home
            WHERE home.id = ticket.usage_point_id),
        nullif(outage.device_name, ''),
        (SELECT nullif(near.name, '') FROM transformer AS near
            WHERE near.id = ticket.transformer_id),
        (SELECT nullif(line.name, '') FROM feeder AS line
            WHERE line.id = coalesce(ticket.feeder_id, outage.feeder_id)),
        (SELECT round(CAST(ST_Y(at.point) AS numeric), 5) || ', '
                || round(CAST(ST_X(at.point) AS numeric), 5)
            FROM (SELECT coalesce(ticket.point, incident.point, outage.point) AS point) AS at),
        nullif(ticket.description, ''), nullif(ticket.account, ''), ''
    )
"""
"""Of a statement's `ticket`, `outage` and `incident`, each of which may be a row of nulls.

The address that was given or is on record, then what stands there in the network, then latitude
and longitude (EPSG:4326, as an outage without a device is named), then what the caller said.
"""
