"""Crews that are lent, in the plans of two districts on one road."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from api.house import furnish
from api.lending import tend_lending
from api.worker import Work
from dispatch.assignment import AssignmentPolicy
from dispatch.domain.loan import CrewLoan, LendingPolicy, LoanStatus
from dispatch.domain.order import OrderStatus
from dispatch.domain.words import CrewId, DistrictId, LoanId
from dispatch.errors import (
    Collision,
    CrewUnavailable,
    IllegalStep,
    InvalidInput,
    NotFound,
    ReasonRequired,
    StaleVersion,
)
from dispatch.planning.district import PlanningPolicy
from dispatch.store.constraints import in_our_words
from dispatch.store.transaction import PgStore, retrying, transactions
from dispatch.usecases.allow_lending import (
    AllowLending,
    RevokeLending,
    allow_lending,
    revoke_lending,
)
from dispatch.usecases.answer_loan import GrantCrew, RefuseCrew, grant_crew, refuse_crew
from dispatch.usecases.ask_for_crews import AskForCrews, ask_for_crews
from dispatch.usecases.assign_orders import AssignOrders, assign_orders
from dispatch.usecases.propose_loan import ProposeLoan, propose_loan
from dispatch.usecases.recall_loan import RecallLoan, Side, recall_loan
from dispatch.usecases.tend_loans import TendLoans, tend_loans
from tests.api.test_planning import District, OneRoad, district  # noqa: F401 (fixture)
from tests.store.builders import EAST, NOW, WEST, a_fix, add_district, add_rules, at
from tests.store.test_transaction import race

POLICY = LendingPolicy()


class Two:
    """West lends, east is in need; both lie on one road."""

    def __init__(self, west: District) -> None:
        self.west = west
        self.store = west.store
        self.connection = west.connection
        add_district(self.connection, EAST)

    def ask(self, *, crews: int = 1, until: float | None = None, **facts: object):
        command = AskForCrews(
            from_id=WEST,
            to_id=EAST,
            by="li",
            reason=str(facts.pop("reason", "a storm")),
            crews=crews,
            until=None if until is None else at(until),
            **facts,
        )
        return ask_for_crews(
            self.store, command, OneRoad(), assignment=AssignmentPolicy(), policy=POLICY, now=NOW
        )

    def grant(self, loan: CrewLoan, crew: str = "A", **facts: object) -> CrewLoan:
        command = GrantCrew(loan_id=loan.id, by="wang", crew_id=CrewId(crew), **facts)
        return grant_crew(self.store, command, policy=POLICY, now=NOW)

    def lend(self, crew: str = "A", *, until: float | None = None) -> CrewLoan:
        (loan,) = self.ask(until=until)
        return self.grant(loan, crew)

    def end(self, loan: CrewLoan, side: Side = Side.LENDER, minute: float = 5.0) -> CrewLoan:
        command = RecallLoan(loan_id=loan.id, side=side, by="wang", reason="needed here")
        return recall_loan(self.store, command, now=at(minute))

    def tend(self, minute: float) -> tuple[CrewLoan, ...]:
        return tend_loans(self.store, TendLoans(), policy=POLICY, now=at(minute))

    def order(self, minute: float, district_id: DistrictId | None, **facts: object):
        return self.west.order(minute, district_id=district_id, **facts)

    def crews_of(self, district_id: DistrictId, minute: float = 0.0) -> list[str]:
        return [s.crew.id for s in self.store.crews.list_states(district_id, at(minute))]

    def assign(self, district_id: DistrictId, road: OneRoad | None = None) -> None:
        assign_orders(
            self.store,
            AssignOrders(district_id=district_id),
            road or OneRoad(),
            self.west.planner,
            policy=AssignmentPolicy(),
            planning=PlanningPolicy(),
            now=NOW,
        )

    def propose(self, *spared: str, minute: float = 0.0) -> CrewLoan | None:
        command = ProposeLoan(district_id=EAST, to_spare={WEST: frozenset(map(CrewId, spared))})
        return propose_loan(
            self.store,
            command,
            OneRoad(),
            self.west.planner,
            assignment=AssignmentPolicy(),
            planning=PlanningPolicy(),
            policy=POLICY,
            now=at(minute),
        )

    def allow(self, **facts: object):
        given = {"from_id": WEST, "to_id": EAST, "most": 1, "keep_free": 0, "until": None}
        command = AllowLending(**(given | facts), by="wang", reason="typhoon season")
        return allow_lending(self.store, command, now=NOW)

    def journal(self) -> list[tuple[str, str]]:
        self.store.finish()
        rows = self.connection.execute(
            text("SELECT kind, district_id FROM event WHERE kind ~ '^(loan|crew)' ORDER BY id")
        )
        return [(kind, district_id) for kind, district_id in rows]


@pytest.fixture
def two(district: District) -> Two:  # noqa: F811
    return Two(district)


def test_a_lent_crew_is_in_the_borrowers_plan_and_in_no_other(two):
    two.west.crew("A", 0)
    two.west.crew("B", 50)
    loan = two.lend("A")
    assert loan.status is LoanStatus.GRANTED
    assert (two.crews_of(WEST), two.crews_of(EAST)) == (["B"], ["A"])
    here, there = two.order(1, WEST), two.order(2, EAST)
    two.assign(WEST)
    two.assign(EAST)
    assert (two.west.crew_of(here), two.west.crew_of(there)) == ("B", "A")
    told = two.journal()
    assert ("crew.sent_away", WEST) in told
    assert [each for each in told if each[0] == "loan.granted"] == [
        ("loan.granted", WEST),
        ("loan.granted", EAST),
    ]


def test_the_order_in_hand_stays_with_who_gave_it_and_nobody_plans_it_anew(two):
    two.west.crew("A", 0)
    held = two.order(5, WEST)
    two.west.sent(held, "A")
    two.lend("A")
    waits = two.order(1, EAST)
    two.assign(EAST)
    two.assign(WEST)
    order = two.store.orders.get(held)
    assert (order.crew_id, order.status) == ("A", OrderStatus.ASSIGNED)
    assert two.west.crew_of(waits) is None
    two.store.orders.save(order.arrive(NOW).complete(NOW))
    two.assign(EAST)
    assert two.west.crew_of(waits) == "A"


def test_a_recall_ends_after_the_order_that_the_crew_holds_and_it_gets_no_other(two):
    two.west.crew("A", 0)
    loan = two.lend("A")
    held = two.order(3, EAST)
    two.assign(EAST)
    recalled = two.end(loan)
    assert recalled.status is LoanStatus.RECALLED
    assert (two.crews_of(WEST, 5), two.crews_of(EAST, 5)) == (["A"], [])
    two.order(4, EAST)
    two.assign(EAST)
    assert two.tend(6) == ()
    order = two.store.orders.get(held)
    two.store.orders.save(order.arrive(at(6)).complete(at(7)))
    (ended,) = two.tend(8)
    assert (ended.status, ended.ended_by) == (LoanStatus.ENDED, "wang")


def test_a_loan_whose_time_runs_out_with_an_order_in_hand_ends_once_on_record(two):
    two.west.crew("A", 0)
    two.lend("A", until=60)
    held = two.order(3, EAST)
    two.assign(EAST)
    (called,) = two.tend(61)
    assert (called.status, called.ended_for) == (LoanStatus.RECALLED, "loan_time_over")
    assert two.tend(62) == ()
    order = two.store.orders.get(held)
    two.store.orders.save(order.arrive(at(62)).complete(at(70)))
    (ended,) = two.tend(71)
    assert ended.status is LoanStatus.ENDED
    told = [kind for kind, whose in two.journal() if whose == WEST]
    assert (told.count("loan.recalled"), told.count("loan.ended")) == (1, 1)


def test_a_crew_without_an_order_is_home_as_soon_as_it_is_recalled_or_given_back(two):
    two.west.crew("A", 0)
    assert two.end(two.lend("A"), minute=0).status is LoanStatus.ENDED
    again = two.end(two.lend("A"), Side.BORROWER)
    assert again.status is LoanStatus.ENDED
    assert ("loan.returned", WEST) in two.journal()


def test_a_loan_ends_with_its_time_in_the_plan_at_once_and_on_record_soon(two):
    two.west.crew("A", 0)
    two.lend("A", until=60)
    assert (two.crews_of(EAST, 59), two.crews_of(WEST, 59)) == (["A"], [])
    assert (two.crews_of(EAST, 60), two.crews_of(WEST, 60)) == ([], ["A"])
    assert two.tend(59) == ()
    (ended,) = two.tend(61)
    assert (ended.status, ended.ended_for) == (LoanStatus.ENDED, "loan_time_over")


def test_no_loan_is_longer_than_the_shift_of_its_crew(two):
    two.west.crew("A", 0)
    two.connection.execute(text("UPDATE shift_pattern SET starts = '06:00', ends = '14:00'"))
    assert two.lend("A", until=600).until == at(120)


def test_a_borrowed_crew_is_sent_only_where_it_can_be_home_when_its_loan_ends(two):
    two.west.crew("A", 20)  # its base is at minute 0
    two.lend("A", until=100)
    far = two.order(60, EAST)
    two.assign(EAST)
    assert two.west.crew_of(far) is None, "40 minutes there and 60 home leave none to work"
    near = two.order(25, EAST)
    two.assign(EAST)
    assert (two.west.crew_of(near), two.west.crew_of(far)) == ("A", None)


def test_with_a_borrowed_crew_the_drives_of_the_last_plan_are_kept_too(two):
    class Asked(OneRoad):
        """Notes how many drives it is asked for."""

        drives = 0

        def minutes(self, starts, ends):
            self.drives += len(starts) * len(ends)
            return super().minutes(starts, ends)

    two.west.crew("A", 0)
    two.lend("A")
    for n in range(10):
        two.order(n, EAST)
    asked = []
    for _ in range(2):
        road = Asked()
        two.assign(EAST, road)
        asked.append(road.drives)
    assert asked[0] > 100 and asked[1] == 0


def test_a_crew_is_lent_once_and_only_by_its_own_district(two):
    two.west.crew("A", 0)
    two.west.crew("E", 0, district_id=EAST)
    two.lend("A")
    (second,) = two.ask()
    with pytest.raises(CrewUnavailable, match="lent already"):
        two.grant(second, "A")
    with pytest.raises(NotFound):
        two.grant(second, "E")


def test_a_crew_off_shift_is_not_lent(two):
    two.west.crew("A", 0)
    two.connection.execute(text("UPDATE shift_pattern SET starts = '00:00', ends = '01:00'"))
    (loan,) = two.ask()
    with pytest.raises(CrewUnavailable, match="not on shift"):
        two.grant(loan, "A")


def test_an_answer_names_the_version_that_was_seen_and_comes_once(two):
    two.west.crew("A", 0)
    (loan,) = two.ask()
    with pytest.raises(StaleVersion):
        two.grant(loan, "A", seen_version=7)
    with pytest.raises(ReasonRequired):
        refuse_crew(two.store, RefuseCrew(loan_id=loan.id, by="wang", reason=" "), now=NOW)
    refused = refuse_crew(
        two.store, RefuseCrew(loan_id=loan.id, by="wang", reason="our own storm"), now=NOW
    )
    assert refused.answered_for == "our own storm"
    with pytest.raises(IllegalStep):
        two.grant(loan, "A")


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"reason": ""}, ReasonRequired),
        ({"crews": 0}, InvalidInput),
        ({"crews": 21}, InvalidInput),
        ({"until": -1}, InvalidInput),
        ({"crew_id": CrewId("E")}, NotFound),
    ],
)
def test_an_ask_that_cannot_be_meant_is_refused(two, facts, error):
    two.west.crew("E", 0, district_id=EAST)
    with pytest.raises(error):
        two.ask(**facts)


def test_a_standing_consent_lends_at_once_and_keeps_what_it_says_at_home(two):
    for name, minute in (("A", 0), ("B", 10), ("C", 30)):
        two.west.crew(name, minute)
    rule = two.allow(most=2, keep_free=1)
    two.order(12, EAST)
    granted = two.ask(crews=3)
    assert [loan.status.value for loan in granted] == ["granted", "granted", "asked"]
    assert [loan.crew_id for loan in granted] == ["B", "A", None]
    assert {loan.rule_id for loan in granted[:2]} == {rule.id}
    assert two.crews_of(WEST) == ["C"]


def test_a_consent_that_was_revoked_or_names_another_district_lends_nothing(two):
    two.west.crew("A", 0)
    rule = two.allow()
    revoke_lending(two.store, RevokeLending(rule_id=rule.id, by="wang", reason="over"), now=NOW)
    add_district(two.connection, "north")
    two.allow(to_id=DistrictId("north"))
    (loan,) = two.ask()
    assert loan.status is LoanStatus.ASKED


def in_need(two: Two, orders: int = 4) -> None:
    """East has one crew and more orders than it can reach in time."""
    two.west.crew("E", 0, district_id=EAST)
    for n in range(orders):
        two.order(5 * n, EAST)


def test_the_planner_asks_for_the_crew_that_keeps_most_and_says_why(two):
    in_need(two)
    two.west.crew("A", 400)
    two.west.crew("B", 12)
    loan = two.propose("A", "B")
    assert (loan.status, loan.crew_id, loan.asked_by) == (LoanStatus.ASKED, "B", "relight")
    code, _, facts = loan.reason.partition("?")
    assert code == "loan_would_keep" and "minutes=12" in facts
    assert two.propose("A", "B") is None, "one is asked for already"
    assert two.tend(14) == ()
    (forgotten,) = two.tend(16)
    assert forgotten.ended_for == "loan_unanswered"


def test_the_planner_asks_nobody_who_has_orders_waiting_or_no_crew_to_spare(two):
    in_need(two)
    two.west.crew("B", 12)
    assert two.propose() is None
    two.order(1, WEST)
    assert two.propose("B") is None


def test_the_planner_asks_for_nothing_where_its_promises_are_kept(two):
    in_need(two, orders=1)
    two.west.crew("B", 12)
    assert two.propose("B") is None


def test_a_crew_that_is_too_far_to_keep_a_promise_is_not_asked_for(two):
    in_need(two)
    two.west.crew("A", 500)
    assert two.propose("A") is None


def refuse(two: Two, loan: CrewLoan) -> None:
    refuse_crew(two.store, RefuseCrew(loan_id=loan.id, by="wang", reason="our storm"), now=NOW)


def call_back(two: Two, loan: CrewLoan) -> None:
    two.end(two.grant(loan, "B"), minute=0)


def give_back(two: Two, loan: CrewLoan) -> None:
    two.end(two.grant(loan, "B"), Side.BORROWER, minute=0)


def take_back(two: Two, loan: CrewLoan) -> None:
    two.end(loan, Side.BORROWER, minute=0)


@pytest.mark.parametrize("no", [refuse, call_back, give_back, take_back])
def test_who_said_no_is_not_asked_by_the_planner_for_an_hour(two, no):
    in_need(two)
    two.west.crew("B", 12)
    no(two, two.propose("B"))
    assert two.propose("B", minute=1) is None
    two.west.store.crews.record_fixes(
        [a_fix("later", "B", 60, lon=two.store.crews.state(CrewId("B"), NOW).last_fix.lon)]
    )
    for n in range(4):
        two.order(5 * n, EAST, received=60)
    assert two.propose("B", minute=61).status is LoanStatus.ASKED


def test_a_crew_that_was_called_back_is_not_lent_again_by_the_standing_consent(two):
    in_need(two)
    two.west.crew("B", 12)
    two.allow()
    loan = two.propose("B")
    assert loan.status is LoanStatus.GRANTED
    two.end(loan, minute=0)
    assert two.propose("B", minute=1) is None
    assert two.crews_of(WEST, 1) == ["B"]


@pytest.fixture
def asked_twice(database: Engine) -> tuple[Engine, list[LoanId]]:
    """Two asks for the one crew of west."""
    with database.begin() as connection:
        west = District(connection, PgStore(connection), None, iter(()))  # type: ignore[arg-type]
        add_district(connection)
        two = Two(west)
        west.crew("A", 0)
        loans = [loan.id for loan in two.ask(crews=2)]
        west.store.finish()
    return database, loans


def test_two_dispatchers_who_lend_one_crew_at_the_same_moment_lend_it_once(asked_twice):
    engine, loans = asked_twice
    transaction = transactions(engine)

    def grant(number: int) -> object:
        command = GrantCrew(loan_id=loans[number], by=f"desk {number}", crew_id=CrewId("A"))
        return retrying(
            transaction, lambda store: grant_crew(store, command, policy=POLICY, now=NOW)
        )

    results = race(grant, rivals=2)
    lent = [each for each in results if isinstance(each, CrewLoan)]
    assert len(lent) == 1
    assert all(isinstance(each, CrewLoan | CrewUnavailable | Collision) for each in results)
    with engine.connect() as connection:
        held = connection.scalar(text("SELECT count(*) FROM crew_loan WHERE status = 'granted'"))
    assert held == 1


def test_the_database_itself_refuses_a_second_loan_of_a_crew_in_the_same_time(two):
    two.west.crew("A", 0)
    two.lend("A", until=60)
    (other,) = two.ask()
    until = NOW + timedelta(minutes=30)
    with pytest.raises(Collision), in_our_words():
        two.store.loans.save(other.grant(CrewId("A"), at=NOW, until=until, by="wang"))


def test_the_worker_asks_grants_by_consent_and_sends_the_borrowed_crew(database: Engine):
    """Danger that could not be located, in no district, keeps nobody from it."""
    with database.begin() as connection:
        west = District(connection, PgStore(connection), None, iter(range(1, 99)))  # type: ignore[arg-type]
        add_district(connection)
        add_rules(connection)
        two = Two(west)
        two.west.crew("B", 12)
        two.west.crew("C", 300)
        two.allow()
        in_need(two)
        add_district(connection, "north")
        danger = {"hazards": ("wire_down",), "priority": 100}
        two.order(0, None, lon=None, lat=None, **danger)
        west.store.finish()
    house = furnish(database, zone="UTC", now=lambda: NOW, travel_times=OneRoad)
    tend_lending(house)
    with house.transaction() as store:
        lent = [s.crew.id for s in store.crews.list_states(EAST, NOW)]
        assert lent == ["B", "E"]
    Work(house).assign(EAST)
    with house.transaction() as store:
        held = {order.crew_id for order in store.orders.list_under_way(EAST)}
    house.close()
    assert held == {"B", "E"}
