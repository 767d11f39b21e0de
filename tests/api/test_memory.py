"""What stays for good is not searched for cycles again; each in a process of its own."""

import subprocess
import sys

import pytest

AFTER_IMPORTS = """
import gc
from api.memory import undisturbed
with undisturbed():
    import api.processes
    assert not gc.isenabled()
print(gc.isenabled(), gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 10_000)
"""
AFTER_A_FAILURE = """
import gc
from api.memory import undisturbed
try:
    with undisturbed():
        import api.no_such_module
except ModuleNotFoundError:
    print(gc.isenabled(), True, True)
"""
WHEN_SERVING = """
import gc, weakref
from api.memory import YOUNG, settle
class Ring:
    def __init__(self):
        self.me = self
kept, lost = Ring(), weakref.ref(Ring())
settle()
after = weakref.ref(Ring())
gc.collect()
print(lost() is None and after() is None, gc.get_freeze_count() > 0, gc.get_threshold()[0] == YOUNG)
"""


@pytest.mark.parametrize("program", [AFTER_IMPORTS, AFTER_A_FAILURE, WHEN_SERVING])
def test_what_stays_for_good_is_left_out_of_the_search(program: str):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True"] * 3
