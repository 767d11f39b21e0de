"""How the search is compiled: kept on disk, without the interpreter's lock, without counting.

`_nrt=False` leaves out the counting of references to arrays, which is most of the time and half of
the compiling of functions that are handed twenty of them. It holds as long as no compiled function
makes an array; all of them belong to the caller. A function is kept on disk by its own file: after
a change in one file of the search, its callers in another must be compiled anew (delete
`__pycache__`).
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function when it is first called with arguments of a kind."""
    return cast("Function", njit(**OPTIONS)(function))


def inlined(function: Function) -> Function:
    """Compile a function into each of its callers: for small ones that are called all the time."""
    return cast("Function", njit(forceinline=True, **OPTIONS)(function))
