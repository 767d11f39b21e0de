"""Acting on the posterior: which reports are one outage, what opened, is it time to send.

The likely set of open devices is a picture; this turns it into decisions that a dispatcher
accepts. Confirmed outages are facts: nothing here moves or merges them. What was said before is
kept until something is clearly better. Whether an order is sent at once or held for a moment is
decided by expected cost: a needless trip against a late arrival.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from dispatch.domain.facts import FeederEvidence
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId
from dispatch.feeder import Feeder
from dispatch.gathered import Gathered, gather
from dispatch.inference import Posterior
from dispatch.judging import Group, Judgement
from dispatch.rates import Rates, Stirring
from dispatch.verdict import Costs, Verdict


def judge(
    evidence: FeederEvidence,
    rates: Rates,
    costs: Costs,
    *,
    now: datetime,
    feeder: Feeder | None = None,
    stirring: Stirring | None = None,
) -> Verdict:
    """Say what is out on one feeder.

    `feeder` may be kept from an earlier look at the same tree; `stirring` is taken, where given, in
    place of what the surroundings tell.
    """
    feeder = feeder or Feeder(evidence.tree, rates)
    gathered = gather(evidence, feeder, rates, now, stirring)
    if gathered.is_silent:
        return Verdict(explained=gathered.settled)
    return decide(evidence, *gathered.understood(), costs)


def decide(
    evidence: FeederEvidence, gathered: Gathered, posterior: Posterior, costs: Costs
) -> Verdict:
    """Say what is out, from what the evidence was understood to say."""
    favoured = _favoured(evidence, gathered.feeder)
    groups = _groups(gathered, posterior, favoured, costs)
    _settle_claims(gathered, groups, costs)
    taken = {member for group in groups for member in group.members}
    explained, left = _known(gathered, taken, costs)
    groups += [
        Group(row=None, members={n: gathered.single_share(n)}, posterior=None, began=0.0)
        for n in left
    ]
    return Judgement(evidence, gathered, posterior, costs, gathered.now).of(groups, explained)


def _favoured(evidence: FeederEvidence, feeder: Feeder) -> list[int]:
    """Rows of the devices that predictions name now."""
    return [
        feeder.row[o.device_id]
        for o in evidence.outages
        if o.status is OutageStatus.PREDICTED and o.device_id in feeder.row
    ]


def _groups(
    gathered: Gathered, posterior: Posterior, favoured: Sequence[int], costs: Costs
) -> list[Group]:
    """The reports that each open device explains, and those of what opened below it before."""
    groups: list[Group] = []
    for row in posterior.best(favoured, costs.move):
        inner = _groups(gathered, posterior.below(row), favoured, costs)
        taken = {n for group in inner for n in group.members}
        explains = gathered.explained_by(posterior, row)
        below = [n for n in gathered.below(row) if n not in taken]
        wanted = _thresholds(gathered, below, explains, costs)
        members = {n: explains[n] for n in below if explains[n] > wanted[n]}
        if members or gathered.sighted(row):
            groups.append(Group(row, members, posterior, posterior.begin_of(row)))
        groups += inner
        groups += _seen_in_the_dark(gathered, row, {group.row for group in inner})
    return groups


def _seen_in_the_dark(gathered: Gathered, row: int, named: Collection[int | None]) -> list[Group]:
    """Devices below an open one that were seen open, though no caller can have noticed it."""
    below = gathered.feeder.rows_below(row)
    return [
        Group(r, {}, None, gathered.opened_at(r))
        for r in below
        if gathered.sighted(r) and r not in named
    ]


def _settle_claims(gathered: Gathered, groups: list[Group], costs: Costs) -> None:
    """Leave a report that several groups explain to the one it most probably belongs to.

    One that may have come from several places can be; where it is held now counts for it.
    """
    main = [gathered.main_holder(group.members) for group in groups]
    claims: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        for n in group.members:
            claims.setdefault(n, []).append(number)

    def surely(n: int, number: int) -> float:
        held = main[number] is not None and gathered.holder_of(n) == main[number]
        return groups[number].members[n] * (costs.held if held else 1.0)

    for n, rivals in claims.items():
        keeps = max(rivals, key=lambda number: surely(n, number))
        for number in rivals:
            if number != keeps:
                del groups[number].members[n]
    groups[:] = [g for g in groups if g.members or (g.row is not None and gathered.sighted(g.row))]


def _thresholds(
    gathered: Gathered, below: Sequence[int], explains: Mapping[int, float], costs: Costs
) -> dict[int, float]:
    """How probable it must be for each report that it belongs: less where it is held already."""
    main = gathered.main_holder(n for n in below if explains[n] > costs.join)
    return {
        n: costs.stay
        if main is not None and gathered.holder_of(n) == main
        else costs.leave_own
        if gathered.has_own_order(n)
        else costs.join
        for n in below
    }


def _known(
    gathered: Gathered, taken: Iterable[int], costs: Costs
) -> tuple[dict[int, tuple[OutageId, float]], list[int]]:
    """What confirmed outages explain of the other reports, and the rest."""
    explained: dict[int, tuple[OutageId, float]] = {}
    left: list[int] = []
    for n in sorted(set(range(len(gathered.reports))) - set(taken)):
        outage_id, share = gathered.known_share(n)
        holder = gathered.holder_of(n)
        if holder is not None and holder in gathered.known_ids:
            wanted = costs.stay
        else:
            wanted = costs.leave_own if gathered.has_own_order(n) else costs.join
        if outage_id is None or share < wanted:
            left.append(n)
        else:
            explained[n] = (outage_id, share)
    return explained, left
