"""What README and docs point to is there: pages, headings, pictures, and the commands they name."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings
from typer.main import get_command

from api import settings
from api.cli import build

HOUSE = Path(__file__).resolve().parents[2]
SCREENS = HOUSE / "docs" / "screens"
TEMPLATES = sorted(HOUSE.glob("maps/templates/*.html"))
PAGES = sorted([*HOUSE.glob("*.md"), *HOUSE.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^(?:```|    )?\s*((?:\./run|relight) .+?)(?:\s+#.*)?$", re.MULTILINE)
IN_SENTENCES = re.compile(r"`((?:\./run|relight) [^`\n]+)`")


SETTING = re.compile(r"\bRELIGHT_[A-Z_]+\b")
THE_COMMAND = get_command(build())


def name(page: Path) -> str:
    return str(page.relative_to(HOUSE))


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as a reader's browser makes them."""
    words = FENCED.sub("", page.read_text("utf-8"))
    plain = (re.sub(r"[`*]|\]\([^)]*\)|\[", "", found) for found in HEADING.findall(words))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """File and anchor of every link that stays in the repository."""
    for target in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        if "://" not in target and not target.startswith("mailto:"):
            address, _, anchor = target.partition("#")
            yield (page.parent / address).resolve() if address else page, anchor


@pytest.mark.parametrize("doc", PAGES, ids=name)
def test_every_link_and_picture_of_a_page_is_there(doc: Path):
    missing = [
        f"{target}#{anchor}"
        for target, anchor in links(doc)
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]
    assert missing == []


def test_every_picture_is_shown_somewhere():
    shown = {target for page in PAGES for target, _ in links(page)}
    assert [name(picture) for picture in SCREENS.iterdir() if picture not in shown] == []


def test_every_page_of_the_docs_can_be_reached_from_the_readme():
    reached, ahead = set(), [HOUSE / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            ahead += [target for target, _ in links(page) if target.exists()]
    assert [name(p) for p in PAGES if p not in reached and p.parent.name != "adr"] == []


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every `relight ...` and `./run ...` that a page tells its reader to type."""
    words = page.read_text("utf-8")
    for line in {*SHELL.findall(words), *IN_SENTENCES.findall(words)}:
        try:
            yield shlex.split(line, comments=True)
        except ValueError:  # a sentence, not a command
            continue


def complaint(words: list[str]) -> str | None:
    """What the command line would not know in these words."""
    if words[0] == "./run":
        known = re.findall(r"^\./run (\w+)", (HOUSE / "run").read_text("utf-8"), re.MULTILINE)
        if words[1] not in known:
            return f"./run knows no {words[1]}"
        if words[1] not in {"relight", "demo"}:
            return None
        words = words[2:] if words[1] == "relight" else words[1:]
    else:
        words = words[1:]
    command = THE_COMMAND
    while (below := getattr(command, "commands", {})) and words and words[0].isalpha():
        if words[0] not in below:
            return f"{command.name} knows no {words[0]}"
        command, words = below[words[0]], words[1:]
    options = {option for given in command.params for option in given.opts} | {"--help"}
    unknown = [w for w in words if w[:1] == "-" and w.split("=")[0] not in options and len(w) > 1]
    return f"{command.name} has no {unknown}" if unknown else None


@pytest.mark.parametrize("doc", [*PAGES, *TEMPLATES], ids=name)
def test_every_command_of_a_page_exists_with_its_options(doc: Path):
    if doc.name != "CHANGELOG.md":  # what once was may have another name today
        wrong = [f"{words}: {said}" for words in commands(doc) if (said := complaint(words))]
        assert wrong == []


def test_every_setting_is_in_the_docs():
    families = [each for each in vars(settings).values() if is_settings(each)]
    names = {name for family in families for name in family.model_fields} - {"clock"}
    written = "".join(page.read_text("utf-8") for page in PAGES)
    missing = {f"RELIGHT_{name.upper()}" for name in names} - set(SETTING.findall(written))
    assert not missing


def is_settings(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseSettings)
