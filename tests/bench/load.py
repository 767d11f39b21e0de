"""The load generator, a process of its own: reads a plan from stdin, writes what happened.

Plain HTTP/1.1 over asyncio streams with kept connections, so that it needs little of the machine
it shares with the server. Without `rate` each connection sends as soon as it is answered. With
`rate` requests start by the clock, and a late one is counted late: its time runs from when it
should have been sent. What was due and could not be sent in time is counted, not sent later.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle

from tests.data import ROOT

ANSWER_WITHIN_S = 15
GRACE_S = 30
ONSET_S = 15.0
"""What begins later than this after the first is told apart as well."""
Request = tuple[str, str, str | None]


@dataclass(frozen=True)
class Plan:
    """What to send: `(method, target, body)` each; `once` stops when all were sent."""

    port: int
    requests: Sequence[Request]
    seconds: float
    connections: int = 16
    token: str | None = None
    rate: float | None = None
    once: bool = False


@dataclass(frozen=True)
class Told:
    """What happened; latencies in milliseconds, 0 where nothing was answered."""

    requests: int
    seconds: float
    statuses: dict[str, int]
    p50_ms: float
    p99_ms: float
    longest_ms: float
    later_p99_ms: float
    broken: int = 0
    unsent: int = 0
    unanswered: int = 0
    bodies: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def count(self, status: int) -> int:
        return self.statuses.get(str(status), 0)

    def only(self, *statuses: int) -> "Told":
        """The same, after making sure that nothing else was answered."""
        others = {s: n for s, n in self.statuses.items() if int(s) not in statuses}
        if others or self.broken or self.unanswered:
            raise RuntimeError(
                f"{others} answered, {self.broken} broken, {self.unanswered} not: {self.bodies}"
            )
        return self


class _Run:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        sent = plan.requests if plan.once else cycle(plan.requests)
        self.requests: Iterator[Request] = iter(sent)
        self.times: list[float] = []
        self.later: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.bodies: list[str] = []
        self.broken = 0
        self.begun = 0.0
        self.started = 0

    async def all(self) -> Told:
        self.begun = time.perf_counter()
        connections = [
            asyncio.ensure_future(self._connection()) for _ in range(self.plan.connections)
        ]
        patience_s = self.plan.seconds + ANSWER_WITHIN_S
        done, waiting = await asyncio.wait(connections, timeout=patience_s)
        seconds = time.perf_counter() - self.begun
        for each in waiting:
            each.cancel()
        for each in done:
            each.result()
        times = sorted(self.times) or [0.0]
        return Told(
            requests=len(self.times),
            seconds=seconds,
            statuses=dict(self.statuses),
            p50_ms=times[len(times) // 2] * 1000,
            p99_ms=_share(times, 0.99) * 1000,
            later_p99_ms=_share(sorted(self.later), 0.99) * 1000,
            longest_ms=times[-1] * 1000,
            broken=self.broken,
            unsent=self._due() - self.started,
            unanswered=len(waiting),
            bodies=self.bodies,
        )

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.plan.port)
        try:
            while (begin := await self._turn()) is not None:
                request = next(self.requests, None)
                if request is None:
                    return
                writer.write(self._written(request))
                status, body = await _answer(reader)
                self._took(begin)
                self.statuses[status] += 1
                if not status.startswith("2") and len(self.bodies) < 3:
                    self.bodies.append(body.decode("utf-8", "replace"))
        except (OSError, asyncio.IncompleteReadError):
            self.broken += 1
        finally:
            writer.close()

    def _took(self, begin: float) -> None:
        took = time.perf_counter() - begin
        self.times.append(took)
        if begin - self.begun > ONSET_S:
            self.later.append(took)

    def _due(self) -> int:
        """How many should have been sent in the time; without a rate, as many as were."""
        if self.plan.rate is None:
            return self.started
        due = round(self.plan.rate * self.plan.seconds)
        return min(due, len(self.plan.requests)) if self.plan.once else due

    async def _turn(self) -> float | None:
        """Wait for the next request's time; when it should have begun, or None at the end."""
        end = self.begun + self.plan.seconds
        if self.plan.rate is None:
            now = time.perf_counter()
            return now if now < end else None
        due = self.begun + self.started / self.plan.rate
        if due >= end or time.perf_counter() >= end:
            return None
        self.started += 1
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        return due

    def _written(self, request: Request) -> bytes:
        method, target, body = request
        content = (body or "").encode()
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
        if self.plan.token:
            lines.append(f"Authorization: Bearer {self.plan.token}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content


def _share(times: Sequence[float], share: float) -> float:
    """The time within which such a share was answered; 0 where nothing was."""
    return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = head[9:12].decode()
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return status, await reader.readexactly(int(value))
    raise RuntimeError(f"an answer without Content-Length: {head!r}")


class Sending:
    """A load generator under way."""

    def __init__(self, plan: Plan) -> None:
        self._seconds = plan.seconds
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(plan)))
        self._process.stdin.close()
        self._process.stdin = None

    @property
    def under_way(self) -> bool:
        return self._process.poll() is None

    def told(self) -> Told:
        """Wait for the end and give what happened."""
        try:
            out, _ = self._process.communicate(timeout=self._seconds + GRACE_S)
        finally:
            self._process.kill()
        if self._process.returncode:
            raise RuntimeError(f"the load generator ended with {self._process.returncode}")
        return Told(**json.loads(out))


def send(plan: Plan) -> Told:
    return Sending(plan).told()


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    told = asyncio.run(_Run(plan).all())
    json.dump(asdict(told), sys.stdout)


if __name__ == "__main__":
    main()
