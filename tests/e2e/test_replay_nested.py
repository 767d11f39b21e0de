"""`relight replay` of two faults in a row, one behind the other, told by SCADA or by crews."""

from collections.abc import Iterator

import pytest

from dispatch.store.cluster import Layout
from tests.data import test_data
from tests.e2e.replays import Fault, Told, Utility, members, of, say, utility_of

MUX = "network_mux_tapejara_2024/mux_2024.gpkg.zip"


@pytest.fixture(scope="module")
def tapejara(test_cluster: Layout) -> Iterator[Utility]:
    with utility_of(test_cluster, test_data(MUX)) as utility:
        yield utility


@pytest.fixture(scope="module")
def fuse(tapejara: Utility) -> Fault:
    return tapejara.faults("fuse", (4, 12), 3)[0]


@pytest.fixture(scope="module")
def own(tapejara: Utility, fuse: Fault) -> Fault:
    """The fuse of one transformer below that of the lateral."""
    return next(
        each
        for each in tapejara.faults("transformer", (1, 1), 3)
        if set(each.homes) < set(fuse.homes) and len(each.accounts) > 3
    )


def customers(told: list[Told]) -> list[tuple[str, int, bool]]:
    """When light came back, to how many, and whether others of the outage were left."""
    return [(line["at"][11:16], line["customers"], line["part"]) for line in of(told, "restored")]


def test_what_scada_told_to_be_open_further_down_stays_dark(
    tapejara: Utility, fuse: Fault, own: Fault
):
    told = tapejara.replay(
        [
            say(0, "scada", device=fuse.device, state="open"),
            *fuse.calls("fuse", 1, 12),
            say(12, "scada", device=own.device, state="open"),
            say(40, "restore", device=fuse.device),
            say(60, "restore", device=own.device),
        ]
    )
    first, second = customers(told)
    assert (first[0], first[2]) == ("12:40", False)
    assert (second[0], second[2]) == ("13:00", False)
    assert {o["device"] for o in told[-1]["outages"]} == {fuse.device, own.device}
    assert all(o["status"] == "restored" for o in told[-1]["outages"])


def test_what_was_seen_is_told_in_the_same_moment(tapejara: Utility, fuse: Fault):
    told = tapejara.replay([say(0, "scada", device=fuse.device, state="open")])
    (first,) = of(told, "predict")
    assert first["at"] == "2024-05-01T12:00:00Z"
    assert first["devices"][0]["id"] == fuse.device
    assert first["devices"][0]["probability"] > 0.9


def test_a_finding_far_from_most_callers_is_an_outage_of_its_own(
    tapejara: Utility, fuse: Fault, own: Fault
):
    told = tapejara.replay(
        [
            *fuse.calls("fuse", 0, 14, every=0.5),
            say(20, "crew_action", kind="findings", device=own.device),
            say(30, "crew_action", kind="findings", device=fuse.device),
            say(60, "restore", device=fuse.device),
            say(80, "restore", device=own.device),
        ]
    )
    (inner, outer) = sorted(members(told).values(), key=len)
    below = {n for n, account in enumerate(fuse.accounts[:14]) if account in own.accounts}
    assert set(inner) == {f"fuse{n:02d}" for n in below}
    assert len(outer) == 14 - len(below)
    assert [each[0] for each in customers(told)] == ["13:00", "13:20"]
