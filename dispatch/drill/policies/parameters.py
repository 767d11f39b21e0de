"""What the county's parameters do not say of days of dispatching; all of it assumptions."""

from typing import Final

BEGINS_H: Final = 8.0  # the local hour at which orders begin to come
HOURS: Final = 12.0  # for so long
FAULTS_PER_DAY_CREW: Final = {False: 3.0, True: 7.0}  # calm, storm: what breaks, by crew of the day
CREWS: Final = 12  # where there is no crew list, day and night crews as the county's seat has them
CUSTOMERS: Final = 6_000  # of a network that is made up
FEEDERS: Final = 8

# By how much the single drive is longer than the map says (lognormal): finding the place, traffic.
DRIVE_CV: Final = 0.25
# By how much all roads are slower in one hour: mean and spread (lognormal), calm and storm.
HOUR_SLOW: Final = {False: (1.0, 0.08), True: (1.15, 0.15)}
CRITICAL_SHARE: Final = 0.05  # orders with a critical customer

# Area classes where no polygons are at hand: the homes with the most neighbours are urban.
NEIGHBOURHOOD_M: Final = 500.0
URBAN_SHARE: Final = 0.6
RURAL_SHARE: Final = 0.3

LOOK_EVERY_MIN: Final = 5.0  # while orders wait, everybody looks again
SHIFT_RESERVE_MIN: Final = 30.0  # no crew is sent whose shift ends sooner
LINE_KMH: Final = 30.0  # a guess at speed along straight lines; no order of crews depends on it
OVER_AFTER_H: Final = 36.0  # what is not reached by then never is
MOST_CELLS: Final = (
    150  # of customers of a district, where crews that it could spare are looked for
)
