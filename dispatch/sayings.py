"""The sentences that agents read out and dispatchers accept, in Chinese and in English.

A reason is stored as `code?name=value&...`, so that the record keeps facts and every screen
speaks its own language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from dispatch.domain.outage import Confidence, EstimatedRestoration
from dispatch.domain.reasons import written
from dispatch.domain.zone import ZoneKind


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence in both languages."""

    zh: str
    en: str


REASONS: Mapping[str, Saying] = {
    "as_published": Saying("按公布的规则", "as published"),
    "same_transformer": Saying("同一台区：{name}", "same transformer: {name}"),
    "same_home": Saying("同一用户", "same customer"),
    "below_device": Saying("位于{name}之下", "below {name}"),
    "in_no_go": Saying(
        "位于禁入区“{name}”内，不自动派单",
        "lies in the no-go zone “{name}”; nobody is sent by itself",
    ),
    "in_zone_storm": Saying("位于风暴区“{name}”内", "lies in the storm zone “{name}”"),
    "in_zone_flood": Saying("位于洪水区“{name}”内", "lies in the flood zone “{name}”"),
    "in_zone_fire": Saying("位于火情区“{name}”内", "lies in the fire zone “{name}”"),
    "in_zone_no_go": Saying("位于禁入区“{name}”内", "lies in the no-go zone “{name}”"),
    "confirmed_outage": Saying("停电已核实", "the outage is confirmed"),
    "reports": Saying("已有{count}个报修", "reports so far: {count}"),
    "reports_reach": Saying(
        "已有{count}个报修；来电之前，断开处影响此处的可能性为{percent}%",
        "reports so far: {count}; before this call, with {percent} % what opened reaches here",
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
    "held_misfiled": Saying(
        "暂缓派单：{percent}%的可能是别处停电、户号或地址登记有误，请回电核对",
        "held: with {percent} % a caller of another outage, filed under the wrong customer; "
        "call back and ask for the address",
    ),
    "held": Saying(
        "暂缓派单：先看是否属于更早的停电",
        "held for a moment: it may be part of an earlier outage",
    ),
    "all_busy": Saying(
        "没有空闲班组：当班{crews}个，手上都有工单",
        "no crew is free: {crews} on shift, all with an order",
    ),
    "none_on_shift": Saying("等待班组：没有当班班组", "waiting for a crew: none is on shift"),
    "none_able": Saying(
        "等待班组：空闲班组都不能派，原因见各班组",
        "waiting for a crew: none that is free can go; why stands with each",
    ),
    "awaits_dispatcher": Saying(
        "已建议{crew}，等待调度员派单", "{crew} is proposed; a dispatcher has to send it"
    ),
    "plan_sends": Saying("按统筹安排由{crew}前往", "by the plan {crew} goes"),
    "plan_sends_after": Saying(
        "按统筹安排由{crew}前往，须先完成工单{order}",
        "by the plan {crew} goes, after order {order}",
    ),
    "waits_for_order": Saying(
        "须等工单{order}完成后方可作业", "work waits until that on order {order} is done"
    ),
    "not_sent_yet": Saying("有班组可派，尚未派出", "a crew could go; none has been sent yet"),
    "was_momentary": Saying(
        "{name}很可能只是瞬时断开、已恢复供电（{percent}%）：其下{customers}户中仅{reports}个报修，"
        "请回电确认是否有电",
        "{name} was probably open for a moment only and supply is back ({percent} %): {reports} "
        "reports among {customers} customers; call back and ask",
    ),
    "split_off": Saying(
        "刚从另一停电中分出，稍候再派", "just split off another outage; held until that stands"
    ),
    "may_reclose": Saying(
        "暂缓派单：{name}刚断开，可能自动重合",
        "held for a moment: {name} has just opened and may reclose by itself",
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
    "not_accepted": Saying("{minutes}分钟内未接单", "not accepted within {minutes} min"),
    "repeat_call": Saying("重复来电", "a repeat call"),
    "off_shift": Saying("不当班", "off shift"),
    "shift_ends_soon": Saying("{minutes}分钟后下班", "shift ends in {minutes} min"),
    "missing_skill": Saying("缺少技能：{skills}", "lacks {skills}"),
    "lacks_parts": Saying(
        "缺少配件且各仓库都没有：{parts}", "lacks {parts}, and no depot has all of it"
    ),
    "by_way_of": Saying("先到{depot}领取：{parts}", "by way of depot {depot} for {parts}"),
    "busy": Saying("正在处理工单{order}", "busy with order {order}"),
    "busy_danger": Saying(
        "正在处理有人身危险的工单{order}", "goes to danger to life, order {order}"
    ),
    "resting": Saying("休息中，还有{minutes}分钟", "has its break for {minutes} min more"),
    "declined": Saying("该班组已退单或未接单", "gave this order back, or did not accept it"),
    "stale_fix": Saying("定位已过{minutes}分钟", "last position {minutes} min old"),
    "never_seen": Saying("从未定位，按驻点计算", "never located; counted from its base"),
    "from_base": Saying("按驻点计算", "counted from its base"),
    "unreachable": Saying("道路不可达", "no road leads there"),
    "straight_line": Saying(
        "附近无道路数据，按直线估算", "no road data near; estimated by straight line"
    ),
    "on_foot": Saying("其中步行约{metres}米", "about {metres} m of it on foot"),
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
    "told_holds": Saying(
        "已告知的{minutes}分钟后复电有{percent}%的可能兑现",
        "supply is back within the {minutes} min that were told with {percent} %",
    ),
    "told_passed": Saying(
        "已告知的复电时间已于{minutes}分钟前过去",
        "the time told for supply passed {minutes} min before",
    ),
    "ran_out": Saying("一项承诺已于{minutes}分钟前到期", "a promise ran out {minutes} min before"),
    "costs_more": Saying(
        "总体多付出{minutes}加权超时分钟", "costs {minutes} weighted minutes late more in all"
    ),
    "breaks": Saying(
        "工单{order}按时到达的可能性由{before}%降至{after}%",
        "order {order} is in time with {after} % instead of {before} %",
    ),
    "pushes_out": Saying(
        "该班组下班前来不及完成工单{order}",
        "order {order} of this crew would not be done before it leaves",
    ),
    "uncovers": Saying(
        "派出后{customers}户在{minutes}分钟内无空闲班组可到",
        "leaves {customers} customers without a crew within {minutes} minutes",
    ),
    "uncovers_critical": Saying(
        "派出后{customers}户在{minutes}分钟内无空闲班组可到，其中重要用户{critical}户",
        "leaves {customers} customers without a crew within {minutes} minutes, {critical} of them"
        " critical",
    ),
    "uncovers_nobody": Saying(
        "派出后{minutes}分钟覆盖范围不变",
        "leaves nobody more without a crew within {minutes} minutes",
    ),
    "covers_more": Saying(
        "{crew}前移可多覆盖{customers}户：{minutes}分钟覆盖率由{before}%升至{percent}%",
        "{crew} would cover {customers} more customers: {percent} % within {minutes} minutes"
        " instead of {before} %",
    ),
    "covers_critical": Saying("重要用户{critical}户", "critical customers: {critical}"),
    "stand_by_base": Saying("在{base}的驻点待命", "standing by at the base of {base}"),
    "stand_by_street": Saying("在路边待命，没有驻点", "standing by in the street, without a base"),
    "loan_would_keep": Saying(
        "预计按时到达率{before}%，借{crew}后可达{after}%，路上{minutes}分钟",
        "the plan keeps {before} % of the arrivals promised; with {crew}, {minutes} min away, "
        "{after} %",
    ),
    "loan_too_short": Saying(
        "借用期内来不及处理并返回", "it could not do the work and be home when its loan ends"
    ),
    "loan_unanswered": Saying("一直没有答复", "nobody answered"),
    "loan_came_home": Saying("手上工单已完成", "the order it held is done"),
    "loan_time_over": Saying("借用到期", "the time agreed is over"),
    "drive_there": Saying("前往需{minutes}分钟", "the drive there takes {minutes} min"),
    "shift_too_short": Saying("下班前完不成", "the shift ends before the work would"),
    "pinned_to": Saying("已指定给{crew}", "decided for {crew}"),
    "no_place": Saying("尚无位置", "no place yet"),
    "chosen_by": Saying("由{name}指定", "chosen by {name}"),
    "arrival_stayed": Saying(
        "在现场停留{minutes}分钟以上，距登记位置{metres}米",
        "stayed {minutes} min or more, {metres} m from the place on record",
    ),
    "arrival_refused_before": Saying(
        "此前的一次停留不作数，因为：", "an earlier stay does not count, because:"
    ),
    "arrival_way_unseen": Saying(
        "到场前该设备没有任何定位，来路不明",
        "the device was not seen anywhere before: the way to the place is not known",
    ),
    "arrival_unsaid": Saying(
        "班组未按到达，按轨迹补记", "the crew did not press the button; filled in from the track"
    ),
    "arrival_said_early": Saying(
        "班组提前{minutes}分钟按了到达", "the crew pressed the button {minutes} min before"
    ),
    "arrival_far": Saying(
        "按到达前后，轨迹距现场至少{metres}米",
        "around the claim the track is at least {metres} m from the place",
    ),
    "arrival_no_fix": Saying("按到达前后没有可用定位", "no usable position around the claim"),
    "arrival_no_stay": Saying(
        "轨迹最近处距现场{metres}米，但没有停留",
        "the track comes within {metres} m of the place and shows no stay",
    ),
    "arrival_vague_site": Saying(
        "现场位置只准到{accuracy}米，轨迹距其{metres}米，无法判定",
        "the place is known to {accuracy} m only and the track is {metres} m from it: cannot say",
    ),
    "arrival_no_such_drive": Saying(
        "轨迹{seconds}秒内跨越{metres}米，道路上不可能",
        "the track covers {metres} m in {seconds} s, which no road allows",
    ),
    "arrival_elsewhere": Saying(
        "同时本班组另一设备（{device}）在{metres}米外",
        "meanwhile another device of the crew ({device}) was {metres} m away",
    ),
    "arrival_mock_near": Saying(
        "设备此时前后{count}个定位为模拟位置",
        "{count} positions of the device around that time are marked as mock",
    ),
    "arrival_frozen": Saying(
        "{count}个定位坐标完全相同，疑似固定坐标",
        "{count} positions with the very same coordinates: set, it seems, and not measured",
    ),
    "arrival_ruled": Saying(
        "驶来的{count}步中{percent}%等速或共线，疑似人工生成",
        "{percent} % of {count} steps of the way are even as no driver is: made up, it seems",
    ),
    "arrival_replayed": Saying(
        "{count}步与以前的轨迹完全一致，疑似重放",
        "{count} steps are those of an earlier day to the last digit: played again, it seems",
    ),
    "arrival_together": Saying(
        "与{crew}同车（{count}个定位重合）",
        "in one vehicle with {crew} ({count} positions coincide)",
    ),
    "arrival_others_place": Saying(
        "停留处是{crew}的现场（距其{metres}米，距本单{ours}米）",
        "the stay is at the place of {crew}: {metres} m from it, {ours} m from this order's",
    ),
    "arrival_datum": Saying(
        "轨迹疑为{datum}坐标：按WGS-84距道路{off_road}米，按{datum}距道路{reread}米、距现场{metres}米",
        "the track seems to be in {datum}: off the roads by {off_road} m as given, by {reread} m"
        " in {datum}, and then {metres} m from the place",
    ),
    "arrival_datum_site": Saying(
        "轨迹疑为{datum}坐标：换算后距现场{metres}米",
        "the track seems to be in {datum}: read so, it is {metres} m from the place",
    ),
    "arrival_clock_behind": Saying(
        "设备时钟慢{seconds}秒，已校正或计入区间",
        "the device's clock is {seconds} s behind; set right, or counted into the interval",
    ),
    "arrival_clock_fast": Saying(
        "设备时钟快{seconds}秒，已校正", "the device's clock is {seconds} s fast; set right"
    ),
    "arrival_left_out_mock": Saying(
        "{count}个模拟定位未采用", "{count} positions marked as mock left out"
    ),
    "arrival_left_out_doubtful": Saying(
        "{count}个可疑定位未采用", "{count} positions in doubt when they came in left out"
    ),
    "arrival_left_out_vague": Saying(
        "{count}个精度过低的定位未采用", "{count} positions too inaccurate left out"
    ),
    "arrival_left_out_clock_ahead": Saying(
        "{count}个时间超前的定位未采用", "{count} positions dated after their receipt left out"
    ),
    "arrival_left_out_spikes": Saying(
        "{count}个跳点未采用", "{count} positions that nothing led to or from left out"
    ),
    "arrival_stands": Saying("班组答：确在现场", "asked, the crew says that it is there"),
    "arrival_mistaken": Saying(
        "班组答：误按到达", "asked, the crew says that it pressed by mistake"
    ),
    "arrival_not_any_more": Saying(
        "后到的定位推翻了原来的判定", "positions that came later speak against it"
    ),
}


def reason(code: str, **facts: object) -> str:
    """Write a reason down; `code` stands in `REASONS`."""
    if code not in REASONS:
        raise KeyError(code)
    return written(code, **facts)


@lru_cache(4_096)
def say_reason(written: str) -> Saying:
    """Read a reason back; a text that is no reason of ours is given as it stands."""
    code, _, query = written.partition("?")
    template = REASONS.get(code)
    if template is None:
        return Saying(written, written)
    facts = dict(parse_qsl(query, keep_blank_values=True))
    try:
        return Saying(template.zh.format_map(facts), template.en.format_map(facts))
    except KeyError:  # a person's own word that happens to be a code
        return Saying(written, written)


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


def say_expected(estimate: EstimatedRestoration, now: datetime, face: Clockface) -> Saying:
    """When supply is expected back, in one clause.

    One that has passed is told as what it was. Of one that nobody entered the range is told too.
    """
    zh, en = face.zh(estimate.at, now), face.en(estimate.at, now)
    if estimate.has_passed(now):
        return Saying(
            f"原预计{zh}恢复供电，现已超时，正在核实新的时间",
            f"power was expected back at {en}, which has passed; a new time is being checked",
        )
    if estimate.is_entered or estimate.from_at is None or estimate.to_at is None:
        return Saying(f"预计{zh}恢复供电", f"power is expected back at {en}")
    early_zh, early_en = face.zh(estimate.from_at, now), face.en(estimate.from_at, now)
    late_zh, late_en = face.zh(estimate.to_at, now), face.en(estimate.to_at, now)
    if estimate.confidence is Confidence.LOW:
        return Saying(
            f"估计{zh}前恢复供电，目前把握不大，可能早至{early_zh}，也可能晚至{late_zh}",
            f"power may be back by {en}; that is not sure yet, from {early_en} to {late_en} is"
            " possible",
        )
    return Saying(
        f"预计{zh}前恢复供电（{early_zh}至{late_zh}之间）",
        f"power is expected back by {en} (between {early_en} and {late_en})",
    )


IN_ZONE: Mapping[ZoneKind, Saying] = {
    ZoneKind.STORM: Saying(
        "您处正受“{name}”风暴影响，抢修时间比平时长，预计时间把握不大。",
        "Your area is in the storm “{name}”; repairs take longer than usual and times are unsure.",
    ),
    ZoneKind.FLOOD: Saying(
        "您处正受“{name}”洪水影响，抢修时间比平时长，请勿靠近带电设备。",
        "Your area is in the flood “{name}”; repairs take longer; touch nothing electric.",
    ),
    ZoneKind.FIRE: Saying(
        "您处正受“{name}”火情影响，抢修时间比平时长，请听从现场疏散安排。",
        "Your area is near the fire “{name}”; repairs take longer, follow any order to leave.",
    ),
    ZoneKind.NO_GO: Saying(
        "您处目前因安全原因抢修人员暂时不能进入，一旦允许立即前往。",
        "For safety no crew may enter your area now; one comes as soon as it may.",
    ),
}
"""What a caller is told of the zone they are in. A no-go zone's name is for the house alone."""

CAB_ORDER = Saying(
    "新抢修单{id}：{where}。请在手机上接单。", "New order {id}: {where}. Accept it on the phone."
)
CAB_HAZARD = Saying("注意安全：现场有危险。", "Take care: there is danger on site.")
CAB_AFTER = Saying("须等抢修单{ids}完成后方可作业。", "Do not begin before order {ids} is done.")
CAB_TOGETHER = Saying(
    "与{crew}（抢修单{id}）共同作业。", "You work together with {crew}, order {id}."
)
CAB_PARTS = Saying("需要配件：{parts}。", "Parts needed: {parts}.")
CAB_WITHDRAWN = Saying("抢修单{id}已撤回，请勿前往。", "Order {id} was withdrawn; do not go.")

NEIGHBOURS = Saying("请问您邻居家有电吗？", "Do your neighbours have light?")
MAIN_SWITCH = Saying("请问您家的总开关是否跳闸？", "Has the main switch in your home tripped?")
CLOSE_SWITCH = Saying(
    "请拔下电器，再合上总开关：合得上、来电了吗？",
    "Please unplug the appliances and close the main switch: does it hold, and is the light back?",
)
WHICH_ACCOUNT = Saying(
    "请问是哪一户停电？请报户号或地址。", "Which of your homes is it? The account or the address?"
)
WHERE = Saying("请问您的详细地址或户号是？", "What is your full address, or the account number?")

DANGER: Mapping[str, Saying] = {
    "wire_down": Saying(
        "请离落地的电线至少八米，不要靠近，也请拦住旁人。",
        "Stay at least eight metres away from the wire, and keep others away.",
    ),
    "fire": Saying(
        "请马上离开，并拨打119。不要用水浇带电的设备。",
        "Leave at once and call the fire brigade. No water on anything electric.",
    ),
    "smoke": Saying(
        "请离开冒烟的地方；能安全够到总开关就拉开。",
        "Move away from the smoke; open the main switch if it can be reached safely.",
    ),
    "sparks": Saying(
        "请不要触碰，站远一些等我们的人。", "Do not touch it; wait for us at a distance."
    ),
    "electric_shock": Saying(
        "不要直接碰触电的人，先断开电源，并拨打120。",
        "Do not touch the person. Cut the power first, and call an ambulance.",
    ),
    "pole_down": Saying(
        "请远离电杆和连着的电线，至少八米。",
        "Stay at least eight metres away from the pole and its wires.",
    ),
    "flood": Saying(
        "不要蹚水靠近带电的设备。", "Do not walk through water towards anything electric."
    ),
    "trapped": Saying(
        "请让被困的人不要乱动，并拨打119。",
        "Tell them to keep still, and call the fire brigade.",
    ),
}
"""What is said at once to who reports a danger; the keys are those of `HAZARDS_KNOWN`."""

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

WEB_UNVERIFIED = Saying(
    "公众网页报修，位置只是地图点选，未经核实。",
    "Reported on the public page; the place is a click on a map, not verified.",
)
WEB_REPORT = Saying(
    "公众网页报修，身份未经核实。", "Reported on the public page; nobody verified who it was."
)
WEB_OVER_LIMIT = Saying(
    "来自报修次数已达上限的网络地址，因涉及危险仍予受理。",
    "From a network address over its limit of reports; taken all the same, as it tells of danger.",
)
BACK_AGAIN = Saying(
    "【{company}】据我们的记录，{place}已恢复供电。如仍无电，请再次报修或致电{phone}。此短信只发一次。",
    "{company}: by our records power is back in {place}. If you are still without, report it again"
    " or call {phone}. You get this one message only.",
)
YOUR_REPORT = Saying("您报修的地点", "the place you reported")
