"""Whatever stands in a text column is shown as text, on every page that shows it.

Every column that can hold text is named below: as one that is shown, which is then filled with a
script, opened and looked for, or as one that nobody is shown, with the reason. A new column fails
the test until it is named.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import ARRAY, CheckConstraint, Column, Connection, Engine, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from api.callers import Role
from api.worker import Work
from dispatch.store.tables.base import metadata
from gis.geocode import EntryKind
from tests.api.grid import lay_roads, place
from tests.api.public_town import SETTINGS, add_communities, publish
from tests.browser.conftest import PHONE, Company, Server
from tests.browser.pages import addresses, is_markup
from tests.browser.street import look
from tests.browser.test_learning import taught  # noqa: F401 (a fixture)
from tests.browser.test_paper import call  # noqa: F401 (a fixture)
from tests.browser.test_trackers import enrol
from tests.store import builders as build
from tests.store import made_up_forecasts
from tests.store.builders import LAT, LON
from tests.store.test_directory import add_place

Call = Callable[..., dict]

ATTACK = '"><img src=x onerror="window.taken=1"><script>window.taken=1</script>'
"""Ends an attribute, then two ways to run; behind it stands the column's name between ¦."""

WRITTEN: Mapping[str, str] = {
    "access_note": "text",
    "alarm_taken": "note",
    "answer_given": "said",
    "clock_pause": "note evidence",
    "crew_loan": "reason answered_for ended_for terms",
    "dispatch_step": "reason facts",
    "event": "body",
    "lending_rule": "reason",
    "link_decision": "reason undone_for",
    "outage": "cause",
    "planned_outage": "reason",
    "posting": "place",
    "road_closure": "reason",
    "ticket": "description address",
}
"""Columns that people write through the interface, by table."""

FILLED: Mapping[str, str] = {
    "access_note": "by",
    "alarm_taken": "by",
    "answer_given": "by checked",
    "arrival": "reasons",
    "attachment": "reasons",
    "clock_pause": "by ended_by",
    "crew": "name carries",
    "crew_loan": "asked_by answered_by ended_by",
    "depot": "name",
    "device": "kind name",
    "dispatch_step": "by",
    "district": "name",
    "event": "actor",
    "feeder": "name",
    "forecast_version": "made_by reason",
    "hazard_zone": "name by",
    "incident": "hazards",
    "judgement": "by why",
    "lending_rule": "by",
    "link_decision": "by undone_by",
    "notice": "released_by",
    "outage": "device_kind device_name close_reason",
    "posting": "by",
    "presence": "name",
    "rates_version": "made_by reason",
    "road_closure": "by",
    "rule_set": "note adopted_by withdrawn_for",
    "split_proposal": "device_kind device_name reasons hazards",
    "ticket": "phone meter hazards",
    "told": "held_by",
    "tracker": "device label vehicle",
    "transformer": "name",
    "trouble_order": "skills hazards why parts",
    "unknown_tracker": "device",
    "usage_point": "name address critical",
}
"""Columns that the company's files, the system or a device fill: put straight into the rows."""

