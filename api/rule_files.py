"""Rule sets as files, TOML or JSON: what is shown can be edited and adopted again."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dispatch.domain.rule_form import Draft, read_draft, to_plain
from dispatch.domain.rules import RuleSet
from dispatch.errors import InvalidInput

MOST_BYTES = 1_000_000


def read_draft_file(file: Path, *, valid_from: datetime) -> Draft:
    """Read a set as far as it can be; `InvalidInput` for a file that is neither TOML nor JSON."""
    return read_draft(_content(file), valid_from=valid_from)


def _content(file: Path) -> Any:  # noqa: ANN401 (whatever the file holds)
    if file.stat().st_size > MOST_BYTES:
        raise InvalidInput("file", file.name, f"at most {MOST_BYTES:,} bytes")
    text = file.read_text("utf-8")
    try:
        return json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except ValueError as broken:  # both kinds of file raise one of it
        raise InvalidInput("file", file.name, f"JSON or TOML ({broken})") from broken


def as_json(rules: RuleSet) -> str:
    """The set as JSON."""
    return json.dumps(to_plain(rules), ensure_ascii=False, indent=2) + "\n"


def as_toml(rules: RuleSet, heading: str) -> str:
    """The set as TOML, `heading` a comment above it."""
    lines = [f"# {line}" for line in heading.splitlines()]
    for part, things in to_plain(rules).items():
        for thing in things:
            lines += ["", *_table(part, thing)]
    return "\n".join(lines) + "\n"


def _table(name: str, thing: Mapping[str, Any]) -> Iterator[str]:
    """One table of an array: plain values first, then tables inside it."""
    yield f"[[{name}]]"
    inner: list[tuple[str, list[Mapping[str, Any]]]] = []
    for key, value in thing.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            inner.append((key, value))
        else:
            yield f"{key} = {_value(value)}"
    for key, tables in inner:
        for table in tables:
            yield from _table(f"{name}.{key}", table)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)  # TOML's words, numbers and texts are JSON's
