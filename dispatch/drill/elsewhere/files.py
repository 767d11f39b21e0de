"""A made-up network as a file that the loaders read."""

from pathlib import Path

from dispatch.drill.county.files import _write_network
from gis.network.model import Network


def write_network(network: Network, path: Path) -> Path:
    """Write `network` with its customers as a GeoPackage of our layers, over what is there.

    Every kind of thing must occur in it, as it does in what `network_on` gives.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    _write_network(network, path)
    return path
