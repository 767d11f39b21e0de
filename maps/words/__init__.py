"""What the codes of the core are called on screens; English here, the rest in the catalogues."""

from collections.abc import Mapping

from dispatch.domain.words import HAZARDS_KNOWN
from maps.words.codes import CODES
from maps.words.console import CONSOLE
from maps.words.counted import COUNTED as COUNTED
from maps.words.record import RECORD
from maps.words.scripts import SCRIPTS

WORDS: Mapping[str, Mapping[str, str]] = {**CODES, **CONSOLE, **RECORD, **SCRIPTS}


def hazard(code: str, chinese: bool) -> str:  # noqa: FBT001 (one of two languages)
    """What a hazard is called; a word nobody knows is shown as it came."""
    pair = HAZARDS_KNOWN.get(code, (code, code))
    return pair[0] if chinese else pair[1]
