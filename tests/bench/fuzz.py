"""Coverage-guided fuzzing of every wire, for a given time: `./run bench fuzz --seconds N`.

Needs atheris, which the project does not depend on: `pip install atheris` beside it. Each wire
has a process of its own, which ends badly on a crash, a hang of ten seconds or more than 1 GB.
"""

# ruff: noqa: PLC0415 (what is fuzzed is imported when it can be instrumented)

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from tests.bench.rows import Row
from tests.data import ROOT

SECONDS = 60
ABSENT = "atheris is not installed; pip install atheris beside this environment to fuzz"


def http(data: bytes) -> None:
    """Every HTTP wire, its parameters and its JSON."""
    from api.trackers import gpslogger, osmand, owntracks, traccar
    from api.trackers.readings import Reading, Sent

    fields = dict(
        pair.split("=", 1) for pair in data.decode("latin-1").split("&")[:40] if "=" in pair
    )
    messages = [wire.parse(Sent(fields)) for wire in (traccar, osmand, gpslogger)]
    messages += [wire.parse(Sent({}, data, is_json=True)) for wire in (traccar, owntracks)]
    for message in messages:
        for item in message.items:
            if isinstance(item, Reading):
                assert abs(item.lon) <= 180 and abs(item.lat) <= 90
                assert item.fixed_at.tzinfo is not None


class Office:
    """Every second terminal is enrolled, and any code that begins with an s lets it in."""

    def is_enrolled(self, phone: str) -> bool:
        return not phone or int(phone[-1]) % 2 == 0

    def lets_in(self, phone: str, code: str) -> bool:
        return code.startswith("s")


def jt808(data: bytes) -> None:
    """A stream into a connection, cut in two, and its bytes as the bodies of sound messages."""
    from api.trackers.jt808.frames import Frame, Framer, encode
    from api.trackers.jt808.session import MOST_PARTS, Say, Session

    session, framer = Session(Office(), 0.0), Framer()
    middle = len(data) // 2
    frames = [frame for half in (data[:middle], data[middle:]) for frame in framer.feed(half)]
    entering = Frame(0x0102, "2", 0, b"s")
    bodies = [
        Frame(kind, "2", n, data[:1023], bool(n % 2), 1, 1 + n % 3, 1 + n % 3)
        for n, kind in enumerate((0x0100, 0x0102, 0x0200, 0x0704, 0x0001, 0x0801))
    ]
    for frame in [*frames, entering, *bodies]:
        for step in session.receive(frame, 0.0):
            if isinstance(step, Say):
                encode(step.frame)
    assert framer.holds <= 2200
    assert len(session._parts) <= MOST_PARTS


TARGETS: dict[str, Callable[[bytes], None]] = {"http": http, "jt808": jt808}


def rows(seconds: int = SECONDS) -> Sequence[Row]:
    """Fuzz each wire for so many seconds; a finding ends the benchmark with what was found."""
    return [row for name in TARGETS for row in _fuzzed(name, seconds)]


def has_atheris() -> bool:
    return find_spec("atheris") is not None


def _fuzzed(name: str, seconds: int) -> list[Row]:
    limits = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"]
    command = [sys.executable, "-m", "tests.bench.fuzz", name, *limits]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"fuzzing {name} found something:\n{done.stdout}{done.stderr[-5000:]}")
    found = re.search(r"Done (\d+) runs in (\d+) second", done.stderr)
    assert found is not None, done.stderr[-2000:]
    runs, took = int(found[1]), int(found[2])
    return [Row("fuzz", f"{name}: cases without a finding", runs, "cases", None, f"in {took} s")]


def main() -> None:
    import atheris

    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=["api.trackers"]):
        import api.trackers.gpslogger
        import api.trackers.jt808.session
        import api.trackers.osmand
        import api.trackers.owntracks
        import api.trackers.traccar  # noqa: F401
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
