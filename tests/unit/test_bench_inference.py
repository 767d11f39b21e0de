"""What the benchmark of inference measures is what it says, and comes out right."""

import pytest

from tests.bench import inference


@pytest.mark.parametrize("case", [*inference.SIZES, inference.ONE])
def test_a_case_has_the_customers_and_reports_it_names(case):
    evidence = case.evidence()
    assert sum(t.customers for t in evidence.tree.transformers) == case.customers
    assert len(evidence.reports) == case.reports
    assert evidence.tree.devices[0].post == len(evidence.tree.devices)


def test_what_is_measured_is_mostly_one_outage_of_the_head():
    largest = max(inference.ONE.look().outages, key=lambda outage: len(outage.tickets))
    assert largest.device_id == "head"
    assert len(largest.tickets) > 0.7 * inference.REPORTS


def test_what_is_measured_is_ten_outages_of_laterals():
    told = {outage.device_id for outage in inference.TEN.look().outages if len(outage.tickets) > 1}
    assert told == {f"k{lateral}" for lateral in range(0, inference.LATERALS, 4)}
