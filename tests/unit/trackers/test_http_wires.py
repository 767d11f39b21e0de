"""Messages of HTTP trackers, written from the descriptions of their wires."""

import json
from datetime import UTC, datetime
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.trackers import gpslogger, osmand, owntracks, traccar
from api.trackers.readings import Message, Reading, Sent, Unread, Why

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECONDS = str(round(AT.timestamp()))
PLACE = {"id": "12345", "lat": "28.68", "lon": "115.9", "timestamp": SECONDS}


def read(wire: ModuleType, **params: str) -> Message:
    return wire.parse(Sent(params))


def the_reading(message: Message) -> Reading:
    (only,) = message.items
    assert isinstance(only, Reading), only
    return only


def why(message: Message) -> Why:
    (only,) = message.items
    assert isinstance(only, Unread), only
    return only.why


def read_json(wire: ModuleType, told: object, **sent: object) -> Message:
    return wire.parse(Sent({}, json.dumps(told).encode(), is_json=True, **sent))


def nine(**location: object) -> dict[str, object]:
    coords = {
        "latitude": 28.68,
        "longitude": 115.9,
        "accuracy": 7.5,
        "speed": 10.0,
        "heading": 90.0,
        "altitude": 30.0,
    }
    told = {
        "timestamp": "2026-03-02T12:00:00.250Z",
        "coords": coords,
        "is_moving": True,
        "event": "motionchange",
        "battery": {"level": 0.8, "is_charging": False},
        "activity": {"type": "in_vehicle"},
    }
    return {"location": told | location, "device_id": "12345"}


def test_the_clients_up_to_8_send_knots():
    message = read(
        traccar,
        **PLACE,
        speed="19.438",
        bearing="90.0",
        altitude="30",
        accuracy="7.5",
        batt="80.0",
        mock="true",
    )
    assert message.device == "12345"
    reading = the_reading(message)
    assert (reading.lon, reading.lat, reading.fixed_at) == (115.9, 28.68, AT)
    assert reading.speed_mps == pytest.approx(10.0, abs=0.001)
    assert (reading.accuracy_m, reading.mock) == (7.5, True)


def test_client_9_sends_json_in_metres_a_second():
    reading = the_reading(read_json(traccar, nine()))
    assert (reading.lon, reading.lat, reading.accuracy_m) == (115.9, 28.68, 7.5)
    assert reading.fixed_at == datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)
    assert reading.speed_mps == 10.0


def test_client_9_may_not_know_its_speed_and_may_have_no_position():
    coords = {"latitude": 28.68, "longitude": 115.9, "accuracy": 7.5, "speed": -1, "heading": -1}
    assert the_reading(read_json(traccar, nine(coords=coords))).speed_mps is None
    assert the_reading(read_json(traccar, nine(mock=True))).mock
    without = nine()
    del without["location"]["coords"]
    assert read_json(traccar, without) == Message("12345")


def test_client_10_sends_the_fields_of_a_form():
    message = read(traccar, **PLACE, accuracy="5", speed="0.0", batt="80", charge="true")
    assert the_reading(message).speed_mps == 0.0
    assert the_reading(message).accuracy_m == 5.0


@pytest.mark.parametrize(
    "time", [SECONDS, SECONDS + "000", SECONDS + ".0", "2026-03-02T20:00:00+08:00"]
)
def test_a_time_is_seconds_milliseconds_or_written_out(time: str):
    reading = the_reading(
        read(traccar, deviceid="12345", location="28.68,115.9", timestamp=time, heading="9")
    )
    assert (reading.lon, reading.lat, reading.fixed_at) == (115.9, 28.68, AT)


def test_a_request_without_a_position_is_only_a_sign_of_life():
    assert read(traccar, id="12345", timestamp=SECONDS, batt="5") == Message("12345")
    assert read(traccar) == Message(None)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"lat": "91"}, Why.BAD_POSITION),
        ({"lon": "nan"}, Why.BAD_POSITION),
        ({"lon": "1e999"}, Why.BAD_POSITION),
        ({"lat": "1_0"}, Why.BAD_POSITION),
        ({"lat": ""}, Why.NO_POSITION),
        ({"timestamp": ""}, Why.BAD_TIME),
        ({"timestamp": "2026-03-02T12:00:00"}, Why.BAD_TIME),
        ({"timestamp": "0"}, Why.BAD_TIME),
        ({"timestamp": "9" * 39}, Why.BAD_TIME),
        ({"timestamp": "yesterday"}, Why.BAD_TIME),
        ({"speed": "400"}, Why.BAD_SPEED),
        ({"accuracy": "-1"}, Why.NO_FIX),
        ({"accuracy": "1e9"}, Why.BAD_ACCURACY),
        ({"valid": "false"}, Why.NO_FIX),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(wrong: dict[str, str], reason: Why):
    assert why(read(traccar, **(PLACE | wrong))) == reason


def test_osmand_sends_milliseconds_metres_a_second_and_an_accuracy_called_hdop():
    reading = the_reading(
        read(osmand, **(PLACE | {"timestamp": SECONDS + "000"}), hdop="6.5", speed="10.0")
    )
    assert (reading.fixed_at, reading.accuracy_m, reading.speed_mps) == (AT, 6.5, 10.0)


