"""Whether there is news that could change what is to be asked of an outage."""

from sqlalchemy import Connection, text

from dispatch.domain.outage import Outage

# Each is one step down an index; what a caller answered on the telephone stands with the report.
_NEWS = text(
    """
    SELECT
        (
            SELECT concat_ws('.', count(told_at), extract(epoch FROM max(told_at)))
            FROM told JOIN ticket ON ticket.id = told.ticket_id
            WHERE ticket.outage_id = :outage_id
        ) AS answered,
        (
            SELECT extract(epoch FROM max(at)) FROM meter_signal WHERE feeder_id = :feeder_id
        ) AS signalled
    """
)


def news_of(connection: Connection, outage: Outage) -> str:
    """A mark that stays the same as long as prediction, answers and meters' signals do."""
    asked = {"outage_id": outage.id, "feeder_id": outage.feeder_id}
    row = connection.execute(_NEWS, asked).one()
    return f"{outage.version}-{row.answered}-{row.signalled or 0}"
