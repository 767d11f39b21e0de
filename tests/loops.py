"""Run a coroutine from a test, whatever loop a browser test has left in this thread."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def run_async(work: Coroutine[object, object, Result]) -> Result:
    """Run `work` to its end in a thread of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
