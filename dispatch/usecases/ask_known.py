"""Say whether a caller's outage is known, before anything is registered."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.notice import How
from dispatch.domain.ticket import Complaint
from dispatch.known import CallerSays, KnownAnswer, answered_from, explain
from dispatch.location import ReportedPosition, Whereabouts, locate
from dispatch.ports import Store
from dispatch.sayings import WHERE, WHICH_ACCOUNT, Clockface, Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class AskKnown:
    """Who asks, by whatever is at hand, and what was said about the neighbours."""

    caller: Complaint
    position: ReportedPosition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answer, or the question that has to come first (`answer` is None then)."""

    answer: KnownAnswer | None
    whereabouts: Whereabouts
    ask: Saying | None


def ask_known(store: Store, question: AskKnown, *, now: datetime, clockface: Clockface) -> Known:
    """Find the caller's place and judge what is on record there.

    Nothing is registered; an answer in the words of a public notice is counted.
    """
    found = locate(store.directory, question.caller, question.position)
    if found.place is None:
        several = bool(found.accounts) or bool(found.addresses)
        return Known(answer=None, whereabouts=found, ask=WHICH_ACCOUNT if several else WHERE)
    facts = store.known.facts_at(found.place, question.caller.phone, now)
    caller = CallerSays(
        symptoms=frozenset(question.caller.symptoms),
        hazards=frozenset(question.caller.hazards),
        multiple_premises=question.caller.multiple_premises,
    )
    answer = explain(facts, caller, now=now, clockface=clockface)
    counted = answered_from(answer, facts, How.QUESTION, now=now)
    if counted is not None:
        store.notices.answered(counted)
    return Known(answer=answer, whereabouts=found, ask=answer.ask)
