"""Which alarms somebody took note of; each once, whoever is faster."""

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from dispatch.domain.alarm import Alarm, Taken
from dispatch.store.tables.room import alarm_taken as t


class PgAlarms:
    """Writes acknowledgements on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, alarm: Alarm, taken: Taken) -> bool:
        """Keep who took note; False if somebody did before."""
        row = {
            "alarm": alarm.id,
            "district_id": alarm.district_id,
            "at": taken.at,
            "by": taken.by,
            "note": taken.note,
        }
        kept = insert(t).values(**row).on_conflict_do_nothing(index_elements=[t.c.alarm])
        return self._connection.scalar(kept.returning(t.c.alarm)) is not None
