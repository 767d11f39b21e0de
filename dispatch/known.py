"""Is it already known? One answer for agent, IVR and public alike.

The order is the trade's: arrears, planned outage, known fault, restored recently, a fault inside
the customer's own installation; only what none of these explains is unknown. The probability of a
known fault is a rule here, by touch, confirmation and number of reports, moved by what the caller
says of the neighbours; the figures are assumptions and stand in `Weights`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch import sayings
from dispatch.assumed import AREA
from dispatch.branches import Hearing
from dispatch.domain.facts import KnownFacts, OutageNearby, OwnTicket, PlannedNearby
from dispatch.domain.notice import How, NoticeAnswer, NoticeNearby
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import PLANNED_LATE
from dispatch.domain.words import KnownKind, NetworkLevel, Symptom
from dispatch.notices import answering, say_notice
from dispatch.sayings import Clockface, Saying, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Assumptions of the rule, each a probability or an odds factor."""

    confirmed: float = 0.97
    first_report: float = 0.6
    doubt_left_per_report: float = 0.5
    most: float = 0.95
    near_scale_m: float = 250.0
    lit_odds: float = 0.1
    out_odds: float = 5.0
    enough: float = 0.5
    settled: float = 0.95
    first_is_many: float = 0.4
    least_bits: float = 0.05
    planned_early: timedelta = timedelta(minutes=10)
    planned_late: timedelta = PLANNED_LATE

    @property
    def heard(self) -> Hearing:
        """How what a caller says of the neighbours errs."""
        return Hearing.of_odds(self.out_odds, self.lit_odds)


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSays:
    """What the caller has said so far: of danger, of others' light, of what else is wrong."""

    symptoms: frozenset[str] = frozenset()
    hazards: frozenset[str] = frozenset()
    multiple_premises: bool | None = None

    @property
    def neighbours_out(self) -> bool | None:
        """True or False as said, None as long as nobody asked."""
        if self.multiple_premises is not None:
            return self.multiple_premises
        if Symptom.NEIGHBOURS_LIT in self.symptoms:
            return False
        return True if Symptom.NEIGHBOURS_OUT in self.symptoms else None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAnswer:
    """What explains this caller, how probably, on which data, and what to say and ask.

    `ask_bits` is the information expected of the answer about the neighbours, where it is asked:
    of whether the known outage explains this caller, or of how far it reaches, whichever is more.
    `notice` is the public notice whose sentence this is, None for an answer of its own.
    """

    kind: KnownKind
    probability: float
    basis: NetworkLevel
    reasons: tuple[str, ...]
    outage: OutageNearby | None = None
    planned: PlannedNearby | None = None
    repeats: OwnTicket | None = None
    say: Saying
    ask: Saying | None = None
    ask_bits: float | None = None
    checks: Sequence[Saying] = ()
    notice: NoticeNearby | None = None


def explain(
    facts: KnownFacts,
    caller: CallerSays,
    *,
    now: datetime,
    clockface: Clockface,
    weights: Weights = DEFAULT_WEIGHTS,
) -> KnownAnswer:
    """Judge what is on record around a caller; see the module for the order of questions.

    Planned work whose end nobody recorded explains until `planned_late` past its planned end, and
    is only mentioned after that.
    """
    planned = facts.planned
    if planned is None or now < planned.ends_at + weights.planned_late:
        return _judge(facts, caller, now, clockface, weights)
    answer = _judge(replace(facts, planned=None), caller, now, clockface, weights)
    return _mention_late_end(answer, planned, now, clockface)


def answered_from(
    answer: KnownAnswer, facts: KnownFacts, how: How, *, key: str | None = None, now: datetime
) -> NoticeAnswer | None:
    """What is to be counted of an answer: None where no notice gave it; `key` else the customer."""
    notice, point = answer.notice, facts.service_point
    if notice is None or point is None:
        return None
    return NoticeAnswer(
        notice_id=notice.id, how=how, key=key or str(point.id), usage_point_id=point.id, at=now
    )


def _judge(
    facts: KnownFacts, caller: CallerSays, now: datetime, clockface: Clockface, weights: Weights
) -> KnownAnswer:
    basis = _basis(facts)
    repeats = min(facts.own_tickets, key=lambda t: t.received_at, default=None)
    point = facts.service_point
    if point is not None and point.disconnected_for:
        return KnownAnswer(
            kind=KnownKind.ARREARS,
            probability=weights.settled,
            basis=basis,
            reasons=(),
            repeats=repeats,
            say=_say_disconnected(),
        )
    if facts.planned is not None and facts.planned.starts_at <= now + weights.planned_early:
        return KnownAnswer(
            kind=KnownKind.PLANNED,
            probability=weights.confirmed,
            basis=basis,
            reasons=(),
            planned=facts.planned,
            repeats=repeats,
            say=_say_planned(facts.planned, now, clockface),
        )
    scored = [(*_score(o, caller, weights), o) for o in facts.outages if o.restored_at is None]
    best = max(scored, key=lambda s: (s[0], -s[2].id), default=None)
    if best is not None and best[0] >= weights.enough:
        probability, reasons, outage = best
        ask_bits = _neighbours_bits(probability, outage, caller, weights)
        answer = KnownAnswer(
            kind=KnownKind.KNOWN_FAULT,
            probability=probability,
            basis=outage.level,
            reasons=reasons,
            outage=outage,
            repeats=repeats,
            say=_say_fault(outage, now, clockface),
            ask=None if ask_bits is None else sayings.NEIGHBOURS,
            ask_bits=ask_bits,
        )
        return _from_notice(answer, outage, facts, caller, now, clockface)
    return _not_a_known_fault(facts, caller, basis, repeats, now, clockface, weights=weights)


