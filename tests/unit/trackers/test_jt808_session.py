"""A terminal's connection: messages in, answers out, and who may say what."""

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.trackers.jt808 import messages, session
from api.trackers.jt808.frames import BadFrame, Framer, encode
from api.trackers.jt808.messages import Registered, read_batch, read_position, read_registration
from api.trackers.jt808.session import Close, Count, Entered, Patience, Register, Say, Session, Take
from api.trackers.readings import Reading, Unread, Why
from tests.unit.trackers import terminal
from tests.unit.trackers.terminal import LAT, LON, framed, unframed

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PHONE = "13800001234"


@dataclass
class OneTerminal:
    """The office's list."""

    codes: dict[str, str] = field(default_factory=lambda: {PHONE: "secret"})

    def is_enrolled(self, phone: str) -> bool:
        return phone in self.codes

    def lets_in(self, phone: str, code: str) -> bool:
        return self.codes.get(phone) == code


@dataclass
class Line:
    """A connection without sockets."""

    session: Session
    framer: Framer = field(default_factory=Framer)
    now_s: float = 0.0

    def send(self, message_id: int, body: bytes = b"", **how) -> list[session.Step]:
        data = framed(message_id, body, **how)
        return [
            step
            for frame in self.framer.feed(data)
            for step in self.session.receive(frame, self.now_s)
        ]

    def enter(self, edition: int = 2013) -> None:
        body = terminal.authentication("secret", edition)
        assert Entered(PHONE) in self.send(0x0102, body, edition=edition)


@pytest.fixture
def line() -> Line:
    return Line(Session(OneTerminal(), began_s=0.0))


def said(steps) -> list[tuple[int, bytes]]:
    frames = b"".join(encode(step.frame) for step in steps if isinstance(step, Say))
    return [(message_id, body) for message_id, _, body in unframed(frames)]


def general(seq: int, message_id: int, result: int) -> tuple[int, bytes]:
    return 0x8001, struct.pack(">HHB", seq, message_id, result)


def test_a_position_is_read():
    assert read_position(terminal.position(AT, kmh=36)) == Reading(LON, LAT, AT, speed_mps=10.0)


def test_south_and_west_are_bits():
    reading = read_position(terminal.position(AT, lon=-70.5, lat=-33.4))
    assert isinstance(reading, Reading)
    assert (reading.lon, reading.lat) == (-70.5, -33.4)


def test_the_clock_of_a_terminal_is_chinas():
    reading = read_position(terminal.position(datetime(2025, 12, 31, 17, 30, tzinfo=UTC)))
    assert isinstance(reading, Reading)
    assert reading.fixed_at == datetime(2025, 12, 31, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (terminal.position(AT, status=0b01), Why.NO_FIX),
        (terminal.position(AT)[:27], Why.UNREADABLE),
        (b"", Why.UNREADABLE),
        (terminal.position(AT, lat=0, lon=181), Why.BAD_POSITION),
        (terminal.position(AT, lat=115.9, lon=28.68), Why.BAD_POSITION),
        (terminal.position(AT, kmh=6000), Why.BAD_SPEED),
        (terminal.position(AT)[:22] + b"\x26\x13\x40\x00\x00\x00", Why.BAD_TIME),
        (terminal.position(AT)[:22] + b"\xff" * 6, Why.BAD_TIME),
        (terminal.position(AT)[:22] + b"\x00" * 6, Why.BAD_TIME),
    ],
)
def test_a_position_that_cannot_be_meant_is_refused_by_name(body: bytes, why: Why):
    assert read_position(body) == Unread(why)


def test_one_bad_position_does_not_sink_a_batch():
    good = terminal.position(AT)
    items = read_batch(terminal.batch(good, terminal.position(AT, status=0), good))
    assert items == (read_position(good), Unread(Why.NO_FIX), read_position(good))


def test_a_batch_cut_short_keeps_what_is_whole():
    good = terminal.position(AT)
    assert read_batch(terminal.batch(good, good)[:-1]) == (
        read_position(good),
        Unread(Why.UNREADABLE),
    )
    assert read_batch(b"\x00") == (Unread(Why.UNREADABLE),)
    assert read_batch(b"\xff\xff\x01") == (Unread(Why.UNREADABLE),)


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_registration_names_the_unit_in_every_edition(line: Line, edition: int):
    header = 2019 if edition == 2019 else 2013
    steps = line.send(0x0100, terminal.registration(edition), edition=header)
    (step,) = steps
    assert isinstance(step, Register)
    assert step.registration == messages.Registration(terminal="T000001", plate="赣A12345")
    answer = line.session.registered(step.frame, Registered.OK, "secret")
    assert said([answer]) == [(0x8100, struct.pack(">HB", 7, 0) + b"secret")]


def test_a_registration_that_is_too_short_is_bad(line: Line):
    assert said(line.send(0x0100, b"\x00" * 10)) == [general(7, 0x0100, 2)]


