"""Rule sets: which hold when, who put them into force."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from dispatch.domain.rule_form import from_plain, to_plain
from dispatch.domain.rules import RuleSet, RuleVersion
from dispatch.errors import NotFound
from dispatch.store.direct import Direct, Row
from dispatch.store.tables.clocks import rule_set as t

_SELECT = """
    SELECT version, valid_from, digest, note, adopted_at, adopted_by, withdrawn_at, withdrawn_by,
        withdrawn_for
    FROM rule_set
"""
_IN_FORCE = Direct(
    f"""{_SELECT} WHERE valid_from <= :at AND withdrawn_at IS NULL
    ORDER BY valid_from DESC, version DESC LIMIT 1"""
)
_FIRST = Direct(f"{_SELECT} WHERE withdrawn_at IS NULL ORDER BY valid_from, version LIMIT 1")
_VERSION = Direct(f"{_SELECT} WHERE version = :version")
_ALL = Direct(f"{_SELECT} ORDER BY valid_from, version")
_SAID = Direct(
    """
    SELECT CAST(jsonb_build_object(
        'rules', rules, 'ahead', ahead, 'repeats', repeats, 'pauses', pauses, 'overrides', overrides
    ) AS text) AS said
    FROM rule_set WHERE version = :version
    """
)
_read: dict[tuple[int, datetime, str], RuleSet] = {}
"""What this process has read: a version never changes, and every report asks for one."""


class PgRules:
    """Reads and keeps rule sets on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def at(self, at: datetime) -> RuleSet:
        """Read the set in force at a moment: the newest that was valid by then.

        Before the first set's date the first set holds, so that a report from before the start
        of the system can be judged. `NotFound` if no rules were installed.
        """
        row = _IN_FORCE.first(self._connection, {"at": at}) or _FIRST.first(self._connection)
        if row is None:
            raise NotFound("rule set", at=at.isoformat())
        return self._rules(row)

    def get(self, version: int) -> RuleVersion:
        """Read a set by its version; `NotFound` if there is none."""
        row = _VERSION.first(self._connection, {"version": version})
        if row is None:
            raise NotFound("rule set", version=version)
        return self._version(row)

    def list_versions(self) -> Sequence[RuleVersion]:
        """List every set, the one valid first coming first."""
        return [self._version(row) for row in _ALL.rows(self._connection)]

    def adopt(self, rules: RuleSet, *, by: str, note: str, at: datetime) -> RuleVersion:
        """Keep a set as a new version, valid from its `valid_from`."""
        row = {**_row(rules), "note": note, "adopted_at": at, "adopted_by": by}
        made = insert(t).values(**row).returning(t.c.version)
        return self.get(int(self._connection.execute(made).scalar_one()))

    def withdraw(self, version: int, *, by: str, reason: str, at: datetime) -> None:
        """Write down that a set never comes into force."""
        taken = {"withdrawn_at": at, "withdrawn_by": by, "withdrawn_for": reason}
        self._connection.execute(update(t).where(t.c.version == version).values(**taken))

    def _version(self, row: Row) -> RuleVersion:
        kept = ("note", "adopted_at", "adopted_by", "withdrawn_at", "withdrawn_by", "withdrawn_for")
        return RuleVersion(rules=self._rules(row), **{name: row[name] for name in kept})

    def _rules(self, row: Row) -> RuleSet:
        version, valid_from = row["version"], row["valid_from"]
        key = (version, valid_from, row["digest"])
        if key not in _read:
            said = _SAID.value(self._connection, {"version": version})
            _read[key] = from_plain(json.loads(said), version=version, valid_from=valid_from)
        return _read[key]


def install_rules(
    connection: Connection, rules: RuleSet, *, valid_from: datetime, note: str
) -> int:
    """Store a set of rules unless the same is stored for that date; the version that holds it."""
    row = {**_row(rules), "valid_from": valid_from, "note": note}
    by = {"adopted_at": valid_from, "adopted_by": "relight"}
    connection.execute(
        insert(t).values(**row, **by).on_conflict_do_nothing(constraint="rule_set_once")
    )
    same = (t.c.digest == row["digest"]) & (t.c.valid_from == valid_from)
    return int(connection.execute(select(t.c.version).where(same)).scalar_one())


def _row(rules: RuleSet) -> dict[str, Any]:
    said = to_plain(rules)
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {**said, "valid_from": rules.valid_from, "digest": digest}
