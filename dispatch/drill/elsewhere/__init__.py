"""A simulated day where you are: on any network, or on a made-up one along a real city's roads."""

from dispatch.drill.elsewhere.crews import crews_on, write_crews_csv
from dispatch.drill.elsewhere.on_network import day_on
from dispatch.drill.elsewhere.on_roads import network_on

__all__ = ["crews_on", "day_on", "network_on", "write_crews_csv"]
