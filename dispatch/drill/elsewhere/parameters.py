"""What the county's parameters do not say; every number here is an assumption."""

from typing import Final

# --- the day --------------------------------------------------------------------------------------
FRONT_ENTERS: Final = 0.15  # share of the day after which the storm front comes in
FRONT_LEAVES: Final = 0.75  # share of the day at which it has crossed, however large the land is
STORM_WIDTH_SHARE: Final = 0.1  # of the day: the blow at one place is no wider (sigma)
DRAWS_PER_FAULT: Final = 20  # so often is looked for something that is not broken yet

# --- a made-up network ----------------------------------------------------------------------------
FEEDERS_PER_SUBSTATION: Final = 3
REACH_M: Final = 6_000.0  # along the roads: farther from every substation stands no transformer
SPARE_JUNCTIONS: Final = 1.5  # the reach grows until there are so many junctions per transformer
HOME_SPREAD_M: Final = 45.0  # sigma of where customers live about their transformer, each way
HOME_FARTHEST_M: Final = 130.0
TRANSFORMER_OFF_M: Final = (10.0, 25.0)  # a transformer stands this far from its junction
DEVICE_M: Final = 9.0  # a switch is drawn this far down the line that it guards
RECLOSER_SHARE: Final = 0.66  # the trunk's recloser: first point with so few transformers beyond
SECTIONALISER_SHARE: Final = 0.33  # likewise
