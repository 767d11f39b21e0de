"""Chinese addresses: numbers are cut out first, then names are read from coarse to fine."""

import re

from gis.geocode.address import Level
from gis.geocode.normal import HAN

Parts = dict[Level, str]

_CUT = "|"

_FILLER = re.compile(
    r"(?:你好|您好|请问|麻烦|喂|我们家|我们|我家|我|家住|家在|家|住在|住|现在|位于|就在|地址是|地址|这里是|这里|这边|那边|在)+"
)
_COMPLAINT = re.compile(
    r"(?:整栋|整个|全部|全|都|又|一直|突然|现在)*(?:停电|没有电|没电|断电|跳闸|电停|灯不亮|着火|冒烟|打火花)(?:了|啦|呢|吗)*"
)
_NEAR = re.compile(
    r"的?(?:附近|斜对面|正对面|对面|旁边|隔壁|边上|后面|前面|一带|那里|旁(?=$|\|)|路口|交叉口)"
)
_DOOR = re.compile(r"的?(?:大门口|门口|里面|院内|内)(?=$|\|)")

_APART = r"(?<![0-9a-z\-])"
_LETTERED = "0-9a-z甲乙丙丁"
_NUMBERS: tuple[tuple[re.Pattern[str], tuple[Level, ...]], ...] = (
    (re.compile(rf"{_APART}([a-z]?\d{{1,4}}[a-z]?|[a-z])栋"), (Level.BUILDING,)),
    (re.compile(rf"{_APART}第?([{_LETTERED}东西南北中]{{1,3}})单元"), (Level.UNIT,)),
    (re.compile(rf"{_APART}(\d{{1,2}})门(?!诊|牌|口|市)"), (Level.UNIT,)),
    (re.compile(rf"{_APART}(\d{{1,3}})(?:层|楼(?!下))"), (Level.FLOOR,)),
    (re.compile(rf"{_APART}([a-z]?\d{{1,5}}[a-z]?)(?:室|房(?!村)|户(?!号))"), (Level.ROOM,)),
    (re.compile(rf"{_APART}(\d{{1,3}})(?:村民)?小?[组队]"), (Level.GROUP,)),
    (re.compile(rf"{_APART}(\d{{1,5}})弄"), (Level.LANE,)),
)
_HOUSE = re.compile(
    rf"{_APART}(\d{{1,5}}[a-z甲乙丙丁]?(?:-\d{{1,4}})?)号(?:院|门牌)?(?:[之附](\d{{1,3}})号?)?(?!线)"
)
_TRIPLE = re.compile(
    rf"{_APART}([a-z]?\d{{1,4}})-([a-z]?\d{{1,3}})-(\d{{1,5}}[a-z]?)(?![0-9a-z\-])"
)
_PAIR = re.compile(rf"{_APART}([a-z]?\d{{1,4}})-(\d{{1,5}}[a-z]?)(?![0-9a-z\-])")
_BARE = re.compile(rf"{_APART}(\d{{1,5}}[a-z]?|[a-z]\d{{1,4}})(?![0-9a-z\-])")
_ROOM_DIGITS = 3

_PROVINCES = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 "
    "河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 "
    "内蒙古 广西 西藏 宁夏 新疆 香港 澳门"
)
_PROVINCE = re.compile(
    rf"({'|'.join(_PROVINCES.split())})"
    r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|省|市|(?=.{2,5}[市县区]))"
    r"(?!路|街|大道|村)"
)
_NOT_TOWN = (
    r"(?!场|民政|民医院|人民政府|政府|委会|府|区|医院|口|小学|中学|卫生|机关|城区"
    r"|(?:路|街|巷|道)(?!.{0,5}(?:村|社区|居委|屯)))"
)
_STEPS: tuple[tuple[Level, re.Pattern[str]], ...] = (
    (Level.CITY, re.compile(rf"(.{{2,7}}?(?:(?<![超都菜夜集闹门花])市|自治州|地区)){_NOT_TOWN}")),
    (
        Level.COUNTY,
        re.compile(
            rf"(.{{1,9}}?(?:(?<![小社园校街厂片库矿林营院生苑])(?<!..[东西南北中])区|县|(?<=.)市)){_NOT_TOWN}"
        ),
    ),
    (
        Level.TOWN,
        re.compile(
            rf"(.{{1,9}}?(?:街道办事处|街道|管理处|管理委员会|管委会|园区|开发区|农场|林场|垦殖场|镇|(?<![故老家水])乡)){_NOT_TOWN}"
        ),
    ),
)
_OFFICE = "(?:社区|家委会|村)?(?:村民委员会|居民委员会|村委会|居委会)|社区"
_SIDE = "[东西南北中一二三四五六七八九十]{0,2}"
# A road's name before a community is its own (北京路恒茂社区), one within it is not (章江路社区).
_VILLAGES: tuple[tuple[Level, re.Pattern[str]], ...] = (
    (
        Level.VILLAGE,
        re.compile(
            rf"((?:(?!(?:大道|路|街|巷)(?!{_SIDE}(?:{_OFFICE}))).){{1,12}}?(?:{_OFFICE}))"
            r"(?!路|街|巷|道|小区|委|民|居)"
        ),
    ),
    (
        Level.VILLAGE,
        re.compile(
            r"((?:(?!大道|路|街|巷).){1,10}?(?:自然村|村|屯))"
            r"(?!路|街|巷|道|小区|口|部|小学|大道|花园|社区|委|民|居)"
        ),
    ),
    (Level.GROUP, re.compile(r"(.{1,6}?(?:村民小组|小组|组|自然湾))")),
)
_ROAD = re.compile(
    r"(.{1,12}?(?:大道|大街|大马路|马路|斜路|横路|公路|(?<!铁)路|街(?!道|坊)|巷|胡同|斜巷|前地|斜坡|圆形地|横街|里弄|弄(?=$)|道(?=$)|"
    r"围(?=$)|里(?=$)|徑(?=$)|径(?=$)))(?!口|局|段|社区|小区|花园|新村|苑|商|公园|车站)"
)
_COMPOUND_END = re.compile(
    r"(?:小区|花园|家园|苑[东西南北中]?区?|公寓|大厦|广场|新村|花城|新城|府|庭|山庄|别墅|公馆|宿舍|生活区|家属[院区]|大院|院|"
    r"国际|中心|豪庭|名邸|居|园|城|坊|湾|郡|期|[东西南北]区)$"
)


