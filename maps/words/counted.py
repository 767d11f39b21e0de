"""Words of the scripts that a number goes with, for one and for many of it."""

from collections.abc import Mapping

from maps.languages import several

COUNTED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "script": {
        "draw-more": several(
            "{n} point drawn; at least {least} are needed.",
            "{n} points drawn; at least {least} are needed.",
        ),
        "draw-shuts": several(
            "This closes {n} piece of road, {km} km.", "This closes {n} pieces of road, {km} km."
        ),
        "count-all": several("{n} thing to do", "{n} things to do"),
        "count-customers": several("{n} customer out", "{n} customers out"),
        "customers": several("{n} customer", "{n} customers"),
        "zone-outages": several("{n} outage", "{n} outages"),
        "zone-waiting": several("{n} order without a crew", "{n} orders without a crew"),
    },
    "map": {
        "measure": several("{n} point, {km} km", "{n} points, {km} km"),
        "lasso-work": several("{n} outage or incident", "{n} outages and incidents"),
        "lasso-reports": several("{n} report", "{n} reports"),
        "back-customers": several("{n} customer out", "{n} customers out"),
        "back-outages": several("{n} outage", "{n} outages"),
        "back-reports": several("{n} report", "{n} reports"),
        "back-crews": several(
            "{n} crew seen, {busy} with an order", "{n} crews seen, {busy} with an order"
        ),
    },
}
