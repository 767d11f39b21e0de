"""Every number of the demo county and of its simulated day, with its source or the word assumption.

Nothing here describes a real place or a real company. A number marked *Mux* was counted in the
network that the Brazilian utility Mux Energia published for 2024 (ANEEL, BDGD); one marked
*Taipower* in the feeder lists that Taiwan Power Company published; the rest are assumptions,
most of them chosen so that the place looks like a county and gives dispatchers something to do.
"""

from datetime import datetime, timedelta, timezone
from typing import Final

SYNTHETIC: Final = "演示数据"  # the mark on every row

# --- where ------------------------------------------------------------------------------------
CITY: Final = "澜州市"  # invented; absent from the 2023 list of administrative divisions
COUNTY: Final = "云岭县"  # invented; same list
ORIGIN_LON: Final = 114.60  # assumption: a frame in the hills of south China, no place meant
ORIGIN_LAT: Final = 26.90  # assumption
HALF_WIDTH_M: Final = 33_000.0  # assumption
HALF_HEIGHT_M: Final = 27_000.0  # assumption
CELL_M: Final = 250.0  # assumption: grain of the terrain

# --- places -----------------------------------------------------------------------------------
TOWNS: Final = 12  # assumption
VILLAGES: Final = 150  # assumption
HAMLETS: Final = 44  # assumption
TOWN_SPACING_M: Final = 8_000.0  # assumption
VILLAGE_SPACING_M: Final = 1_500.0  # assumption
HAMLET_SPACING_M: Final = 2_200.0  # assumption
HAMLET_MIN_HEIGHT_M: Final = 330.0  # assumption
SEAT_CLEARANCE_M: Final = 3_400.0  # assumption: no village nearer
TOWN_CLEARANCE_M: Final = 1_700.0  # assumption: no village nearer
HAMLET_CLEARANCE_M: Final = 4_500.0  # assumption: no hamlet nearer to a town
SEAT_HALF_AXES_M: Final = (2_050.0, 1_550.0)  # assumption
TOWN_RADIUS_M: Final = 420.0  # assumption

STREET_GAPS: Final = 0.2  # assumption: pieces of small streets left out, so that blocks differ
ALLEYS: Final = 0.7  # assumption: blocks with an alley
OPEN_ALLEYS: Final = 0.55  # assumption: alleys that lead through
BACK_LANES: Final = 0.4  # assumption: village lanes that meet at their ends

# --- roads ------------------------------------------------------------------------------------
# Class -> posted limit in km/h; assumptions in the range of Chinese county roads.
MAXSPEED_KMH: Final = {
    "primary": 60,
    "secondary": 50,
    "tertiary": 40,
    "unclassified": 30,
    "residential": 30,
    "living_street": 20,
}
MOUNTAIN_KMH: Final = 20  # assumption: a concrete track to a hamlet
STEEP_SLOPE: Final = 0.07  # assumption: where a road starts to avoid the slope
WINDING_HEIGHT_M: Final = 260.0  # assumption: above it roads wind

# --- transformers and customers -----------------------------------------------------------------
CUSTOMERS_PER_TRANSFORMER: Final = (1, 14, 51, 85, 190)  # Mux: lowest, quartiles, highest
MEAN_CUSTOMERS_PER_TRANSFORMER: Final = 57  # Mux
FEWEST_CUSTOMERS: Final = 2_000  # assumption: fewer do not make a county
SMALLEST_COMPOUND: Final = 24  # assumption: customers of a walled compound
SPECIAL_SHARE: Final = 0.13  # assumption: transformers of a single customer, beside the public ones
# Share of the public transformers per kind of place, and how large they tend to be; assumptions.
TRANSFORMER_SHARE: Final = {"seat": 0.30, "town": 0.20, "village": 0.43, "hamlet": 0.07}
SIZE_SCORE: Final = {"seat": 1.5, "town": 0.9, "village": 0.25, "hamlet": -1.3}
RATED_KVA: Final = (30, 50, 100, 200, 315, 400, 500, 630)  # usual ratings of 10 kV transformers
KVA_PER_CUSTOMER: Final = 3.0  # assumption
COMPOUND_SHARE: Final = {"seat": 0.78, "town": 0.22, "village": 0.0, "hamlet": 0.0}  # assumption
# Of customers of shared transformers; 14 % are commercial in a real utility (Tapejara, BDGD 2024).
SHOPS: Final = {"seat": 0.16, "town": 0.14, "village": 0.04, "hamlet": 0.01}  # assumption
FARMS: Final = {"seat": 0.0, "town": 0.0, "village": 0.03, "hamlet": 0.05}  # assumption
ARREARS_SHARE: Final = 0.002  # assumption: accounts disconnected for arrears
SHARED_PHONE_SHARE: Final = 0.06  # assumption: accounts whose phone also holds another account
SECOND_PHONE_SHARE: Final = 0.08  # assumption
DIALYSIS_PER_10_000: Final = 4  # assumption: dialysis at home
PHONE_PREFIX: Final = "1540"  # 154 is allotted to no Chinese operator, so these ring nowhere

