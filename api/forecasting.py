"""What `relight learn restoration` and the nightly job do: learn waits, judge, keep, show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.table import Table
from sqlalchemy import Engine

from dispatch.domain.repair import ForecastVersion, PastRepairs
from dispatch.errors import TooLittleToLearn
from dispatch.journal import SYSTEM
from dispatch.learning.forecaster import SHIPPED, Awaited, Forecaster
from dispatch.learning.forecasting import learn_waits
from dispatch.learning.judging_forecasts import Report, evaluate
from dispatch.store.forecasts import PgForecasts
from dispatch.store.past import recorded_since
from dispatch.store.repairs import read_repairs
from dispatch.store.transaction import Transaction, reading
from dispatch.usecases.apply_forecasts import ApplyForecasts, apply_forecasts
from dispatch.usecases.keep_forecasts import KeepForecasts, keep_forecasts
from gis.counting import counted

LONGEST = timedelta(days=3 * 365)
LEARN_AGAIN = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedWaits:
    """What came of a record: the forecaster from all of it, and how its like did when held out."""

    forecaster: Forecaster
    report: Report
    past: PastRepairs

    @property
    def repairs(self) -> int:
        """How many repairs it was learned from."""
        return self.forecaster.learned[Awaited.RESTORATION].repairs

    def keep(self, by: str, reason: str) -> KeepForecasts:
        """The command that keeps it."""
        return KeepForecasts(
            forecaster=self.forecaster,
            report=self.report,
            since=self.past.since,
            until=self.past.until,
            repairs=self.repairs,
            by=by,
            reason=reason,
        )


def learn_from(past: PastRepairs, zone: str) -> LearnedWaits:
    """Judge on the newest weeks, then learn from all of them.

    Raises
    ------
    TooLittleToLearn
        The record is too short for either.
    """
    return LearnedWaits(report=evaluate(past, zone), forecaster=learn_waits(past, zone), past=past)


def renew_forecasts(
    engine: Engine, transaction: Transaction, *, zone: str, now: datetime
) -> Iterator[str]:
    """Learn once a week and keep the version; sentences for the log.

    It is put into force by itself only where a learned version is in force already, so that
    somebody chose once to go by them, and where its P50 and P90 held on the weeks held out.
    """
    with reading(engine) as connection:
        kept = PgForecasts(connection).list_versions()
        first = recorded_since(connection)
        if first is None or (kept and now - kept[-1].made_at < LEARN_AGAIN):
            return
        past = read_repairs(connection, max(first, now - LONGEST), now)
    try:
        learned = learn_from(past, zone)
    except TooLittleToLearn as refusal:
        yield str(refusal)
        return
    with transaction() as store:
        version = keep_forecasts(store, learned.keep(SYSTEM, "weekly"), now=now).version
        yield f"waits were learned from {learned.repairs} repairs, kept as version {version}"
        if store.forecasts.in_force() is None:
            return
        if not learned.report.holds():
            yield "it is not put into force: its quantiles did not hold on the weeks held out"
            return
        why = "its P50 and P90 held on the weeks held out"
        apply_forecasts(store, ApplyForecasts(version=version, by=SYSTEM, reason=why), now=now)
        yield f"version {version} of the forecasts is in force"


def report_table(report: Report, *, every: bool) -> Table:
    """How quantiles held, by group; only waits and milestones unless `every`."""
    table = Table("wait", "of", "outages", "P50", "P90", "loss, min", "/ table", "/ by kind")
    for each in report.groups:
        if not every and each.group.startswith("kind "):
            continue
        shares = list(zip(each.shares, each.low, each.high, strict=True))[1:]
        table.add_row(
            each.what,
            each.group,
            str(each.outages),
            *(f"{share:.0%} ({low:.0%}-{high:.0%})" for share, low, high in shares),
            f"{each.pinball_min:.1f}",
            f"{each.against_table:.2f}",
            f"{each.against_kinds:.2f}",
        )
    return table


def summary(report: Report) -> Iterator[str]:
    """What the table rests on, in sentences."""
    yield (
        f"Learned from {counted(report.learned_from, 'repair')} of the older weeks, judged on"
        f" {counted(report.outages, 'outage')} from {report.held_out_since:%Y-%m-%d} to"
        f" {report.held_out_until:%Y-%m-%d}."
    )
    low, high = report.p90_between
    yield (
        f"Of those weeks {counted(report.open_outages, 'outage is', 'outages are')} still open:"
        f" with them, between {low:.1%} and"
        f" {high:.1%} lie within P90."
    )
    if not report.holds():
        yield "P50 or P90 is more than five points off: look at the groups before you go by it."


def versions_table(versions: Sequence[ForecastVersion], in_force: int) -> Table:
    """Every version, the one in force marked, with the share within P50 and P90 held out."""
    table = Table("version", "in force", "made", "by", "from repairs", "P50, P90 held out", "why")
    table.add_row(str(SHIPPED), "yes" if in_force == SHIPPED else "", "", "", "", "", "the table")
    for kept in versions:
        table.add_row(
            str(kept.version),
            "yes" if in_force == kept.version else "",
            f"{kept.made_at:%Y-%m-%d %H:%M}",
            kept.made_by,
            f"{kept.repairs}, {kept.since:%Y-%m-%d} to {kept.until:%Y-%m-%d}",
            ", ".join(f"{name} {p50:.0%} {p90:.0%}" for name, p50, p90 in held_of(kept.report)),
            kept.reason,
        )
    return table


def held_of(report: Any) -> Iterator[tuple[str, float, float]]:  # noqa: ANN401 (kept JSON)
    """Each wait with the shares within P50 and P90 over all cases held out."""
    for each in report["groups"]:
        if each["group"] == "all":
            yield each["what"], each["shares"][1], each["shares"][2]
