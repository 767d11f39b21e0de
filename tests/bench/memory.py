"""Memory and processor time of processes, as the kernel counts them."""

import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """All that the process holds now, shared pages counted in full."""
    return _line(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024


def own_mb(pid: int) -> float:
    """The process's share: pages that n processes hold are counted as 1/n."""
    return _line(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") / 1024


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def family(pid: int) -> list[int]:
    """The process and its children, such as a PostgreSQL server and its backends."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, listed)]


def family_mb(pid: int) -> float:
    total = 0.0
    for each in family(pid):
        try:
            total += own_mb(each)
        except (OSError, StopIteration):  # it ended meanwhile
            continue
    return total


def family_cpu_s(pid: int) -> float:
    """Processor time of the process, its living children and those it has waited for."""
    total = 0.0
    for each in family(pid):
        try:
            total += cpu_s(each)
        except OSError:
            continue
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return total + (int(fields[13]) + int(fields[14])) * TICK_S


def _line(path: Path, name: str) -> int:
    text = path.read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])
