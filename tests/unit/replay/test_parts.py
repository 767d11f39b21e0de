"""The small parts of a replay: accounts, half minutes, what is worth telling."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.drill.replay.accounts import Accounts
from dispatch.drill.replay.driving import after
from dispatch.drill.replay.memory import Memory, Prediction, instant

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Bus 7", "Bus 7"),
        ("7", "Bus 7"),
        ("9", "lv/9"),
        ("Bus 8", "lv/Bus 8"),
        ("8", "lv/Bus 8"),
        ("5", "5"),
        ("us 7", "us 7"),
        ("", ""),
    ],
)
def test_an_account_may_come_without_what_the_loader_put_before(given: str, meant: str):
    assert Accounts(["Bus 7", "lv/9", "lv/Bus 8", "mv 5", "lv 5"]).meant(given) == meant


def test_a_whole_account_goes_before_the_end_of_another():
    assert Accounts(["7", "Bus 7"]).meant("7") == "7"


@pytest.mark.parametrize(
    ("now_s", "moment_s", "expected_s"),
    [(0, 10, 30), (0, 30, 30), (5, 31, 60), (30, 30, 60), (100, 5, 120), (0, 86_400, 86_400)],
)
def test_what_falls_due_is_done_at_the_next_half_minute_after_now(
    now_s: int, moment_s: int, expected_s: int
):
    at = after(NOON + timedelta(seconds=now_s), NOON + timedelta(seconds=moment_s))
    assert at == NOON + timedelta(seconds=expected_s)


def test_a_time_is_told_in_utc_with_z():
    here = datetime.fromisoformat("2024-05-01T20:00:00.250+08:00")
    assert instant(here) == "2024-05-01T12:00:00.250000Z"


def prediction(p: float = 0.8, customers: int = 100, device: str = "a") -> Prediction:
    return Prediction(devices=((device, p),), customers_out=customers)


@pytest.mark.parametrize(
    ("new", "is_told"),
    [
        (prediction(), False),
        (prediction(p=0.84), False),
        (prediction(p=0.86), True),
        (prediction(device="b"), True),
        (prediction(customers=104), False),
        (prediction(customers=106), True),
    ],
)
def test_a_prediction_is_told_again_when_somebody_would_notice(new: Prediction, *, is_told: bool):
    assert new.differs(prediction()) is is_told


def test_a_first_prediction_is_always_told():
    assert prediction().differs(None)


def test_an_outage_is_as_sure_as_its_surest_report():
    memory = Memory(outage_of={"A": (1, 0.4), "B": (1, 0.9), "C": (2, 1.0)})
    assert memory.surest_of(1) == 0.9
    assert memory.surest_of(3) == 1.0
