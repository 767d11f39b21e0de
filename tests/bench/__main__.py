"""`./run bench [NAME ...] [--customers N]`: measure, print, and keep under build/bench/."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from tests.bench import (
    assignment,
    closures,
    desk,
    fuzz,
    gateway,
    inference,
    ledger,
    loaders,
    roads,
    screens,
    storm,
    web,
)
from tests.bench.company import Company, running
from tests.bench.rows import Row, keep, machine, show
from tests.bench.seed import Size
from tests.data import ROOT

CUSTOMERS = 2_000_000
OUT = ROOT / "build" / "bench"

IN_A_COMPANY: dict[str, Callable[[Company], Sequence[Row]]] = {
    "storm": storm.rows,  # first, while every crew is free
    "http": web.rows,
    "desk": desk.rows,
    "closures": closures.rows,
    "memory": storm.memory_rows,
}
ALONE: dict[str, Callable[[], Sequence[Row]]] = {
    "loaders": loaders.rows,
    "roads": roads.run,
    "assignment": assignment.run,
    "gateway": gateway.rows,
    "inference": inference.rows,
    "ledger": ledger.rows,
    "fuzz": fuzz.rows,
    "screens": screens.rows,
}

NEEDS_DATA = {"roads": roads, "assignment": assignment}


def measure(name: str, work: Callable[[], Sequence[Row]], **more: object) -> None:
    before = machine()
    rows = work()
    show(name, rows, before)
    print(f"kept in {keep(OUT, name, rows, before, **more)}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    names = (*IN_A_COMPANY, *ALONE)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(names)}; all of them if none")
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--seconds", type=int, default=fuzz.SECONDS, help="of each fuzzed wire")
    parser.add_argument("--share", type=float, default=1.0, help="of a storm's load on the screens")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.name) - set(names)):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(names)}")
    wanted = [name for name in asked.name or names if can_run(name)]
    if any(name in IN_A_COMPANY for name in wanted):
        with running(Size.of(asked.customers)) as company:
            for name, in_company in IN_A_COMPANY.items():
                if name in wanted:
                    size = company.size.customers
                    measure(name, lambda work=in_company: work(company), customers=size)
    for name, alone in ALONE.items():
        if name in wanted and (absent := lacking(name)):
            print(absent, file=sys.stderr)
        elif name in wanted:
            given = {
                "fuzz": partial(fuzz.rows, asked.seconds),
                "screens": partial(screens.rows, asked.share),
            }
            measure(name, given.get(name, alone))


def can_run(name: str) -> bool:
    """Whether what a benchmark needs is here; says what is not."""
    if absent := lacking(name):
        print(absent, file=sys.stderr)
    return absent is None


def lacking(name: str) -> str | None:
    """What a benchmark cannot run without, if that is not here."""
    if name in NEEDS_DATA and not NEEDS_DATA[name].has_data():
        return NEEDS_DATA[name].ABSENT
    if name == "desk" and not desk.has_browser():
        return desk.ABSENT
    return fuzz.ABSENT if name == "fuzz" and not fuzz.has_atheris() else None


if __name__ == "__main__":
    main()
