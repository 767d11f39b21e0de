"""The sentences that agents read out and dispatchers accept, in Chinese and in English.

A reason is stored as `code?name=value&...`, so that the record keeps facts and every screen
speaks its own language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence in both languages."""

    zh: str
    en: str


REASONS: Mapping[str, Saying] = {
    "same_transformer": Saying("同一台区：{name}", "same transformer: {name}"),
    "same_home": Saying("同一用户", "same customer"),
    "below_device": Saying("位于{name}之下", "below {name}"),
    "confirmed_outage": Saying("停电已核实", "the outage is confirmed"),
    "reports": Saying("已有{count}个报修", "{count} reports so far"),
    "reports_reach": Saying(
        "已有{count}个报修；来电之前，断开处影响此处的可能性为{percent}%",
        "{count} reports so far; before this call, with {percent} % what opened reaches here",
    ),
    "neighbours_silent": Saying(
        "同台区另{count}户均未报停", "none of the {count} others on the transformer has called"
    ),
    "near_outage": Saying("距该停电{metres}米", "{metres} m away from it"),
    "neighbours_lit": Saying("邻居有电", "the neighbours have light"),
    "neighbours_out": Saying("邻居也没电", "the neighbours are out as well"),
    "main_switch_tripped": Saying("总开关跳闸", "the main switch has tripped"),
    "several_transformers": Saying(
        "{name}之下{count}台配变报停（共{total}台）",
        "{count} of {total} transformers below {name} report",
    ),
    "most_likely_device": Saying(
        "{name}断开的可能性为{percent}%：其下{customers}户中有{reports}户报停",
        "{name} has opened with {percent} %: {reports} of {customers} customers below it report",
    ),
    "most_likely_area": Saying(
        "{name}一带一起停电的可能性最大：约{customers}户中有{reports}户报停",
        "most likely {name} lost supply together: {reports} of about {customers} customers report",
    ),
    "most_likely_around": Saying(
        "这一带一起停电的可能性最大：估计约{customers}户，有{reports}户报停",
        "most likely the places around lost supply together: {reports} of perhaps {customers}"
        " customers report",
    ),
    "by_transformers": Saying(
        "按台区判断：上级设备未建模", "judged by transformers: what feeds them is not on record"
    ),
    "by_positions": Saying(
        "仅按位置判断：户数为估计值",
        "judged by positions only: how many customers live there is a guess",
    ),
    "in_area": Saying("在停电片区内：{name}", "in the area that is out: {name}"),
    "alone_most_likely": Saying(
        "只有本户停电的可能性最大（{percent}%）", "most likely this home alone ({percent} %)"
    ),
    "held_back": Saying(
        "暂缓派单：{percent}%的可能属于更早的停电",
        "held for a moment: with {percent} % it is part of an earlier outage",
    ),
    "split_off": Saying(
        "刚从另一停电中分出，稍候再派", "just split off another outage; held until that stands"
    ),
    "told_by_device": Saying("{name}被测得断开", "{name} was seen open"),
    "explained_by_confirmed": Saying(
        "时间地点与已核实的停电相符（{percent}%）",
        "time and place fit the confirmed outage ({percent} %)",
    ),
    "hidden_behind": Saying(
        "已核实的停电难以解释该报修（{percent}%可能另有故障）",
        "the confirmed outage explains this report badly ({percent} % that another fault hides)",
    ),
    "still_dark": Saying(
        "{repaired}处已修复，但{other}仍断开，继续停电",
        "repaired at {repaired}; still dark for {other}",
    ),
    "doubted_together": Saying(
        "{name}之下{reports}个报修相隔{minutes}分钟内，疑为同一故障",
        "{reports} reports below {name} within {minutes} minutes: one fault, it seems",
    ),
    "not_below": Saying(
        "不在该停电的断开设备之下", "the place is not below the outage's open device"
    ),
    "lit_before": Saying(
        "报修前{minutes}分钟该台区已知有电",
        "its transformer was known to have light {minutes} minutes before the report",
    ),
    "meters_lit": Saying("同台区电表有电（{count}只）", "meters next to it have light ({count})"),
    "before_outage": Saying(
        "早于该停电{minutes}分钟", "reported {minutes} minutes before the outage began"
    ),
    "long_after": Saying(
        "停电开始{minutes}分钟后才报修，其他用户早已来电",
        "reported {minutes} minutes after the outage began, when its callers had long called",
    ),
    "split_accepted": Saying(
        "疑另有故障：{name}（{percent}%）", "another fault, it seems: {name} ({percent} %)"
    ),
    "split_explained": Saying(
        "后来的情况已能解释这些报修", "what came later explains these reports"
    ),
    "split_outage_over": Saying("该停电已结束", "the outage is over"),
    "public_notice": Saying("停电通告{id}已发布", "public notice {id} is out"),
    "notice_replaced": Saying("已被新通告取代", "replaced by a newer notice"),
    "planned_ended_late": Saying(
        "计划停电（{reason}）已过原定结束时间，未报送电",
        "planned work ({reason}) is past its end, not reported as done",
    ),
    "by_hand": Saying("人工操作：{reason}", "by hand: {reason}"),
    "first_report": Saying("首个报修", "the first report"),
    "still_out": Saying("送电后仍无电", "still out after restoration"),
    "repeat_call": Saying("重复来电", "a repeat call"),
    "off_shift": Saying("不当班", "off shift"),
    "shift_ends_soon": Saying("{minutes}分钟后下班", "shift ends in {minutes} min"),
    "missing_skill": Saying("缺少技能：{skills}", "lacks {skills}"),
    "busy": Saying("正在处理工单{order}", "busy with order {order}"),
    "declined": Saying("该班组已退单或未接单", "gave this order back, or did not accept it"),
    "stale_fix": Saying("定位已过{minutes}分钟", "last position {minutes} min old"),
    "never_seen": Saying("从未定位，按驻点计算", "never located; counted from its base"),
    "from_base": Saying("按驻点计算", "counted from its base"),
    "unreachable": Saying("道路不可达", "no road leads there"),
    "straight_line": Saying(
        "附近无道路数据，按直线估算", "no road data near; estimated by straight line"
    ),
    "by_road": Saying("道路行程{minutes}分钟", "{minutes} min by road"),
    "nearest": Saying("可用班组中最近", "the nearest that can go"),
    "by_plan": Saying("按全部工单统筹安排", "best for all open orders together"),
    "turned_to": Saying("班组改派至工单{order}", "the crew was turned to order {order}"),
    "in_time": Saying("比承诺早{minutes}分钟到达", "{minutes} min inside the commitment"),
    "late": Saying("比承诺晚{minutes}分钟到达", "{minutes} min past the commitment"),
    "arrives_within": Saying(
        "预计{likely}分钟到达，十有九次在{surely}分钟内",
        "there in {likely} min, in nine of ten cases within {surely}",
    ),
    "keeps": Saying(
        "{minutes}分钟后到期的承诺有{percent}%的可能履行",
        "keeps the promise that ends in {minutes} min with {percent} %",
    ),
    "costs_more": Saying(
        "总体多付出{minutes}加权超时分钟", "costs {minutes} weighted minutes late more in all"
    ),
    "breaks": Saying(
        "工单{order}按时到达的可能性由{before}%降至{after}%",
        "order {order} is in time with {after} % instead of {before} %",
    ),
    "shift_too_short": Saying("下班前完不成", "the shift ends before the work would"),
    "pinned_to": Saying("已指定给{crew}", "decided for {crew}"),
    "no_place": Saying("尚无位置", "no place yet"),
    "chosen_by": Saying("由{name}指定", "chosen by {name}"),
}