def test_a_stranger_may_not_register(line: Line):
    steps = line.send(0x0100, terminal.registration(), phone="13999999999")
    assert Count("13999999999", "not_enrolled", unknown=True) in steps
    assert said(steps) == [(0x8100, struct.pack(">HB", 7, 4))]


@pytest.mark.parametrize("edition", [2013, 2019])
def test_a_terminal_enters_by_its_code(line: Line, edition: int):
    steps = line.send(0x0102, terminal.authentication("secret", edition), edition=edition)
    assert said(steps) == [general(7, 0x0102, 0)]
    assert line.session.phone == PHONE


@pytest.mark.parametrize("body", [b"wrong", b"", b"\xff\xff"])
def test_a_wrong_code_lets_nobody_in(line: Line, body: bytes):
    steps = line.send(0x0102, body)
    assert said(steps) == [general(7, 0x0102, 1)]
    assert Count(PHONE, "wrong_secret") in steps
    assert line.session.phone is None


def test_positions_of_nobody_are_not_taken(line: Line):
    steps = line.send(0x0200, terminal.position(AT))
    assert said(steps) == [general(7, 0x0200, 1)]
    assert not any(isinstance(step, Take) for step in steps)


def test_positions_are_taken_and_answered_when_they_are_stored(line: Line):
    line.enter()
    (taken,) = line.send(0x0200, terminal.position(AT), seq=9)
    assert isinstance(taken, Take)
    assert taken.items == (read_position(terminal.position(AT)),)
    assert said([line.session.replied(taken.frame, stored=True)]) == [general(9, 0x0200, 0)]
    assert said([line.session.replied(taken.frame, stored=False)]) == [general(9, 0x0200, 1)]


def test_a_batch_is_taken_as_one(line: Line):
    line.enter(2019)
    track = [terminal.position(AT + timedelta(seconds=n)) for n in range(5)]
    (taken,) = line.send(0x0704, terminal.batch(*track), edition=2019)
    assert isinstance(taken, Take)
    assert [item.fixed_at for item in taken.items] == [AT + timedelta(seconds=n) for n in range(5)]


def test_heartbeat_logout_and_what_is_not_understood_are_answered(line: Line):
    line.enter()
    assert said(line.send(0x0002)) == [general(7, 0x0002, 0)]
    assert said(line.send(0x0801, b"picture")) == [general(7, 0x0801, 3)]
    assert said(line.send(0x0001, b"\x00" * 5)) == []
    assert said(line.send(0x0003)) == [general(7, 0x0003, 0)]
    assert said(line.send(0x0200, terminal.position(AT))) == [general(7, 0x0200, 1)]


def test_a_revoked_terminal_is_not_listened_to_any_more():
    office = OneTerminal()
    line = Line(Session(office, began_s=0.0))
    line.enter()
    office.codes.clear()
    steps = line.send(0x0200, terminal.position(AT))
    assert Count(PHONE, "not_authenticated", unknown=True) in steps
    assert not any(isinstance(step, Take) for step in steps)


def test_another_phone_may_not_use_the_connection(line: Line):
    line.enter()
    assert line.send(0x0200, terminal.position(AT), phone="13999999999")[-1] == Close(
        "another phone on the same connection"
    )


def test_whoever_cannot_say_who_they_are_is_shut_out_after_a_few_tries(line: Line):
    steps = [step for _ in range(session.MOST_STRIKES) for step in line.send(0x0002)]
    assert isinstance(steps[-1], Close)


def test_noise_is_shut_out(line: Line):
    steps = [step for _ in range(session.MOST_BAD_FRAMES) for step in line.send(0x0002, spoil=1)]
    assert steps[0] == Count("", BadFrame.CHECKSUM, unknown=True)
    assert isinstance(steps[-1], Close)


def test_parts_make_a_whole_in_any_order(line: Line):
    line.enter()
    track = [terminal.position(AT + timedelta(seconds=n)) for n in range(50)]
    body = terminal.batch(*track)
    parts = [body[n : n + 600] for n in range(0, len(body), 600)]
    steps = []
    for number in (2, 1, *range(3, len(parts) + 1)):
        part = parts[number - 1]
        steps = line.send(0x0704, part, parts=len(parts), part=number, seq=99 + number)
    (taken,) = steps
    assert isinstance(taken, Take)
    assert len(taken.items) == 50


def test_parts_of_another_message_begin_anew(line: Line):
    line.enter()
    body = terminal.batch(terminal.position(AT))
    line.send(0x0704, b"lost", parts=2, part=1, seq=10)
    line.send(0x0704, body[:9], parts=2, part=1, seq=20)
    (taken,) = line.send(0x0704, body[9:], parts=2, part=2, seq=21)
    assert isinstance(taken, Take)
    assert taken.items == (read_position(terminal.position(AT)),)


