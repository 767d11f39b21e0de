"""Rule sets as plain dictionaries: one form for the database, the API and a file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import wraps
from math import isfinite
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from dispatch.domain.rules import (
    AheadRule,
    Level,
    Mark,
    Means,
    Override,
    PauseReason,
    Recipient,
    RepeatOf,
    RepeatRule,
    Rule,
    RuleSet,
    Scope,
    StartsAt,
    StopsAt,
)
from dispatch.domain.words import AreaClass, DistrictId
from dispatch.errors import InvalidInput

Plain = Mapping[str, Any]
Word = TypeVar("Word", bound=StrEnum)
Made = TypeVar("Made")
Asked = ParamSpec("Asked")

LONGEST_TEXT = 500
LONGEST_MIN = 366 * 1440.0


def to_plain(rules: RuleSet) -> dict[str, list[dict[str, Any]]]:
    """The set as lists of dictionaries; what is None is left out."""
    return {
        "rules": [_rule(each) for each in rules.rules],
        "ahead": [_flat(each, _AHEAD) for each in rules.ahead],
        "repeats": [_flat(each, _REPEAT) for each in rules.repeats],
        "pauses": [_pause(each) for each in rules.pauses],
        "overrides": [_override(each) for each in rules.overrides],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A set as far as it can be read, and every field that cannot.

    What has such a field is left out of `rules`; `left_out` are the ids of the rules of which that
    is so, and `nameless` says that of some not even the id is known.
    """

    rules: RuleSet
    wrong: tuple[InvalidInput, ...]
    left_out: frozenset[str]
    nameless: bool


def from_plain(given: Plain, *, version: int = 0, valid_from: datetime) -> RuleSet:
    """Read a set; `InvalidInput` names the field, the value and what was expected."""
    draft = read_draft(given, version=version, valid_from=valid_from)
    if draft.wrong:
        raise draft.wrong[0]
    return draft.rules


def read_draft(given: object, *, version: int = 0, valid_from: datetime) -> Draft:
    """Read a set to its end, whatever is wrong in it; `InvalidInput` where it is no set at all."""
    form = _Fields(given, "", [])
    made = RuleSet(
        version=version,
        valid_from=valid_from,
        rules=form.each("rules", _read_rule),
        ahead=form.each("ahead", _read_ahead),
        repeats=form.each("repeats", _read_repeat),
        pauses=form.each("pauses", _read_pause),
        overrides=form.each("overrides", _read_override),
    )
    form.nothing_else()
    lists = [each for each in (form.value("rules"),) if isinstance(each, list)]
    ids = [_id_of(each) for rules in lists for each in rules]
    read = {rule.id for rule in made.rules}
    return Draft(
        rules=made,
        wrong=tuple(form.wrong),
        left_out=frozenset(each for each in ids if each is not None) - read,
        nameless=None in ids or (form.value("rules") is not None and not lists),
    )


def _id_of(rule: object) -> str | None:
    found = rule.get("id") if isinstance(rule, Mapping) else None
    return found.strip() if isinstance(found, str) and found.strip() else None


_AHEAD = ("id", "title", "minutes_ahead", "temporary", "reminder", "source", "mark", "in_use")
_REPEAT = ("id", "title", "of", "at_least", "days", "source", "mark", "in_use")


def _flat(thing: object, names: Iterable[str]) -> dict[str, Any]:
    """The named fields; words of a closed list as text, None left out."""
    values = ((name, getattr(thing, name)) for name in names)
    return {
        name: value.value if isinstance(value, StrEnum) else value
        for name, value in values
        if value is not None
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        **_flat(rule, ("id", "title", "starts", "stops", "source", "mark", "in_use", "goal")),
        "minutes": {area.value: minutes for area, minutes in rule.minutes.items()},
        "scope": [scope.value for scope in rule.scope],
        "levels": [_level(level) for level in rule.levels],
    }


def _level(level: Level) -> dict[str, Any]:
    return {
        **_flat(level, ("share", "minutes")),
        "to": [each.value for each in level.to],
        "how": [each.value for each in level.how],
    }


def _pause(reason: PauseReason) -> dict[str, Any]:
    return {
        **_flat(reason, ("id", "title", "source", "longest_min", "in_use")),
        "stops": [each.value for each in reason.stops],
        "by": [each.value for each in reason.by],
    }


