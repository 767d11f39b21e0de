"""A map of one episode: the true faults, and what a method took them for, and when."""

from collections.abc import Sequence
from html import escape

import folium

from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.messages import Called, Episode, FaultLife
from dispatch.drill.storms.records import Record, Said

RIGHT, WRONG, REPORT = "#2d8a4e", "#c0392b", "#0b62a4"
LONGEST_LIST = 12


def plate(episode: Episode, record: Record, method: str) -> str:
    """One page with a map (EPSG:4326): a mark per true fault, with what was said of it and when.

    Green where the last word before a crew came was right, red where it was not, and the line to
    what was thought instead. Reports are dots. The background needs a connection, the marks none.
    """
    ground = episode.ground
    lonlat = ground.customers.lonlat
    sheet = folium.Map(
        location=[float(lonlat[:, 1].mean()), float(lonlat[:, 0].mean())],
        zoom_start=13,
        prefer_canvas=True,
    )
    reports = folium.FeatureGroup(name="reports")
    for message in episode.messages:
        if isinstance(message, Called):
            folium.CircleMarker(
                [message.report.lat or 0.0, message.report.lon or 0.0],
                radius=2,
                weight=0,
                fill_opacity=0.5,
                color=REPORT,
                fill_color=REPORT,
                tooltip=f"{message.at:%H:%M} {message.report.ticket_id}, fault {message.fault}",
            ).add_to(reports)
    faults = folium.FeatureGroup(name=f"faults and what {method} said")
    for life in episode.lives:
        if life.fault.device is not None and life.first_call_at is not None and life.fault.is_real:
            _mark(faults, ground, life, record.said.get(life.fault.number, []))
    reports.add_to(sheet)
    faults.add_to(sheet)
    folium.LayerControl(collapsed=False).add_to(sheet)
    return str(sheet.get_root().render())


def _mark(
    layer: folium.FeatureGroup, ground: Ground, life: FaultLife, history: Sequence[Said]
) -> None:
    assert life.fault.device is not None
    target = ground.devices[ground.shown(life.fault.device)].id
    told = history[-1].device_id if history else None
    here = _place(ground, target)
    color = RIGHT if told == target else WRONG
    if told is not None and told != target:
        folium.PolyLine(  # type: ignore[no-untyped-call]
            [here, _place(ground, told)], color=WRONG, weight=2, dash_array="4 6"
        ).add_to(layer)
    folium.CircleMarker(
        here,
        radius=5 + min(life.customers, 2_000) ** 0.5 / 5,
        color=color,
        fill=True,
        fill_opacity=0.35,
        popup=folium.Popup(_story(life, history, target), max_width=460),
        tooltip=f"{target}, {life.customers} customers",
    ).add_to(layer)


def _place(ground: Ground, device_id: str) -> list[float]:
    """Latitude and longitude of a device, or of the middle of those below it."""
    device = ground.tracing.device(device_id)
    if device.point is not None:
        return [device.point.y, device.point.x]
    first, last = ground.below(device.pre)
    lon, lat = ground.customers.lonlat[first:last].mean(axis=0).tolist()
    return [lat, lon]


def _story(life: FaultLife, history: Sequence[Said], target: str) -> str:
    lines = [
        f"<b>{escape(target)}</b> ({life.fault.kind}), {life.customers} customers",
        f"first call {life.first_call_at:%H:%M}",
        *(
            f"{said.at:%H:%M} {escape(said.device_id or 'one home')}{_chances(said)}"
            for said in history[-LONGEST_LIST:]
        ),
    ]
    if life.seen_at is not None:
        lines.append(f"found {life.seen_at:%H:%M}")
    if life.over_at is not None:
        lines.append(f"over {life.over_at:%H:%M}")
    return "<br>".join(lines)


def _chances(said: Said) -> str:
    if not said.devices:
        return ""
    return ": " + ", ".join(f"{escape(id_)} {chance:.0%}" for id_, chance in said.devices[:3])