# --- network ------------------------------------------------------------------------------------
SUBSTATIONS: Final = 5  # assumption
FEEDER_TARGET: Final = {"seat": 26, "town": 30, "mountain": 66}  # Taipower: 20 to 44, to 137
FEEDER_SMALLEST: Final = 12  # assumption: a smaller remainder joins another feeder
OPEN_POINTS_PER_FEEDER: Final = 1.5  # six per four feeders, as in a published test feeder set
TIE_LONGEST_M: Final = 4_000.0  # assumption
LONG_TRUNK_M: Final = 7_000.0  # assumption: from here on a feeder gets a recloser
FUSED_LATERAL_MOST: Final = 8  # assumption: a larger lateral gets a switch instead of a fuse
FUSED_SPUR_M: Final = (
    300.0  # assumption: shorter spurs of one transformer have no fuse of their own
)
PREMISES_PER_BOX: Final = 6  # assumption: meters of six houses in one box
PREMISES_PER_CIRCUIT: Final = 14  # assumption
MOST_CIRCUITS: Final = 4  # assumption

# --- crews --------------------------------------------------------------------------------------
DISTRICTS: Final = 5  # assumption
REMOTE_HEIGHT_M: Final = 330.0  # assumption: ground above it is remote, towns excepted
SMALLEST_REMOTE_M2: Final = 4e6  # assumption: smaller patches of high ground stay rural
DAY_SHIFT: Final = ("08:00", "20:00")  # assumption
NIGHT_SHIFT: Final = ("20:00", "08:00")  # assumption
# Shift and skills of each crew of the seat's district, and of every other; assumptions.
SEAT_CREWS: Final = (
    ("day", ("lv", "mv", "hazard")),
    ("day", ("lv", "hazard")),
    ("day", ("lv", "mv", "cable", "hazard")),
    ("day", ("mv", "live_line", "hazard")),
    ("day", ("lv",)),
    ("night", ("lv", "mv", "hazard")),
    ("night", ("lv", "mv", "cable", "hazard")),
)
DEPOT_STOCKS: Final = (
    ("变压器 100 kVA", "变压器 200 kVA", "变压器 400 kVA", "电杆", "熔断器", "电缆 240 mm2"),
    ("变压器 100 kVA", "电杆", "熔断器"),
)
TOWN_CREWS: Final = (
    ("day", ("lv", "mv", "hazard")),
    ("day", ("lv", "hazard")),
    ("night", ("lv", "mv", "hazard")),
)

# --- the simulated day ----------------------------------------------------------------------------
CHINA: Final = timezone(timedelta(hours=8), "UTC+08:00")
DAY: Final = datetime(
    2026, 7, 15, 0, 0, tzinfo=CHINA
)  # assumption: a Wednesday in the storm season
# Faults per year; assumptions, in the order of published overhead-line figures.
MV_FAULTS_PER_KM: Final = 0.12
MV_FAULTS_PER_KM_URBAN: Final = 0.05  # cables
TRANSFORMER_FAULTS: Final = 0.015
LV_FAULTS_PER_TRANSFORMER: Final = 0.06
SERVICE_FAULTS_PER_CUSTOMER: Final = 0.004
INTERNAL_FAULTS_PER_CUSTOMER: Final = 0.010
MISCOORDINATION: Final = 0.05  # assumption: the device above clears the fault

