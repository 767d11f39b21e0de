"""`python -m maps.catalogue_tool`: bring the catalogues up to date with what the screens say."""

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from maps.languages import LOCALES

ROOT = Path(__file__).resolve().parents[1]
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None, "several": (1, 2)}
FOLDERS = ("maps", "api")


def messages() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Every message of the screens with the file it stands in."""
    for folder in FOLDERS:
        found = extract_from_dir(
            ROOT / folder,
            method_map=METHODS,
            options_map={"**.html": {"trim_blocks": "true", "newstyle_gettext": "true"}},
            keywords=KEYWORDS,
        )
        for name, _line, message, _comments, _context in found:
            yield f"{folder}/{name}", message


def fresh() -> Catalog:
    """A catalogue with every message and no translation."""
    made = Catalog(project="Relight", charset="utf-8")
    for name, message in messages():
        made.add(message, locations=[(name, 0)])
    return made


def untranslated(catalogue: Catalog) -> list[object]:
    """The messages that lack a translation, of a plural any of its forms; a fuzzy one is none."""
    return [
        each.id for each in catalogue if each.id and (each.fuzzy or not _has_words(each.string))
    ]


def _has_words(said: object) -> bool:
    return all(said) if isinstance(said, list | tuple) else bool(said)


def main() -> None:
    """Update every .po file in place."""
    template = fresh()
    for path in sorted(LOCALES.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem)
        catalogue.update(template, no_fuzzy_matching=True)
        with path.open("wb") as file:
            write_po(file, catalogue, include_lineno=False, ignore_obsolete=True, width=100)
        missing = len(untranslated(catalogue))
        sys.stdout.write(f"{path.name}: {len(catalogue)} messages, {missing} to translate\n")


if __name__ == "__main__":
    main()