def _override(override: Override) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": override.id,
        "district": override.district_id,
        "rule": override.rule_id,
        "valid_from": override.valid_from.isoformat(),
        "note": override.note,
    }
    if override.valid_until is not None:
        plain["valid_until"] = override.valid_until.isoformat()
    if override.minutes is not None:
        plain["minutes"] = {area.value: each for area, each in override.minutes.items()}
    if override.levels is not None:
        plain["levels"] = [_level(level) for level in override.levels]
    return plain


def _gathered(
    read: Callable[Concatenate["_Fields", Asked], Made],
) -> Callable[Concatenate["_Fields", Asked], Made]:
    """A reader that notes what is wrong instead of raising it.

    What it gives then is of no use: `_Fields.each` leaves out whatever it would stand in.
    """

    @wraps(read)
    def gathering(form: "_Fields", /, *args: Asked.args, **options: Asked.kwargs) -> Made:
        with form.noting():
            return read(form, *args, **options)
        return cast("Made", None)

    return gathering


class _Fields:
    """One dictionary that is read field by field; gathers in `wrong` what cannot be meant."""

    def __init__(self, given: object, path: str, wrong: list[InvalidInput]) -> None:
        if not isinstance(given, Mapping):
            raise InvalidInput(path or "rule set", given, "fields with values")
        self._given, self._path = given, path
        self._read: set[str] = set()
        self.wrong = wrong

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what is wrong, and go on."""
        try:
            yield
        except InvalidInput as fault:
            self.wrong.append(fault)

    def at(self, name: str) -> str:
        """The field's whole name, such as `rules[2].minutes`."""
        return f"{self._path}.{name}" if self._path else name

    def value(self, name: str) -> Any:  # noqa: ANN401 (whatever the file holds)
        self._read.add(name)
        return self._given.get(name)

    @_gathered
    def text(self, name: str, usual: str | None = None) -> str:
        value = self.value(name)
        if value is None and usual is not None:
            return usual
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise InvalidInput(self.at(name), value, f"text, {LONGEST_TEXT} characters at most")
        if not value.strip() and usual is None:
            raise InvalidInput(self.at(name), value, "text that says something")
        return value.strip()

    def maybe(self, name: str, read: Callable[[str], Made]) -> Made | None:
        return None if self.value(name) is None else read(name)

    @_gathered
    def flag(self, name: str, *, usual: bool) -> bool:
        value = self.value(name)
        if value is None:
            return usual
        if not isinstance(value, bool):
            raise InvalidInput(self.at(name), value, "true or false")
        return value

    @_gathered
    def number(self, name: str, least: float, most: float) -> float:
        return _number(self.at(name), self.value(name), least, most)

    @_gathered
    def count(self, name: str, least: int, most: int) -> int:
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidInput(self.at(name), value, f"a whole number from {least} to {most}")
        return value

    @_gathered
    def moment(self, name: str) -> datetime:
        value = self.value(name)
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise InvalidInput(self.at(name), value, "a time with its zone")
        return at

    @_gathered
    def word(self, name: str, words: type[Word], usual: Word | None = None) -> Word:
        value = self.value(name)
        if value is None and usual is not None:
            return usual
        return _word(self.at(name), value, words)

    @_gathered
    def words(self, name: str, words: type[Word], usual: tuple[Word, ...] = ()) -> tuple[Word, ...]:
        value = self.value(name)
        if value is None and usual:
            return usual
        if not isinstance(value, list) or not value or len(value) > len(words):
            raise InvalidInput(self.at(name), value, f"a list of {', '.join(words)}")
        found = []
        for each in value:
            with self.noting():
                found.append(_word(self.at(name), each, words))
        return tuple(found)

    @_gathered
    def minutes(self, name: str) -> Mapping[AreaClass, float]:
        value = self.value(name)
        if not isinstance(value, Mapping) or not value:
            raise InvalidInput(self.at(name), value, "minutes by area class")
        found = {}
        for area, each in value.items():
            with self.noting():
                area_class = _word(self.at(name), area, AreaClass)
                found[area_class] = _number(f"{self.at(name)}.{area}", each, 0.0, LONGEST_MIN)
        return found

    def each(self, name: str, read: Callable[["_Fields"], Made]) -> tuple[Made, ...]:
        """A list of things; one of which a field cannot be meant is left out."""
        value = self.value(name)
        made: list[Made] = []
        if value is None:
            return ()
        with self.noting():
            if not isinstance(value, list):
                raise InvalidInput(self.at(name), value, "a list")
            for number, one in enumerate(value):
                before = len(self.wrong)
                with self.noting():
                    fields = _Fields(one, f"{self.at(name)}[{number}]", self.wrong)
                    thing = read(fields)
                    fields.nothing_else()
                    if len(self.wrong) == before:
                        made.append(thing)
        return tuple(made)

    def levels(self, name: str) -> tuple[Level, ...]:
        return self.each(name, _read_level)

    def nothing_else(self) -> None:
        """Note the fields that nobody knows: they would be taken for done."""
        for name in sorted(str(name) for name in self._given if name not in self._read):
            self.wrong.append(
                InvalidInput(self.at(name), self._given.get(name), "no field of this name")
            )


