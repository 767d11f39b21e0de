"""Every refusal has its words and its status."""

import pytest
from sqlalchemy import text

from api.problems import STATUS
from dispatch import errors
from dispatch.store import constraints


def every(kind: type[errors.DispatchError]) -> set[type[errors.DispatchError]]:
    return {kind}.union(*(every(child) for child in kind.__subclasses__()))


CORE = sorted(
    (k for k in every(errors.DispatchError) if k.__module__ == errors.__name__),
    key=lambda k: k.__name__,
)
REFUSALS = [kind for kind in CORE if kind is not errors.DispatchError]


def test_there_are_refusals():
    assert errors.StaleVersion in REFUSALS


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_an_error_of_the_core_has_a_status_of_its_own(kind):
    assert kind in STATUS
    assert 400 <= STATUS[kind] < 600


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_an_error_has_a_sentence_for_its_title(kind):
    title = (kind.__doc__ or "").splitlines()[0]
    assert title[:1].isupper() and title.endswith((".", ":"))


def test_no_two_errors_share_a_code():
    codes = [kind.code for kind in STATUS]
    assert len(set(codes)) == len(codes)


CONSTRAINTS = """
    SELECT conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE t.relnamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')
        AND conparentid = 0 AND t.relname !~ :others
    UNION
    SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_class t ON t.oid = x.indrelid
    WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relname !~ :others
"""
OTHERS = "^(procrastinate|spatial_ref_sys|alembic_version|position_fix_)"


def test_whatever_the_database_refuses_has_an_error(connection):
    there = set(connection.scalars(text(CONSTRAINTS), {"others": OTHERS}))
    assert "interruptions_never_overlap" in there
    assert there - set(constraints.errors()) == set()


def test_no_rule_is_about_a_constraint_that_is_gone(connection):
    there = set(connection.scalars(text(CONSTRAINTS), {"others": OTHERS}))
    assert set(constraints.RULES) - there == set()
