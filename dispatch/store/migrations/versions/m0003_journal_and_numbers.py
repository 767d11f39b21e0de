"""The journal is append-only, numbers come from sequences, a fix of any day has a place."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("outage_number", "order_number", "incident_number", "planned_number"):
        op.execute(f"CREATE SEQUENCE {name}")
    op.execute(
        """
        CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event"
        " FOR EACH ROW EXECUTE FUNCTION refuse_event_change()"
    )
    op.execute(
        "CREATE TRIGGER event_never_truncated BEFORE TRUNCATE ON event"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change()"
    )
    op.execute("CREATE TABLE position_fix_other_days PARTITION OF position_fix DEFAULT")
