"""Every number of the drill, with its source or the word assumption.

No figure here describes a real company. What a method believes about callers and faults is set
elsewhere: a method that read this file would know the answers.
"""

from typing import Final

# --- the episode ----------------------------------------------------------------------------------
HOURS: Final = 12.0  # assumption: a shift
LAST_FAULT_H: Final = 10.5  # assumption: later faults would tell nothing
STORM_BEGINS_H: Final = (8, 15)  # assumption: local hour at which a stormy episode begins

# --- faults per year ------------------------------------------------------------------------------
# Assumptions, in the order of published figures for overhead lines.
LINE_FAULTS_PER_KM: Final = 0.12
TRUNK_SHARE: Final = 0.35  # behind breakers and reclosers trees are cut back, lines are stronger
TRANSFORMER_FAULTS: Final = 0.015
LOW_VOLTAGE_FAULTS: Final = 0.06  # per transformer
SERVICE_FAULTS: Final = 0.004  # per customer
INTERNAL_FAULTS: Final = 0.010  # per customer
HOURS_PER_YEAR: Final = 8_760.0

# --- how many faults an episode is given ----------------------------------------------------------
# Years of faults are pressed into half a day, or most episodes would tell nothing: all kinds alike
# in the calm, while a storm breaks lines more than services, and installations least. Assumptions.
CALM_REAL_OUTAGES: Final = 13.0  # mean, devices and services, whatever the size of the network
STORM_DEVICE_FAULTS: Final = 32.0  # mean, per 10,000 customers
STORM_SERVICE_FAULTS: Final = 13.0  # per 10,000 customers
STORM_INTERNAL_FAULTS: Final = 7.0  # per 10,000 customers
FEWEST_DEVICE_FAULTS: Final = (3, 8)  # calm, storm: an episode has so many at least
MOMENTARIES: Final = 0.5  # for each lasting fault of a line behind a breaker or recloser
WRONG_CALLS: Final = (3.0, 6.0)  # calm, storm, per 10,000 customers: wrong numbers and mischief
MISCOORDINATION: Final = 0.05  # assumption: the device above clears the fault

# --- the storm ------------------------------------------------------------------------------------
STORM_ENTERS_H: Final = 2.0  # assumption: when the front reaches the first customers
STORM_SPEED_KMH: Final = 28.0  # assumption
STORM_SLOWEST_H: Final = 5.0  # assumption: on a large land the front is quicker, to cross in this
STORM_WIDTH_H: Final = 0.9  # assumption: sigma of the bell of faults at one place
STORM_PEAK_H: Final = (
    4.0  # about as long most of a storm's faults take; told with the true parameters
)
MOMENTARY_S: Final = (5.0, 60.0)  # assumption: dead time until the last reclosing that holds

# --- callers --------------------------------------------------------------------------------------
CALL_SHARE: Final = (0.10, 0.08)  # assumption, calm and storm; a vendor states 8 to 12 % report
CALL_CONCENTRATION: Final = 12.0  # assumption: of the Beta distribution of an event's share
LARGEST_CALL_SHARE: Final = 0.9  # assumption
CALLS_WANTED: Final = 1.6  # assumption: small outages are reported too, by so many on average
CALLS_BY_KIND: Final = {  # each an assumption: nobody publishes how much oftener a kind calls
    "residential": 1.1,  # assumption: somebody is at home, or comes home
    "commercial": 0.8,  # assumption: shut at night
    "industrial": 0.3,  # assumption: own electricians look first; one call for a whole works
    "farm": 0.5,  # assumption: a pump that stands is noticed late
    "public": 0.6,  # assumption
}
"""Against the mean customer, where `--kinds` makes them differ; brought to a mean of one."""
QUICK_SHARE: Final = 0.70  # assumption
QUICK_SHAPE: Final = 1.5  # assumption (gamma)
QUICK_SCALE_MIN: Final = 9.0  # assumption (gamma)
LATE_MEAN_MIN: Final = 60.0  # assumption (exponential)
AWAKE_HOURS: Final = range(7, 23)  # assumption
AWAKE_AT_NIGHT: Final = 0.35  # assumption: of those who would call; the rest wait for the morning
CALLS_AGAIN: Final = 0.25  # assumption
AGAIN_MIN: Final = (20.0, 90.0)  # assumption: when
STILL_OUT_CALLS: Final = 0.75  # assumption: still dark when the others are lit: calls, or again
STILL_OUT_MEAN_MIN: Final = 10.0  # assumption (exponential)
MOMENTARY_CALL_SHARE: Final = 0.003  # assumption
WITH_ACCOUNT: Final = 0.80  # assumption; the others have a position only
WRONG_ACCOUNT: Final = 0.02  # assumption
GOOD_POSITION: Final = 0.80  # assumption
POSITION_ACCURACY_M: Final = (50.0, 300.0)  # assumption: good and poor positions
SIGMA_OF_ACCURACY: Final = 0.5  # assumption: standard deviation each way, of the accuracy stated
MISLOCATED_M: Final = 1_500.0  # assumption: a mislocated call is filed within this distance
LEFT_WITHOUT_FAULT_MIN: Final = 90.0  # assumption: until a call about nothing of ours is settled
LEFT_AFTER_MOMENTARY_MIN: Final = 40.0  # assumption: called back, light is on
HAZARD_SHARE: Final = 0.15  # assumption: line faults that leave something dangerous
HAZARD_TOLD: Final = 0.10  # assumption: callers of such a fault who mention it
ANSWER_RIGHT: Final = 0.90  # assumption: callers asked about the neighbours who know