def _from_notice(
    answer: KnownAnswer,
    outage: OutageNearby,
    facts: KnownFacts,
    caller: CallerSays,
    now: datetime,
    clockface: Clockface,
) -> KnownAnswer:
    """The same answer in the words of the public notice, where that may answer this caller."""
    notice = answering(
        outage,
        facts,
        answer.probability,
        symptoms=caller.symptoms,
        hazards=caller.hazards,
        neighbours_out=caller.neighbours_out,
        now=now,
    )
    if notice is None:
        return answer
    return replace(
        answer,
        notice=notice,
        reasons=(*answer.reasons, reason("public_notice", id=notice.id)),
        say=say_notice(notice.facts, notice.say_by, now=now, face=clockface),
    )


def _mention_late_end(
    answer: KnownAnswer, planned: PlannedNearby, now: datetime, clockface: Clockface
) -> KnownAnswer:
    """Add that planned work here ended late, or still goes on: nobody has said."""
    ended_zh, ended_en = clockface.zh(planned.ends_at, now), clockface.en(planned.ends_at, now)
    return replace(
        answer,
        reasons=(
            *answer.reasons,
            reason("planned_ended_late", reason=planned.reason, id=planned.id),
        ),
        say=Saying(
            f"{answer.say.zh}您处的计划停电（{planned.reason}）原定{ended_zh}结束，尚未报送电，"
            "我们同时核实。",
            f"{answer.say.en} Planned work at your place ({planned.reason}) was to end at "
            f"{ended_en} and was not reported as done; we check that too.",
        ),
    )


def _not_a_known_fault(
    facts: KnownFacts,
    caller: CallerSays,
    basis: NetworkLevel,
    repeats: OwnTicket | None,
    now: datetime,
    clockface: Clockface,
    *,
    weights: Weights,
) -> KnownAnswer:
    back = [o for o in facts.outages if o.restored_at is not None and o.touches != "near"]
    restored = max(back, key=lambda o: o.restored_at or now, default=None)
    if restored is not None:
        return KnownAnswer(
            kind=KnownKind.RESTORED_RECENTLY,
            probability=0.5,
            basis=restored.level,
            reasons=(),
            outage=restored,
            repeats=repeats,
            say=_say_restored(restored, now, clockface),
            ask=sayings.MAIN_SWITCH,
            checks=sayings.INSIDE_CHECKS,
        )
    tripped = Symptom.MAIN_SWITCH_TRIPPED in caller.symptoms
    if caller.neighbours_out is False or tripped:
        why = reason("main_switch_tripped") if tripped else reason("neighbours_lit")
        return KnownAnswer(
            kind=KnownKind.INTERNAL_LIKELY,
            probability=0.8 if tripped else 0.6,
            basis=basis,
            reasons=(why,),
            repeats=repeats,
            say=Saying(
                "附近没有停电，可能是您家内部故障，请按步骤检查；仍无电我们派人上门。",
                "There is no outage around you; it may be inside your home. Please check step by "
                "step; if that does not help, we send somebody.",
            ),
            ask=None if tripped else sayings.MAIN_SWITCH,
            checks=sayings.INSIDE_CHECKS,
        )
    unasked = caller.neighbours_out is None
    worth = weights.heard.bits(weights.first_is_many)
    return KnownAnswer(
        kind=KnownKind.UNKNOWN,
        probability=0.0,
        basis=basis,
        reasons=(),
        repeats=repeats,
        say=Saying(
            "目前没有您处的停电记录，我马上为您登记报修。",
            "No outage is on record at your place; I register your report now.",
        ),
        ask=sayings.NEIGHBOURS if unasked else None,
        ask_bits=worth if unasked else None,
    )


def _basis(facts: KnownFacts) -> NetworkLevel:
    point = facts.service_point
    if point is None or point.transformer_id is None:
        return NetworkLevel.POINTS
    return NetworkLevel.TRANSFORMER if point.feeder_id is None else NetworkLevel.FEEDER_MODEL


