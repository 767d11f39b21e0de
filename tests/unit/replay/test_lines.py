"""Reading the lines of a replay."""

import json
from datetime import UTC, datetime

import pytest

from dispatch.domain.facts import MeterSignalKind
from dispatch.domain.words import ActionKind, Channel
from dispatch.drill.replay.lines import (
    CONFIRM,
    SHOWN_BAD,
    BadLine,
    CrewAction,
    Fix,
    Line,
    LinesRefused,
    Meter,
    Planned,
    Restore,
    Scada,
    Ticket,
    must_read,
    read_lines,
)

AT = "2024-05-01T12:00:00Z"
GOOD = {"at": AT, "type": "ticket", "id": "A", "account": "1"}


def raw(*given: object) -> list[bytes]:
    return [each if isinstance(each, bytes) else json.dumps(each).encode() for each in given]


def one(**fields: object) -> Line:
    (line,), bad = read_lines(raw({"at": AT, **fields}))
    assert bad == ()
    return line


def why(**fields: object) -> BadLine:
    lines, (bad,) = read_lines(raw({"at": AT, **fields}))
    assert lines == ()
    return bad


def test_the_shortest_ticket_is_a_call_by_telephone():
    ticket = one(type="ticket", id="A", account="77").deed
    assert isinstance(ticket, Ticket)
    assert (ticket.id, ticket.complaint.account, ticket.position) == ("A", "77", None)
    assert (ticket.complaint.channel, ticket.complaint.hazards) == (Channel.PHONE, ())


def test_a_ticket_says_all_that_a_posted_one_says():
    ticket = one(
        type="ticket",
        id="A",
        channel="SMS",
        meter="M1",
        phone="555",
        address="Rua 1",
        description="sem luz",
        hazards=["wire_down"],
        symptoms="no_power",
        multiple_premises=True,
        location={"lon": -52.0, "lat": -28.0, "accuracy_m": 30},
    ).deed
    assert isinstance(ticket, Ticket)
    complaint = ticket.complaint
    assert (complaint.channel, complaint.meter, complaint.phone) == (Channel.SMS, "M1", "555")
    assert (complaint.hazards, complaint.symptoms) == (("wire_down",), ("no_power",))
    assert complaint.multiple_premises is True
    assert ticket.position is not None
    assert (ticket.position.lon, ticket.position.accuracy_m) == (-52.0, 30.0)


def test_numbers_may_stand_for_ids_and_accounts():
    ticket = one(type="ticket", id=12, account=77).deed
    assert isinstance(ticket, Ticket)
    assert (ticket.id, ticket.complaint.account) == ("12", "77")


def test_a_position_in_another_datum_comes_in_as_wgs84():
    ticket = one(
        type="ticket", id="A", location={"lon": 115.9, "lat": 28.68, "datum": "gcj02"}
    ).deed
    assert isinstance(ticket, Ticket) and ticket.position is not None
    assert 0.003 < 115.9 - ticket.position.lon < 0.01


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("last_gasp", MeterSignalKind.LAST_GASP),
        ("Last-Gasp", MeterSignalKind.LAST_GASP),
        ("lastgasp", MeterSignalKind.LAST_GASP),
        ("power_down", MeterSignalKind.LAST_GASP),
        ("outage", MeterSignalKind.LAST_GASP),
        ("restoration", MeterSignalKind.POWER_UP),
        ("restored", MeterSignalKind.POWER_UP),
        ("power restored", MeterSignalKind.POWER_UP),
        ("ping_off", MeterSignalKind.PING_OFF),
    ],
)
@pytest.mark.parametrize("field", ["kind", "signal"])
def test_a_meter_speaks_in_the_words_of_its_maker(word: str, kind: MeterSignalKind, field: str):
    meter = one(type="meter", account="1", **{field: word}).deed
    assert isinstance(meter, Meter) and meter.kind is kind


def test_a_switch_is_open_or_closed():
    for state, is_open in (("open", True), ("closed", False), ("TRIPPED", True)):
        scada = one(type="scada", device="K1", state=state).deed
        assert isinstance(scada, Scada) and scada.is_open is is_open


def test_a_crew_says_what_it_does_and_where():
    action = one(type="crew_action", kind="arrived", crew="C1", device="K1").deed
    assert isinstance(action, CrewAction)
    assert (action.kind, action.crew, action.there.device) == (ActionKind.ARRIVE, "C1", "K1")


def test_findings_may_say_that_a_device_is_closed():
    action = one(type="crew_action", kind="confirm", device="K1", state="closed").deed
    assert isinstance(action, CrewAction)
    assert (action.kind, action.is_open, action.is_live) == (CONFIRM, False, None)


def test_who_looks_at_a_device_may_say_whether_it_has_voltage():
    action = one(type="crew_action", kind="findings", device="K1", state="closed", live=True).deed
    scada = one(type="scada", device="K1", state="open", live=False).deed
    assert isinstance(action, CrewAction) and action.is_live is True
    assert isinstance(scada, Scada) and scada.is_live is False


