"""How the search is compiled: kept on disk, without the interpreter's lock, without counting.

`_nrt=False` leaves out the counting of references to arrays, which is most of the time and half of
the compiling of functions that are handed twenty of them. It holds as long as no compiled function
makes an array; all of them belong to the caller.
"""

from numba import njit

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}

compiled = njit(**OPTIONS)
inlined = njit(forceinline=True, **OPTIONS)
