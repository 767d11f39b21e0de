"""`relight replay` on real networks: a morning of calls, the same bytes twice."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import build
from dispatch.store.cluster import Layout
from tests.conftest import ROOT
from tests.data import test_data
from tests.e2e.replays import Told, Utility, at, call, jsonl, members, of, say, utility_of

MUX = "network_mux_tapejara_2024/mux_2024.gpkg.zip"
PAIR = tuple(
    f"network_oberrhein_schutterwald/{n}.json" for n in ("mv_oberrhein", "lv_schutterwald")
)
COMMAND = [sys.executable, "-c", "from api.cli import main; main()", "replay"]


@pytest.fixture(scope="module")
def tapejara(test_cluster: Layout) -> Iterator[Utility]:
    with utility_of(test_cluster, test_data(MUX)) as utility:
        yield utility


@pytest.fixture(scope="module")
def pair(test_cluster: Layout) -> Iterator[Utility]:
    with utility_of(test_cluster, *map(test_data, PAIR)) as utility:
        yield utility


@pytest.fixture(scope="module")
def morning(tapejara: Utility) -> list[Told]:
    """Four faults, one of them below a fuse of several transformers, and some noise."""
    fuse = tapejara.faults("fuse", (2, 4), 8)[0]
    singles = [
        fault
        for fault in tapejara.faults("transformer", (1, 1), 20)
        if not set(fault.homes) & set(fuse.homes)
    ]
    first, second, third = singles[0], singles[len(singles) // 2], singles[-1]
    return [
        *fuse.calls("fuse", 0, 20),
        *first.calls("first", 25, 14),
        *second.calls("second", 31, 12),
        *third.calls("third", 70, 10),
        call(12, "nobody", "no such account"),
        call(40, "danger", first.accounts[-1], hazards=["wire_down"], description="fio no chão"),
        call(44, "again", first.accounts[0]),
        say(55, "restore", device=fuse.device, cause="elo"),
        say(90, "restore", transformers=sorted(first.homes)),
        say(96, "scada", device="no such device", state="open"),
    ]


@pytest.fixture(scope="module")
def told(tapejara: Utility, morning: list[Told]) -> list[Told]:
    return tapejara.replay(morning)


def test_every_fault_of_a_morning_becomes_an_outage_of_its_own(told: list[Told]):
    found = members(told)
    for fault, count in (("fuse", 20), ("first", 14), ("second", 12), ("third", 10)):
        (whole,) = [ids for ids in found.values() if f"{fault}00" in ids]
        mine = [ticket for ticket in whole if ticket.startswith(fault)]
        assert len(mine) >= 0.9 * count
        strangers = {ticket for ticket in whole if ticket not in mine} - {"danger", "again"}
        assert strangers == set()


def test_every_ticket_is_in_the_partition_once(told: list[Told], morning: list[Told]):
    last = told[-1]
    listed = [ticket for part in last["outages"] for ticket in part["tickets"]]
    listed += last["unlocated"] + last["planned"] + last["alone"]
    assert sorted(listed) == sorted(line["id"] for line in morning if line["type"] == "ticket")


def test_the_last_word_on_every_ticket_is_the_partition(told: list[Told]):
    last_word: dict[str, int] = {}
    for line in told:
        if line["type"] == "attach":
            last_word[line["ticket"]] = line["outage"]
        elif line["type"] == "detach":
            last_word.pop(line["ticket"])
    assert last_word == {t: outage for outage, ids in members(told).items() for t in ids}


def test_an_attachment_says_how_surely_and_why(told: list[Told]):
    attached = of(told, "attach")
    assert attached
    assert all(0 < line["probability"] <= 1 for line in attached)
    moved = [line for line in attached if "previous" in line]
    assert all(line["previous"] != line["outage"] for line in moved)


def test_predictions_name_devices_with_probabilities_and_count_customers(told: list[Told]):
    for line in of(told, "predict"):
        chances = [device["probability"] for device in line["devices"]]
        assert line["devices"] and chances == sorted(chances, reverse=True)
        assert min(chances) >= 0 and max(chances) <= 1
        assert line["customers_out"] >= 0


def test_an_outage_is_sent_at_most_one_order_while_it_lasts(told: list[Told]):
    sent: dict[int, int] = {}
    for line in told:
        if line["type"] == "order" and "outage" in line:
            assert line["outage"] not in sent
            sent[line["outage"]] = line["order"]
        elif line["type"] == "order_cancelled" and "outage" in line:
            assert sent.pop(line["outage"]) == line["order"]
    assert sent


def test_a_hazard_has_an_order_of_its_own_at_once(told: list[Told]):
    (order,) = [line for line in of(told, "order") if "ticket" in line]
    assert (order["ticket"], order["hazards"]) == ("danger", ["wire_down"])
    assert order["at"] == at(40).replace("+00:00", "Z")


def test_an_unknown_account_is_kept_without_a_place(told: list[Told]):
    assert told[-1]["unlocated"] == ["nobody"]


def test_a_repeated_report_belongs_where_the_first_does(told: list[Told]):
    (whole,) = [ids for ids in members(told).values() if "first00" in ids]
    assert "again" in whole


def test_a_restoration_is_told_with_its_customers(told: list[Told]):
    restored = of(told, "restored")
    assert restored
    assert all(line["customers"] > 0 for line in restored)
    assert {line["at"] for line in restored} <= {at(m).replace("+00:00", "Z") for m in (55, 90)}


def test_what_the_house_refuses_is_told_by_line_and_the_next_is_taken(
    told: list[Told], morning: list[Told]
):
    (refused,) = [*of(told, "refused"), *of(told, "failed")]
    assert morning[refused["line"] - 1]["device"] == "no such device"
    assert "no such device" in refused["why"]


def test_promises_that_run_out_are_told(told: list[Told]):
    clocks = of(told, "clock")
    assert {line["what"] for line in clocks} >= {"warning", "breach"}
    assert all(line["due_at"].endswith("Z") for line in clocks)


def test_lines_are_told_in_the_order_of_time_with_sorted_keys(told: list[Told]):
    times = [line["at"] for line in told]
    assert times == sorted(times)
    assert all(moment.endswith("Z") for moment in times)


def test_the_order_of_the_lines_in_the_file_does_not_matter(
    tapejara: Utility, morning: list[Told], told: list[Told]
):
    shuffled = list(morning)
    random.Random(3).shuffle(shuffled)

    def apart(lines: list[Told]) -> list[Told]:
        """Without the number of the line, which is another."""
        return [{k: v for k, v in line.items() if k != "line"} for line in lines]

    assert apart(tapejara.replay(shuffled)) == apart(told)


def run(given: Path, out: Path, *more: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, str(given), "--network", str(test_data(MUX)), "--out", str(out), *more],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed, "TMPDIR": str(given.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_gives_the_same_bytes_twice_and_leaves_nothing(
    server_folder: Path, morning: list[Told], told: list[Told]
):
    given = server_folder / "in.jsonl"
    given.write_bytes(jsonl(morning) + b"not a line\n")
    outs = [server_folder / "1.jsonl", server_folder / "2.jsonl"]
    for seed, out in zip(("1", "2"), outs, strict=True):
        done = run(given, out, "--skip-bad", seed=seed)
        assert done.returncode == 0, done.stderr
        assert f"line {len(morning) + 1}: the line is 'not a line'" in done.stderr
    first, second = (out.read_bytes() for out in outs)
    assert first == second
    assert [json.loads(line) for line in first.splitlines()] == told
    assert first.splitlines()[0].startswith(b'{"at": ')
    assert sorted(path.name for path in server_folder.iterdir()) == [
        *("1.jsonl", "2.jsonl", "in.jsonl"),
    ]


def test_an_interrupted_command_leaves_no_server_and_no_output(
    server_folder: Path, morning: list[Told]
):
    given, out = server_folder / "in.jsonl", server_folder / "out.jsonl"
    given.write_bytes(jsonl(morning))
    running = subprocess.Popen(
        [*COMMAND, str(given), "--network", str(test_data(MUX)), "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(server_folder)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("replaying"):
            break
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 128 + signal.SIGTERM, said
    assert [path.name for path in server_folder.iterdir()] == ["in.jsonl"]


def test_bad_lines_are_named_before_anything_is_done(tmp_path: Path):
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_bytes(jsonl([call(0, "A", "1"), call(0, "", "1"), say(1, "scada")]))
    words = ["replay", str(given), "--network", str(given), "--out", str(out)]
    done = CliRunner().invoke(build(), words)
    assert done.exit_code == 1
    assert "line 2: id is ''; expected a text" in done.stderr
    assert "line 3: device is missing; expected a text" in done.stderr
    assert not out.exists()


def test_a_network_that_cannot_be_read_is_refused_in_one_sentence(
    server_folder: Path, morning: list[Told]
):
    given = server_folder / "in.jsonl"
    given.write_bytes(jsonl(morning))
    words = [str(given), "--network", str(given), "--out", str(server_folder / "out.jsonl")]
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(server_folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("relight: ") and "in.jsonl" in done.stderr
    assert [path.name for path in server_folder.iterdir()] == ["in.jsonl"]


def test_the_pandapower_pair_is_a_network_too(pair: Utility):
    faults = pair.faults("transformer", (1, 1), 1)
    busy = max(faults, key=lambda fault: len(fault.accounts))
    lines = busy.calls("A", 0, 12)
    told = pair.replay([*lines, say(30, "restore", device=busy.device)])
    (tickets,) = members(told).values()
    assert len(tickets) == len(lines)
    assert told[-1]["outages"][0]["status"] == "restored"


def test_an_opendss_folder_is_a_network_too(test_cluster: Layout):
    folder = test_data("network_greensboro_smartds/uhs19_1247")
    with utility_of(test_cluster, folder) as greensboro:
        busy = max(greensboro.faults("fuse", (2, 9), 2), key=lambda fault: len(fault.accounts))
        lines = busy.calls("A", 0, 12)
        told = greensboro.replay([*lines, say(30, "restore", device=busy.device)])
    (tickets,) = members(told).values()
    assert len(tickets) == len(lines)
    assert told[-1]["outages"][0]["status"] == "restored"


def test_a_cim_feeder_on_a_drawing_is_a_network_where_its_owner_lays_it(test_cluster: Layout):
    path = test_data("cim_gridappsd/IEEE13_Assets.xml.gz")
    laid = "+proj=aeqd +lat_0=36.1 +lon_0=-79.8 +units=ft"
    with utility_of(test_cluster, path, crs=laid) as feeder:
        told = feeder.replay([call(0, "A", "634a"), call(4, "B", "634b"), call(5, "C", "634c")])
    assert sorted(*members(told).values()) == ["A", "B", "C"]
    assert told[-1]["unlocated"] == []
