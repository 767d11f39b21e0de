"""Is it already known? One answer for agent, IVR and public alike.

The order is the trade's: arrears, planned outage, known fault, restored recently, a fault inside
the customer's own installation; only what none of these explains is unknown. How probably a known
fault reaches the caller is what inference left with it, and then what this call adds
(`dispatch.explaining`). Where only points are known it is a rule of distance. What is assumed
beside the rates stands in `Weights`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch import sayings
from dispatch.assumed import AREA
from dispatch.branches import Hearing
from dispatch.domain.facts import KnownFacts, OutageNearby, OwnTicket, PlannedNearby, ZoneAround
from dispatch.domain.notice import How, NoticeAnswer, NoticeNearby
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import PLANNED_LATE, OutageStatus
from dispatch.domain.words import KnownKind, NetworkLevel, Symptom
from dispatch.explaining import Home, Said, calling_of, inside, reaches, reported, updated
from dispatch.notices import answering, say_notice
from dispatch.rates import Rates
from dispatch.sayings import Clockface, Saying, reason, say_expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Assumptions beside the rates. All but the last are probabilities, metres or bits.

    Attributes
    ----------
    on_record
        What the record says of who hangs where is right; one link in fifty is not, as in learning.
    nearest, near_scale_m
        How probably an outage known by points alone holds its next neighbour, and the distance
        within which that holds.
    enough
        From here on a known fault is the answer.
    settled
        From here on it is said without "probably".
    first_is_many
        Where nothing is on record, a first report is the first of many so often.
    least_bits, sure_by
        A question that tells less is not asked. Nothing is in doubt by less than the second, where
        no answer can tell so much.
    planned_early, planned_late
        Planned work explains from so long before its beginning until so long after its end.
    """

    on_record: float = 0.98
    nearest: float = 0.95
    near_scale_m: float = 250.0
    enough: float = 0.5
    settled: float = 0.95
    first_is_many: float = 0.4
    least_bits: float = 0.05
    sure_by: float = 0.005
    planned_early: timedelta = timedelta(minutes=10)
    planned_late: timedelta = PLANNED_LATE


DEFAULT_WEIGHTS = Weights()
ASSUMED = Rates()
"""What is assumed of an outage that inference has not looked at, and where none is known."""

