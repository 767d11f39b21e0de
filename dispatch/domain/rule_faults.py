"""What is wrong with a rule set, beyond its form; and how two sets differ."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dispatch.domain.published import PUBLISHED_RULES
from dispatch.domain.rule_form import Draft, to_plain
from dispatch.domain.rules import STOPS_OF, Level, Override, Rule, RuleSet
from dispatch.errors import shown

MINUTE = timedelta(minutes=1)
RELIED_ON = frozenset(rule.id for rule in PUBLISHED_RULES)
"""Rules that other programs and the planner ask for by name: put out of use, never left out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that keeps a set from being put into force; `misses` a rule that is not there.

    `what` goes on after "is": the value, and what was expected.
    """

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
        *(fault for rule in rules.rules for fault in _of_rule(rule, f"rules {rule.id}")),
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
                yield Fault(f"{part} {name}", f"there {count} times; expected each id once")
    for name in sorted(RELIED_ON - {rule.id for rule in rules.rules}):
        what = "missing; expected to be kept, with in_use = false: other programs rely on it"
        yield Fault(f"rules {name}", what, misses=name)


def _of_rule(rule: Rule, where: str) -> Iterator[Fault]:
    if rule.stops not in STOPS_OF[rule.starts]:
        wanted = f"one of {', '.join(sorted(STOPS_OF[rule.starts]))} after starts = {rule.starts}"
        what = f"{shown(rule.stops.value)}; expected {wanted}, or nothing would stop it"
        yield Fault(f"{where}.stops", what)
    if rule.in_use and not rule.levels:
        yield Fault(f"{where}.levels", "empty; expected at least one, or nobody would be warned")
    for area, minutes in rule.minutes.items():
        if minutes <= 0:
            yield Fault(f"{where}.minutes.{area}", f"{minutes:g}; expected more than 0")
        else:
            yield from _of_levels(f"{where}.levels", rule.levels, area, minutes)


def _of_levels(where: str, levels: tuple[Level, ...], area: str, minutes: float) -> Iterator[Fault]:
    for number, level in enumerate(levels):
        if (level.share is None) == (level.minutes is None):
            given = "without both" if level.share is None else "given both"
            yield Fault(f"{where}[{number}]", f"{given}; expected either a share or minutes")
            return
    target = timedelta(minutes=minutes)
    moments = [level.after_start(target) for level in levels]
    for number, moment in enumerate(moments):
        reached = f"reached {moment / MINUTE:g} minutes after the start ({area}: {minutes:g})"
        if moment <= timedelta():
            what = f"{reached}; expected later than 0, not before the clock begins"
            yield Fault(f"{where}[{number}]", what)
            return
        if number and moments[number - 1] >= moment:
            before = f"{moments[number - 1] / MINUTE:g}"
            what = f"{reached}; expected after {before}, as levels follow one another"
            yield Fault(f"{where}[{number}]", what)
            return


def _of_overrides(rules: RuleSet, districts: Collection[str]) -> Iterator[Fault]:
    known = {rule.id: rule for rule in rules.rules}
    for number, each in enumerate(rules.overrides):
        where = f"overrides {each.id}"
        if each.district_id not in districts:
            wanted = "one of " + ", ".join(sorted(districts)) if districts else "a loaded district"
            yield Fault(f"{where}.district", f"{shown(each.district_id)}; expected {wanted}")
        if each.rule_id not in known:
            what = f"{shown(each.rule_id)}; expected the id of one of the rules"
            yield Fault(f"{where}.rule", what, misses=each.rule_id)
        else:
            yield from _of_rule(each.apply(known[each.rule_id]), where)
        if each.minutes is None and each.levels is None:
            what = "without minutes and levels; expected one of them, or it changes nothing"
            yield Fault(where, what)
        if each.valid_until is not None and each.valid_until <= each.valid_from:
            since = each.valid_from.isoformat()
            what = f"{each.valid_until.isoformat()}; expected after valid_from, {since}"
            yield Fault(f"{where}.valid_until", what)
        for other in rules.overrides[:number]:
            if _clash(each, other):
                what = f"in force at the same time as {other.id}; expected periods apart"
                yield Fault(where, what)


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
