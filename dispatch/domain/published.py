"""The rules as shipped: what was read in a source is in use, what was not is a setting, off."""

from collections.abc import Mapping
from datetime import UTC, datetime

from dispatch.domain.reasons import written
from dispatch.domain.rules import (
    FOUR_LEVELS,
    AheadRule,
    Level,
    Mark,
    Means,
    PauseReason,
    Recipient,
    RepeatOf,
    RepeatRule,
    Rule,
    RuleSet,
    Scope,
    StartsAt,
    StopsAt,
)
from dispatch.domain.words import AreaClass

_ALL = (AreaClass.URBAN, AreaClass.RURAL, AreaClass.REMOTE)
_SETTING = "a setting; no source found"


def _by_area(*minutes: float) -> Mapping[AreaClass, float]:
    return dict(zip(_ALL, minutes, strict=False))


DESK = "dispatch_desk"
ARRIVAL_COMMITMENT = "arrival_commitment"
ARRIVAL_NATIONAL = "arrival_national"
RESTORATION = "restoration_after_arrival"
CALL_BACK = "call_back"
BACKFILL_ARRIVAL = "backfill_arrival"
BACKFILL_REPAIR = "backfill_repair"

# Nobody drives within three minutes: the crew is not told, and the steps after the end are short.
_DESK_LEVELS = (
    *(
        Level(share=share, to=(Recipient.DISPATCHER,), how=(Means.CONSOLE, Means.STREAM))
        for share in (0.5, 0.75)
    ),
    Level(minutes=0.0, to=(Recipient.DISPATCHER, Recipient.SUPERVISOR)),
    Level(minutes=5.0, to=(Recipient.SUPERVISOR, Recipient.COMPANY)),
)
_FIELD_LEVELS = (
    Level(share=0.5, to=(Recipient.CREW,), how=(Means.PHONE, Means.STREAM)),
    Level(minutes=0.0, to=(Recipient.CREW, Recipient.DISPATCHER), how=FOUR_LEVELS[1].how),
)

PUBLISHED_RULES: tuple[Rule, ...] = (
    Rule(
        id=DESK,
        title="Dispatch a fault order / 派单",
        starts=StartsAt.RECEIVED,
        stops=StopsAt.DISPATCHED,
        minutes=_by_area(3, 3, 3),
        scope=(Scope.EACH,),
        source="95598 desk rule, read in a published procedure: 3 minutes",
        goal=0.9995,
        levels=_DESK_LEVELS,
    ),
    Rule(
        id=ARRIVAL_COMMITMENT,
        title="Arrive on site, commitment / 到达现场承诺",
        starts=StartsAt.RECEIVED,
        stops=StopsAt.ARRIVED,
        minutes=_by_area(45, 90, 120),
        scope=(Scope.EACH, Scope.AVERAGE),
        source="Supply service commitments: older text each job, text read in 2023 average",
        goal=0.9999,
    ),
    Rule(
        id=ARRIVAL_NATIONAL,
        title="Arrive on site, national standard / 到达现场国家标准",
        starts=StartsAt.RECEIVED,
        stops=StopsAt.ARRIVED,
        minutes=_by_area(60, 120, 240),
        scope=(Scope.EACH,),
        source="National service standard: each job",
    ),
    Rule(
        id=RESTORATION,
        title="Restore after arrival / 到场后复电",
        starts=StartsAt.ARRIVED,
        stops=StopsAt.RESTORED,
        minutes=_by_area(180, 240),
        scope=(Scope.AVERAGE,),
        source="Supply service commitments: average, urban 3 h, rural 4 h",
    ),
    Rule(
        id=BACKFILL_ARRIVAL,
        title="Fill in the arrival / 回填到达",
        starts=StartsAt.ARRIVED,
        stops=StopsAt.ARRIVAL_FILLED_IN,
        minutes=_by_area(5, 5, 5),
        scope=(Scope.EACH,),
        source=_SETTING,
        mark=Mark.SETTING,
        in_use=False,
        levels=_FIELD_LEVELS,
    ),
    Rule(
        id=BACKFILL_REPAIR,
        title="Fill in the repair / 回填修复",
        starts=StartsAt.RESTORED,
        stops=StopsAt.REPAIR_FILLED_IN,
        minutes=_by_area(5, 5, 5),
        scope=(Scope.EACH,),
        source=_SETTING,
        mark=Mark.SETTING,
        in_use=False,
        levels=_FIELD_LEVELS,
    ),
    Rule(
        id=CALL_BACK,
        title="Call back after restoration / 回访",
        starts=StartsAt.RESTORED,
        stops=StopsAt.CALLED_BACK,
        minutes=_by_area(1440, 1440, 1440),
        scope=(Scope.EACH,),
        source=_SETTING,
        mark=Mark.SETTING,
        in_use=False,
        goal=1.0,
        levels=(
            Level(minutes=-120.0, to=(Recipient.DISPATCHER,)),
            Level(minutes=0.0, to=(Recipient.DISPATCHER, Recipient.SUPERVISOR)),
        ),
    ),
)