UNSEEN: Mapping[str, Mapping[str, str]] = {
    "a word of the core's own, which reads no other from the row": {
        "access_token": "role",
        "answer_given": "tongue",
        "attachment": "basis",
        "bulk_action": "action",
        "clock": "area_class started_from without_pauses rule_id override_id",
        "clock_pause": "reason",
        "clock_warning": "to how rule_id",
        "crew_action": "kind outcome",
        "dispatch_step": "kind",
        "event": "kind",
        "incident": "kind area_class",
        "judgement": "verdict without_pauses override_id",
        "line_section": "phases",
        "load_receipt": "what",
        "message": "language",
        "order_eta": "basis",
        "outage": "area_class etr_source etr_confidence etr_basis phases",
        "place": "kind",
        "road_line": "road_class",
        "shift_pattern": "starts ends zone meal",
        "speeds_version": "zone",
        "switch": "phases kind",
        "ticket": "channel found_by area_class",
        "tracker_tally": "what",
        "transformer": "phases kinds",
        "trouble_order": "area_class travel_basis",
        "unknown_tracker": "wire",
        "usage_point": "kind phases",
        "watcher": "language",
    },
    "a number, a digest or a key of our own making": {
        "alarm_taken": "alarm",
        "area_map": "digest",
        "bulk_item": "thing",
        "event": "stream",
        "load_receipt": "digest",
        "notice_answer": "key",
        "place": "source source_id",
        "presence": "tab thing",
        "public_areas": "made_from",
        "public_file": "digest name",
        "road_closure_taken": "process",
        "road_graph": "digest name",
        "rule_set": "digest",
        "split_proposal": "place",
        "tracker": "id",
    },
    "numbers and words in a form of our own, checked when they are written": {
        "bulk_item": "kept",
        "crew_action": "facts",
        "forecast_version": "model report",
        "notice": "facts",
        "outage": "prediction",
        "public_areas": "areas ground",
        "public_picture": "memory",
        "rates_version": "company districts estimates",
        "rule_set": "rules ahead repeats pauses overrides",
        "speeds_version": "cells",
        "suspected_link": "evidence",
    },
    "refers to a row without a constraint; what it holds is that row's key": {
        "access_token": "districts crew_id",
        "alarm_taken": "district_id",
        "answer_given": "ticket_id",
        "clock_warning": "crew_id ticket_id",
        "device": "parent_id",
        "device_sighting": "device_id",
        "dispatch_step": "crew_id",
        "event": "district_id",
        "feeder": "head_node",
        "hazard_zone": "districts",
        "line_section": "device_id from_node to_node",
        "link_decision": "account transformer_id",
        "notice": "transformers",
        "outage": "device_id",
        "position_fix": "crew_id",
        "presence": "district_id",
        "split_proposal": "device_id tickets",
        "suspected_link": "account transformer_id candidate_id",
        "switch": "from_node to_node",
        "transformer": "device_id node lv_node",
        "usage_point": "device_id",
        "user_account": "districts crew_id",
        "watcher": "area_id",
    },
    "for finding or joining only": {
        "address_text": "search_text area_text",
        "answer_given": "id",
        "crew_action": "id",
        "crew_position": "device fix_id",
        "depot": "id stock",
        "desk_action": "id",
        "device_position": "device fix_id",
        "device_sighting": "id",
        "line_section": "id",
        "meter_signal": "id",
        "photo": "id",
        "position_fix": "id device",
        "substation": "id",
        "trouble_order": "fetched",
        "switch": "id",
        "watcher": "id",
    },
    "given to the gateway that sends it, and shown nowhere": {
        "message": "phone body note",
        "watcher": "phone area_name",
    },
    "kept for the record and for other programs; no page shows it": {
        "answer_given": "phone",
        "attachment": "by detached_by detached_reason",
        "bulk_action": "by",
        "clock": "judged_by",
        "clock_warning": "acknowledged_by note",
        "crew": "members phone skills vehicle",
        "crew_action": "detail",
        "crew_rest": "by reason",
        "desk_action": "by",
        "device_sighting": "by",
        "feeder": "id",
        "forecast_in_force": "by reason",
        "hazard_zone": "ended_by",
        "incident": "close_reason",
        "lending_rule": "revoked_by",
        "link_decision": "candidate_id",
        "link_look": "by",
        "missed_check_in": "acknowledged_by note",
        "notice": "withdrawn_by withdrawn_for",
        "rates_in_force": "by reason",
        "road_closure": "lifted_by",
        "road_line": "name",
        "rule_set": "withdrawn_by",
        "speeds_in_force": "by reason",
        "speeds_version": "made_by reason",
        "split_proposal": "decided_by decided_for",
        "substation": "name",
        "ticket": "symptoms",
        "told": "by note",
        "usage_point": "disconnected_for meter",
        "usage_point_phone": "phone",
        "user_account": "name",
    },
    "for whoever runs the machine: on the command line, never on a page": {
        "access_token": "label",
        "area_map": "source",
        "load_receipt": "source",
        "network_problem": "kind detail ids",
        "tracker": "terminal",
        "user_account": "password_hash",
    },
}
"""Columns of which no page shows the text, and why."""


def names(by_table: Mapping[str, str]) -> set[str]:
    """`table.column` of each column."""
    return {f"{table}.{each}" for table, columns in by_table.items() for each in columns.split()}


def attack_of(table: str, column: str) -> str:
    return f"{ATTACK}¦{table}.{column}¦"


def holds_text(column: Column[object]) -> bool:
    kind = column.type
    return isinstance(kind, Text | JSONB) or (
        isinstance(kind, ARRAY) and isinstance(kind.item_type, Text)
    )


def is_chosen_from_a_list(table: Table, column: Column[object]) -> bool:
    """Whether a constraint of the database leaves only words of ours."""
    checks = [each for each in table.constraints if isinstance(each, CheckConstraint)]
    return any(str(check.sqltext).startswith(f"{column.name} IN (") for check in checks)


