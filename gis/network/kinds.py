"""What kind of customer a usage point serves: CIM's CustomerKind, shortened to what matters here.

How many of a place's customers call when they are dark differs by kind. None is a customer whose
kind is not known, or is none of these.
"""

import re
from collections.abc import Mapping
from enum import StrEnum


class CustomerKind(StrEnum):
    """Who is supplied."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    FARM = "farm"
    PUBLIC = "public"


_OTHER = ("other", "unknown", "其他", "其它", "未知")

KIND_WORDS: Mapping[str, CustomerKind | None] = {
    **{kind.value: kind for kind in CustomerKind},
    **dict.fromkeys(_OTHER, None),
    **dict.fromkeys(
        ("居民", "居民生活", "居民用电", "城镇居民", "乡村居民", "住宅"), CustomerKind.RESIDENTIAL
    ),
    **dict.fromkeys(
        ("商业", "商业用电", "一般工商业", "工商业", "非居民", "商铺"), CustomerKind.COMMERCIAL
    ),
    **dict.fromkeys(
        ("工业", "工业用电", "大工业", "普通工业", "非普工业", "工厂"), CustomerKind.INDUSTRIAL
    ),
    **dict.fromkeys(
        ("农业", "农业用电", "农业生产", "农业排灌", "农业生产用电"), CustomerKind.FARM
    ),
    **dict.fromkeys(
        ("公共", "公用", "公共服务", "公共事业", "机关", "事业单位", "学校", "医院"),
        CustomerKind.PUBLIC,
    ),
}
"""The column `kind` of our own layers and of customer files, whatever its case."""

CIM_KINDS: Mapping[str, CustomerKind | None] = {
    **dict.fromkeys(
        (
            *("residential", "residentialandcommercial", "residentialandstreetlight"),
            "residentialstreetlightothers",
        ),
        CustomerKind.RESIDENTIAL,
    ),
    "residentialfarmservice": CustomerKind.FARM,
    "commercialindustrial": CustomerKind.COMMERCIAL,
    **dict.fromkeys(
        (
            *("pumpingload", "windmachine", "energyservicesupplier", "energyservicescheduler"),
            *("enterprise", "regionaloperator", "subsidiary", "internaluse", "other"),
        ),
        None,
    ),
}
"""Values of CIM's CustomerKind (IEC 61968-9), in lower case; CIM does not part trade from works."""

_BDGD_CLASSES: Mapping[str, CustomerKind] = {
    "RE": CustomerKind.RESIDENTIAL,
    "CO": CustomerKind.COMMERCIAL,
    "IN": CustomerKind.INDUSTRIAL,
    "RU": CustomerKind.FARM,
    **dict.fromkeys(("PP", "SP", "IP"), CustomerKind.PUBLIC),
}

_SIMBENCH = {
    "H": CustomerKind.RESIDENTIAL,
    "G": CustomerKind.COMMERCIAL,
    "L": CustomerKind.FARM,
}
_SIMBENCH_PROFILE = re.compile(r"([HGL])\d", re.IGNORECASE)

_SMART_DS = {
    "res": CustomerKind.RESIDENTIAL,
    "com": CustomerKind.COMMERCIAL,
    "ind": CustomerKind.INDUSTRIAL,
}
_SMART_DS_NAME = re.compile(
    r"(?:load_)?(res|com|ind)(?:idential|mercial|ustrial)?(?:[_\-.\d]|$)", re.IGNORECASE
)


def kind_of_class(code: str | None) -> CustomerKind | None:
    """Kind by a BDGD's class of consumption (CLAS_SUB, such as `RE1`).

    None for the utility's own use and what is not listed.
    """
    return _BDGD_CLASSES.get((code or "").upper()[:2])


def kind_of_profile(profile: str | None) -> CustomerKind | None:
    """Kind by the name of a standard load profile, as SimBench has them.

    H0 is a household, G0 to G6 a business, L0 to L2 a farm; None for every other.
    """
    found = _SIMBENCH_PROFILE.match(profile or "")
    return None if found is None else _SIMBENCH[found[1].upper()]


def kind_of_name(*names: str | None) -> CustomerKind | None:
    """Kind by the first name of a load or of its shape that begins with one.

    As NREL's SMART-DS calls its shapes (`res_kw_17_pu`, `com_kw_3_pu`); None where none does.
    """
    for name in names:
        found = _SMART_DS_NAME.match(name or "")
        if found is not None:
            return _SMART_DS[found[1].lower()]
    return None
