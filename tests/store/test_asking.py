"""What to ask next on the store: from the feeder's evidence, and after a restoration."""

import json

import pytest
from sqlalchemy import text

from dispatch.domain.words import OutageId, TicketId
from dispatch.rates import Rates
from dispatch.usecases.confirm_outage import ConfirmOutage, confirm_outage
from dispatch.usecases.group_feeder import GroupFeeder, group_feeder
from dispatch.usecases.record_callback import RecordCallback, record_callback
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from dispatch.usecases.seek_evidence import SeekEvidence, seek_evidence
from dispatch.usecases.verify_restoration import VerifyRestoration, verify_restoration
from tests.store import builders as build
from tests.store.test_grouping import HOMES, Desk, desk  # noqa: F401 (fixture)


def questions(desk: Desk, outage_id: OutageId):  # noqa: F811
    return seek_evidence(
        desk.store, SeekEvidence(outage_id=outage_id), policy=desk.policy, now=desk.now
    ).questions


def verified(desk: Desk, outage_id: OutageId, wanted: float = 0.95):  # noqa: F811
    return verify_restoration(
        desk.store,
        VerifyRestoration(outage_id=outage_id, wanted=wanted),
        policy=desk.policy,
        now=desk.now,
    )


def restored(desk: Desk, *accounts: str) -> OutageId:  # noqa: F811
    """These customers call, the outage is confirmed and ends ten minutes after the last."""
    for minute, account in enumerate(accounts):
        outage_id = desk.report(account, account, minute, phone=f"1380000000{minute}")
    desk.now = build.at(len(accounts) + 10)
    confirm_outage(desk.store, ConfirmOutage(outage_id=outage_id, by="c"), now=desk.now)
    restore_outage(
        desk.store, RestoreOutage(outage_id=outage_id, at=desk.now, by="c"), now=desk.now
    )
    return outage_id


def call_back(desk: Desk, name: str, *, lit: bool | None) -> None:  # noqa: F811
    desk.now += build.minutes(1)
    command = RecordCallback(ticket_id=TicketId(name), by="agent", power_on=lit)
    record_callback(desk.store, command, now=desk.now)
    desk.store.finish()  # the journal is written at the end of a transaction


def test_a_lone_report_asks_about_its_transformer(desk: Desk):  # noqa: F811
    outage_id = desk.report("a0-0", "a0-0", 0)
    asked = questions(desk, outage_id)
    assert asked[0].bits >= asked[-1].bits > 0
    assert asked[0].transformer.id == "a0"


def test_looking_takes_no_news_away(desk: Desk):  # noqa: F811
    outage_id = desk.report("a0-0", "a0-0", 0)
    desk.store.outages.ask_grouping("F1", None, desk.now)
    questions(desk, outage_id)
    assert desk.connection.scalar(text("SELECT count(*) FROM feeder_news")) == 1
    group_feeder(desk.store, GroupFeeder(feeder_id="F1"), policy=desk.policy, now=desk.now)
    assert desk.connection.scalar(text("SELECT count(*) FROM feeder_news")) == 0


def test_nothing_restored_leaves_nobody_to_ask(desk: Desk):  # noqa: F811
    assert verified(desk, desk.report("a0-0", "a0-0", 0)) is None


def test_the_callers_of_a_restored_outage_are_called_back_one_a_transformer(
    desk: Desk,  # noqa: F811
):
    outage_id = restored(desk, "a0-0", "a1-0", "a2-0", "a0-1", "a1-1")
    found = verified(desk, outage_id, wanted=0.999)
    called = [each.who.ticket_id for each in found.to_ask if each.who.ticket_id is not None]
    assert {ticket_id.split("-")[0] for ticket_id in called[:3]} == {"a0", "a1", "a2"}
    assert found.to_ask[-1].sure_after > found.sure


def test_who_was_asked_is_on_record_and_is_not_asked_again(desk: Desk):  # noqa: F811
    outage_id = restored(desk, "a0-0", "a1-0", "a2-0", "a0-1", "a1-1")
    before = verified(desk, outage_id, wanted=0.999)
    call_back(desk, "a0-0", lit=True)
    call_back(desk, "a1-0", lit=None)
    found = verified(desk, outage_id, wanted=0.999)
    assert [(a.ticket_id, a.lit) for a in found.asked] == [("a0-0", True), ("a1-0", None)]
    assert {"a0-0", "a1-0"}.isdisjoint({each.who.ticket_id for each in found.to_ask})
    assert found.sure > before.sure


def test_a_caller_still_dark_belongs_to_an_outage_of_its_own(desk: Desk):  # noqa: F811
    outage_id = restored(desk, "a0-0", "a1-0", "a2-0", "a0-1", "a1-1")
    call_back(desk, "a2-0", lit=False)
    found = verified(desk, outage_id, wanted=0.999)
    assert "a2-0" not in {each.who.ticket_id for each in found.to_ask}


def test_what_is_on_record_says_how_far_an_outage_reaches(desk: Desk):  # noqa: F811
    outage_id = desk.report("a0-0", "a0-0", 0)
    thought = {"devices": [["fuse-a", 0.55], ["fuse-b", 0.2], ["own-a1", 0.1]]}
    desk.connection.execute(
        text("UPDATE outage SET prediction = CAST(:it AS jsonb) WHERE id = :id"),
        {"it": json.dumps({**thought, "probability": 0.55, "customers_out": 9}), "id": outage_id},
    )
    point = desk.store.directory.find_by_account("a0-1")
    (near,) = desk.store.known.facts_of(point.id, None, desk.now).outages
    assert near.reach == 0.55


def test_the_next_caller_is_judged_by_what_is_held_not_by_what_is_told(desk: Desk):  # noqa: F811
    for account in ("a0-0", "a1-0", "a2-0"):
        outage_id = desk.report(account, account, 0)
    prediction = desk.store.outages.get(outage_id).prediction
    assert dict(prediction.devices)["fuse-a"] < dict(prediction.calling.devices)["fuse-a"] - 0.01
    point = desk.store.directory.find_by_account("a0-1")
    facts = desk.store.known.facts_of(point.id, None, desk.now)
    assert max(each.reach for each in facts.outages) == pytest.approx(
        sum(p for id_, p in prediction.calling.devices if id_ in {"head", "fuse-a", "own-a0"})
    )


def test_a_prediction_without_devices_reaches_nobody_else(desk: Desk):  # noqa: F811
    outage_id = desk.report("a0-0", "a0-0", 0)
    desk.connection.execute(
        text("UPDATE outage SET prediction = CAST(:it AS jsonb) WHERE id = :id"),
        {
            "it": json.dumps({"devices": [], "probability": 0.9, "customers_out": 1}),
            "id": outage_id,
        },
    )
    point = desk.store.directory.find_by_account("a0-1")
    (near,) = desk.store.known.facts_of(point.id, None, desk.now).outages
    assert near.reach == 0.0 and near.calling is None


def test_what_inference_held_of_callers_is_on_record_for_the_next_one(desk: Desk):  # noqa: F811
    for account in ("a0-0", "a0-1", "a1-0"):
        desk.report(account, account, 0)
    point = desk.store.directory.find_by_account("a0-2")
    facts = desk.store.known.facts_of(point.id, None, desk.now)
    held = [each.calling for each in facts.outages if each.touches != "near"]
    stored = [
        desk.store.outages.get(each.id).prediction.calling
        for each in facts.outages
        if each.touches != "near"
    ]
    assert held == stored and held[0].single >= Rates().single
    assert 0 < held[0].share < 1
    assert facts.neighbours == HOMES