def _number(field: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(field, value, "a number")
    if not isfinite(value) or not least <= value <= most:
        raise InvalidInput(field, value, f"a number from {least:g} to {most:g}")
    return float(value)


def _word(field: str, value: object, words: type[Word]) -> Word:
    try:
        return words(str(value))
    except ValueError:
        raise InvalidInput(field, value, f"one of {', '.join(words)}") from None


def _read_level(form: _Fields) -> Level:
    return Level(
        share=form.maybe("share", lambda name: form.number(name, 0.0, 10.0)),
        minutes=form.maybe("minutes", lambda name: form.number(name, -LONGEST_MIN, LONGEST_MIN)),
        to=form.words("to", Recipient),
        how=form.words("how", Means, (Means.CONSOLE, Means.STREAM)),
    )


def _read_rule(form: _Fields) -> Rule:
    return Rule(
        id=form.text("id"),
        title=form.text("title"),
        starts=form.word("starts", StartsAt),
        stops=form.word("stops", StopsAt),
        minutes=form.minutes("minutes"),
        scope=form.words("scope", Scope),
        source=form.text("source"),
        mark=form.word("mark", Mark, Mark.READ),
        in_use=form.flag("in_use", usual=True),
        goal=form.maybe("goal", lambda name: form.number(name, 0.0, 1.0)),
        levels=form.levels("levels"),
    )


def _read_ahead(form: _Fields) -> AheadRule:
    return AheadRule(
        id=form.text("id"),
        title=form.text("title"),
        minutes_ahead=form.number("minutes_ahead", 0.0, LONGEST_MIN),
        temporary=form.flag("temporary", usual=False),
        reminder=form.flag("reminder", usual=False),
        source=form.text("source"),
        mark=form.word("mark", Mark, Mark.READ),
        in_use=form.flag("in_use", usual=True),
    )


def _read_repeat(form: _Fields) -> RepeatRule:
    return RepeatRule(
        id=form.text("id"),
        title=form.text("title"),
        of=form.word("of", RepeatOf),
        at_least=form.count("at_least", 2, 1000),
        days=form.count("days", 1, 366),
        source=form.text("source"),
        mark=form.word("mark", Mark, Mark.READ),
        in_use=form.flag("in_use", usual=True),
    )


def _read_pause(form: _Fields) -> PauseReason:
    return PauseReason(
        id=form.text("id"),
        title=form.text("title"),
        stops=form.words("stops", StopsAt),
        by=form.words("by", Recipient),
        source=form.text("source"),
        longest_min=form.maybe("longest_min", lambda name: form.number(name, 1.0, LONGEST_MIN)),
        in_use=form.flag("in_use", usual=True),
    )


def _read_override(form: _Fields) -> Override:
    return Override(
        id=form.text("id"),
        district_id=DistrictId(form.text("district")),
        rule_id=form.text("rule"),
        valid_from=form.moment("valid_from"),
        valid_until=form.maybe("valid_until", form.moment),
        minutes=form.maybe("minutes", form.minutes),
        levels=form.maybe("levels", form.levels),
        note=form.text("note", ""),
    )
