"""What is wrong with a rule set, beyond its form; and how two sets differ."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from dispatch.domain.published import PUBLISHED_RULES
from dispatch.domain.rule_form import Draft, to_plain
from dispatch.domain.rules import STOPS_OF, Level, Override, Rule, RuleSet

RELIED_ON = frozenset(rule.id for rule in PUBLISHED_RULES)
"""Rules that other programs and the planner ask for by name: put out of use, never left out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that keeps a set from being put into force; `misses` a rule that is not there."""

    where: str
    what: str
    misses: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two sets hold differently; None where one has no such thing."""

    where: str
    before: Any
    after: Any


def faults_of(rules: RuleSet, *, districts: Collection[str]) -> tuple[Fault, ...]:
    """Everything that is wrong with a set, in the order of its parts."""
    return (
        *_names(rules),
        *(fault for rule in rules.rules for fault in _of_rule(rule)),
        *_of_overrides(rules, districts),
    )


def faults_of_draft(draft: Draft, *, districts: Collection[str]) -> tuple[Fault, ...]:
    """Everything that is wrong with a draft: its form first, then what can be read of it.

    What could not be read is not missed besides.
    """
    form = (
        Fault(str(each.context["field"]), f"{each.context['value']}; expected {expected}")
        for each in draft.wrong
        for expected in (each.context["expected"],)
    )
    return (
        *form,
        *(
            fault
            for fault in faults_of(draft.rules, districts=districts)
            if not _only_unread(fault, draft)
        ),
    )


def _only_unread(fault: Fault, draft: Draft) -> bool:
    """Whether a fault would be none if everything could be read."""
    if fault.misses is None:
        return False
    return draft.nameless or fault.misses in draft.left_out


def _names(rules: RuleSet) -> Iterator[Fault]:
    for part in ("rules", "ahead", "repeats", "pauses", "overrides"):
        counts = Counter(each.id for each in getattr(rules, part))
        for name, count in counts.items():
            if count > 1:
                yield Fault(f"{part} {name}", "the same id twice")
    for name in sorted(RELIED_ON - {rule.id for rule in rules.rules}):
        what = "other programs rely on it; keep it, with in_use = false"
        yield Fault(f"rules {name}", what, misses=name)


def _of_rule(rule: Rule) -> Iterator[Fault]:
    where = f"rules {rule.id}"
    if rule.stops not in STOPS_OF[rule.starts]:
        yield Fault(where, f"nothing would stop it: from {rule.starts} to {rule.stops}")
    if rule.in_use and not rule.levels:
        yield Fault(where, "nobody would be warned; give it at least one level")
    for area, minutes in rule.minutes.items():
        if minutes <= 0:
            yield Fault(where, f"{area}: {minutes:g} minutes; expected more than 0")
        else:
            yield from _of_levels(f"{where}, {area}", rule.levels, timedelta(minutes=minutes))


def _of_levels(where: str, levels: tuple[Level, ...], target: timedelta) -> Iterator[Fault]:
    if any((level.share is None) == (level.minutes is None) for level in levels):
        yield Fault(where, "a level has either a share or minutes")
        return
    moments = [level.after_start(target) for level in levels]
    if any(moment <= timedelta() for moment in moments):
        yield Fault(where, "a level would be reached before the clock begins")
    if any(one >= other for one, other in pairwise(moments)):
        yield Fault(where, "levels have to follow one another in time")


def _of_overrides(rules: RuleSet, districts: Collection[str]) -> Iterator[Fault]:
    known = {rule.id: rule for rule in rules.rules}
    for number, each in enumerate(rules.overrides):
        where = f"overrides {each.id}"
        if each.district_id not in districts:
            yield Fault(where, f"no district {each.district_id}")
        if each.rule_id not in known:
            yield Fault(where, f"no rule {each.rule_id}", misses=each.rule_id)
        else:
            yield from (
                Fault(where, fault.what) for fault in _of_rule(each.apply(known[each.rule_id]))
            )
        if each.minutes is None and each.levels is None:
            yield Fault(where, "it changes nothing: neither minutes nor levels")
        if each.valid_until is not None and each.valid_until <= each.valid_from:
            yield Fault(where, "valid_until has to be after valid_from")
        for other in rules.overrides[:number]:
            if _clash(each, other):
                yield Fault(where, f"holds at the same time as {other.id}")


def _clash(one: Override, other: Override) -> bool:
    """Whether two overrides of one rule and district hold at the same moment."""
    if (one.district_id, one.rule_id) != (other.district_id, other.rule_id):
        return False
    begins = max(one.valid_from, other.valid_from)
    return all(each.valid_until is None or begins < each.valid_until for each in (one, other))


def differences(before: RuleSet, after: RuleSet) -> tuple[Difference, ...]:
    """What a new set changes, field by field."""
    old, new = _fields(before), _fields(after)
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        Difference(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    )


def _fields(rules: RuleSet) -> Mapping[str, Any]:
    return {
        f"{part} {each['id']}: {field}": value
        for part, things in to_plain(rules).items()
        for each in things
        for field, value in each.items()
        if field != "id"
    }
