"""Which role may call what: one table, read by the guard of every route and by the tests.

A route that stands in no row is closed to everybody. `PUBLIC` rows need no caller at all.
"""

from collections.abc import Iterator, Mapping

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts

from api.callers import Caller, Callers, Role
from dispatch.errors import Forbidden, NotAuthenticated

API = "/api/v1"

PUBLIC: frozenset[Role] = frozenset()
DEVICES = PUBLIC
"""Devices show who they are by their own name and secret, which the route itself checks."""
EVERYBODY = frozenset(Role)
ADMIN = frozenset({Role.ADMIN})
DESK = frozenset({Role.AGENT, Role.DISPATCHER, Role.ADMIN})
ROOM = frozenset({Role.DISPATCHER, Role.ADMIN})
WATCH = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN})
REPORTERS = DESK | {Role.INTEGRATION}
SENSORS = frozenset({Role.INTEGRATION, Role.ADMIN})
READERS = frozenset(Role) - {Role.CREW}
FIELD = frozenset({Role.CREW})
TEACHERS = frozenset({Role.SUPERVISOR, Role.ADMIN})

ROUTES: Mapping[tuple[str, str], frozenset[Role]] = {
    # processes and documents
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/api/openapi.json"): PUBLIC,
    # login
    ("POST", "/login"): PUBLIC,
    ("POST", "/logout"): PUBLIC,
    ("POST", f"{API}/sessions"): PUBLIC,
    ("DELETE", f"{API}/sessions"): EVERYBODY,
    ("GET", f"{API}/me"): EVERYBODY,
    # agents
    ("GET", f"{API}/known-outage"): REPORTERS,
    ("POST", f"{API}/tickets"): REPORTERS,
    ("GET", f"{API}/tickets/{{ticket_id}}"): READERS,
    ("POST", f"{API}/tickets/{{ticket_id}}/urge"): REPORTERS,
    ("POST", f"{API}/tickets/{{ticket_id}}/attach"): DESK,
    ("POST", f"{API}/tickets/{{ticket_id}}/detach"): DESK,
    ("POST", f"{API}/tickets/{{ticket_id}}/callback"): DESK,
    # dispatchers
    ("PUT", f"{API}/tickets/{{ticket_id}}/place"): DESK,
    ("GET", f"{API}/outages"): READERS,
    ("GET", f"{API}/outages/{{outage_id}}"): READERS,
    ("GET", f"{API}/outages/{{outage_id}}/crews"): WATCH,
    ("GET", f"{API}/outages/{{outage_id}}/next-evidence"): READERS,
    ("GET", f"{API}/outages/{{outage_id}}/call-backs"): READERS,
    ("PUT", f"{API}/outages/{{outage_id}}/assignment"): ROOM,
    ("POST", f"{API}/outages/{{outage_id}}/confirm"): ROOM,
    ("POST", f"{API}/outages/{{outage_id}}/split"): ROOM,
    ("POST", f"{API}/outages/{{outage_id}}/merge"): ROOM,
    ("POST", f"{API}/outages/{{outage_id}}/estimate"): ROOM,
    ("POST", f"{API}/outages/{{outage_id}}/restore"): ROOM,
    ("POST", f"{API}/outages/{{outage_id}}/close"): ROOM,
    ("GET", f"{API}/outages/{{outage_id}}/notice"): WATCH,
    ("POST", f"{API}/outages/{{outage_id}}/notice"): ROOM,
    ("GET", f"{API}/notice-drafts"): WATCH,
    ("GET", f"{API}/notices"): WATCH,
    ("GET", f"{API}/notices/{{notice_id}}"): WATCH,
    ("POST", f"{API}/notices/{{notice_id}}/withdraw"): ROOM,
    ("GET", f"{API}/split-proposals"): WATCH,
    ("GET", f"{API}/split-proposals/{{proposal_id}}"): WATCH,
    ("POST", f"{API}/split-proposals/{{proposal_id}}/accept"): ROOM,
    ("POST", f"{API}/split-proposals/{{proposal_id}}/dismiss"): ROOM,
    ("GET", f"{API}/orders/{{order_id}}"): WATCH,
    ("GET", f"{API}/orders/{{order_id}}/crews"): WATCH,
    ("PUT", f"{API}/orders/{{order_id}}/assignment"): ROOM,
    ("POST", f"{API}/incidents/{{incident_id}}/close"): ROOM,
    ("GET", f"{API}/planned-outages"): READERS,
    ("POST", f"{API}/planned-outages"): ROOM,
    ("POST", f"{API}/planned-outages/{{planned_id}}/cancel"): ROOM,
    ("POST", f"{API}/planned-outages/{{planned_id}}/end"): ROOM,
    ("GET", f"{API}/road-closures"): WATCH,
    ("POST", f"{API}/road-closures"): ROOM,
    ("DELETE", f"{API}/road-closures/{{closure_id}}"): ROOM,
    ("GET", f"{API}/worklist"): WATCH,
    # crews
    ("GET", f"{API}/crew/orders"): FIELD,
    ("POST", f"{API}/crew/actions"): FIELD,
    ("POST", f"{API}/crew/positions"): FIELD,
    # devices that say where crews are
    **{
        (method, f"/trackers/{wire}{key}"): DEVICES
        for wire in ("traccar", "osmand", "owntracks", "gpslogger")
        for key in ("", "/{key}")
        for method in ("GET", "POST")
    },
    ("GET", f"{API}/trackers"): WATCH,
    ("POST", f"{API}/trackers"): ADMIN,
    ("PUT", f"{API}/trackers/{{tracker_id}}/crew"): ROOM,
    ("POST", f"{API}/trackers/{{tracker_id}}/secret"): ADMIN,
    ("DELETE", f"{API}/trackers/{{tracker_id}}"): ADMIN,
    ("PUT", f"{API}/vehicles/{{vehicle}}/crew"): ROOM,
    ("GET", f"{API}/crew-positions"): WATCH,
    # meters and switchgear
    ("POST", f"{API}/meter-signals"): SENSORS,
    ("POST", f"{API}/device-states"): SENSORS | ROOM,
    # supervisors
    ("GET", f"{API}/commitments"): WATCH,
    ("GET", f"{API}/indices"): WATCH,
    ("GET", f"{API}/calls-avoided"): WATCH,
    ("GET", f"{API}/rates"): WATCH,
    ("POST", f"{API}/rates/{{version}}/apply"): TEACHERS,
    ("GET", f"{API}/suspected-links"): WATCH,
    ("POST", f"{API}/suspected-links/{{usage_point_id}}/decision"): TEACHERS,
    ("GET", f"{API}/link-decisions"): WATCH,
    ("POST", f"{API}/link-decisions/{{decision_id}}/undo"): TEACHERS,
    # pages and their parts
    ("GET", "/"): EVERYBODY,
    ("GET", "/login"): PUBLIC,
    ("GET", "/language/{code}"): PUBLIC,
    ("GET", "/console"): WATCH,
    ("GET", "/console/list"): WATCH,
    ("GET", "/console/crews"): WATCH,
    ("GET", "/console/planned"): WATCH,
    ("GET", "/console/network"): WATCH,
    ("GET", "/console/outages/{outage_id}"): WATCH,
    ("GET", "/console/outages/{outage_id}/thought"): WATCH,
    ("GET", "/console/outages/{outage_id}/settle"): WATCH,
    ("GET", "/console/incidents/{incident_id}"): WATCH,
    ("GET", "/console/reports/{ticket_id}"): WATCH,
    ("GET", "/console/layers/{layer}"): WATCH,
    ("GET", "/learning"): TEACHERS,
    ("GET", "/learning/parts"): TEACHERS,
    ("GET", "/desk"): DESK,
    ("GET", "/desk/answer"): DESK,
    ("GET", "/desk/reports/{ticket_id}"): DESK,
    ("GET", "/crew"): FIELD,
    ("GET", "/crew/orders"): FIELD,
    # everybody's screen
    ("GET", f"{API}/live"): EVERYBODY,
}

MOUNTS: frozenset[str] = frozenset({"/static", "/tiles"})
"""Folders of files that hold nothing secret; served without a caller."""


def roles_of(method: str, path: str) -> frozenset[Role] | None:
    """Who may call; None where no row says so."""
    return ROUTES.get(("GET" if method == "HEAD" else method, path))


async def guard(request: Request) -> None:
    """Let in whom the table lets in; a dependency of the whole application.

    Raises
    ------
    NotAuthenticated, Forbidden
        Nobody known called, or somebody whom the table does not name.
    """
    roles = roles_of(request.method, request.scope["route"].path)
    callers: Callers = request.app.state.callers
    if roles is not None and not roles:
        request.state.caller = None
        return
    caller: Caller | None = await callers.identify(request)
    request.state.caller = caller
    if caller is None:
        raise NotAuthenticated("this call needs a token or a login")
    if roles is None or caller.role not in roles:
        raise Forbidden(f"the role {caller.role} may not do this", role=caller.role.value)


def every_route(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Each method and path of the application, folders of files left out."""
    for route in iter_route_contexts(app.routes):
        if route.path is None or route.path in MOUNTS:
            continue
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route.path
