"""VROOM in a process of its own, which is ended and asked again where it does not answer.

Its engine stood still for good in a run of many thousand questions, in a lock of its own; a drill
of many hours must not. Little is imported here, for the process starts with this module.
"""

import atexit
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np
from numpy.typing import NDArray

EXPLORATION = 3
PATIENCE_S = 120.0
ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A crew: from when it is free until when it may work, in seconds; it starts at its place."""

    skills: frozenset[int]
    free_s: int
    until_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order: how long it takes and by when it must begin, in seconds; None: whenever."""

    service_s: int
    skills: frozenset[int]
    priority: int
    within_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Drive times between all places, seconds, uint32, shape (n, n): the vehicles', the jobs'."""

    durations: NDArray[np.uint32]
    vehicles: Sequence[Vehicle]
    jobs: Sequence[Job]


Stops = list[tuple[int, int]]
"""Vehicle and job by their numbers in the question, each vehicle's in the order of its route."""


class VroomApart:
    """Asks the process, which is started with the first question and ends with this one."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._line: Connection | None = None

    def routes(self, question: Question, patience_s: float = PATIENCE_S) -> Stops:
        """Give the routes; RuntimeError where VROOM stays silent each time."""
        for _ in range(ATTEMPTS):
            line = self._line or self._start()
            line.send(question)
            if line.poll(patience_s):
                found: Stops = line.recv()
                return found
            self.end()
        raise RuntimeError(f"VROOM gave no answer in {ATTEMPTS} times {patience_s:.0f} s")

    def end(self) -> None:
        """End the process; the next question starts another one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._line is not None:
            self._line.close()
        self._process = self._line = None

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=answer, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._line = ours
        return ours


ENGINE = VroomApart()
atexit.register(ENGINE.end)


def answer(line: Connection) -> None:
    """Answer questions until nobody asks any more."""
    while True:
        try:
            question: Question = line.recv()
        except EOFError:
            return
        line.send(solve(question))


def solve(question: Question) -> Stops:
    """Ask VROOM in this process."""
    import vroom  # noqa: PLC0415 (only where it is wanted)

    asked = vroom.Input()
    asked.set_durations_matrix(profile="car", matrix_input=question.durations)
    asked.add_vehicle(
        [
            vroom.Vehicle(
                number,
                start=number,
                skills=set(each.skills),
                time_window=vroom.TimeWindow(each.free_s, each.until_s),
            )
            for number, each in enumerate(question.vehicles)
        ]
    )
    asked.add_job(
        [
            vroom.Job(
                number,
                location=len(question.vehicles) + number,
                default_service=each.service_s,
                skills=set(each.skills),
                priority=each.priority,
                time_windows=[]
                if each.within_s is None
                else [vroom.TimeWindow(0, max(0, each.within_s))],
            )
            for number, each in enumerate(question.jobs)
        ]
    )
    found = asked.solve(exploration_level=EXPLORATION, nb_threads=1)
    stops = found.routes[found.routes["type"] == "job"]
    return [
        (int(vehicle), int(job))
        for vehicle, job in zip(stops["vehicle_id"], stops["id"], strict=True)
    ]
