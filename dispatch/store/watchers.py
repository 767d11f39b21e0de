"""Who waits to be told that supply is back, and the messages for the company's gateway."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.watcher import Message, MessageId, Watcher
from dispatch.errors import NotFound

# The newest word holds: an hour later the end lies an hour later.
_ADD = text(
    """
    INSERT INTO watcher (
        id, phone, language, area_id, area_name, ticket_id, consented_at, expires_at
    )
    VALUES (
        :id, :phone, :language, :area_id, :area_name, :ticket_id, :consented_at, :expires_at
    )
    ON CONFLICT (phone, area_id) DO UPDATE
    SET language = excluded.language, ticket_id = coalesce(excluded.ticket_id, watcher.ticket_id),
        consented_at = excluded.consented_at, expires_at = excluded.expires_at
    """
)
_WAITING = text("SELECT count(*) FROM watcher WHERE phone = :phone AND expires_at > :now")
# A report counts where its telephone is on record for its customer: nobody else may learn from a
# message that an account exists, or when its home got light. For all others the area counts, once
# the picture shows no number for it.
_TAKE_LIT = text(
    """
    DELETE FROM watcher USING (
        SELECT waits.id FROM watcher AS waits
        LEFT JOIN ticket ON ticket.id = waits.ticket_id
        LEFT JOIN ticket AS first ON first.id = ticket.repeats_id
        WHERE waits.expires_at > :now AND CASE
            WHEN coalesce(ticket.outage_id, ticket.planned_outage_id) IS NOT NULL AND EXISTS (
                SELECT FROM usage_point_phone AS listed
                WHERE listed.phone = waits.phone
                    AND listed.usage_point_id = ticket.usage_point_id
            ) THEN coalesce(first.restored_at, ticket.restored_at) IS NOT NULL
            ELSE waits.area_id <> '' AND NOT waits.area_id = ANY(:dark) END
        ORDER BY waits.consented_at, waits.id LIMIT :most
        FOR UPDATE OF waits SKIP LOCKED
    ) AS lit
    WHERE watcher.id = lit.id
    RETURNING watcher.*
    """
)
_SAY = text(
    """
    INSERT INTO message (phone, language, body, made_at, expires_at)
    VALUES (:phone, :language, :body, :made_at, :expires_at)
    """
)
_LEASE = text(
    """
    WITH next AS (
        SELECT id FROM message
        WHERE status = 'waiting' AND expires_at > :now
            AND (leased_until IS NULL OR leased_until <= :now)
        ORDER BY made_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE message SET leased_until = :until, tries = tries + 1
    FROM next WHERE message.id = next.id
    RETURNING message.id, phone, language, body, made_at, expires_at, tries
    """
)
_END = text(
    """
    UPDATE message SET status = :status, ended_at = :now, note = :note, leased_until = NULL
    WHERE id = :id AND status = 'waiting'
    """
)
_AGAIN = text(
    "UPDATE message SET leased_until = :until, note = :note WHERE id = :id AND status = 'waiting'"
)
_EXISTS = text("SELECT EXISTS (SELECT FROM message WHERE id = :id)")
_FORGET_WATCHERS = text("DELETE FROM watcher WHERE expires_at <= :now")
_EXPIRE = text(
    "UPDATE message SET status = 'expired', ended_at = :now"
    " WHERE status = 'waiting' AND expires_at <= :now"
)
_FORGET_MESSAGES = text(
    "DELETE FROM message WHERE status <> 'waiting' AND ended_at <= :ended_before"
)


class PgWatchers:
    """Reads and writes them on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count_of(self, phone: str, now: datetime) -> int:
        """For how many places a telephone waits."""
        return int(self._connection.scalar(_WAITING, {"phone": phone, "now": now}) or 0)

    def add(self, watcher: Watcher) -> None:
        """Keep it; the same telephone and area again only moves the end."""
        self._connection.execute(
            _ADD,
            {
                "id": watcher.id,
                "phone": watcher.phone,
                "language": watcher.language,
                "area_id": watcher.area_id,
                "area_name": watcher.area_name,
                "ticket_id": watcher.ticket_id,
                "consented_at": watcher.consented_at,
                "expires_at": watcher.expires_at,
            },
        )

    def take_lit(self, dark: Collection[str], *, most: int, now: datetime) -> Sequence[Watcher]:
        """Take out those whose report has light, or whose area is not among `dark` any more."""
        rows = self._connection.execute(
            _TAKE_LIT, {"dark": sorted(dark), "most": most, "now": now}
        ).mappings()
        return [Watcher(**row) for row in rows]

    def say(
        self, phone: str, language: str, body: str, *, now: datetime, expires_at: datetime
    ) -> None:
        """Put a message where the gateway finds it."""
        self._connection.execute(
            _SAY,
            {
                "phone": phone,
                "language": language,
                "body": body,
                "made_at": now,
                "expires_at": expires_at,
            },
        )

    def lease(self, *, most: int, until: datetime, now: datetime) -> Sequence[Message]:
        """Hand out waiting messages, oldest first; nobody else gets them before `until`."""
        rows = self._connection.execute(
            _LEASE, {"most": most, "until": until, "now": now}
        ).mappings()
        found = [Message(**row) for row in rows]
        return sorted(found, key=lambda each: (each.made_at, each.id))

    def end(self, message_id: MessageId, status: str, note: str, *, now: datetime) -> None:
        """Note that a message was `sent` or has `failed`; the first word holds."""
        values = {"id": message_id, "status": status, "note": note, "now": now}
        if self._connection.execute(_END, values).rowcount == 0:
            self._must_exist(message_id)

    def wait(self, message_id: MessageId, note: str, *, until: datetime) -> None:
        """Hand it out again from `until` on."""
        values = {"id": message_id, "note": note, "until": until}
        if self._connection.execute(_AGAIN, values).rowcount == 0:
            self._must_exist(message_id)

    def _must_exist(self, message_id: MessageId) -> None:
        if not self._connection.scalar(_EXISTS, {"id": message_id}):
            raise NotFound("message", id=message_id)


def forget(connection: Connection, *, now: datetime, ended_before: datetime) -> None:
    """Delete watchers past their end and messages that ended before a time."""
    connection.execute(_FORGET_WATCHERS, {"now": now})
    connection.execute(_EXPIRE, {"now": now})
    connection.execute(_FORGET_MESSAGES, {"ended_before": ended_before})