PLANNED_NOTICE = "planned_notice"
TEMPORARY_NOTICE = "temporary_notice"
TEMPORARY_REMINDER = "temporary_reminder"
FREQUENT_OUTAGE = "frequent_outage"
REPEATED_FAULT = "repeated_fault"

PUBLISHED_AHEAD: tuple[AheadRule, ...] = (
    AheadRule(
        id=PLANNED_NOTICE,
        title="Planned outage, public notice / 计划停电公告",
        minutes_ahead=7 * 1440,
        temporary=False,
        reminder=False,
        source="Supply rules: planned work is announced to the public 7 days ahead",
    ),
    AheadRule(
        id=TEMPORARY_NOTICE,
        title="Temporary outage, important users / 临时停电通知",
        minutes_ahead=1440,
        temporary=True,
        reminder=False,
        source="Supply rules: important users are told of temporary work 24 h ahead",
    ),
    AheadRule(
        id=TEMPORARY_REMINDER,
        title="Reminder before the cut / 停电前提醒",
        minutes_ahead=30,
        temporary=True,
        reminder=True,
        source="Supply rules: important users are reminded 30 min before the cut",
    ),
)
PUBLISHED_REPEATS: tuple[RepeatRule, ...] = (
    RepeatRule(
        id=FREQUENT_OUTAGE,
        title="Frequent outage, same customer / 频繁停电",
        of=RepeatOf.CUSTOMER,
        at_least=3,
        days=61,
        source=_SETTING + " (3 in 2 months)",
        mark=Mark.SETTING,
        in_use=False,
    ),
    RepeatRule(
        id=REPEATED_FAULT,
        title="Repeated fault, same line or transformer / 重复故障",
        of=RepeatOf.LINE_OR_TRANSFORMER,
        at_least=2,
        days=31,
        source="Published procedure: twice or more in a month goes to the asset department",
    ),
)

_BY_ROOM = (Recipient.DISPATCHER, Recipient.SUPERVISOR)
_BY_FIELD = (Recipient.CREW, *_BY_ROOM)
_REASON = "a setting; every pause needs a note, and the ledger shows the figures without pauses too"
PUBLISHED_PAUSES: tuple[PauseReason, ...] = (
    PauseReason(
        id="customer_absent",
        title="Customer not reachable or absent / 客户不在或联系不上",
        stops=(StopsAt.RESTORED, StopsAt.CALLED_BACK),
        by=_BY_FIELD,
        source=_REASON,
        longest_min=1440,
    ),
    PauseReason(
        id="access_refused",
        title="Access refused / 阻挠施工、拒绝进入",
        stops=(StopsAt.ARRIVED, StopsAt.RESTORED),
        by=_BY_FIELD,
        source=_REASON,
        longest_min=480,
    ),
    PauseReason(
        id="unsafe",
        title="Not safe: lightning, flood, fire / 雷电、洪水、火情等不具备安全条件",
        stops=(StopsAt.ARRIVED, StopsAt.RESTORED),
        by=_BY_FIELD,
        source=_REASON,
        longest_min=1440,
    ),
    PauseReason(
        id="other_authority",
        title="Waiting for another authority / 等待其他部门配合",
        stops=(StopsAt.ARRIVED, StopsAt.RESTORED),
        by=_BY_ROOM,
        source=_REASON,
        longest_min=1440,
    ),
)

PUBLISHED = RuleSet(
    version=0,
    valid_from=datetime(2015, 1, 1, tzinfo=UTC),
    rules=PUBLISHED_RULES,
    ahead=PUBLISHED_AHEAD,
    repeats=PUBLISHED_REPEATS,
    pauses=PUBLISHED_PAUSES,
)
"""Everything that is shipped; reports of the past, handed in late, are judged by it as well."""

AS_PUBLISHED = written("as_published")
"""Why they are in force where nobody adopted any: a reason, said in the language of the page."""
