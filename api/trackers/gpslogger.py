"""GPSLogger for Android: a template of ours (docs/trackers.md); speed is m/s, accuracy metres."""

from api.trackers.readings import Message, Sent
from api.trackers.traccar import parse_parameters


def parse(sent: Sent) -> Message:
    """Read a request; the device is `id`, else the user of Basic auth."""
    message = parse_parameters(sent.params, speed_unit_mps=1.0)
    return message if message.device else Message(sent.user, message.items)