HEARD = Hearing.of_odds(ASSUMED.neighbours_out, ASSUMED.neighbours_lit)
"""How what a caller says of the neighbours errs."""


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

    @property
    def said(self) -> Said:
        """What tells a fault of the caller's own from one of the network."""
        return Said(
            neighbours_out=self.neighbours_out,
            tripped=Symptom.MAIN_SWITCH_TRIPPED in self.symptoms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAnswer:
    """What explains this caller, how probably, on which data, and what to say and ask.

    `probability` is that of what is answered: that the known outage is why this caller calls, or
    that the fault is inside their home; 0 where nothing is known. `ask_bits` is what the answer
    about the neighbours is expected to tell of that, where it is asked.
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
        answer = _judge(facts, caller, now, clockface, weights)
    else:
        answer = _judge(replace(facts, planned=None), caller, now, clockface, weights)
        answer = _mention_late_end(answer, planned, now, clockface)
    return answer if facts.zone is None else _mention_zone(answer, facts.zone)


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
            probability=weights.on_record,
            basis=basis,
            reasons=(),
            planned=facts.planned,
            repeats=repeats,
            say=_say_planned(facts.planned, now, clockface),
        )
    scored = [
        (*_score(o, facts, caller, now, weights), o) for o in facts.outages if o.restored_at is None
    ]
    best = max(scored, key=lambda s: (s[0], -s[2].id), default=None)
    if best is not None and best[0] >= weights.enough:
        probability, reasons, outage = best
        ask_bits = _neighbours_bits(probability, caller, weights)
        answer = KnownAnswer(
            kind=KnownKind.KNOWN_FAULT,
            probability=probability,
            basis=outage.level,
            reasons=reasons,
            outage=outage,
            repeats=repeats,
            say=_say_fault(outage, now, clockface, surely=probability >= weights.settled),
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


NAMES_A_ZONE = frozenset({KnownKind.KNOWN_FAULT, KnownKind.UNKNOWN})
"""Answers by which a caller waits for a crew; the others have another cause than the weather."""


def _mention_zone(answer: KnownAnswer, zone: ZoneAround) -> KnownAnswer:
    """Add what is declared around the caller, and what that means for how long it takes."""
    why = reason(f"in_zone_{zone.kind.value}", name=zone.name)
    answer = replace(answer, reasons=(*answer.reasons, why))
    if answer.kind not in NAMES_A_ZONE:
        return answer
    words = sayings.IN_ZONE[zone.kind]
    return replace(
        answer,
        say=Saying(
            answer.say.zh + words.zh.format(name=zone.name),
            f"{answer.say.en} {words.en.format(name=zone.name)}",
        ),
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
    if caller.neighbours_out is False or caller.said.tripped:
        return _inside_the_home(facts, caller, basis, repeats, now)
    unasked = caller.neighbours_out is None
    worth = HEARD.bits(weights.first_is_many)
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


def _inside_the_home(
    facts: KnownFacts,
    caller: CallerSays,
    basis: NetworkLevel,
    repeats: OwnTicket | None,
    now: datetime,
) -> KnownAnswer:
    """Nothing known reaches the caller, who says what speaks for a fault of their own."""
    said = caller.said
    assumed = calling_of(ASSUMED, now)
    reasons = []
    if said.tripped:
        reasons.append(reason("main_switch_tripped"))
    reasons += _said_of_neighbours(caller)
    if facts.neighbours > 1 and not any(_is_out(o) for o in facts.outages):
        reasons.append(reason("neighbours_silent", count=facts.neighbours - 1))
    return KnownAnswer(
        kind=KnownKind.INTERNAL_LIKELY,
        probability=inside(assumed, said, home=_home(facts)),
        basis=basis,
        reasons=tuple(reasons),
        repeats=repeats,
        say=Saying(
            "附近没有停电，可能是您家内部故障，请按步骤检查；仍无电我们派人上门。",
            "There is no outage around you; it may be inside your home. Please check step by "
            "step; if that does not help, we send somebody.",
        ),
        ask=None if said.tripped else sayings.MAIN_SWITCH,
        checks=sayings.INSIDE_CHECKS,
    )


def _is_out(outage: OutageNearby) -> bool:
    return outage.restored_at is None and outage.touches != "near"


def _basis(facts: KnownFacts) -> NetworkLevel:
    point = facts.service_point
    if point is None or point.transformer_id is None:
        return NetworkLevel.POINTS
    return NetworkLevel.TRANSFORMER if point.feeder_id is None else NetworkLevel.FEEDER_MODEL


def _score(
    outage: OutageNearby,
    facts: KnownFacts,
    caller: CallerSays,
    now: datetime,
    weights: Weights,
) -> tuple[float, tuple[str, ...]]:
    """How probably `outage` is why the caller calls, and why."""
    if outage.touches == "near":
        return _score_by_distance(outage, caller, weights)
    calling = outage.calling or calling_of(ASSUMED, outage.started_at)
    home = _home(facts)
    if outage.touches == "usage_point" or outage.status is not OutageStatus.PREDICTED:
        before = weights.on_record
    elif outage.reach is not None:
        before = weights.on_record * outage.reach
    else:
        before = reported(calling, outage.reports, home=home, now=now)
        before *= weights.on_record
    probability = reaches(before, calling, caller.said, home=home, now=now)
    return probability, tuple(_reasons(outage, caller))


def _home(facts: KnownFacts) -> Home:
    kind = None if facts.service_point is None else facts.service_point.kind
    return Home(customers=facts.neighbours, kind=kind, kinds=facts.kinds)


def _reasons(outage: OutageNearby, caller: CallerSays) -> Iterator[str]:
    """What a probability rests on, the most telling first."""
    yield _touch(outage)
    if outage.status is not OutageStatus.PREDICTED:
        yield reason("confirmed_outage")
    elif outage.reach is None or outage.touches == "usage_point":
        yield reason("reports", count=outage.reports)
    else:
        yield reason("reports_reach", count=outage.reports, percent=round(100 * outage.reach))
    yield from _said_of_neighbours(caller)
    if caller.said.tripped:
        yield reason("main_switch_tripped")


def _said_of_neighbours(caller: CallerSays) -> Iterator[str]:
    if caller.neighbours_out is not None:
        yield reason("neighbours_out" if caller.neighbours_out else "neighbours_lit")


def _score_by_distance(
    outage: OutageNearby, caller: CallerSays, weights: Weights
) -> tuple[float, tuple[str, ...]]:
    """The same where only points are known: how far it reaches is a guess by distance.

    Each report alone may be of one home; together they are an outage that reaches further.
    """
    closeness = math.exp(-((outage.distance_m / weights.near_scale_m) ** 2))
    reasons = [reason("near_outage", metres=round(outage.distance_m))]
    if outage.status is OutageStatus.PREDICTED:
        reasons.append(reason("reports", count=outage.reports))
        closeness *= 1 - (1 - weights.first_is_many) ** outage.reports
    else:
        reasons.append(reason("confirmed_outage"))
    reasons += _said_of_neighbours(caller)
    odds = {None: 1.0, True: ASSUMED.neighbours_out, False: ASSUMED.neighbours_lit}
    return updated(weights.nearest * closeness, odds[caller.neighbours_out]), tuple(reasons)


def _touch(outage: OutageNearby) -> str:
    """How the caller hangs on what is out, in a reason's words."""
    if outage.touches == "usage_point":
        return reason("same_home")
    if outage.device.kind == AREA:
        return reason("in_area", name=outage.device.name)
    of_its_own = outage.device.kind in {"transformer", "service", "points"}
    return reason("same_transformer" if of_its_own else "below_device", name=outage.device.name)


def _neighbours_bits(probability: float, caller: CallerSays, weights: Weights) -> float | None:
    """What the answer about the neighbours is expected to tell; None where it is not worth asking.

    It tells whether the place is dark for more than the caller's own fault.
    """
    if caller.neighbours_out is not None:
        return None
    if min(probability, 1 - probability) < weights.sure_by:
        return None
    bits = HEARD.bits(probability)
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


def _say_fault(
    outage: OutageNearby, now: datetime, clockface: Clockface, *, surely: bool
) -> Saying:
    if surely:
        zh, en = ["您处的停电我们已经知道"], ["We know of the outage at your place"]
    else:
        zh = ["您处停电很可能属于我们已知的一处停电"]
        en = ["Your loss of supply is probably part of an outage that we know of"]
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
    if outage.estimate is not None:
        expected = say_expected(outage.estimate, now, clockface)
        zh.append(expected.zh)
        en.append(expected.en)
    return Saying("，".join(zh) + "。", "; ".join(en) + ".")


def _say_restored(outage: OutageNearby, now: datetime, clockface: Clockface) -> Saying:
    at = outage.restored_at or now
    return Saying(
        f"您处的停电已于{clockface.zh(at, now)}恢复。如果您家仍没有电，请先查看总开关，"
        "我再为您登记。",
        f"The outage at your place ended at {clockface.en(at, now)}. If you still have no power, "
        "please look at the main switch first; then I register it.",
    )
