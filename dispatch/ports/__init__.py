"""What the use cases need from the outside world; each port is as narrow as its users."""

from dispatch.ports.learned import Forecasts, KeptRates, Links, Signals
from dispatch.ports.outages import Outages, PlannedOutages
from dispatch.ports.places import AccessNotes, Directory, Given, Known
from dispatch.ports.positions import (
    Etas,
    Positions,
    TrackerCount,
    Trackers,
    Travel,
    TravelTimes,
    UnknownTracker,
)
from dispatch.ports.promises import Alarms, Clocks, Rules, Warnings
from dispatch.ports.reports import Attachment, Notices, Proposals, Tickets, Told, Watchers
from dispatch.ports.store import Events, Store
from dispatch.ports.work import ActionRecord, CheckIns, Crews, Depots, Loans, Orders, Photos
from dispatch.ports.zones import Zones

__all__ = [
    "AccessNotes",
    "ActionRecord",
    "Alarms",
    "Attachment",
    "CheckIns",
    "Clocks",
    "Crews",
    "Depots",
    "Directory",
    "Etas",
    "Events",
    "Forecasts",
    "Given",
    "KeptRates",
    "Known",
    "Links",
    "Loans",
    "Notices",
    "Orders",
    "Outages",
    "Photos",
    "PlannedOutages",
    "Positions",
    "Proposals",
    "Rules",
    "Signals",
    "Store",
    "Tickets",
    "Told",
    "TrackerCount",
    "Trackers",
    "Travel",
    "TravelTimes",
    "UnknownTracker",
    "Warnings",
    "Watchers",
    "Zones",
]