def free_columns() -> Iterator[tuple[Table, Column[object]]]:
    """Those that may hold any text and are no reference to a row that holds it."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            free = holds_text(column) and not column.foreign_keys
            if free and not is_chosen_from_a_list(table, column):
                yield table, column


PLAIN = ATTACK.partition("<script>")[0]
"""What stands in an address cannot have a slash."""
KEYS: Mapping[str, str] = {
    name: f"{PLAIN}¦{name}¦"
    for name in (
        *("ticket.id", "ticket.account", "usage_point.account", "transformer.id", "device.id"),
        *("crew.id", "district.id", "user_account.login", "place.name", "place.address"),
    )
}
"""Keys and names that the company's files or a client bring: rows of their own hold them."""


def add_strange_keys(engine: Engine) -> None:
    """A device, its transformer with a customer, a crew, a district and a login with such keys."""
    device, transformer = KEYS["device.id"], KEYS["transformer.id"]
    with engine.begin() as c:
        build.add_feeder(c, "F3")
        build.add_device(c, device, 0, 1, feeder_id="F3")
        place = {"feeder_id": "F3", "device_id": device, "pre": 0, "lat": LAT + 0.02}
        build.add_transformer(c, transformer, 3, **place)
        build.add_home(c, KEYS["usage_point.account"], transformer, lat=LAT + 0.02)
        build.add_crew(c, KEYS["crew.id"])
        build.add_district(c, KEYS["district.id"])
        for beside, lon in (("东老樟树", LON), ("西老樟树", LON + 0.1)):
            name, address = beside + KEYS["place.name"], "永外正街" + KEYS["place.address"]
            add_place(c, EntryKind.LANDMARK, name, address, lon)
        c.execute(
            text("INSERT INTO user_account VALUES (:login, '', '', 'admin', '{}')"),
            {"login": KEYS["user_account.login"]},
        )


STATEMENTS = (
    """INSERT INTO missed_check_in (order_id, crew_id, last_sign_at, due_at, raised_at)
    VALUES (:order, 'C1', :now, :now, :now)""",
    """INSERT INTO split_proposal (id, outage_id, district_id, status, place, device_kind,
    device_name, point, probability, tickets, reasons, hazards, critical, proposed_at, version)
    SELECT nextval('proposal_number'), id, district_id, 'open', 'device:F1-b', 'fuse', '', point,
    0.5, ARRAY['B1'], '{}', '{}', false, :now, 1 FROM outage WHERE id = :outage""",
    """INSERT INTO rule_set (valid_from, digest, rules, ahead, repeats, pauses, overrides, note,
    adopted_at, adopted_by, withdrawn_at) SELECT :now + interval '1 day', digest, rules, ahead,
    repeats, pauses, overrides, '', :now, '', :now FROM rule_set""",
    "INSERT INTO unknown_tracker VALUES ('osmand', 'nobody', 3, :now, :now)",
    """INSERT INTO depot (id, name, district_id, stock, point)
    SELECT 'W1', '', 'west', '{}', point FROM transformer WHERE id = 'T1'""",
)


def add_what_nobody_writes(c: Connection, outage: int, order: int, now: datetime) -> None:
    """Rows that come of waiting or of what devices send; their texts are filled in afterwards."""
    given = {"outage": outage, "order": order, "now": now}
    for statement in STATEMENTS:
        c.execute(text(statement), given)


def fill(engine: Engine) -> None:
    """Put the script into every shown column that no person wrote it into."""
    with engine.begin() as c:
        c.execute(text("SET LOCAL session_replication_role = replica"))  # the journal's too
        for table, column in free_columns():
            name = f"{table.name}.{column.name}"
            if name in names(FILLED):
                once = " || ctid::text" if column.primary_key or column.unique else ""
                new = "ARRAY[:new]" if isinstance(column.type, ARRAY) else f":new{once}"
                statement = f'UPDATE {table.name} SET "{column.name}" = {new}'
                c.execute(text(statement), {"new": attack_of(table.name, column.name)})
        c.execute(text("UPDATE depot SET stock = (SELECT parts FROM trouble_order LIMIT 1)"))


def held(engine: Engine) -> set[str]:
    """The columns that hold their script somewhere."""
    found = set()
    with engine.connect() as c:
        for table, column in free_columns():
            name = f"{table.name}.{column.name}"
            statement = (
                f'SELECT EXISTS (SELECT 1 FROM {table.name} WHERE "{column.name}"::text LIKE :it)'
            )
            if c.scalar(text(statement), {"it": f"%¦{name}¦%"}):
                found.add(name)
    return found


