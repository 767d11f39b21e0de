"""Travel times are asked for once, and again when they may have changed."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.planning.travel_table import TravelTable


@dataclass
class Roads:
    """Times that name their places, and a count of how many were worked out."""

    version: int = 0
    asked: list[int] = field(default_factory=list)

    def minutes(self, starts, ends):
        self.asked.append(len(starts) * len(ends))
        pairs = [[x * 100 + y + 10_000 * self.version for y, _ in ends] for x, _ in starts]
        return np.array(pairs, np.float32).reshape(len(starts), len(ends))


def places(*numbers: int) -> list[tuple[float, float]]:
    return [(float(n), 0.0) for n in numbers]


def test_a_crew_that_moved_costs_its_row_and_nothing_else():
    roads, table = Roads(), TravelTable()
    table.minutes(roads, places(1, 2, 7, 8, 9), places(7, 8, 9))
    roads.asked.clear()
    found = table.minutes(roads, places(3, 2, 7, 8, 9), places(7, 8, 9))
    assert roads.asked == [3]
    assert found[0].tolist() == [307.0, 308.0, 309.0]


def test_a_new_order_costs_its_row_and_its_column():
    roads, table = Roads(), TravelTable()
    table.minutes(roads, places(1, 7, 8), places(7, 8))
    roads.asked.clear()
    table.minutes(roads, places(1, 7, 8, 9), places(7, 8, 9))
    assert sum(roads.asked) == 4 + 2


def test_nothing_is_asked_when_nothing_changed():
    roads, table = Roads(), TravelTable()
    table.minutes(roads, places(1, 7), places(7))
    roads.asked.clear()
    table.minutes(roads, places(1, 7), places(7))
    assert not roads.asked


def test_a_closure_makes_everything_be_asked_again():
    roads, table = Roads(), TravelTable()
    table.minutes(roads, places(1, 7), places(7))
    roads.version = 1
    assert table.minutes(roads, places(1, 7), places(7)).tolist() == [[10_107.0], [10_707.0]]


def test_changing_what_was_given_does_not_change_what_is_kept():
    roads, table = Roads(), TravelTable()
    table.minutes(roads, places(1), places(7))[:] = 0
    assert table.minutes(roads, places(1), places(7)).tolist() == [[107.0]]


some = st.lists(st.integers(0, 9), max_size=6)


@given(st.lists(st.tuples(some, some, st.integers(0, 1)), max_size=6))
def test_what_is_kept_is_what_would_be_worked_out_anew(looks):
    roads, table = Roads(), TravelTable()
    for starts, ends, version in looks:
        roads.version = version
        found = table.minutes(roads, places(*starts), places(*ends))
        assert np.array_equal(found, Roads(version).minutes(places(*starts), places(*ends)))