def reason(code: str, **facts: object) -> str:
    """Write a reason down; `code` stands in `REASONS`."""
    if code not in REASONS:
        raise KeyError(code)
    return f"{code}?{urlencode(facts)}" if facts else code


def say_reason(written: str) -> Saying:
    """Read a reason back; a text that is no reason of ours is given as it stands."""
    code, _, query = written.partition("?")
    template = REASONS.get(code)
    if template is None:
        return Saying(written, written)
    facts = dict(parse_qsl(query, keep_blank_values=True))
    return Saying(template.zh.format_map(facts), template.en.format_map(facts))


@dataclass(frozen=True, slots=True)
class Clockface:
    """Writes times as people of one time zone read them."""

    zone: ZoneInfo

    def zh(self, at: datetime, now: datetime) -> str:
        """今天14:05, or with the date on another day."""
        here, today = at.astimezone(self.zone), now.astimezone(self.zone)
        if here.date() == today.date():
            return f"今天{here:%H:%M}"
        return f"{here.month}月{here.day}日{here:%H:%M}"

    def en(self, at: datetime, now: datetime) -> str:
        """14:05, or with the date on another day."""
        here, today = at.astimezone(self.zone), now.astimezone(self.zone)
        return f"{here:%H:%M}" if here.date() == today.date() else f"{here:%H:%M on %-d %B}"


CAB_ORDER = Saying(
    "新抢修单{id}：{where}。请在手机上接单。", "New order {id}: {where}. Accept it on the phone."
)
CAB_HAZARD = Saying("注意安全：现场有危险。", "Take care: there is danger on site.")
CAB_WITHDRAWN = Saying("抢修单{id}已撤回，请勿前往。", "Order {id} was withdrawn; do not go.")

NEIGHBOURS = Saying("请问您邻居家有电吗？", "Do your neighbours have light?")
MAIN_SWITCH = Saying("请问您家的总开关是否跳闸？", "Has the main switch in your home tripped?")
WHICH_ACCOUNT = Saying(
    "请问是哪一户停电？请报户号或地址。", "Which of your homes is it? The account or the address?"
)
WHERE = Saying("请问您的详细地址或户号是？", "What is your full address, or the account number?")

INSIDE_CHECKS: tuple[Saying, ...] = (
    Saying(
        "看邻居和楼道的灯是否亮着。",
        "See whether the neighbours and the stairway have light.",
    ),
    Saying(
        "看家里的总开关和漏电保护器是否跳闸。",
        "See whether the main switch or the residual-current device has tripped.",
    ),
    Saying(
        "拔下电器，合上总开关，再逐路合上分路开关。",
        "Unplug appliances, close the main switch, then the circuits one by one.",
    ),
    Saying(
        "合不上、有焦味或火花时不要再动，请电工或再次来电。",
        "If it will not stay closed, smells or sparks: leave it, call an electrician or us again.",
    ),
)
