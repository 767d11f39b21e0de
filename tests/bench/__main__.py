"""`./run bench [NAME ...] [--customers N]`: measure, print, and keep under build/bench/."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from tests.bench import assignment, fuzz, gateway, loaders, roads, storm, web
from tests.bench.company import Company, running
from tests.bench.rows import Row, keep, machine, show
from tests.bench.seed import Size
from tests.data import ROOT

CUSTOMERS = 2_000_000
OUT = ROOT / "build" / "bench"

IN_A_COMPANY: dict[str, Callable[[Company], Sequence[Row]]] = {
    "storm": storm.rows,  # first, while every crew is free
    "http": web.rows,
    "memory": storm.memory_rows,
}
ALONE: dict[str, Callable[[], Sequence[Row]]] = {
    "loaders": loaders.rows,
    "roads": roads.run,
    "assignment": assignment.run,
    "gateway": gateway.rows,
    "fuzz": fuzz.rows,
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
    asked = parser.parse_args()
    wanted = asked.name or list(names)
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(names)}")
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
            measure(name, partial(fuzz.rows, asked.seconds) if name == "fuzz" else alone)


def lacking(name: str) -> str | None:
    """What a benchmark cannot run without, if that is not here."""
    if name in NEEDS_DATA and not NEEDS_DATA[name].has_data():
        return NEEDS_DATA[name].ABSENT
    return fuzz.ABSENT if name == "fuzz" and not fuzz.has_atheris() else None


if __name__ == "__main__":
    main()
