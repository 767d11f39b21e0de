"""The languages of the screens: English is in the source, the others in .po catalogues."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALES = Path(__file__).with_name("locales")


class Language(StrEnum):
    """A language of the screens, as it stands in `lang` attributes."""

    ZH = "zh-CN"
    EN = "en"


NAMES: Mapping[Language, str] = {Language.ZH: "中文", Language.EN: "English"}


def marked(message: str) -> str:
    """Mark a message for the catalogues; it is translated where it is shown."""
    return message


def several(one: str, many: str) -> tuple[str, str]:
    """Mark a message with `{n}` in it that has forms for one and for many."""
    return one, many


def preferred(cookie: str | None, accepts: str) -> Language:
    """The language somebody chose, else the first of ours that the browser names, else Chinese."""
    if cookie in set(Language):
        return Language(cookie)
    for part in accepts.split(","):
        name = part.partition(";")[0].strip().lower()
        if name.startswith("zh"):
            return Language.ZH
        if name.startswith("en"):
            return Language.EN
    return Language.ZH


@cache
def catalogue(language: Language) -> NullTranslations:
    """Read the catalogue of a language; compiled in memory, so that no file can be stale."""
    if language is Language.EN:
        return NullTranslations()
    with (LOCALES / f"{language.replace('-', '_')}.po").open("rb") as file:
        messages = read_po(file, locale=language.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)
