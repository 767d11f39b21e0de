"""The windings of an OpenDSS transformer, which its settings tell one by one or as arrays."""

from dataclasses import dataclass

from gis.cells import named_number
from gis.network.readers.opendss_script import Element, Script, words

DEFAULT_KV = 12.47
MOST_WINDINGS = 10
_ARRAYS = {"buses": "bus", "kvs": "kv", "kvas": "kva"}


@dataclass(slots=True)
class Winding:
    """The bus of a winding as written, its voltage in kV, and its rating."""

    bus: str = ""
    kv: float = DEFAULT_KV
    kva: float | None = None


def windings_of(element: Element, script: Script) -> list[Winding]:
    """Read the windings, what the transformer code says of them first; raises ValueError."""
    code = script.find("xfmrcode", element.find("xfmrcode"))
    count = int((code or element).number("windings", 2))
    count = int(element.number("windings", count))
    if not 2 <= count <= MOST_WINDINGS:  # noqa: PLR2004
        raise ValueError(f"windings is {count}; expected 2 to {MOST_WINDINGS}")
    windings = [Winding() for _ in range(count)]
    at = 0
    for key, value in (*(code.settings if code else ()), *element.settings):
        if key == "wdg":
            at = int(named_number(key, value)) - 1
            if not 0 <= at < count:
                raise ValueError(f"wdg is {value}; expected 1 to {count}")
        elif key in {"bus", "kv", "kva"}:
            _set(windings[at], key, value)
        elif key in _ARRAYS:
            for winding, each in zip(windings, words(value), strict=False):
                _set(winding, _ARRAYS[key], each)
    return windings


def _set(winding: Winding, key: str, value: str) -> None:
    if key == "bus":
        winding.bus = value
    elif key == "kv":
        winding.kv = named_number(key, value)
    else:
        winding.kva = named_number(key, value)