@pytest.mark.parametrize(("parts", "part"), [(65, 1), (3, 0), (3, 4), (65535, 65535)])
def test_parts_that_cannot_be_are_not_held_nor_acknowledged(line: Line, parts: int, part: int):
    line.enter()
    steps = line.send(0x0704, b"x", parts=parts, part=part)
    assert line.session._parts == {}
    assert said(steps) == [general(7, 0x0704, 2)]
    assert Count(PHONE, "bad_part") in steps


def test_of_a_split_message_that_was_not_stored_the_last_part_alone_brings_it_again(line: Line):
    line.enter()
    body = terminal.batch(*(terminal.position(AT + timedelta(seconds=n)) for n in range(40)))
    parts = [body[n : n + 600] for n in range(0, len(body), 600)]

    def send(number: int) -> list[session.Step]:
        part = parts[number - 1]
        return line.send(0x0704, part, parts=len(parts), part=number, seq=99 + number)

    for number in range(1, len(parts)):
        send(number)
    (taken,) = send(len(parts))
    line.session.replied(taken.frame, stored=False)
    (again,) = send(len(parts))
    assert again.items == taken.items
    assert len(again.items) == 40
    line.session.replied(again.frame, stored=True)
    assert line.session._parts == {}


def test_a_long_back_fill_is_read_to_its_end():
    track = [terminal.position(AT + timedelta(seconds=n), items=b"") for n in range(2100)]
    assert len(read_batch(terminal.batch(*track))) == 2100


def test_strangers_parts_are_not_held(line: Line):
    line.send(0x0704, b"x", parts=3, part=1)
    assert line.session._parts == {}


@pytest.mark.parametrize("edition", [2013, 2019])
def test_the_job_is_shown_in_the_cab(line: Line, edition: int):
    assert line.session.text("新工单") is None
    line.enter(edition)
    words = line.session.text("新抢修单31：10kV高新线")
    assert words is not None
    head = b"\x0c\x01" if edition == 2019 else b"\x0c"
    assert said([words]) == [(0x8300, head + "新抢修单31：10kV高新线".encode("gbk"))]


def test_a_text_is_cut_between_two_characters(line: Line):
    line.enter()
    words = line.session.text("电" * 1000)
    ((_, body),) = said([words])
    assert len(body) <= 1023
    assert body[1:].decode("gbk") == "电" * 511


def test_our_sequence_numbers_go_on_and_round(line: Line):
    line.enter()
    line.session._seq = 65535
    frames = b"".join(encode(s.frame) for _ in range(2) for s in line.send(0x0002))
    assert [seq for _, seq, _ in unframed(frames)] == [65535, 0]


PATIENCE = Patience(to_authenticate_s=30, to_finish_frame_s=20, silence_s=600)


def test_a_connection_has_to_authenticate_in_time(line: Line):
    assert line.session.overdue(30, None, PATIENCE) is None
    assert line.session.overdue(31, None, PATIENCE) == "not authenticated in time"


def test_a_frame_has_to_end_in_time(line: Line):
    line.enter()
    assert line.session.overdue(120, 100, PATIENCE) is None
    assert line.session.overdue(121, 100, PATIENCE) == "a frame was not finished in time"


def test_a_connection_that_says_nothing_is_dead(line: Line):
    line.enter()
    line.now_s = 500
    line.send(0x0002)
    assert line.session.overdue(1100, None, PATIENCE) is None
    assert line.session.overdue(1101, None, PATIENCE) == "silent for too long"


@given(
    body=st.binary(max_size=80),
    message_id=st.sampled_from([0x0100, 0x0102, 0x0200, 0x0704, 0x0001, 0x0900]),
    entered=st.sampled_from(["entered", "a stranger"]),
    edition=st.sampled_from([2013, 2019]),
    parts=st.integers(1, 70),
    part=st.integers(0, 70),
)
def test_any_body_gives_steps_and_never_a_crash(
    body: bytes, message_id: int, entered: str, edition: int, parts: int, part: int
):
    line = Line(Session(OneTerminal(), began_s=0.0))
    if entered == "entered":
        line.enter(edition)
    for step in line.send(message_id, body, edition=edition, parts=parts, part=part):
        if isinstance(step, Say):
            encode(step.frame)
        if isinstance(step, Take):
            assert all(isinstance(item, Reading | Unread) for item in step.items)
    assert len(line.session._parts) <= session.MOST_PARTS


@given(data=st.binary(max_size=3000))
def test_any_stream_leaves_no_more_than_a_frame_behind(data: bytes):
    line = Line(Session(OneTerminal(), began_s=0.0))
    for frame in line.framer.feed(data):
        list(line.session.receive(frame, 0.0))
    assert line.framer.holds <= 2200


@given(body=st.binary(max_size=90), edition=st.sampled_from([2013, 2019]))
def test_any_registration_is_read_or_refused(body: bytes, edition: int):
    (frame,) = Framer().feed(framed(0x0100, body, edition=edition))
    read_registration(frame)
