"""One terminal's connection as a state machine: frames in, steps out; no socket, no clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from api.trackers.jt808 import messages
from api.trackers.jt808.frames import BadFrame, Frame
from api.trackers.jt808.messages import Id, Registered, Registration, Result
from api.trackers.readings import Reading, Unread, Why

MOST_STRIKES = 5
MOST_BAD_FRAMES = 20
MOST_PARTS = 64
"""A split message has at most so many parts, so that one connection holds 64 KB at most."""

_STORED = frozenset({Id.POSITION, Id.BATCH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a connection may do nothing useful, seconds; heartbeats come every minute or so."""

    to_authenticate_s: float = 30.0
    to_finish_frame_s: float = 30.0
    silence_s: float = 600.0


class Enrolment(Protocol):
    """What a session asks about terminals."""

    def is_enrolled(self, phone: str) -> bool:
        """Whether a terminal of that number is known here and not revoked."""
        ...

    def lets_in(self, phone: str, code: str) -> bool:
        """Whether that is its authentication code."""
        ...


@dataclass(frozen=True, slots=True)
class Say:
    """Send a frame."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Register:
    """Ask whether this unit may have the number; `Session.registered` has the answer's frame."""

    frame: Frame
    registration: Registration


@dataclass(frozen=True, slots=True)
class Entered:
    """The terminal has shown who it is."""

    phone: str


@dataclass(frozen=True, slots=True)
class Take:
    """Store the readings; then answer with `Session.replied`."""

    frame: Frame
    phone: str
    items: Sequence[Reading | Unread]