def test_other_types_are_read_as_well():
    fix = one(type="fix", crew="C1", lon=1.5, lat=2.5, speed_mps=3).deed
    assert isinstance(fix, Fix) and fix.speed_mps == 3.0
    planned = one(
        type="planned_outage",
        transformers=["T1", "T2"],
        starts_at=AT,
        ends_at="2024-05-01T14:00:00Z",
    ).deed
    assert isinstance(planned, Planned) and planned.there.transformers == ("T1", "T2")
    restore = one(type="restore", accounts=["1", "1", 2]).deed
    assert isinstance(restore, Restore) and restore.there.accounts == ("1", "2")


def test_lines_are_taken_in_the_order_of_their_times_and_equal_times_in_that_of_the_file():
    later = GOOD | {"at": "2024-05-01T12:00:01Z", "id": "late"}
    elsewhere = GOOD | {"at": "2024-05-01T15:00:00+03:00", "id": "same time, other zone"}
    lines, _ = read_lines(raw(later, GOOD, elsewhere))
    assert [line.number for line in lines] == [2, 3, 1]
    assert {line.at for line in lines[:2]} == {datetime(2024, 5, 1, 12, tzinfo=UTC)}


def test_blank_lines_and_a_byte_order_mark_say_nothing():
    lines, bad = read_lines([b"\xef\xbb\xbf" + raw(GOOD)[0], b"\n", b"  \r\n"])
    assert (len(lines), bad) == (1, ())


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"type": "telegram"}, "type", "one of ticket, meter"),
        ({}, "type", "one of ticket"),
        ({"type": "ticket", "account": "1"}, "id", "a text"),
        ({"type": "ticket", "id": True}, "id", "a text"),
        ({"type": "ticket", "id": "A", "at": "2024-05-01T12:00:00"}, "at", "with its zone"),
        ({"type": "ticket", "id": "A", "at": 1714564800}, "at", "with its zone"),
        ({"type": "ticket", "id": "A", "at": "1914-05-01T12:00:00Z"}, "at", "2000 and 2200"),
        ({"type": "ticket", "id": "A", "location": [1, 2]}, "location", "lon and lat"),
        ({"type": "ticket", "id": "A", "location": {"lat": 2}}, "location.lon", "a number"),
        (
            {"type": "ticket", "id": "A", "location": {"lon": 200, "lat": 2}},
            "location.lon",
            "a number from -180 to 180",
        ),
        (
            {"type": "ticket", "id": "A", "location": {"lon": 1, "lat": 2, "datum": "nad27"}},
            "location.datum",
            "one of wgs84",
        ),
        ({"type": "ticket", "id": "A", "hazards": [{}]}, "hazards", "a text"),
        ({"type": "ticket", "id": "A", "multiple_premises": "yes"}, "multiple_premises", "true"),
        ({"type": "ticket", "id": "A", "channel": "pigeon"}, "channel", "one of phone"),
        ({"type": "meter", "kind": "last_gasp"}, "meter or account", "at least one"),
        ({"type": "meter", "meter": "M1", "kind": "hum"}, "kind", "one of last_gasp"),
        ({"type": "scada", "device": "K1", "state": "ajar"}, "state", "one of open, closed"),
        ({"type": "scada", "state": "open"}, "device", "a text"),
        ({"type": "crew_action", "kind": "arrive"}, "outage or order", "at least one"),
        ({"type": "crew_action", "kind": "nap", "crew": "C1"}, "kind", "one of accept"),
        ({"type": "crew_action", "kind": "estimate", "outage": 1}, "restore_at", "time"),
        ({"type": "crew_action", "kind": "confirm", "outage": -1}, "outage", "above 0"),
        ({"type": "fix", "crew": "C1", "lon": 1}, "lat", "a number"),
        ({"type": "planned_outage", "starts_at": AT, "ends_at": AT}, "transformers", "one of"),
        (
            {"type": "planned_outage", "device": "K1", "starts_at": AT, "ends_at": AT},
            "ends_at",
            "after starts_at",
        ),
        ({"type": "restore"}, "outage or order", "at least one"),
    ],
)
def test_what_cannot_be_meant_is_told_by_field_value_and_expectation(
    fields: dict[str, object], field: str, expected: str
):
    bad = why(**fields)
    assert bad.number == 1
    assert bad.field.startswith(field)
    assert expected in bad.expected


@pytest.mark.parametrize(
    "content",
    [b"{", b"[1]", b"7", b"\xff\xfe", b'{"at": NaN}', b"[" * 100_000],
)
def test_a_line_that_is_no_json_object_is_bad(content: bytes):
    lines, (bad,) = read_lines([content])
    assert (lines, bad.field) == ((), "the line")
    assert len(bad.value) < 100


def test_every_bad_line_is_named_and_nothing_is_read():
    with pytest.raises(LinesRefused) as refused:
        must_read(raw(GOOD, {"at": AT}, b"{", GOOD), skip_bad=False)
    assert [bad.number for bad in refused.value.bad] == [2, 3]
    assert "line 2: type is missing; expected one of ticket" in str(refused.value)


def test_of_many_bad_lines_the_first_are_shown():
    with pytest.raises(LinesRefused) as refused:
        must_read([b"{"] * (SHOWN_BAD + 5), skip_bad=False)
    assert f"cannot be read: {SHOWN_BAD + 5}" in str(refused.value)
    assert str(refused.value).endswith("and 5 more")


def test_bad_lines_can_be_left_out():
    lines, bad = must_read(raw(GOOD, b"{"), skip_bad=True)
    assert (len(lines), [each.number for each in bad]) == (1, [2])