STORM_ENTERS_H: Final = 14.5  # assumption: local hour at which the front crosses the western border
STORM_SPEED_KMH: Final = 28.0  # assumption
STORM_BEARING_DEG: Final = 105.0  # assumption: from west-north-west
STORM_WIDTH_H: Final = 0.75  # assumption: standard deviation of the blow at one place
STORM_PEAK: Final = 1_500.0  # assumption: fault rate of lines at the peak, times the calm rate
STORM_PEAK_SERVICE: Final = 350.0  # assumption: the same for services
STORM_PEAK_INTERNAL: Final = 60.0  # assumption: the same for installations

CALL_SHARE_CALM: Final = 0.10  # assumption; one vendor states that 8 to 12 % of customers report
CALL_SHARE_STORM: Final = 0.08  # assumption
CALL_SHARE_CONCENTRATION: Final = 12.0  # assumption
CALLS_WANTED: Final = 1.6  # assumption: small outages are reported too, by at least this many
QUICK_CALL_SHARE: Final = 0.70  # assumption: the rest call late
QUICK_CALL_SHAPE: Final = 1.5  # assumption (gamma)
QUICK_CALL_SCALE_MIN: Final = 9.0  # assumption (gamma)
LATE_CALL_MEAN_MIN: Final = 60.0  # assumption (exponential)
NIGHT_CALLS: Final = 0.35  # assumption: share of the callers who are awake at night
CALLS_AGAIN: Final = 0.25  # assumption
URGES: Final = 0.5  # assumption: share of repeat calls that only press for a known ticket
NEIGHBOURS_LIT_CALLS: Final = 0.75  # assumption: still dark when the street is lit: calls at once
WITH_ACCOUNT: Final = 0.55  # assumption: share of reports that name the account
WITH_PHONE: Final = 0.25  # assumption: share recognised by the caller's number only
WITH_ADDRESS: Final = (
    0.12  # assumption: share with nothing but an address; the rest give a position
)
WRONG_ACCOUNT: Final = 0.02  # assumption
POSITION_ERROR_M: Final = (50.0, 300.0)  # assumption: good and poor positions
GOOD_POSITION: Final = 0.8  # assumption
GCJ02_SHARE: Final = 0.7  # assumption: positions sent in the datum of Chinese phones
HAZARD_SHARE: Final = 0.15  # assumption: line faults that leave something dangerous
HAZARD_SEEN: Final = 0.1  # assumption: callers of such a fault who mention it
ANSWERS_CALL_BACK: Final = 0.8  # assumption
SATISFIED: Final = 0.95  # assumption: of those who answer
ARREARS_CALLS: Final = 0.12  # assumption: disconnected customers who call that day
PLANNED_CALL_SHARE: Final = 0.02  # assumption: customers in planned work who call all the same
WRONG_NUMBERS: Final = 9  # assumption: a day's calls that are about nothing of ours
LOW_VOLTAGE: Final = 7  # assumption: a day's complaints about voltage

DRIVE_MIN: Final = 35.0  # assumption, only for how long ground truth lets callers sit in the dark
QUEUE_CALM_MIN: Final = (5.0, 20.0)  # assumption
QUEUE_STORM_MIN: Final = (30.0, 240.0)  # assumption
# Median minutes of work on site and its spread (lognormal sigma); assumptions.
REPAIR_MIN: Final = {
    "mv_line": (75.0, 0.5),
    "transformer": (150.0, 0.4),
    "lv_line": (50.0, 0.5),
    "service": (25.0, 0.5),
    "internal": (10.0, 0.4),
}
PLANNED_WORKS: Final = 2  # assumption
PLANNED_HOURS: Final = (7.0, 15.5)  # assumption: first cut and last restoration, local hours
