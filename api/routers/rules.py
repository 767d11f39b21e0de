"""Rule sets: seen by who watches, tried by a supervisor, put into force by an administrator."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.access import API
from api.callers import Calling
from api.inputs.fields import ReasonIn
from api.inputs.promises import AdoptIn, RuleSetIn
from api.routers.parts import Working, in_one_go
from api.views.commitments import CheckedOut, RuleSetBrief, RuleSetOut
from dispatch.domain.rule_faults import differences, faults_of_draft
from dispatch.domain.rule_form import from_plain, read_draft
from dispatch.errors import Forbidden
from dispatch.store.directory import PgDirectory
from dispatch.store.rules import PgRules
from dispatch.store.transaction import reading
from dispatch.usecases.adopt_rules import AdoptRules, WithdrawRules, adopt_rules, withdraw_rules

router = APIRouter(tags=["rules"])

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
PARTS = ("rules", "ahead", "repeats", "pauses", "overrides")


@router.get(f"{API}/rule-sets")
def get_rule_sets(caller: Calling, house: Working) -> list[RuleSetBrief]:  # noqa: ARG001 (guarded)
    """List the versions of the rules, the newest first; one may hold only from a later day."""
    with reading(house.engine) as connection:
        kept = PgRules(connection)
        in_force = kept.at(house.now()).version
        return [RuleSetBrief.of(each, in_force) for each in reversed(kept.list_versions())]


@router.get(f"{API}/rule-sets/{{version}}")
def get_rule_set(version: Version, caller: Calling, house: Working) -> RuleSetOut:  # noqa: ARG001
    """Give one version whole, as it can be changed and adopted again."""
    with reading(house.engine) as connection:
        kept = PgRules(connection)
        return RuleSetOut.full(kept.get(version), kept.at(house.now()).version)


@router.post(f"{API}/rule-sets/check")
def post_check(given: RuleSetIn, caller: Calling, house: Working) -> CheckedOut:  # noqa: ARG001
    """Say all that is wrong with a set; if it can be read, what it would change. Keeps nothing."""
    draft = read_draft(given.model_dump(include=set(PARTS)), valid_from=house.now())
    with reading(house.engine) as connection:
        kept = PgRules(connection)
        faults = faults_of_draft(draft, districts=PgDirectory(connection).list_districts())
        changes = () if draft.wrong else differences(kept.at(house.now()), draft.rules)
        return CheckedOut.of(faults, changes)


@router.post(f"{API}/rule-sets", status_code=201)
def post_rule_set(given: AdoptIn, caller: Calling, house: Working) -> RuleSetOut:
    """Put a set into force from now or later; clocks keep the rules they began with."""
    _whole_company(caller.scope is None)
    rules = from_plain(given.model_dump(include=set(PARTS)), valid_from=house.now())
    command = AdoptRules(
        rules=rules, by=caller.name, reason=given.reason, valid_from=given.valid_from
    )
    made = in_one_go(house, lambda store: adopt_rules(store, command, now=house.now()))
    with reading(house.engine) as connection:
        return RuleSetOut.full(made, PgRules(connection).at(house.now()).version)


@router.post(f"{API}/rule-sets/{{version}}/withdraw")
def post_withdraw(
    version: Version, given: ReasonIn, caller: Calling, house: Working
) -> RuleSetBrief:
    """Take back a set that does not hold yet."""
    _whole_company(caller.scope is None)
    command = WithdrawRules(version=version, by=caller.name, reason=given.reason)
    taken = in_one_go(house, lambda store: withdraw_rules(store, command, now=house.now()))
    with reading(house.engine) as connection:
        return RuleSetBrief.of(taken, PgRules(connection).at(house.now()).version)


def _whole_company(everywhere: bool) -> None:  # noqa: FBT001 (one question)
    if not everywhere:
        raise Forbidden("rules hold in every district; you look after some of them")
