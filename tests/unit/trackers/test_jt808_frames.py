"""Frames of JT/T 808: escaped, in pieces, glued together, spoilt."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.trackers.jt808.frames import MOST_BODY, BadFrame, Frame, Framer, decode, encode
from tests.unit.trackers.terminal import framed

EDITIONS = [2013, 2019]


def fed(*pieces: bytes) -> list[Frame | BadFrame]:
    framer = Framer()
    return [frame for piece in pieces for frame in framer.feed(piece)]


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_frame_is_read_with_its_header(edition: int):
    (frame,) = fed(framed(0x0200, b"body", edition=edition, seq=65535))
    assert isinstance(frame, Frame)
    assert (frame.id, frame.phone, frame.seq, frame.body) == (0x0200, "13800001234", 65535, b"body")
    assert frame.edition_2019 == (edition == 2019)


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_frame_split_at_every_byte_is_one_frame(edition: int):
    data = framed(0x0200, b"\x7e\x7d\x01\x02\x7d\x7e" * 3, edition=edition)
    whole = fed(data)
    assert [type(frame) for frame in whole] == [Frame]
    for cut in range(len(data) + 1):
        assert fed(data[:cut], data[cut:]) == whole
    assert fed(*(bytes([byte]) for byte in data)) == whole


def test_frames_glued_together_are_told_apart_with_one_flag_or_two_between():
    data = [framed(0x0002, seq=n) for n in range(3)]
    two = fed(b"".join(data))
    one = fed(data[0][:-1] + data[1] + data[2][1:])
    assert [frame.seq for frame in two] == [0, 1, 2]
    assert one == two


def test_a_connection_may_begin_in_the_middle_of_a_frame():
    data = framed(0x0200, b"body")
    assert fed(data[5:], framed(0x0002))[-1] == fed(framed(0x0002))[0]


def test_bytes_that_need_it_are_escaped_everywhere_the_xor_too():
    for filler in range(256):  # one of them makes the xor a flag
        body = bytes([0x7E, 0x7D, filler])
        (frame,) = fed(framed(0x0200, body))
        assert isinstance(frame, Frame) and frame.body == body


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (framed(0x0200, b"body", spoil=1), BadFrame.CHECKSUM),
        (b"\x7e\x02\x00\x7e", BadFrame.SHORT),
        (b"\x7e" + b"\x7d\x03" * 20 + b"\x7e", BadFrame.ESCAPE),
        (b"\x7e" + b"\x01" * 19 + b"\x7d\x7e", BadFrame.ESCAPE),
        (framed(0x0200, b"body", phone="13800abcde"), BadFrame.PHONE),
        (framed(0x0200, b"body", phone="0"), BadFrame.PHONE),
        (framed(0x0200, b"body", encryption=1), BadFrame.ENCRYPTED),
        (b"\x7e" + b"\x00" * 14 + b"\x7e", BadFrame.LENGTH),
    ],
)
def test_what_is_no_message_is_refused_by_name(data: bytes, why: BadFrame):
    assert fed(data) == [why]


def test_the_frame_after_a_bad_one_is_read():
    good = framed(0x0002)
    assert fed(framed(0x0200, b"x", spoil=9) + good) == [BadFrame.CHECKSUM, *fed(good)]


def test_what_never_ends_is_not_held():
    framer = Framer()
    found = [frame for _ in range(1000) for frame in framer.feed(b"\x01" * 1000)]
    assert found == [BadFrame.OVERSIZE]
    assert framer.holds == 0
    assert list(framer.feed(framed(0x0002)))[-1] == fed(framed(0x0002))[0]


def test_the_longest_message_fits():
    (frame,) = fed(framed(0x0704, b"\x7e" * MOST_BODY, edition=2019))
    assert isinstance(frame, Frame) and len(frame.body) == MOST_BODY


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_part_says_which_of_how_many(edition: int):
    (frame,) = fed(framed(0x0704, b"part", parts=3, part=2, edition=edition))
    assert isinstance(frame, Frame)
    assert (frame.parts, frame.part, frame.body) == (3, 2, b"part")


@pytest.mark.parametrize("edition", EDITIONS)
@given(
    phone=st.integers(1, 10**12 - 1).map(str),
    seq=st.integers(0, 65535),
    body=st.binary(max_size=60),
    parts=st.integers(1, 9),
)
def test_what_we_write_is_what_a_terminal_writes(edition: int, phone, seq, body, parts):
    ours = Frame(0x8300, phone, seq, body, edition == 2019, 1, parts, parts)
    written = encode(ours)
    assert written == framed(
        0x8300, body, phone=phone, seq=seq, edition=edition, parts=parts, part=parts
    )
    assert decode_between_flags(written) == ours


def decode_between_flags(written: bytes) -> Frame | BadFrame:
    return decode(written[1:-1])


@given(data=st.binary(max_size=400) | st.lists(st.sampled_from(b"\x7e\x7d\x01\x02\x00")).map(bytes))
def test_any_bytes_give_frames_or_named_refusals_however_they_are_cut(data: bytes):
    whole = fed(data)
    cuts = sorted({0, len(data) // 3, len(data) // 2, len(data)})
    assert fed(*(data[a:b] for a, b in pairwise(cuts))) == whole
    for frame in whole:
        assert isinstance(frame, Frame | BadFrame)


def test_a_body_or_a_phone_that_does_not_fit_is_not_written():
    with pytest.raises(ValueError, match="at most 1023"):
        encode(Frame(0x8300, "1", 0, b"x" * 1024))
    with pytest.raises(ValueError, match="up to 12 digits"):
        encode(Frame(0x8300, "1" * 13, 0, b""))
