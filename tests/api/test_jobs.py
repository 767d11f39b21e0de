"""The queue: bursts fold, the dead let go of their locks, nothing is lost."""

from datetime import timedelta

import procrastinate
from sqlalchemy import Engine, text

from api.house import House
from api.jobs import GROUP, group_lock, open_queue, shard_of
from api.worker import Work, build, run
from dispatch.store import waiting
from tests.api.conftest import Town
from tests.loops import run_async


def jobs(engine: Engine, task: str, status: str = "todo") -> int:
    query = text(
        "SELECT count(*) FROM procrastinate_jobs"
        " WHERE task_name = :task AND CAST(status AS text) = :status"
    )
    with engine.connect() as c:
        return int(c.scalar(query, {"task": task, "status": status}) or 0)


def test_a_burst_on_one_feeder_is_one_waiting_job(town: Town):
    for n, account in enumerate(["T1-0", "T1-1", "T1-2", "T2-0"]):
        town.report(f"A{n}", account)
    assert jobs(town.engine, GROUP) == 1


def test_feeders_wait_side_by_side(town: Town):
    town.report("A1", "T1-0")
    town.report("B1", "T9-0")
    assert shard_of("F1") != shard_of("F9"), "choose other names"
    assert jobs(town.engine, GROUP) == 2


def test_gathered_jobs_are_queued_once_each_at_the_latest_on_closing(town: Town):
    queue = open_queue(town.house.conninfo, gathering=True)
    for _ in range(5):
        queue.group("F1", "F9")
    queue.close()
    assert jobs(town.engine, GROUP) == 2


def test_the_sweep_takes_statistics_of_what_has_grown(town: Town):
    with town.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO feeder_news (feeder_id, at)"
                " SELECT 'F1', now() FROM generate_series(1, 500)"
            )
        )
        c.execute(text("SELECT pg_stat_force_next_flush()"))
    Work(town.house).sweep()
    with town.engine.connect() as c:
        known = c.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'feeder_news'"))
    assert known == 500


def test_the_sweep_leaves_alone_what_was_looked_at_since(town: Town):
    town.report("A1")
    town.clock.advance(1)
    Work(town.house).sweep()
    run_async(run(town.house, concurrency=1, until_idle=True))
    with town.engine.connect() as c:
        assert waiting.feeders_to_group(c, town.house.now()) == []


def test_the_sweep_finds_a_report_newer_than_the_last_look(town: Town):
    town.report("A1")
    run_async(run(town.house, concurrency=1, until_idle=True))
    town.clock.advance(1)
    town.house.queue.close()
    town.report("A2", "T2-0")
    with town.engine.connect() as c:
        assert waiting.feeders_to_group(c, town.house.now()) == ["F1"]


def test_a_job_that_fails_is_found_again(town: Town):
    town.report("A1")
    with town.engine.begin() as c:
        c.execute(text("UPDATE procrastinate_jobs SET status = 'failed', queueing_lock = NULL"))
        assert waiting.feeders_to_group(c, town.house.now()) == ["F1"]


def test_a_dead_workers_job_does_not_lock_its_feeder_for_ever(town: Town):
    town.report("A1")
    _pretend_a_worker_died(town.engine)
    assert jobs(town.engine, GROUP, "doing") == 1
    run_async(_sweep_once(town.house))
    run_async(run(town.house, concurrency=1, until_idle=True))
    assert jobs(town.engine, GROUP, "doing") == 0
    assert jobs(town.engine, GROUP, "succeeded") >= 1


def _pretend_a_worker_died(engine: Engine) -> None:
    with engine.begin() as c:
        worker = c.scalar(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - interval '10 minutes') RETURNING id"
            )
        )
        c.execute(
            text(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker"
                " WHERE lock = :lock"
            ),
            {"worker": worker, "lock": group_lock(shard_of("F1"))},
        )


async def _sweep_once(house: House) -> None:
    connector = procrastinate.PsycopgConnector(conninfo=house.conninfo)
    app = build(connector, house)
    async with app.open_async():
        await app.tasks["sweep"].func(timestamp=0)


def test_clocks_warn_when_their_time_runs(town: Town):
    town.report("A1")
    town.clock.advance(100)
    Work(town.house).tick()
    with town.engine.connect() as c:
        kinds = set(c.scalars(text("SELECT kind FROM event WHERE kind LIKE 'clock.%'")))
    assert "clock.escalated" in kinds


def test_an_order_nobody_accepts_waits_again(town: Town):
    town.report("A1")
    run_async(run(town.house, concurrency=1, until_idle=True))
    town.clock.advance(10)
    Work(town.house).tick()
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT status FROM trouble_order")) == "awaiting_assignment"
    order = town.get(f"outages/{town.get('tickets/A1').json()['outage_id']}", "dispatcher").json()
    (said,) = [step["reason"] for step in order["order"]["steps"] if step["kind"] == "escalated"]
    assert said == {"zh": "3分钟内未接单", "en": "not accepted within 3 min"}


def test_room_is_made_for_the_coming_days(town: Town):
    Work(town.house).tend()
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT to_regclass('position_fix_20260303')")) is not None


def test_suspected_links_are_worked_out_once_a_night(town: Town):
    def looked() -> int:
        Work(town.house).look_for_links()
        with town.engine.connect() as c:
            return int(c.scalar(text("SELECT count(*) FROM link_look")) or 0)

    assert looked() == 0  # eight in the evening
    town.clock.advance(6.5 * 60)
    assert (looked(), looked()) == (1, 1)
    town.clock.advance(60)
    assert looked() == 1
    town.clock.advance(23 * 60)
    assert looked() == 2


def test_planned_work_past_its_end_is_called_overdue_once(town: Town):
    begins, ends = town.clock.now, town.clock.now + timedelta(hours=1)
    plan = {
        "transformers": ["T1"],
        "reason": "new transformer",
        "starts_at": begins.isoformat(),
        "ends_at": ends.isoformat(),
    }
    town.post("planned-outages", "dispatcher", plan)
    raised = []
    for minutes in (59, 2, 5):
        town.clock.advance(minutes)
        Work(town.house).tick()
        with town.engine.connect() as c:
            raised.append(
                c.scalar(text("SELECT count(*) FROM event WHERE kind = 'planned.overdue'"))
            )
    assert raised == [0, 1, 1]
