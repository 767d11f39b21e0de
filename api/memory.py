"""What a program keeps for good is left out of Python's searches for cycles that nobody needs.

Such a search stops the whole process while it goes through every object that there is. The modules
alone are some 400,000 of them: a quarter of a second in which no call is answered and no road is
closed, every few seconds while reports come in.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000
"""So many objects more than were given back, and the youngest are searched; Python's own is 700."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Search for nothing while modules are imported, and never again through what they made."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """Keep what stands now for good; called once, when a program begins to serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
