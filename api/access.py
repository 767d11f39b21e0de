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
WALL = WATCH | {Role.WALL}
READERS = frozenset(Role) - {Role.CREW, Role.WALL}
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
    ("POST", f"{API}/tickets/{{ticket_id}}/callback/hold"): DESK,
    ("PUT", f"{API}/tickets/{{ticket_id}}/callback/hold"): DESK,
    ("GET", f"{API}/callbacks"): DESK,
    ("POST", f"{API}/callbacks/next"): DESK,
    ("DELETE", f"{API}/callbacks/held"): DESK,
    ("POST", f"{API}/answers-given"): REPORTERS,
    ("GET", f"{API}/answers-given"): DESK,
    ("PUT", f"{API}/usage-points/{{usage_point_id}}/access"): DESK,
    # dispatchers
    ("PUT", f"{API}/tickets/{{ticket_id}}/place"): DESK,
    ("POST", f"{API}/tickets/{{ticket_id}}/close"): ROOM,
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
    ("GET", f"{API}/outages/{{outage_id}}/forecast"): READERS,
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
    ("GET", f"{API}/orders/{{order_id}}/eta"): WATCH,
    ("GET", f"{API}/orders/{{order_id}}/arrival"): WATCH,
    ("GET", f"{API}/orders/{{order_id}}/crews"): WATCH,
    ("PUT", f"{API}/orders/{{order_id}}/assignment"): ROOM,
    ("PUT", f"{API}/orders/{{order_id}}/after"): ROOM,
    ("PUT", f"{API}/orders/{{order_id}}/parts"): ROOM,
    ("PUT", f"{API}/orders/{{order_id}}/support"): ROOM,
    ("POST", f"{API}/incidents/{{incident_id}}/close"): ROOM,
    ("GET", f"{API}/planned-outages"): READERS,
    ("POST", f"{API}/planned-outages"): ROOM,
    ("POST", f"{API}/planned-outages/{{planned_id}}/cancel"): ROOM,
    ("POST", f"{API}/planned-outages/{{planned_id}}/remind"): ROOM,
    ("POST", f"{API}/planned-outages/{{planned_id}}/end"): ROOM,
    ("GET", f"{API}/road-closures"): WATCH,
    ("POST", f"{API}/road-closures"): ROOM,
    ("POST", f"{API}/road-closures/preview"): ROOM,
    ("PUT", f"{API}/road-closures/{{closure_id}}/end"): ROOM,
    ("DELETE", f"{API}/road-closures/{{closure_id}}"): ROOM,
    ("GET", f"{API}/zones"): WATCH,
    ("POST", f"{API}/zones"): ROOM,
    ("POST", f"{API}/zones/preview"): ROOM,
    ("PUT", f"{API}/zones/{{zone_id}}/end"): ROOM,
    ("DELETE", f"{API}/zones/{{zone_id}}"): ROOM,
    ("GET", f"{API}/coverage"): WATCH,
    ("POST", f"{API}/coverage/move-up"): ROOM,
    ("DELETE", f"{API}/coverage/move-up/{{crew_id}}"): ROOM,
    ("GET", f"{API}/crew-loans"): WATCH,
    ("POST", f"{API}/crew-loans"): ROOM,
    **{
        ("POST", f"{API}/crew-loans/{{loan_id}}/{step}"): ROOM
        for step in ("grant", "refuse", "recall", "return")
    },
    ("GET", f"{API}/lending-rules"): WATCH,
    ("POST", f"{API}/lending-rules"): ROOM,
    ("DELETE", f"{API}/lending-rules/{{rule_id}}"): ROOM,
    ("GET", f"{API}/worklist"): WATCH,
    ("POST", f"{API}/bulk/preview"): ROOM,
    ("POST", f"{API}/bulk"): ROOM,
    ("POST", f"{API}/bulk/{{bulk_id}}/undo"): ROOM,
    ("GET", f"{API}/alarms"): WATCH,
    ("POST", f"{API}/alarms/{{alarm_id}}/acknowledge"): ROOM,
    ("POST", f"{API}/outages/{{outage_id}}/notes"): ROOM,
    ("POST", f"{API}/incidents/{{incident_id}}/notes"): ROOM,
    ("POST", f"{API}/tickets/{{ticket_id}}/notes"): DESK,
    ("GET", f"{API}/presence"): WATCH,
    ("PUT", f"{API}/presence"): WATCH,
    ("GET", f"{API}/history"): WATCH,
    # crews
    ("GET", f"{API}/crews"): WATCH,
    ("PUT", f"{API}/crews/{{crew_id}}/carries"): ROOM,
    ("PUT", f"{API}/crews/{{crew_id}}/rest"): ROOM,
    ("DELETE", f"{API}/crews/{{crew_id}}/rest"): ROOM,
    ("POST", f"{API}/crews/{{crew_id}}/retire"): TEACHERS,
    ("POST", f"{API}/crews/{{crew_id}}/reinstate"): TEACHERS,
    ("GET", f"{API}/depots"): WATCH,
    ("PUT", f"{API}/depots/{{depot_id}}"): TEACHERS,
    ("DELETE", f"{API}/depots/{{depot_id}}"): TEACHERS,
    ("GET", f"{API}/crew/orders"): FIELD,
    ("GET", f"{API}/crew/stand-by"): FIELD,
    ("GET", f"{API}/crew/loan"): FIELD,
    ("POST", f"{API}/crew/actions"): FIELD,
    ("POST", f"{API}/crew/positions"): FIELD,
    ("POST", f"{API}/crew/orders/{{order_id}}/pause"): FIELD,
    ("POST", f"{API}/crew/orders/{{order_id}}/resume"): FIELD,
    ("POST", f"{API}/crew/warnings/{{warning_id}}/acknowledge"): FIELD,
    ("PUT", f"{API}/crew/photos/{{photo_id}}"): FIELD,
    ("GET", f"{API}/orders/{{order_id}}/photos"): WATCH,
    ("GET", f"{API}/photos/{{photo_id}}"): WATCH,
    ("GET", f"{API}/missed-check-ins"): WATCH,
    ("POST", f"{API}/missed-check-ins/{{missed_id}}/acknowledge"): WATCH,
    # devices that say where crews are
    **{
        (method, f"/trackers/{wire}{key}"): DEVICES
        for wire in ("traccar", "osmand", "owntracks", "gpslogger")
        for key in ("", "/{key}")
        for method in ("GET", "POST")
    },
    ("GET", f"{API}/trackers"): WATCH,
    ("POST", f"{API}/trackers"): ADMIN,
    ("PUT", f"{API}/trackers/{{tracker_id}}/crew"): WATCH,
    ("POST", f"{API}/trackers/{{tracker_id}}/secret"): ADMIN,
    ("DELETE", f"{API}/trackers/{{tracker_id}}"): TEACHERS,
    ("PUT", f"{API}/vehicles/{{vehicle}}/crew"): WATCH,
    ("GET", f"{API}/crew-positions"): WATCH,
    # meters and switchgear
    ("POST", f"{API}/meter-signals"): SENSORS,
    ("POST", f"{API}/device-states"): SENSORS | ROOM,
    # supervisors
    ("GET", f"{API}/commitments"): WATCH,
    ("GET", f"{API}/commitments/ledger"): WATCH,
    ("GET", f"{API}/commitments/ledger.csv"): WATCH,
    ("GET", f"{API}/commitments/clocks"): WATCH,
    ("GET", f"{API}/clocks/{{clock_id}}"): WATCH,
    ("POST", f"{API}/clocks/{{clock_id}}/rejudge"): TEACHERS,
    **{
        ("POST", f"{API}/{thing}/{step}"): WATCH
        for thing in ("tickets/{ticket_id}", "outages/{outage_id}", "orders/{order_id}")
        for step in ("pause", "resume")
    },
    ("GET", f"{API}/warnings"): WATCH,
    ("POST", f"{API}/warnings/{{warning_id}}/acknowledge"): WATCH,
    ("GET", f"{API}/repeated-outages"): WATCH,
    ("GET", f"{API}/planned-notices"): WATCH,
    ("GET", f"{API}/rule-sets"): WATCH,
    ("GET", f"{API}/rule-sets/{{version}}"): WATCH,
    ("POST", f"{API}/rule-sets/check"): TEACHERS,
    ("POST", f"{API}/rule-sets"): ADMIN,
    ("POST", f"{API}/rule-sets/{{version}}/withdraw"): ADMIN,
    ("GET", f"{API}/indices"): WATCH,
    ("GET", f"{API}/calls-avoided"): WATCH,
    ("GET", f"{API}/rates"): WATCH,
    ("POST", f"{API}/rates/{{version}}/apply"): TEACHERS,
    ("GET", f"{API}/forecasts"): WATCH,
    ("POST", f"{API}/forecasts/{{version}}/apply"): TEACHERS,
    ("GET", f"{API}/suspected-links"): WATCH,
    ("POST", f"{API}/suspected-links/{{usage_point_id}}/decision"): TEACHERS,
    ("GET", f"{API}/link-decisions"): WATCH,
    ("POST", f"{API}/link-decisions/{{decision_id}}/undo"): TEACHERS,
    # pages and their parts
    ("GET", "/"): EVERYBODY,
    ("GET", "/login"): PUBLIC,
    ("GET", "/language/{code}"): PUBLIC,
    ("GET", "/theme/{choice}"): PUBLIC,
    ("GET", "/console"): WATCH,
    ("GET", "/console/rows"): WATCH,
    ("GET", "/console/alarms"): WATCH,
    ("GET", "/basemap/{stamp}.pmtiles"): WATCH,
    ("GET", "/console/anything"): WATCH,
    ("GET", "/console/crews/{crew_id}/way"): WATCH,
    ("GET", "/console/then/{layer}"): WATCH,
    ("GET", "/console/crews"): WATCH,
    ("GET", "/console/planned"): WATCH,
    ("GET", "/console/orders/{order_id}/eta"): WATCH,
    ("GET", "/console/closures"): WATCH,
    ("GET", "/console/zones"): WATCH,
    ("GET", "/console/layers/zones"): WATCH,
    ("GET", "/console/coverage"): WATCH,
    ("GET", "/console/loans"): WATCH,
    ("GET", "/console/network"): WATCH,
    ("GET", "/console/outages/{outage_id}"): WATCH,
    ("GET", "/console/outages/{outage_id}/thought"): WATCH,
    ("GET", "/console/outages/{outage_id}/settle"): WATCH,
    ("GET", "/console/incidents/{incident_id}"): WATCH,
    ("GET", "/console/reports/{ticket_id}"): WATCH,
    ("GET", "/console/layers/coverage"): WATCH,
    ("GET", "/console/layers/planned"): WATCH,
    ("GET", "/console/layers/{layer}"): WATCH,
    ("GET", "/board"): WALL,
    ("GET", "/board/parts"): WALL,
    ("GET", "/board/promises"): WALL,
    ("GET", "/board/layers/{layer}"): WALL,
    ("GET", "/trackers"): WATCH,
    ("GET", "/trackers/parts"): WATCH,
    ("GET", "/learning"): TEACHERS,
    ("GET", "/learning/parts"): TEACHERS,
    ("GET", "/commitments"): WATCH,
    ("GET", "/commitments/parts"): WATCH,
    ("GET", "/commitments/clocks"): WATCH,
    ("GET", "/commitments/clocks/{clock_id}"): WATCH,
    ("GET", "/desk"): DESK,
    ("GET", "/desk/answer"): DESK,
    ("GET", "/desk/callbacks"): DESK,
    ("GET", "/desk/reports/{ticket_id}"): DESK,
    ("GET", "/crew"): FIELD,
    ("GET", "/crew/orders"): FIELD,
    # the public, while RELIGHT_PUBLIC_MAP is on
    ("GET", "/map"): PUBLIC,
    ("GET", "/map/report"): PUBLIC,
    ("POST", "/map/report"): PUBLIC,
    ("GET", "/map/tell"): PUBLIC,
    ("POST", "/map/tell"): PUBLIC,
    ("GET", "/map/{name}"): PUBLIC,
    ("POST", f"{API}/messages/lease"): SENSORS,
    ("POST", f"{API}/messages/{{message_id}}/outcome"): SENSORS,
    # paper and reports
    ("GET", "/reports"): WATCH,
    ("GET", "/reports/film"): WATCH,
    ("GET", "/reports/report.pdf"): WATCH,
    ("GET", "/reports/report.xlsx"): WATCH,
    ("GET", "/reports/reliability.csv"): WATCH,
    ("GET", "/reports/punctuality.csv"): WATCH,
    ("GET", "/outages/{outage_id}/dossier"): WATCH,
    ("GET", "/outages/{outage_id}/dossier.pdf"): WATCH,
    ("GET", "/crew/shell"): PUBLIC,
    ("GET", "/crew-worker.js"): PUBLIC,
    ("GET", "/crew.webmanifest"): PUBLIC,
    ("GET", "/outages/{outage_id}/map"): WATCH,
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
