"""VROOM, where it is installed: what it is asked in a process apart, and what if that is silent."""

import numpy as np
import pytest

from dispatch.drill.policies.vroom import is_installed
from dispatch.drill.policies.vroom_apart import Job, Question, Vehicle, VroomApart

pytestmark = pytest.mark.skipif(not is_installed(), reason="pyvroom is not installed")

NOBODY = 10**7


@pytest.fixture
def apart():
    engine = VroomApart()
    yield engine
    engine.end()


def a_question(*, within_s: int | None = None, skill: int = 1) -> Question:
    """One vehicle, two jobs 600 s and 60 s away."""
    return Question(
        durations=np.array([[0, 600, 60], [600, 0, 600], [60, 600, 0]], np.uint32),
        vehicles=[Vehicle(skills=frozenset({1}), free_s=0, until_s=NOBODY)],
        jobs=[
            Job(service_s=900, skills=frozenset({skill}), priority=10, within_s=within_s),
            Job(service_s=900, skills=frozenset({1}), priority=10, within_s=None),
        ],
    )


def test_a_route_comes_back_in_its_order(apart):
    assert sorted(apart.routes(a_question())) == [(0, 0), (0, 1)]
    assert apart.routes(a_question(within_s=700))[0] == (0, 0)


def test_what_nobody_can_do_is_left_out(apart):
    assert apart.routes(a_question(skill=2)) == [(0, 1)]


def test_a_process_that_is_silent_is_ended_and_the_next_question_gets_an_answer(apart):
    with pytest.raises(RuntimeError, match="no answer in 3 times"):
        apart.routes(a_question(), patience_s=0)
    assert len(apart.routes(a_question())) == 2