def read_chinese(text: str) -> tuple[Parts, bool]:
    """Parts of the normalised `text`, and whether it only names a neighbour ("opposite ...")."""
    text = text.replace(",", _CUT).replace(" ", _CUT)
    text = _COMPLAINT.sub(_CUT, text)
    near = _NEAR.search(text) is not None
    text = _DOOR.sub(_CUT, _NEAR.sub(_CUT, text))
    text = _strip_filler(text)
    parts: Parts = {}
    names = _read_numbers(text, parts)
    for run in names:
        _read_names(run, parts)
    _settle(parts, text)
    return parts, near


def _strip_filler(text: str) -> str:
    runs = (
        _FILLER.sub("", run, count=1) if _FILLER.match(run) else run for run in text.split(_CUT)
    )
    return _CUT.join(run for run in runs if run)


def _read_numbers(text: str, parts: Parts) -> list[str]:
    """Cut numbers out of `text` into `parts`; the runs of names that remain."""
    for pattern, levels in _NUMBERS:
        text = _take(pattern, levels, text, parts)
    house = _HOUSE.search(text)
    if house:
        inside = Level.BUILDING not in parts and _COMPOUND_END.search(text[: house.start()])
        level = Level.BUILDING if inside else Level.HOUSE
        parts[level] = house[1] + (f"-{house[2]}" if house[2] else "")
        text = text[: house.start()] + _CUT + text[house.end() :]
    triple = (Level.BUILDING, Level.UNIT, Level.ROOM)
    if Level.BUILDING not in parts:
        text = _take(_TRIPLE, triple, text, parts)
        text = _take(_PAIR, (Level.BUILDING, Level.ROOM), text, parts)
    elif Level.UNIT not in parts:
        text = _take(_PAIR, (Level.UNIT, Level.ROOM), text, parts)
    bare = _BARE.search(text)
    if bare:
        level = _level_of_bare(parts, text[: bare.start()], bare[1])
        parts.setdefault(level, bare[1])
        text = text[: bare.start()] + _CUT + text[bare.end() :]
    return [run for run in re.findall(rf"[{HAN}a-z0-9]+", text) if not run.isdigit()]


def _take(pattern: re.Pattern[str], levels: tuple[Level, ...], text: str, parts: Parts) -> str:
    found = pattern.search(text)
    if found is None or any(level in parts for level in levels):
        return text
    parts.update(zip(levels, found.groups(), strict=True))
    return text[: found.start()] + _CUT + text[found.end() :]


def _level_of_bare(parts: Parts, before: str, number: str) -> Level:
    """What a number without a word is: a room behind a building, else a house or building."""
    if {Level.BUILDING, Level.UNIT} & parts.keys() or (
        Level.HOUSE in parts and len(number) >= _ROOM_DIGITS
    ):
        return Level.ROOM
    return Level.BUILDING if _COMPOUND_END.search(before.rstrip(_CUT)) else Level.HOUSE


def _read_names(run: str, parts: Parts) -> None:
    """Read one run of names from left to right into `parts`."""
    province = _PROVINCE.match(run)
    if province and Level.PROVINCE not in parts:
        parts[Level.PROVINCE] = province[1]
        run = run[province.end() :]
    run = _read_steps((*_STEPS, *_VILLAGES), run, parts)
    for level in (Level.ROAD, Level.LANE):
        run = run.lstrip("和与跟") if Level.ROAD in parts else run
        run = _read_steps(((level, _ROAD),), run, parts)
    run = _read_steps(_VILLAGES, run, parts)
    if run:
        _read_rest(run, parts)


def _read_steps(steps: tuple[tuple[Level, re.Pattern[str]], ...], run: str, parts: Parts) -> str:
    """Read what each step finds at the start of `run` into `parts`; what remains."""
    for level, pattern in steps:
        found = pattern.match(run) if level not in parts else None
        if found:
            parts[level] = found[1]
            run = run[found.end() :]
    return run


def _read_rest(run: str, parts: Parts) -> None:
    level = Level.COMPOUND if _COMPOUND_END.search(run) else Level.NAME
    if level not in parts:
        parts[level] = run
    elif level is Level.COMPOUND:
        parts.setdefault(Level.NAME, run)


def _settle(parts: Parts, text: str) -> None:
    """Decide what depends on the whole: a bare name with buildings is a compound."""
    numbered = {Level.BUILDING, Level.UNIT, Level.ROOM} & parts.keys()
    if Level.NAME in parts and Level.COMPOUND not in parts and numbered:
        parts[Level.COMPOUND] = parts.pop(Level.NAME)
    compound, house = parts.get(Level.COMPOUND), parts.get(Level.HOUSE)
    if not compound or not house or Level.BUILDING in parts:
        return
    if text.find(compound) < text.find(house + "号") and Level.ROAD not in parts:
        parts[Level.BUILDING] = parts.pop(Level.HOUSE)
