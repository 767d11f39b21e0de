"""Is a restoration complete? How sure that is, and whom to ask until it is sure enough.

Below a restored device another one may still be open: it failed in the same hours, or the
restoration did not reach its branch. Silence since then speaks against it, the more customers and
the longer; an answer from a place speaks for every device above it. The next to be asked is always
the one whose "yes, there is light" takes away most of the doubt that is left.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dispatch.branches import Branches, Hearing
from dispatch.domain.facts import Asked, RestoredFacts
from dispatch.feeder import Feeder, Ints
from dispatch.rates import Floats, Rates, Stirring
from dispatch.waking import calls_along

SURE = 0.95
MOST_ASKED = 25
"""So many are listed at most; then somebody should rather drive along the line."""

ASKED_AGAIN_AFTER = timedelta(hours=2)
"""Nobody is asked twice within so long (assumption)."""

CALLER_ERRS = 0.01
"""Share of call-backs whose answer is wrong for the place: assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAsk:
    """Somebody to call, or a meter to ping, and how sure a good answer would make it."""

    who: Asked
    sure_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How probably every branch has light, and whom to ask until `wanted` is reached.

    `reached` says whether good answers of all of `to_ask` are enough. `asked` are those asked
    since the restoration, oldest first.
    """

    sure: float
    wanted: float
    reached: bool
    to_ask: tuple[ToAsk, ...]
    asked: tuple[Asked, ...]


def verify(
    facts: RestoredFacts,
    rates: Rates,
    *,
    now: datetime,
    feeder: Feeder | None = None,
    stirring: Stirring | None = None,
    wanted: float = SURE,
) -> Verification:
    """Say how sure it is that a restoration is complete, and whom to ask.

    Without a feeder model each place that was restored is a branch of its own.
    """
    stirring = stirring or rates.stirring(facts.around)
    feeder = feeder or Feeder(facts.tree, rates)
    places = _Places.of(facts, feeder)
    dark, lit = _silence(facts, rates, places, now)
    hidden = _hidden(facts, rates, feeder, places, stirring)
    branches = Branches(places.above, hidden)
    answered = [a for a in facts.asked if a.lit is not None and a.place in places.owner]
    for each in answered:
        heard = _hearing(each, rates)
        owner = places.owner[each.place]
        dark[owner] *= 1 - heard.if_dark if each.lit else heard.if_dark
        lit[owner] *= 1 - heard.if_lit if each.lit else heard.if_lit
    plan = _Plan(branches, dark, lit, rates, places)
    sure = plan.sure(dark, lit)
    to_ask = plan.until(wanted, _who(facts, places, now))
    return Verification(
        sure=sure,
        wanted=wanted,
        reached=(to_ask[-1].sure_after if to_ask else sure) >= wanted,
        to_ask=to_ask,
        asked=tuple(sorted(facts.asked, key=lambda a: a.at or facts.restored_at)),
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """The devices at or below the restored one, in preorder, and which each place hangs on.

    `rows` are theirs in the feeder; -1 is the device of a place that hangs on none of them.
    """

    rows: Ints
    above: Ints
    owner: dict[str, int]
    customers: Floats

    @classmethod
    def of(cls, facts: RestoredFacts, feeder: Feeder) -> "_Places":
        row = feeder.row.get(facts.device_id or "")
        rows = np.zeros(0, dtype=np.intp)
        if row is not None:
            inside = (feeder.pre >= feeder.pre[row]) & (feeder.pre < feeder.post[row])
            rows = np.flatnonzero(inside)
        above = [int(np.searchsorted(rows, feeder.parent[r])) if r != row else -1 for r in rows]
        number = {int(r): n for n, r in enumerate(rows)}
        numbers, owner = [int(r) for r in rows], dict[str, int]()
        customers = [0.0] * rows.size
        for place, count in sorted(facts.places.items()):
            pre = feeder.transformer_pre.get(place)
            path = [] if pre is None else [number[r] for r in feeder.path(pre) if r in number]
            if not path:
                path = [len(numbers)]
                numbers.append(-1)
                above.append(-1)
                customers.append(0.0)
            owner[place] = path[0]
            customers[path[0]] += count * feeder.times_calling(place)
        return cls(
            np.array(numbers, dtype=np.intp),
            np.array(above, dtype=np.intp),
            owner,
            np.array(customers, dtype=float),
        )


def _hidden(
    facts: RestoredFacts, rates: Rates, feeder: Feeder, places: _Places, stirring: Stirring
) -> Floats:
    """Probability of each device being open behind the restoration, before anybody is heard.

    It failed while the outage lasted, or it is where the restoration did not reach: the first of
    a branch, or the restored one with its own places. What has no customers of the outage below it
    is of no account.
    """
    minutes = max((facts.restored_at - facts.started_at).total_seconds() / 60, 1.0)
    known = places.rows >= 0
    top = places.above < 0
    failed = np.zeros(top.size)
    under = known & ~top
    failed[under] = -np.expm1(-feeder.rate[places.rows[under]] * stirring.devices * minutes)
    first = np.where(top, places.customers > 0, top[places.above])
    hidden = 1 - (1 - failed) * (1 - rates.restored_errs * first)
    return np.where(_served(places) > 0, hidden, 0.0)


def _served(places: _Places) -> Floats:
    """Customers of the outage at or below each device."""
    served = places.customers.copy()
    for i in range(served.size - 1, -1, -1):
        if places.above[i] >= 0:
            served[places.above[i]] += served[i]
    return served


def _silence(
    facts: RestoredFacts, rates: Rates, places: _Places, now: datetime
) -> tuple[Floats, Floats]:
    """How probable the silence since the restoration is from each device's places: dark, lit.

    Shape (devices, 1) each. Those who called before are taken to call again like the others.
    """
    share, weight = rates.call_share.table()
    since = np.array([-(now - facts.restored_at).total_seconds() / 60])
    called = float(calls_along(facts.tree, rates, now).reached(since, np.zeros(1))[0])
    quiet = np.maximum(1 - called * share, 1e-3) ** places.customers[:, None]
    return (quiet @ weight)[:, None], np.ones((places.customers.size, 1))


def _hearing(asked: Asked, rates: Rates) -> Hearing:
    return Hearing.erring(rates.meter_errs if asked.by_meter else CALLER_ERRS)


def _who(facts: RestoredFacts, places: _Places, now: datetime) -> list[Asked]:
    """Who may be asked: of each device's places callers before meters, nobody asked lately."""
    lately = {a.person for a in facts.asked if a.at and a.at > now - ASKED_AGAIN_AFTER}
    said = {a.person for a in facts.asked if a.lit}
    found: dict[str, Asked] = {}
    for each in sorted(facts.people, key=lambda p: (p.by_meter, p.person)):
        if each.place in places.owner and each.person not in lately | said:
            found.setdefault(each.person, each)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who is asked in turn, each taken to say that there is light."""

    branches: Branches
    dark: Floats
    lit: Floats
    rates: Rates
    places: _Places

    def sure(self, dark: Floats, lit: Floats) -> float:
        """Probability that no device is open, given what was heard; arguments (devices, 1)."""
        return float(self._sure(dark, lit)[0])

    def _sure(self, dark: Floats, lit: Floats) -> Floats:
        none_open = self.branches.all_lit * lit.prod(axis=0)
        return np.asarray(none_open / self.branches.chance(dark, lit), dtype=float)

    def until(self, wanted: float, people: Iterable[Asked]) -> tuple[ToAsk, ...]:
        """Ask until it is sure enough, or nobody is left who could make it surer."""
        dark, lit = self.dark.copy(), self.lit.copy()
        left, plan = list(people), list[ToAsk]()
        sure = self.sure(dark, lit)
        while left and sure < wanted and len(plan) < MOST_ASKED:
            after = self._after(dark, lit, left)
            best = int(np.argmax(after))
            if after[best] <= sure:
                break
            who = left.pop(best)
            sure = float(after[best])
            owner, heard = self.places.owner[who.place], _hearing(who, self.rates)
            dark[owner] *= 1 - heard.if_dark
            lit[owner] *= 1 - heard.if_lit
            plan.append(ToAsk(who=who, sure_after=sure))
        return tuple(plan)

    def _after(self, dark: Floats, lit: Floats, people: Sequence[Asked]) -> Floats:
        """How sure it would be after each one's "there is light"; shape (people,)."""
        dark = np.repeat(dark, len(people), axis=1)
        lit = np.repeat(lit, len(people), axis=1)
        for n, each in enumerate(people):
            owner, heard = self.places.owner[each.place], _hearing(each, self.rates)
            dark[owner, n] *= 1 - heard.if_dark
            lit[owner, n] *= 1 - heard.if_lit
        return self._sure(dark, lit)