@dataclass(frozen=True, slots=True)
class Count:
    """Something was refused; `phone` empty where nobody said who they are."""

    phone: str
    what: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection."""

    why: str


Items = Sequence[Reading | Unread]
Step = Say | Register | Entered | Take | Count | Close


@dataclass
class Session:
    """One connection; `now_s` is any clock that only goes forward."""

    enrolment: Enrolment
    began_s: float
    heard_s: float = 0.0
    phone: str | None = None
    last: Frame | None = None
    _seq: int = 0
    _code: str = ""
    _strikes: int = 0
    _bad_frames: int = 0
    _parts: dict[int, Frame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heard_s = self.began_s

    def receive(self, frame: Frame | BadFrame, now_s: float) -> Iterator[Step]:
        """What is to be done about a frame."""
        if isinstance(frame, BadFrame):
            yield from self._bad(frame)
            return
        self._bad_frames = 0
        self.heard_s = now_s
        if self.phone not in {None, frame.phone}:
            yield Count(self.phone or "", "another_phone")
            yield Close("another phone on the same connection")
            return
        if frame.parts == 1:
            yield from self._whole(frame)
        elif self.phone is None:  # a stranger's parts are not kept
            yield from self._stranger(frame, "not_authenticated")
        elif not 1 <= frame.part <= frame.parts <= MOST_PARTS:  # sent again it would be no better
            yield Count(self.phone, "bad_part")
            yield self._answer(frame, Result.BAD)
        else:
            whole = self._assembled(frame)
            if whole is None:
                yield self._answer(frame, Result.OK)
            else:
                yield from self._whole(whole)

    def overdue(
        self, now_s: float, partial_since_s: float | None, patience: Patience
    ) -> str | None:
        """Why the connection has to end for what did not come; None while all is well."""
        if self.phone is None and now_s - self.began_s > patience.to_authenticate_s:
            return "not authenticated in time"
        if partial_since_s is not None and now_s - partial_since_s > patience.to_finish_frame_s:
            return "a frame was not finished in time"
        if now_s - self.heard_s > patience.silence_s:
            return "silent for too long"
        return None

    def may_stay(self) -> bool:
        """Whether what it entered by still lets it in; true of one that has not entered."""
        return self.phone is None or self.enrolment.lets_in(self.phone, self._code)

    def replied(self, frame: Frame, *, stored: bool) -> Say:
        """The answer to a position: one that is not stored is sent again by the terminal.

        Of a split message the last part may be all that comes again; the others were acknowledged,
        so they are held until the whole is stored.
        """
        first = next(iter(self._parts.values()), None)
        if stored and first is not None and _begins(first) == _begins(frame):
            self._parts.clear()
        return self._answer(frame, Result.OK if stored else Result.FAILED)

    def registered(self, frame: Frame, result: Registered, code: str = "") -> Say:
        """The answer to a registration."""
        return Say(messages.register_reply(frame, self._next(), result, code))

    def text(self, words: str) -> Say | None:
        """A text for the driver; None before the terminal has shown who it is."""
        if self.phone is None or self.last is None:
            return None
        return Say(messages.text(self.last, self._next(), words))

    def _bad(self, why: BadFrame) -> Iterator[Step]:
        yield Count(self.phone or "", why.value, unknown=self.phone is None)
        self._bad_frames += 1
        if self._bad_frames >= MOST_BAD_FRAMES:
            yield Close("too many bad frames in a row")

    def _whole(self, frame: Frame) -> Iterator[Step]:
        if frame.id == Id.REGISTER:
            yield from self._register(frame)
        elif frame.id == Id.AUTHENTICATE:
            yield from self._authenticate(frame)
        elif self.phone is None or not self.enrolment.is_enrolled(self.phone):
            self.phone = None
            yield from self._stranger(frame, "not_authenticated")
        else:
            yield from self._known(frame, self.phone)

    def _register(self, frame: Frame) -> Iterator[Step]:
        registration = messages.read_registration(frame)
        if not self.enrolment.is_enrolled(frame.phone):
            yield Count(frame.phone, "not_enrolled", unknown=True)
            yield self.registered(frame, Registered.NO_TERMINAL)
            yield from self._strike()
        elif registration is None:
            yield Count(frame.phone, Why.UNREADABLE)
            yield self._answer(frame, Result.BAD)
            yield from self._strike()
        else:
            yield Register(frame, registration)

    def _authenticate(self, frame: Frame) -> Iterator[Step]:
        code = messages.read_code(frame)
        if code is not None and self.enrolment.lets_in(frame.phone, code):
            self.phone, self.last, self._strikes = frame.phone, frame, 0
            self._code = code
            yield self._answer(frame, Result.OK)
            yield Entered(frame.phone)
        else:
            self.phone = None
            yield from self._stranger(frame, "wrong_secret")

    def _known(self, frame: Frame, phone: str) -> Iterator[Step]:
        match frame.id:
            case Id.POSITION:
                yield Take(frame, phone, (messages.read_position(frame.body),))
            case Id.BATCH:
                yield Take(frame, phone, messages.read_batch(frame.body))
            case Id.TERMINAL_REPLY:
                pass  # it has read a text
            case Id.HEARTBEAT:
                yield self._answer(frame, Result.OK)
            case Id.LOGOUT:
                self.phone = None
                yield self._answer(frame, Result.OK)
            case _:
                yield self._answer(frame, Result.UNSUPPORTED)

    def _stranger(self, frame: Frame, what: str) -> Iterator[Step]:
        enrolled = self.enrolment.is_enrolled(frame.phone)
        yield Count(frame.phone, what, unknown=not enrolled)
        yield self._answer(frame, Result.FAILED)
        yield from self._strike()

    def _strike(self) -> Iterator[Step]:
        self._strikes += 1
        if self._strikes >= MOST_STRIKES:
            yield Close("too many messages without authentication")

    def _assembled(self, frame: Frame) -> Frame | None:
        """The whole message when its last missing part has come; one message at a time."""
        first = next(iter(self._parts.values()), None)
        if first is not None and _begins(first) != _begins(frame):
            self._parts.clear()
        self._parts[frame.part] = frame
        if len(self._parts) < frame.parts:
            return None
        body = b"".join(self._parts[n].body for n in range(1, frame.parts + 1))
        if frame.id not in _STORED:
            self._parts.clear()
        return replace(frame, body=body)

    def _answer(self, frame: Frame, result: Result) -> Say:
        return Say(messages.reply(frame, self._next(), result))

    def _next(self) -> int:
        seq = self._seq
        self._seq = (seq + 1) & 0xFFFF
        return seq


def _begins(part: Frame) -> tuple[int, int, int]:
    """Which split message a part is of: its kind, its parts, and the number of the first."""
    return part.id, part.parts, (part.seq - part.part + 1) & 0xFFFF
