"""The burst breaker: when calls burst, what a public notice may state, and whom it may answer.

A notice states what is on record and no more: a guess at the restoration is not published, instead
the notice says by when there will be word again. It answers only callers whom it covers beyond
doubt; everybody else is heard as if there were no notice.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from dispatch.domain.facts import KnownFacts, OutageNearby
from dispatch.domain.notice import Notice, NoticeFacts, NoticeNearby, Served
from dispatch.domain.outage import Confidence, EstimatedRestoration, Outage, OutageStatus, Scope
from dispatch.domain.words import Symptom
from dispatch.errors import IllegalStep
from dispatch.sayings import Clockface, Saying
from gis.geocode import AddressTooLong, AddressTooShort, Level, UnusableAddress, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When calls are a burst, and how sure a notice must be of a caller; all assumptions.

    Attributes
    ----------
    window
        Calls are counted over this: shorter is jumpy, longer comes after the storm of calls.
    least
        Fewer calls are no burst however quiet the place is: two agents answer them in passing.
    chance
        So rarely the usual rate of these transformers would bring as many calls by chance.
    earlier
        The usual rate is taken over this long, the last day left out, since a fault of this
        morning is not what is usual.
    sure
        A caller is answered from the notice from this probability on.
    say_again
        Word is promised within this time where no restoration can be promised; a dispatcher's
        half hour.
    fewest_homes
        A street with fewer customers out is not named: that would publish somebody's home.
    most_named
        No more communities are named; the others are in the number of customers.
    """

    window: timedelta = timedelta(minutes=10)
    least: int = 5
    chance: float = 0.001
    earlier: timedelta = timedelta(days=28)
    sure: float = 0.9
    say_again: timedelta = timedelta(minutes=30)
    fewest_homes: int = 3
    most_named: int = 8


DEFAULT_BREAKER = Breaker()

_COMMUNITY = (Level.COMPOUND, Level.VILLAGE, Level.ROAD)
_STEP = 5


def usual_calls(served: Served) -> float:
    """Calls that a window usually brings; half a call is added, so that no place is silent."""
    return (served.earlier_calls + 0.5) * (served.window / served.earlier)


def is_burst(served: Served, breaker: Breaker = DEFAULT_BREAKER) -> bool:
    """Whether as many calls as in the last window would hardly come by chance (Poisson tail)."""
    if served.calls < breaker.least:
        return False
    return at_least(served.calls, usual_calls(served)) < breaker.chance


def at_least(calls: int, usual: float) -> float:
    """The probability of `calls` or more where `usual` are expected (Poisson)."""
    below = sum(math.exp(n * math.log(usual) - usual - math.lgamma(n + 1)) for n in range(calls))
    return max(0.0, 1.0 - below)


def draft(
    outage: Outage,
    scope: Scope,
    served: Served,
    customers: int,
    *,
    now: datetime,
    breaker: Breaker = DEFAULT_BREAKER,
) -> NoticeFacts:
    """What a notice of `outage` may state now.

    Raises
    ------
    IllegalStep
        Nobody is out any more, or only single homes, which nobody publishes.
    """
    if not outage.is_open:
        raise IllegalStep("the outage is over; nothing to announce", outage_id=outage.id)
    if not scope.transformers:
        raise IllegalStep("only single homes are out; that is not published", outage_id=outage.id)
    estimate = publishable(outage.estimate, now)
    return NoticeFacts(
        district=served.district,
        feeder=served.feeder,
        communities=_communities(served, breaker) or served.transformer_names[: breaker.most_named],
        transformers=tuple(sorted(scope.transformers)),
        customers=customers,
        cause=outage.cause,
        restore_at=None if estimate is None else estimate.at,
        confidence=None if estimate is None else estimate.confidence,
        confirmed=outage.status is not OutageStatus.PREDICTED,
        percent=_percent(outage),
    )


def publishable(
    estimate: EstimatedRestoration | None, now: datetime
) -> EstimatedRestoration | None:
    """The estimate, unless it is a mere guess or has passed."""
    if estimate is None or estimate.confidence is Confidence.LOW or estimate.at <= now:
        return None
    return estimate


