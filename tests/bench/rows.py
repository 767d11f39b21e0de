"""What a benchmark gives: rows, printed as a table and kept as JSON."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One measurement; `ratio` is to the first row of its group, None where none makes sense."""

    group: str
    what: str
    value: float
    unit: str
    ratio: float | None = None
    note: str = ""


def against_first(rows: Sequence[Row]) -> list[Row]:
    first = rows[0].value
    return [Row(r.group, r.what, r.value, r.unit, r.value / first, r.note) for r in rows]


def machine() -> dict[str, object]:
    """What else went on while this was measured."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def show(name: str, rows: Sequence[Row], before: dict[str, object]) -> None:
    after = os.getloadavg()[0]
    table = Table(title=f"{name}, {before['at']}, load {before['load_average'][0]} -> {after:.2f}")
    for column in ("group", "what", "value", "unit", "ratio", "note"):
        table.add_column(column, justify="right" if column in {"value", "ratio"} else "left")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        value = f"{row.value:,.0f}" if abs(row.value) >= 1000 else f"{row.value:.4g}"
        table.add_row(row.group, row.what, value, row.unit, ratio, row.note)
    Console(width=140).print(table)


def keep(folder: Path, name: str, rows: Sequence[Row], before: dict[str, object], **more) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    told = {
        "benchmark": name,
        **before,
        "load_average_after": [round(load, 2) for load in os.getloadavg()],
        **more,
        "rows": [asdict(row) for row in rows],
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