def _score(
    outage: OutageNearby, caller: CallerSays, weights: Weights
) -> tuple[float, tuple[str, ...]]:
    """How probably `outage` explains the caller, and why."""
    reasons: list[str] = []
    doubt = (1 - weights.first_report) * weights.doubt_left_per_report ** (outage.reports - 1)
    if outage.touches == "near":
        closeness = math.exp(-((outage.distance_m / weights.near_scale_m) ** 2))
        there = 1 - doubt if outage.status == "predicted" else 1.0
        probability = min(weights.most, there) * closeness
        reasons.append(reason("near_outage", metres=round(outage.distance_m)))
    else:
        touches_home = outage.touches == "usage_point"
        reasons.append(_touch(outage))
        probability = weights.most if touches_home else min(weights.most, 1 - doubt)
    if outage.status != "predicted":
        probability = (
            max(probability, weights.confirmed) if outage.touches != "near" else probability
        )
        reasons.append(reason("confirmed_outage"))
    else:
        reasons.append(reason("reports", count=outage.reports))
    if caller.neighbours_out is not None and outage.touches != "usage_point":
        odds = weights.out_odds if caller.neighbours_out else weights.lit_odds
        probability = _times_odds(probability, odds)
        reasons.append(reason("neighbours_out" if caller.neighbours_out else "neighbours_lit"))
    return probability, tuple(reasons)


def _touch(outage: OutageNearby) -> str:
    """How the caller hangs on what is out, in a reason's words."""
    if outage.touches == "usage_point":
        return reason("same_home")
    if outage.device.kind == AREA:
        return reason("in_area", name=outage.device.name)
    of_its_own = outage.device.kind in {"transformer", "service", "points"}
    return reason("same_transformer" if of_its_own else "below_device", name=outage.device.name)


def _times_odds(probability: float, factor: float) -> float:
    odds = probability / max(1 - probability, 1e-9) * factor
    return odds / (1 + odds)


def _neighbours_bits(
    probability: float, outage: OutageNearby, caller: CallerSays, weights: Weights
) -> float | None:
    """What the answer about the neighbours is expected to tell; None where it is not worth asking.

    It may tell whether the outage explains the caller, and where inference is unsure whether it
    reaches the caller's transformer, what has opened.
    """
    if caller.neighbours_out is not None:
        return None
    explains = 0.0 if probability >= weights.settled else weights.heard.bits(probability)
    reaches = 0.0 if outage.reach is None else weights.heard.bits(outage.reach)
    bits = max(explains, reaches)
    return bits if bits >= weights.least_bits else None


def _say_disconnected() -> Saying:
    return Saying(
        "您的户号目前处于停供状态，请先办理缴费或复电手续。",
        "Supply of this account is cut off; please settle the account first.",
    )


def _say_planned(planned: PlannedNearby, now: datetime, clockface: Clockface) -> Saying:
    if now > planned.ends_at:
        return Saying(
            f"您处正在计划停电（{planned.reason}），原定{clockface.zh(planned.ends_at, now)}送电，"
            "现已延迟，我们正在催促。",
            f"Supply is off as planned ({planned.reason}); it was to be back at "
            f"{clockface.en(planned.ends_at, now)} and is late. We are pressing for it.",
        )
    return Saying(
        f"您处正在计划停电（{planned.reason}），预计{clockface.zh(planned.ends_at, now)}送电。",
        f"Supply is off as planned ({planned.reason}), expected back at "
        f"{clockface.en(planned.ends_at, now)}.",
    )


def _say_fault(outage: OutageNearby, now: datetime, clockface: Clockface) -> Saying:
    zh, en = ["您处的停电我们已经知道"], ["We know of the outage at your place"]
    if outage.cause:
        zh.append(f"原因是{outage.cause}")
        en.append(f"the cause is {outage.cause}")
    crew = outage.crew
    if crew is not None and crew.status is OrderStatus.ARRIVED:
        zh.append("抢修人员已到现场")
        en.append("the crew is on site")
    elif crew is not None and crew.expected_at is not None:
        zh.append(f"抢修人员预计{clockface.zh(crew.expected_at, now)}到达")
        en.append(f"the crew is expected at {clockface.en(crew.expected_at, now)}")
    else:
        zh.append("正在安排抢修人员")
        en.append("a crew is being sent")
    if outage.estimate is not None and outage.estimate.at > now:
        zh.append(f"预计{clockface.zh(outage.estimate.at, now)}恢复供电")
        en.append(f"power is expected back at {clockface.en(outage.estimate.at, now)}")
    return Saying("，".join(zh) + "。", "; ".join(en) + ".")


def _say_restored(outage: OutageNearby, now: datetime, clockface: Clockface) -> Saying:
    at = outage.restored_at or now
    return Saying(
        f"您处的停电已于{clockface.zh(at, now)}恢复。如果您家仍没有电，请先查看总开关，"
        "我再为您登记。",
        f"The outage at your place ended at {clockface.en(at, now)}. If you still have no power, "
        "please look at the main switch first; then I register it.",
    )
