"""OsmAnd's live tracking: a template of ours, so its speed is m/s and its `hdop` is metres."""

from api.trackers.readings import Message, Sent
from api.trackers.traccar import parse_parameters


def parse(sent: Sent) -> Message:
    """Read a request."""
    params = dict(sent.params)
    if "hdop" in params:
        params["accuracy"] = params.pop("hdop")
    return parse_parameters(params, speed_unit_mps=1.0)
