"""Real inputs that tests may read when they are at hand; the project ships none."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_data(name: str) -> Path:
    """The file `name` of the data folder; skips the test, saying so, when it is absent."""
    folder = Path(os.environ.get("RELIGHT_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()
    path = folder / name
    if not path.exists():
        pytest.skip(f"no real data: {name} is not in {folder} (set RELIGHT_TEST_DATA)")
    return path


test_data.__test__ = False  # type: ignore[attr-defined]
