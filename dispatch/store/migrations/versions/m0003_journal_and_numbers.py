"""What is append-only, numbers that come from sequences, a place for a fix of any day."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in (
        "outage_number",
        "order_number",
        "incident_number",
        "planned_number",
        "proposal_number",
    ):
        op.execute(f"CREATE SEQUENCE {name}")
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    for table in (
        "event",
        "rates_version",
        "rates_in_force",
        "speeds_version",
        "speeds_in_force",
        "forecast_version",
        "forecast_in_force",
        "judgement",
    ):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_truncated BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("CREATE TABLE position_fix_other_days PARTITION OF position_fix DEFAULT")