class Town:
    """A town in which everything has happened once, told by people who write scripts."""

    def __init__(self, company: Company, asking: Call) -> None:
        self.company, self.call = company, asking
        self.clock = company.clock

    def ask(self, method: str, path: str, body: object = None, who: str = "dispatcher", **headers):
        return self.call(method, path, who, body or {}, **headers)

    def seen(self, path: str) -> dict[str, str]:
        """The header that says which version of a record was looked at."""
        return {"If-Match": f'"{self.ask("GET", path, None)["version"]}"'}

    def later(self, minutes: float) -> str:
        return (self.clock.now + timedelta(minutes=minutes)).isoformat()

    def report(self, ticket_id: str, account: str | None, **fields: object) -> dict:
        body = {"id": ticket_id, "channel": "phone", "account": account, **fields}
        given = {name: value for name, value in body.items() if value is not None}
        return self.ask("POST", "tickets", given, "agent")

    def examples(self) -> dict[str, object]:
        """What stands for each parameter of an address."""
        with self.company.engine.connect() as c:
            clock = c.scalar(text("SELECT max(clock_id) FROM clock_pause"))
            incident = c.scalar(text("SELECT max(id) FROM incident"))
        return {
            "outage_id": self.outage,
            "incident_id": incident,
            "ticket_id": "B1",
            "crew_id": "C1",
            "order_id": self.order,
            "clock_id": clock,
            "layer": "roads",
            "name": "en.html",
        }

    def live_through_it(self) -> None:
        add_strange_keys(self.company.engine)
        self._reports()
        self._order()
        self._district()
        self._crews()
        self._records()

    def _reports(self) -> None:
        told = {
            "description": attack_of("ticket", "description"),
            "address": attack_of("ticket", "address"),
        }
        first = self.report("B1", "T1-0", phone="13811112222", multiple_premises=True, **told)
        self.outage = first["outage"]["id"]
        for number in range(4):
            self.report(f"C{number}", f"T1-{number % 3}", multiple_premises=True)
        self.other = self.report("B3", "T2-0")["outage"]["id"]
        self.report("B4", "T9-0", hazards=["wire_down"], address=told["address"])
        self.report(KEYS["ticket.id"], KEYS["ticket.account"], **told)
        self.report("B5", KEYS["usage_point.account"])
        with self.company.engine.connect() as c:
            beside = c.scalar(
                text("SELECT min(account) FROM usage_point WHERE transformer_id = :id"),
                {"id": KEYS["transformer.id"]},
            )
        self.report("B6", beside)
        look(self.company, "F3")
        spot = {"location": {"lon": LON, "lat": LAT + 0.02}}
        self.report("B7", KEYS["ticket.account"], **spot)
        self.report("B8", None, meter="nobody's", **spot)
        self.ask("POST", "tickets/B1/urge", {"note": "again"}, "agent")
        self.ask("POST", f"outages/{self.outage}/notes", {"text": attack_of("event", "body")})
        given = {"said": attack_of("answer_given", "said"), "language": "en"}
        given |= {"id": "G1", "phone": "13811112222", "answer": "known_fault", "account": "T1-0"}
        self.ask("POST", "answers-given", given, "agent")
        with self.company.engine.connect() as c:
            home = c.scalar(text("SELECT id FROM usage_point WHERE account = 'T1-0'"))
        way_in = {"text": attack_of("access_note", "text")}
        self.ask("PUT", f"usage-points/{home}/access", way_in, "agent")
        mark = self.ask("GET", f"outages/{self.outage}/notice")["draft"]["mark"]
        self.ask("POST", f"outages/{self.outage}/notice", {"mark": mark})

    def _order(self) -> None:
        assigned = {"crew_id": "C1", "reason": attack_of("dispatch_step", "reason")}
        seen = self.seen(f"outages/{self.outage}")
        sent = self.ask("PUT", f"outages/{self.outage}/assignment", assigned, **seen)
        self.order = sent["order"]["id"]
        spot = {"id": "s1", "lon": LON, "lat": LAT + 0.01, "fixed_at": self.later(0)}
        self.ask("POST", "crew/positions", {"positions": [spot]}, "C1")
        for seq, (kind, facts) in enumerate(
            (
                ("accept", {}),
                ("en_route", {}),
                ("arrive", {}),
                ("findings", {"cause": attack_of("outage", "cause"), "damage": ATTACK}),
                ("note", {"note": attack_of("dispatch_step", "facts")}),
            )
        ):
            action = {"id": f"a{seq}", "seq": 100 + seq, "kind": kind, "order_id": self.order}
            action |= {"occurred_at": self.later(0), **facts}
            self.ask("POST", "crew/actions", {"actions": [action]}, "C1")
            self.clock.advance(1)
        pause = {"reason": "unsafe", "note": attack_of("clock_pause", "note")}
        pause["evidence"] = attack_of("clock_pause", "evidence")
        self.ask("POST", "tickets/B3/pause", pause)

    def _district(self) -> None:
        planned = {"reason": attack_of("planned_outage", "reason"), "transformers": ["T2"]}
        planned |= {"starts_at": self.later(60), "ends_at": self.later(200)}
        self.ask("POST", "planned-outages", planned)
        closed = {"reason": attack_of("road_closure", "reason")}
        self.ask("POST", "road-closures", {**closed, "line": [place(0, 0.4), place(0, 0.6)]})
        corners = [(LON + x / 9, LAT + y / 9) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        zone = {"kind": "storm", "name": "x", "area": corners, "ends_at": self.later(300)}
        self.ask("POST", "zones", zone)

    def _crews(self) -> None:
        wish = {"from_district": "east", "to_district": "west"}
        wish["reason"] = attack_of("crew_loan", "reason")
        (refused,) = self.ask("POST", "crew-loans", wish)
        no = {"reason": attack_of("crew_loan", "answered_for")}
        self._of_loan(refused, "refuse", no)
        (given_back,) = self.ask("POST", "crew-loans", wish)
        granted = self._of_loan(given_back, "grant", {"crew_id": "C9"})
        self._of_loan(granted, "recall", {"reason": attack_of("crew_loan", "ended_for")})
        (lent,) = self.ask("POST", "crew-loans", wish)
        terms = {"crew_id": "C9", "terms": attack_of("crew_loan", "terms")}
        self._of_loan(lent, "grant", terms)
        self.ask("POST", "crew-loans", wish)
        rule = {**wish, "reason": attack_of("lending_rule", "reason")}
        self.ask("POST", "lending-rules", rule)
        spot = {"crew_id": "C2", "lon": LON, "lat": LAT, "place": attack_of("posting", "place")}
        self.ask("POST", "coverage/move-up", spot)
        rest = {"minutes": 30, "reason": attack_of("crew_rest", "reason")}
        self.ask("PUT", "crews/C2/rest", rest)

    def _of_loan(self, loan: dict, step: str, body: dict) -> dict:
        version = {"If-Match": f'"{loan["version"]}"'}
        return self.ask("POST", f"crew-loans/{loan['id']}/{step}", body, **version)

    def _records(self) -> None:
        enrol(self.company, "alpha", "alpha")
        self.ask("PUT", "presence", {"tab": "t1", "thing": f"outage-{self.outage}"}, "dispatcher")
        Work(self.company.house).tick()
        note = {"note": attack_of("alarm_taken", "note")}
        hazard = next(a for a in self.ask("GET", "alarms") if a["kind"] == "hazard")
        self.ask("POST", f"alarms/{hazard['id']}/acknowledge", note)
        for step, body in (("confirm", {}), ("restore", {})):
            self.ask("POST", f"outages/{self.other}/{step}", body)
        self.ask("POST", "callbacks/next", {}, "agent")
        (suspected,) = self.ask("GET", "suspected-links", None, "supervisor")["links"]
        decided = {"verdict": "dismissed", "candidate": suspected["candidate"]}
        decided["reason"] = attack_of("link_decision", "reason")
        link = f"suspected-links/{suspected['usage_point_id']}/decision"
        made = self.ask("POST", link, decided, "supervisor")
        undone = {"reason": attack_of("link_decision", "undone_for")}
        self.ask("POST", f"link-decisions/{made['id']}/undo", undone, "supervisor")
        with self.company.house.transaction() as store:
            made_up_forecasts.keep(store)
        with self.company.engine.begin() as c:
            add_what_nobody_writes(c, self.outage, self.order, self.clock.now)


# What is opened --------------------------------------------------------------------------------

TEXTS = """() => {
    const walk = document.createTreeWalker(document, NodeFilter.SHOW_TEXT, (node) =>
        node.parentElement?.closest("script, style, template") ? NodeFilter.FILTER_REJECT
            : NodeFilter.FILTER_ACCEPT);
    const said = [document.title];
    while (walk.nextNode()) said.push(walk.currentNode.data);
    for (const element of document.querySelectorAll("*")) {
        for (const { value } of element.attributes) said.push(value);
        if (element.matches("input, textarea")) said.push(element.value);
    }
    return said.join("\\n");
}"""
"""Everything that a page says, in its text and in attributes; not what lies ready in scripts."""

BECAME = """() => [...document.querySelectorAll("[onerror], img[src=x]")].length
    + [...document.scripts].filter((each) => each.textContent === "window.taken=1").length
    + (window.taken ?? 0)"""
"""How much of the script became an element, or ran."""


class Reader:
    """Looks at pages; keeps which columns it saw as text."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.seen: set[str] = set()
        self.broken: list[str] = []

    def read(self, page: Page, where: str) -> None:
        """Note what the page says now, and whether any of it became markup."""
        self.seen |= set(re.findall(r"¦([a-z_]+\.[a-z_]+)¦", page.evaluate(TEXTS)))
        if page.evaluate(BECAME):
            self.broken.append(where)

    def unfold(self, page: Page, where: str) -> None:
        """Open everything that is folded, look, and fold what would cover the rest."""
        page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        self.read(page, where)
        page.evaluate(
            "document.querySelectorAll('#alarms details').forEach((e) => { e.open = false; })"
        )


def open_every_address(reader: Reader, town: Town) -> None:
    """Each route that answers HTML, a whole page or a part of one, as the server writes it."""
    company = town.company
    pages = {
        Role.ADMIN: company.screen(Role.ADMIN, "/login", name=KEYS["user_account.login"]),
        Role.CREW: company.screen(Role.CREW, "/login", crew_id="C1", viewport=PHONE),
    }
    for address in addresses(town.examples()):
        page, url = pages[address.role], company.server.url + address.path
        if is_markup(page, url):
            page.goto(url)
            reader.unfold(page, address.route)


def work_at_the_console(reader: Reader, town: Town) -> None:
    page = town.company.screen(Role.ADMIN, "/console")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    folds = page.locator("details.fold").evaluate_all("all => all.map((each) => each.id)")
    for fold in folds:
        page.locator(f"[id='{fold}'] > summary").click()
    expect(page.locator("#loanlist")).to_contain_text("¦")
    expect(page.locator("#closurelist")).to_contain_text("¦")
    reader.unfold(page, "console")
    keys = page.locator("[role=option]").evaluate_all("all => all.map(e => e.dataset.key)")
    for key in keys:
        page.locator("[role=option]").and_(page.locator(f"[id='row-{key}']")).click()
        expect(page.locator("#shown")).to_have_attribute("data-key", key)
        reader.unfold(page, f"console {key}")
    page.keyboard.press("Escape")
    for words in ("¦device.name", "¦transformer", "¦crew", "老樟树", "B1"):
        page.keyboard.press("g")
        page.locator("#goto-words").fill(words)
        expect(page.locator("#goto-list li").first).to_be_visible()
        reader.read(page, f"go to {words}")
        page.keyboard.press("Escape")


def test_text_of_any_column_is_shown_as_text_wherever_it_is_shown(
    taught: Company,  # noqa: F811
    call: Call,  # noqa: F811
):
    company = taught
    company.expect_trouble("/favicon.ico")
    lay_roads(company.engine)
    add_communities(company.engine)
    town = Town(company, call)
    town.live_through_it()
    assert names(WRITTEN) | set(KEYS) <= held(company.engine)
    fill(company.engine)
    publish(company.house)
    company.server.stop()
    company.server = Server(company.house, public=SETTINGS)
    shown = names(WRITTEN) | names(FILLED) | set(KEYS)
    assert sorted(shown - held(company.engine)) == []
    reader = Reader(company)
    open_every_address(reader, town)
    page = company.screen(Role.AGENT, "/desk?q=老樟树")
    expect(page.locator(".answer, .choose").first).to_be_visible()
    reader.unfold(page, "desk")
    work_at_the_console(reader, town)
    assert reader.broken == []
    assert sorted(shown - reader.seen) == []


def test_every_text_column_is_named_as_shown_or_with_the_reason_why_it_is_not():
    groups = [set(KEYS), *map(names, (WRITTEN, FILLED, *UNSEEN.values()))]
    named = [name for group in groups for name in group]
    assert sorted({name for name in named if named.count(name) > 1}) == []
    assert {f"{table.name}.{column.name}" for table, column in free_columns()} == set(named)
