"""The demo county: a made-up Chinese county and a simulated day in it, both from a seed."""

from dispatch.drill.county.county import County, PlannedWork, generate
from dispatch.drill.county.day import Happening, day
from dispatch.drill.county.faults import Fault
from dispatch.drill.county.files import write

__all__ = ["County", "Fault", "Happening", "PlannedWork", "day", "generate", "write"]
