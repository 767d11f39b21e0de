"""What `relight learn` shows: estimates beside what is in force, versions, suspected links."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.table import Table
from sqlalchemy import Connection

from dispatch.domain.link import SuspectedLink
from dispatch.domain.past import RatesVersion
from dispatch.domain.words import DistrictId
from dispatch.learning.learn import Estimate, Learned, value_in
from dispatch.learning.linking import suspect_links
from dispatch.rates import SHIPPED, Rates
from dispatch.store.rates import PgRates
from dispatch.store.transaction import Transaction
from dispatch.usecases.group_feeder import rates_of
from dispatch.usecases.keep_links import KeepLinks, keep_links
from gis.counting import counted
from gis.network.kinds import CustomerKind

FEW = 10
"""Events below which an estimate is mostly what it is drawn to."""

NAMES: Mapping[str, str] = {
    "call_share": "customers who call",
    "delay_quick_min": "delay of quick callers (scale), min",
    "delay_late_min": "delay of late callers (mean), min",
    "delay_quick_share": "quick callers among callers",
    **{
        f"calls_{kind}": f"calls of {kind} customers, against the mean customer"
        for kind in CustomerKind
    },
    "faults_per_km": "faults per km and year",
    "single_faults": "faults of single homes, per customer and year",
    "false_reports": "reports of nothing of ours, per customer and year",
}


def rates_in_force(
    connection: Connection, districts: Iterable[DistrictId]
) -> dict[DistrictId | None, Rates]:
    """What is assumed now: the company's, under None, and each district's."""
    kept_rates = PgRates(connection)
    version = kept_rates.in_force()
    kept = None if version is None else kept_rates.get(version)
    return {d: Rates() if kept is None else rates_of(kept, d) for d in (None, *districts)}


@dataclass(frozen=True, slots=True)
class LinksFound:
    """What came of one look at everybody's record."""

    found: tuple[SuspectedLink, ...]
    judged: int


def look_for_links(
    transaction: Transaction, since: datetime, until: datetime, *, by: str, now: datetime
) -> LinksFound:
    """Work suspected links out and keep the list; nothing is locked while it is worked out."""
    with transaction() as store:
        history = store.links.history(since, until)
        version = store.rates.in_force()
        rates = Rates() if version is None else rates_of(store.rates.get(version), None)
    found = tuple(suspect_links(history, rates))
    command = KeepLinks(found=found, since=since, until=until, judged=len(history.customers), by=by)
    with transaction() as store:
        keep_links(store, command, now=now)
    return LinksFound(found, command.judged)


def name_of(what: str) -> str:
    """What an estimate is about, in words."""
    return NAMES.get(what) or f"{what.removeprefix('faults_').replace('_', ' ')}: faults a year"


def why(estimate: Estimate, before: float | None) -> str:
    """One clause on how the new number came about."""
    if estimate.events < FEW:
        drawn_to = "what was assumed" if estimate.district_id is None else "the company's"
        return f"little to go by, so near {drawn_to}"
    old = estimate.assumed if before is None else before
    compared = "what was assumed" if before is None else "what is in force"
    if estimate.low <= old <= estimate.high:
        return f"agrees with {compared}"
    ratio = estimate.value / old
    return f"{ratio:.0f} times {compared}" if ratio >= FEW else f"{ratio:.2g} times {compared}"


def estimates_table(learned: Learned, in_force: Mapping[DistrictId | None, Rates]) -> Table:
    """Old against new, with what each number rests on; districts only where they have a say."""
    table = Table("where", "what", "in force", "new", "90 %", "from", "why")
    for estimate in learned.estimates:
        if estimate.district_id is not None and estimate.events < 1:
            continue
        rates = in_force.get(estimate.district_id, in_force[None])
        before = value_in(rates, estimate.what)
        table.add_row(
            estimate.district_id or "company",
            name_of(estimate.what),
            "-" if before is None else f"{before:.3g}",
            f"{estimate.value:.3g}",
            f"{estimate.low:.3g} to {estimate.high:.3g}",
            f"{estimate.events:.0f}",
            why(estimate, before),
        )
    return table


def summary(learned: Learned) -> Iterator[str]:
    """What the estimates come from, in sentences."""
    yield (
        f"What is known of callers comes from {counted(learned.outages, 'closed outage')} of more"
        " than one customer;"
        f" {learned.known_beginnings} of them began at a time that switchgear or meters told,"
        f" {counted(learned.confirmed, 'was', 'were')} confirmed in the field."
    )
    yield (
        f"Fault rates are those of the calm: {counted(learned.stormy_days, 'stormy day')} with"
        f" {counted(learned.storm_outages, 'outage')} left out. Calls count on every day."
    )


def versions_table(versions: Sequence[RatesVersion], in_force: int) -> Table:
    """Every version, the one in force marked."""
    table = Table("version", "in force", "made", "by", "from outages", "why")
    table.add_row(str(SHIPPED), "yes" if in_force == SHIPPED else "", "", "", "", "as shipped")
    for kept in versions:
        table.add_row(
            str(kept.version),
            "yes" if in_force == kept.version else "",
            f"{kept.made_at:%Y-%m-%d %H:%M}",
            kept.made_by,
            f"{kept.outages}, {kept.since:%Y-%m-%d} to {kept.until:%Y-%m-%d}",
            kept.reason,
        )
    return table


def links_table(found: Sequence[SuspectedLink]) -> Table:
    """A row for each customer."""
    table = Table("account", "on record", "rather", "probability", "heard of when that was out")
    for link in found:
        heard = [e.called_at or e.gasped_at for e in link.evidence if e.neighbour]
        calls = [at for at in heard if at is not None]
        table.add_row(
            link.account,
            link.transformer_id,
            f"{link.candidate_id} ({link.of_candidate:.0%})",
            f"{link.probability:.0%}",
            ", ".join(f"{at:%Y-%m-%d %H:%M}" for at in calls),
        )
    return table


def write_links(found: Sequence[SuspectedLink], file: Path) -> None:
    """Write a CSV row for each outage that speaks for or against a suspected link."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(
            (
                *("account", "on_record", "candidate", "probability", "of_candidate"),
                *("outage", "transformer_out", "from", "to", "called_at", "gasped_at", "log_odds"),
            )
        )
        for link in found:
            for e in link.evidence:
                writer.writerow(
                    (
                        link.account,
                        link.transformer_id,
                        link.candidate_id,
                        f"{link.probability:.3f}",
                        f"{link.of_candidate:.3f}",
                        e.outage_id,
                        link.candidate_id if e.neighbour else link.transformer_id,
                        e.from_at.isoformat(),
                        e.to_at.isoformat(),
                        "" if e.called_at is None else e.called_at.isoformat(),
                        "" if e.gasped_at is None else e.gasped_at.isoformat(),
                        f"{e.log_odds:.2f}",
                    )
                )