def test_a_true_hdop_is_no_accuracy():
    assert the_reading(read(traccar, **PLACE, hdop="0.9")).accuracy_m is None


def test_gpslogger_is_known_by_its_id_or_by_its_user():
    place = {"lat": "28.68", "lon": "115.9", "timestamp": SECONDS, "speed": "", "accuracy": "4"}
    assert gpslogger.parse(Sent({"id": "a", **place}, user="b")).device == "a"
    message = gpslogger.parse(Sent(place, user="b"))
    assert message.device == "b"
    assert the_reading(message) == Reading(115.9, 28.68, AT, accuracy_m=4.0)


OWN = {
    "_type": "location",
    "lat": 28.68,
    "lon": 115.9,
    "tst": round(AT.timestamp()),
    "acc": 12,
    "alt": 30,
    "vel": 36,
    "cog": 90,
    "batt": 80,
    "tid": "wl",
    "topic": "owntracks/wang/phone",
}


def test_owntracks_sends_kilometres_an_hour():
    message = read_json(owntracks, OWN, user="wang")
    assert message.device == "wang"
    expected = Reading(115.9, 28.68, AT, accuracy_m=12.0, speed_mps=10.0, battery=80)
    assert the_reading(message) == expected


def test_owntracks_may_name_itself_in_a_header():
    assert read_json(owntracks, OWN, headers={"x-limit-u": "li"}).device == "li"


@pytest.mark.parametrize("kind", ["transition", "waypoint", "lwt", "status", None, 7])
def test_owntracks_other_messages_are_ignored(kind: object):
    assert read_json(owntracks, OWN | {"_type": kind}, user="wang") == Message("wang")
    assert owntracks.parse(Sent({}, b"  ", user="wang")) == Message("wang")


def test_an_encrypted_payload_is_counted_as_such():
    told = {"_type": "encrypted", "data": "xyz"}
    assert why(read_json(owntracks, told, user="wang")) == Why.ENCRYPTED


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"[" * 100_000, b"\xff\xfe", b"null", b'{"a":' * 50_000, b"NaN"]
)
@pytest.mark.parametrize("wire", [traccar, owntracks])
def test_a_body_that_is_no_object_is_unreadable(wire: ModuleType, body: bytes):
    assert why(wire.parse(Sent({}, body, is_json=True, user="wang"))) == Why.UNREADABLE


NAMES = st.sampled_from(
    ["id", "lat", "lon", "location", "timestamp", "speed", "accuracy", "hdop", "valid", "mock", "x"]
)
WORDS = st.text(alphabet="0123456789.,eE+-_:TZ nainfty电", max_size=30)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
LOCATION_KEYS = st.sampled_from(
    ["timestamp", "coords", "mock", "lat", "lon", "tst", "_type", "vel"]
)


@given(
    params=st.dictionaries(NAMES, WORDS | st.floats().map(str)),
    wire=st.sampled_from([traccar, osmand, gpslogger]),
)
def test_any_parameters_give_readings_in_range_or_a_named_refusal(params, wire: ModuleType):
    assert_sound(wire.parse(Sent(params)))


@given(
    told=st.dictionaries(
        st.sampled_from(["location", "device_id", "_type", "lat", "lon", "tst", "acc", "vel"]),
        ANY_JSON | st.dictionaries(LOCATION_KEYS, ANY_JSON) | st.just("location"),
    ),
    wire=st.sampled_from([traccar, owntracks]),
)
def test_any_json_gives_readings_in_range_or_a_named_refusal(told, wire: ModuleType):
    assert_sound(read_json(wire, told, user="wang"))


@given(body=st.binary(max_size=200), wire=st.sampled_from([traccar, owntracks]))
def test_any_bytes_give_readings_in_range_or_a_named_refusal(body: bytes, wire: ModuleType):
    assert_sound(wire.parse(Sent({}, body, is_json=True)))


def assert_sound(message: Message) -> None:
    for item in message.items:
        if isinstance(item, Reading):
            assert abs(item.lon) <= 180 and abs(item.lat) <= 90
            assert item.fixed_at.tzinfo is UTC
            assert item.speed_mps is None or 0 <= item.speed_mps <= 150
            assert item.accuracy_m is None or 0 < item.accuracy_m <= 100_000
        else:
            assert item.why in Why


@pytest.mark.parametrize(
    ("told", "kept"),
    [("80.0", 80), ("0", 0), ("-1", None), ("101", None), ("full", None), ("", None)],
)
def test_a_battery_is_per_cent_or_unknown_and_loses_no_position(told: str, kept: int | None):
    for wire, name in ((traccar, "batt"), (osmand, "batt"), (gpslogger, "battery")):
        assert the_reading(read(wire, **PLACE, **{name: told})).battery == kept


@pytest.mark.parametrize(
    ("level", "kept"),
    [({"level": 0.8}, 80), ({"level": -1}, None), ({"level": 2}, None), (7, None)],
)
def test_the_battery_of_json_is_a_share(level: object, kept: int | None):
    assert the_reading(read_json(traccar, nine(battery=level))).battery == kept


def test_owntracks_tells_its_battery():
    told = {"_type": "location", "lat": 28.68, "lon": 115.9, "tst": int(SECONDS), "batt": 12}
    assert the_reading(read_json(owntracks, told, user="li")).battery == 12
