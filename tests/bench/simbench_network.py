"""Write a SimBench grid as a file that `relight drill --network` reads.

SimBench is no dependency of ours; it has an environment of its own:

    python -m venv simbench && simbench/bin/pip install simbench
    simbench/bin/python tests/bench/simbench_network.py 1-MVLV-urban-all-0-sw urban.json

Codes are explained at https://simbench.de; those with `MVLV` hold medium and low voltage.
"""

import sys
from pathlib import Path

CODE = "1-MVLV-urban-all-0-sw"


def main() -> None:
    import pandapower  # noqa: PLC0415 - neither is there in our own environment
    import simbench  # noqa: PLC0415

    code, out = (sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 2 else (CODE, Path("grid.json"))
    net = simbench.get_simbench_net(code)
    net.profiles = {}  # a year of loads, which no outage needs
    pandapower.to_json(net, str(out))
    counts = ", ".join(f"{len(net[table])} {table}" for table in ("bus", "line", "trafo", "load"))
    print(f"{out}: {code}, {counts}, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
