"""The demonstration on real inputs: a network of one's own, or the roads of a real city."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from api.demo.stage import Base, Stage
from dispatch.drill.county.parameters import DAY
from dispatch.drill.elsewhere import crews_on, day_on, network_on, write_crews_csv
from gis.network.detect import read_network
from gis.network.model import Network
from gis.network.readers.layers import write_layers
from gis.roads.readers import read_roads

CREWS = 12


def set_up(
    folder: Path,
    network_files: Sequence[Path],
    road_files: Sequence[Path],
    city: Path | None,
    seed: int,
    *,
    begin_h: float,
    storm: bool,
) -> tuple[Stage, dict[str, list[Path]]]:
    """What the demonstration needs on given inputs; a network is made up for a bare city.

    Crews are made up in either case, and a day of faults on the network's own devices.
    """
    files: dict[str, list[Path]] = {}
    if city is not None:
        road_files = [city / "nodes.csv", city / "edges.csv"]
        network = network_on(read_roads(road_files), seed)
        made = folder / "city.gpkg"
        made.unlink(missing_ok=True)
        write_layers(network, made)
        files["network"] = [made]
    else:
        network = read_network(list(network_files)).network
        files["network"] = list(network_files)
    if road_files:
        files["roads"] = list(road_files)
    crews = crews_on(_places(network), seed, CREWS)
    roster = folder / "crews.csv"
    write_crews_csv(crews, roster)
    files["crews"] = [roster]
    begins = DAY + timedelta(hours=begin_h)
    stage = Stage(
        day=day_on(network, seed, begins=begins, storm=storm),
        crews=[Base(crew_id=crew_id, lon=lon, lat=lat) for crew_id, _, lon, lat in crews],
        roads=list(road_files),
        begins=begins,
    )
    return stage, files


def _places(network: Network) -> list[tuple[float, float]]:
    """Where there is work: the transformers, or the customers where there are none; EPSG:4326."""
    points = [t.point for t in network.transformers if t.point is not None]
    points = points or [u.point for u in network.usage_points if u.point is not None]
    return [(point.x, point.y) for point in points]