# --- meters ---------------------------------------------------------------------------------------
GASP_HEARD: Final = 0.80  # assumption: last gasps that arrive
GASP_WITHIN_S: Final = 45.0  # assumption
GASP_AFTER_S: Final = 20.0  # assumption: a shorter loss makes no signal
POWER_UP_HEARD: Final = 0.95  # assumption
POWER_UP_WITHIN_S: Final = 180.0  # assumption
FALSE_GASPS_PER_YEAR: Final = 0.05  # assumption: per meter, a technician or a bad contact

# --- crews ----------------------------------------------------------------------------------------
QUEUE_MIN: Final = ((5.0, 20.0), (30.0, 300.0))  # assumption: calm, storm
MANY_CUSTOMERS: Final = 1_000  # assumption: such an outage goes first
QUEUE_MANY_MIN: Final = ((5.0, 10.0), (10.0, 30.0))  # assumption: calm, storm
DRIVE_MIN: Final = 35.0  # assumption
UNREPORTED_MIN: Final = 150.0  # assumption: an outage that nobody reports is found by then
# Median minutes of work on site and the sigma of its logarithm; assumptions.
REPAIR_MIN: Final = {
    "line": (75.0, 0.5),
    "transformer": (150.0, 0.4),
    "low_voltage": (50.0, 0.5),
    "service": (25.0, 0.5),
    "internal": (10.0, 0.4),
}
LARGE_CUSTOMERS: Final = 100  # assumption: from here on an outage is restored in parts, perhaps
IN_PARTS: Final = 0.60  # assumption: large outages that are
FIRST_PART: Final = 0.6  # assumption: customers who have light again before the repair
SWITCHING_MIN: Final = (10.0, 35.0)  # assumption: from the crew's finding to the first part

# --- the desk that runs a method ------------------------------------------------------------------
LOOK_AFTER_S: Final = 30.0  # news gathered before a feeder is looked at again; product: seconds
LOOK_AGAIN_S: Final = 60.0  # while an order is held back
STIRRING_H: Final = 3.0  # hours over which openings are counted, as in the product

# --- networks made up for the drill ---------------------------------------------------------------
CUSTOMERS_QUARTILES: Final = (1, 14, 51, 85, 190)  # Mux (ANEEL BDGD 2024): per transformer
CUSTOMERS_AROUND_M: Final = 120.0  # assumption: made-up customers live so far around (sigma 1/2)
AMERICAN_TRANSFORMERS: Final = 1_500
AMERICAN_CUSTOMERS: Final = (1, 8)  # per transformer, as is usual with small single-phase ones
AMERICAN_FEEDERS: Final = 5  # assumption
AMERICAN_LATERAL: Final = (2, 14)  # assumption: transformers on a fused lateral
AMERICAN_SPAN_M: Final = (60.0, 180.0)  # assumption: from transformer to transformer
AMERICAN_TRUNK_SPAN_M: Final = (150.0, 450.0)  # assumption: from lateral to lateral
AMERICAN_RECLOSERS: Final = 2  # assumption: on a feeder's trunk, beside its breaker
AMERICAN_BRANCHING: Final = 0.3  # assumption: laterals that carry a second fuse half-way
