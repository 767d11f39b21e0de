"""Keep on record how probably each report belongs where it is, as more becomes known."""

from dispatch.domain.facts import FeederEvidence
from dispatch.domain.words import OutageId, TicketId
from dispatch.ports import Store
from dispatch.verdict import Verdict

NOTICED = 0.05
LEAST = 0.0001


def weigh_anew(store: Store, evidence: FeederEvidence, verdict: Verdict) -> None:
    """Write down the probability of the reports that stay, where somebody would notice the change.

    What a person attached is not weighed; what moves is written with its move.
    """
    thought: dict[TicketId, tuple[OutageId, float]] = dict(verdict.explained)
    for judged in verdict.outages:
        if judged.outage_id is not None:
            thought.update((t, (judged.outage_id, p)) for t, p in judged.tickets.items())
    changed = {}
    for report in evidence.reports:
        outage_id, probability = thought.get(report.ticket_id, (None, 0.0))
        if outage_id is None or outage_id != report.outage_id or report.by_hand:
            continue
        if report.probability is None or abs(report.probability - probability) < NOTICED:
            continue
        changed[report.ticket_id] = max(round(probability, 4), LEAST)
    if changed:
        store.tickets.weigh(changed)