def mark(facts: NoticeFacts, *, replaces: Notice | None) -> str:
    """A mark of what a draft states and would replace: who releases it says which one was read."""
    written = json.dumps(asdict(facts), default=str, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(written.encode()).hexdigest()[:16]
    return f"{0 if replaces is None else replaces.id}-{digest}"


def say_notice(facts: NoticeFacts, say_by: datetime, *, now: datetime, face: Clockface) -> Saying:
    """The notice in sentences: area, communities, how sure, cause, and when there is light."""
    zh_where = "、".join(part for part in (facts.district, facts.feeder) if part)
    en_where = ", ".join(part for part in (facts.district, facts.feeder) if part)
    some_zh, some_en = "、".join(facts.communities), ", ".join(facts.communities)
    zh = [f"停电通告：{zh_where}停电，涉及{some_zh}等约{facts.customers}户。"]
    en = [f"Outage notice: {en_where}. Without supply: {some_en}; {facts.customers} customers."]
    if facts.confirmed:
        zh.append("停电已核实。")
        en.append("The outage is confirmed.")
    elif facts.percent is None:
        zh.append("停电范围尚待核实。")
        en.append("This is not confirmed yet.")
    else:
        zh.append(f"停电范围为初步判断，把握约{facts.percent}%。")
        en.append(f"This is not confirmed yet; we are about {facts.percent} % sure.")
    zh.append(f"原因：{facts.cause}。" if facts.cause else "原因正在查明。")
    en.append(f"Cause: {facts.cause}." if facts.cause else "The cause is being looked for.")
    if facts.restore_at is not None:
        sure = facts.confidence is Confidence.HIGH
        at_zh, at_en = face.zh(facts.restore_at, now), face.en(facts.restore_at, now)
        zh.append(f"预计{at_zh}恢复供电（{'把握较大' if sure else '可能有变'}）。")
        en.append(f"Power is expected back at {at_en} ({'sure' if sure else 'it may change'}).")
    else:
        zh.append(f"恢复时间尚不能确定，我们将在{face.zh(say_by, now)}前再次通告。")
        en.append(
            "When power will be back cannot be said yet; we will say more by"
            f" {face.en(say_by, now)}."
        )
    return Saying("".join(zh), " ".join(en))


def holds(
    stated: NoticeFacts, say_by: datetime, on_record: Outage | OutageNearby, *, now: datetime
) -> bool:
    """Whether what a notice states is still what is on record; if not, it answers nobody.

    A cause or a restoration that was said since, a passed time and a missed word each end it.
    Fewer customers out, or more, do not: whom it covers is asked for each caller.
    """
    known = publishable(on_record.estimate, now)
    if (None if known is None else known.at) != stated.restore_at:
        return False
    if on_record.cause != stated.cause:
        return False
    if stated.confirmed is (on_record.status is OutageStatus.PREDICTED):
        return False
    return stated.restore_at is not None or now < say_by


def answering(
    outage: OutageNearby,
    facts: KnownFacts,
    probability: float,
    *,
    symptoms: Collection[str],
    hazards: Collection[str],
    neighbours_out: bool | None,
    now: datetime,
    breaker: Breaker = DEFAULT_BREAKER,
) -> NoticeNearby | None:
    """The notice that may answer this caller; None for everybody who must be heard.

    Those are: whoever tells of danger; of neighbours with light, or of anything but plain loss of
    supply; critical customers; who is not on record as a customer or not covered; who has an open
    report that is not of this outage; and whoever the outage explains with less than
    `breaker.sure`, by the rule for callers or by inference.
    """
    notice, point = outage.notice, facts.service_point
    if notice is None or point is None or point.critical or not notice.covers:
        return None
    if hazards or neighbours_out is False or not _plain_loss(symptoms):
        return None
    if notice.probability is not None:
        probability = min(probability, notice.probability)
    if probability < breaker.sure or any(o.outage_id != outage.id for o in facts.own_tickets):
        return None
    return notice if holds(notice.facts, notice.say_by, outage, now=now) else None


def _plain_loss(symptoms: Iterable[str]) -> bool:
    return all(said in {Symptom.NO_POWER, Symptom.NEIGHBOURS_OUT} for said in symptoms)


def _percent(outage: Outage) -> int | None:
    """How probable a prediction is, in steps, so that a draft does not change with each call."""
    if outage.status is not OutageStatus.PREDICTED or outage.prediction is None:
        return None
    return min(100 - _STEP, max(_STEP, round(outage.prediction.probability * 100 / _STEP) * _STEP))


def _communities(served: Served, breaker: Breaker) -> tuple[str, ...]:
    """Compounds, villages and streets, those with the most customers first."""
    homes: Counter[str] = Counter()
    for address, customers in served.addresses:
        if (name := community_of(address)) is not None:
            homes[name] += customers
    ranked = sorted(homes.items(), key=lambda each: (-each[1], each[0]))
    named = (name for name, customers in ranked if customers >= breaker.fewest_homes)
    return tuple(named)[: breaker.most_named]


def community_of(address: str) -> str | None:
    """The compound, village or street of an address, never a house; None where it names none."""
    try:
        parts = parse(address).parts
    except (AddressTooLong, AddressTooShort, UnusableAddress):
        return None
    found = next((parts[level] for level in _COMMUNITY if parts.get(level)), None)
    return found.title() if found is not None and found.isascii() else found
