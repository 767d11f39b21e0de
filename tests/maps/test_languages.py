"""Every word of the screens exists in every language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from api.callers import Role
from api.inputs.drawn import OutlineIn
from dispatch.domain.clock import PUBLISHED_RULES
from dispatch.domain.clock import Verdict as ClockVerdict
from dispatch.domain.order import OrderStatus, StepKind
from dispatch.domain.outage import Confidence, EstimateSource, OutageStatus
from dispatch.domain.words import AreaClass, Channel, Disposition, KnownKind, NetworkLevel
from dispatch.errors import InvalidInput
from gis.geocode.address import EntryKind
from maps.catalogue_tool import fresh, untranslated
from maps.languages import LOCALES, Language, catalogue, preferred
from maps.words import WORDS

ROOT = Path(__file__).resolve().parents[2]
HOLE = re.compile(r"%\(\w+\)s|\{\w+\}")
BESIDE = r"(?:[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]|%\(\w+\)s|\{\w+\})"
FOREIGN_MARK = re.compile(rf"(?<=[\u3400-\u9fff]) ?[,:;?!()]|[,;?!()] ?(?={BESIDE})|: (?={BESIDE})")
TYPED = re.compile(r"`[^`]*`|exp\([^)]*\)|\w+:(?: \w+:)+")
"""Code, a formula, and the filter's own words, which people type with a colon."""


def catalogues() -> list[Path]:
    return sorted(LOCALES.glob("*.po"))


@pytest.mark.parametrize("path", catalogues(), ids=lambda path: path.stem)
def test_every_message_is_translated_and_none_is_left_over(path: Path):
    with path.open("rb") as file:
        stored = read_po(file, locale=path.stem)
    said = {message.id for message in fresh() if message.id}
    assert said - {m.id for m in stored if m.id} == set(), "run python -m maps.catalogue_tool"
    assert {m.id for m in stored if m.id} - said == set(), "run python -m maps.catalogue_tool"
    empty = untranslated(stored)
    assert empty == []


@pytest.mark.parametrize("path", catalogues(), ids=lambda path: path.stem)
def test_translations_keep_the_holes_that_values_go_into(path: Path):
    with path.open("rb") as file:
        stored = read_po(file, locale=path.stem)
    for message in stored:
        if message.id and not message.pluralizable:
            assert set(HOLE.findall(message.id)) == set(HOLE.findall(message.string)), message.id


def test_chinese_words_stand_between_chinese_marks():
    for message in catalogue_of("zh_CN"):
        for said in [message.string] if isinstance(message.string, str) else message.string:
            assert FOREIGN_MARK.search(TYPED.sub("", said)) is None, said


def catalogue_of(stem: str) -> Catalog:
    with (LOCALES / f"{stem}.po").open("rb") as file:
        return read_po(file, locale=stem)


def test_every_language_but_the_source_has_a_catalogue():
    stems = {path.stem for path in catalogues()}
    assert stems == {each.replace("-", "_") for each in Language if each is not Language.EN}
    assert catalogue(Language.ZH).gettext("Outage") == "停电事件"
    assert catalogue(Language.EN).gettext("Outage") == "Outage"


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("status", OutageStatus),
        ("order", OrderStatus),
        ("order", StepKind),
        ("answer", KnownKind),
        ("disposition", Disposition),
        ("channel", Channel),
        ("level", NetworkLevel),
        ("area", AreaClass),
        ("source", EstimateSource),
        ("confidence", Confidence),
        ("verdict", ClockVerdict),
        ("role", Role),
        ("place", EntryKind),
        ("rule", [rule.id for rule in PUBLISHED_RULES]),
    ],
)
def test_every_code_of_the_core_has_a_word(group: str, codes: object):
    assert {str(code) for code in codes} - set(WORDS[group]) == set()


def test_everything_that_happens_to_a_report_or_an_outage_has_a_word():
    assert set(happenings()) - set(WORDS["event"]) == set()


def happenings() -> Iterator[str]:
    """The kinds of journal entries of tickets and outages, read from the core's own code."""
    for path in (ROOT / "dispatch").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            thing = node.func.id.removesuffix("_event")
            if thing not in {"ticket", "outage"} or len(node.args) < 2:
                continue
            if isinstance(node.args[1], ast.Constant):
                yield f"{thing}.{node.args[1].value}"


@pytest.mark.parametrize(
    ("cookie", "accepts", "expected"),
    [
        ("en", "zh-CN", Language.EN),
        (None, "zh-TW,en;q=0.5", Language.ZH),
        (None, "de, en-GB;q=0.8", Language.EN),
        (None, "", Language.ZH),
        ("xx", "en", Language.EN),
    ],
)
def test_a_choice_goes_before_the_browser_s_languages(cookie, accepts, expected):
    assert preferred(cookie, accepts) is expected


def test_every_kind_of_the_journal_has_a_word():
    kinds = {
        f"{call.func.id.removesuffix('_event')}.{call.args[1].value}"
        for path in (ROOT / "dispatch").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id.endswith("_event")
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Constant)
    }
    assert len(kinds) > 20
    assert kinds - WORDS["event"].keys() == set()


def refusals() -> Iterator[str]:
    """What a state does not allow, as the core says it; a value that is put in is a hole."""
    for folder in ("domain", "procedures", "usecases"):
        for path in (ROOT / "dispatch" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                if node.func.id == "IllegalStep":
                    yield written(node.args[0])


def written(sentence: ast.expr) -> str:
    if isinstance(sentence, ast.Constant):
        return str(sentence.value)
    assert isinstance(sentence, ast.JoinedStr)
    return "".join(
        part.value if isinstance(part, ast.Constant) else "{" + name_of(part.value) + "}"
        for part in sentence.values
    )


def name_of(value: ast.expr) -> str:
    return value.attr if isinstance(value, ast.Attribute) else value.id


def test_whatever_a_state_does_not_allow_can_be_said_in_every_language():
    said = set(refusals())
    assert len(said) > 20
    assert said - WORDS["refusal"].keys() == set()


OUTLINES = (
    [(0.0, 0.0), (1.0, 0.0), (0.0, 0.0)],
    [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)],
    [(0.0, 0.0), (40.0, 0.0), (0.0, 1.0)],
)


@pytest.mark.parametrize("corners", OUTLINES)
def test_whatever_is_no_outline_can_be_said_in_every_language(corners: list[tuple[float, float]]):
    with pytest.raises(InvalidInput) as refused:
        OutlineIn.model_validate({"area": corners}).wgs84()
    sentences = [re.sub(r"\\{\w+\\}", ".+", re.escape(each)) for each in WORDS["refusal"]]
    assert any(re.fullmatch(each, str(refused.value)) for each in sentences)


def test_a_plural_without_its_forms_counts_as_untranslated():
    catalogue = Catalog(locale="zh_CN")
    catalogue.add(("%(num)s report", "%(num)s reports"))
    catalogue.add("Known fault", "已知故障")
    assert untranslated(catalogue) == [("%(num)s report", "%(num)s reports")]


def test_a_translation_that_is_only_a_guess_counts_as_untranslated():
    catalogue = Catalog(locale="zh_CN")
    catalogue.add("Known fault", "已知故障", flags=["fuzzy"])  # a compiled catalogue leaves it out
    assert untranslated(catalogue) == ["Known fault"]
