"""Customers (usage points): who they are, how to reach them, what they hang on."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy import Connection, text

from dispatch.store.loading.districts import assign_transformers
from dispatch.store.loading.report import Change, Progress, Refused, silent
from dispatch.store.loading.search import add_texts, customer_words, drop_unused_texts
from dispatch.store.loading.staging import copy_rows, driver
from dispatch.store.loading.supply import SERVICE
from gis.counting import counted
from gis.network.model import UsagePoint

LAYER = "customers"
_SHOWN = 10

_STAGED = """
    CREATE TEMP TABLE staged_customer (
        n bigint, account text, meter text, name text, address text, search_text text,
        area_text text, transformer_id text, node text, lon double precision, lat double precision,
        disconnected_for text, critical text, kind text, phases text, phones text[],
        district_id text
    ) ON COMMIT DROP
"""
_COLUMNS = (
    *("n", "account", "meter", "name", "address", "search_text", "area_text"),
    *("transformer_id", "node", "lon", "lat", "disconnected_for", "critical", "kind"),
    *("phases", "phones"),
)

_TWICE = """
    DELETE FROM staged_customer s USING (
        SELECT n, first_value(n) OVER (PARTITION BY account ORDER BY n) AS first_n
        FROM staged_customer
    ) numbered
    WHERE numbered.n = s.n AND numbered.first_n <> s.n
    RETURNING s.n, s.account, 'account was given before in the same file'
"""

_METER_TWICE = """
    DELETE FROM staged_customer s USING (
        SELECT n, meter, first_value(account) OVER (PARTITION BY meter ORDER BY n) AS first_account
        FROM staged_customer WHERE meter IS NOT NULL
    ) numbered
    WHERE numbered.n = s.n AND numbered.first_account <> s.account
    RETURNING s.n, s.account,
        format('meter %s is at account %s in the same file', s.meter, numbered.first_account)
"""

_METER_TAKEN = """
    DELETE FROM staged_customer s USING usage_point holder
    WHERE holder.meter = s.meter AND holder.account <> s.account
      AND NOT EXISTS (SELECT FROM staged_customer o WHERE o.account = holder.account)
    RETURNING s.n, s.account,
        format('meter %s is at account %s, which this file does not name', s.meter, holder.account)
"""

_FREE_METERS = """
    UPDATE usage_point u SET meter = NULL FROM staged_customer s
    WHERE s.account = u.account AND u.meter IS NOT NULL AND u.meter IS DISTINCT FROM s.meter
"""

_ONLY_NAMED = """
    INSERT INTO transformer (id, name, point)
    SELECT s.transformer_id, s.transformer_id,
        ST_SetSRID(ST_MakePoint(
            percentile_cont(0.5) WITHIN GROUP (ORDER BY s.lon),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY s.lat)), 4326)
    FROM staged_customer s
    WHERE s.transformer_id IS NOT NULL AND s.lon IS NOT NULL
      AND NOT EXISTS (SELECT FROM transformer t WHERE t.id = s.transformer_id)
    GROUP BY s.transformer_id
    RETURNING id
"""

_UNKNOWN_TRANSFORMER = """
    UPDATE staged_customer s SET transformer_id = NULL
    WHERE transformer_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM transformer t WHERE t.id = s.transformer_id)
    RETURNING s.account
"""

_DISTRICT_OF_LOOSE = """
    UPDATE staged_customer s SET district_id = coalesce(
        (SELECT d.id FROM district d
         WHERE ST_Covers(d.boundary, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326))
         ORDER BY d.id LIMIT 1),
        (SELECT min(d.id) FROM district d HAVING count(*) = 1))
    WHERE s.transformer_id IS NULL
"""

_SECONDARY_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
    WHERE i.indrelid = 'usage_point'::regclass
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""

_MERGE = """
    WITH merged AS (
        INSERT INTO usage_point AS u (
            account, meter, name, address, address_text_id, transformer_id, district_id,
            disconnected_for, critical, kind, phases, point
        )
        SELECT s.account, s.meter, s.name, s.address, words.id,
            coalesce(s.transformer_id, CASE WHEN s.node IS NOT NULL THEN old.transformer_id END),
            coalesce(t.district_id, s.district_id, old.district_id), s.disconnected_for, s.critical,
            s.kind, s.phases, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)
        FROM staged_customer s LEFT JOIN transformer t ON t.id = s.transformer_id
        LEFT JOIN address_text words
            ON (words.search_text, words.area_text) = (s.search_text, s.area_text)
        LEFT JOIN usage_point old ON old.account = s.account
        WHERE old.account IS NULL OR (
            old.meter, old.name, old.address, old.address_text_id, old.disconnected_for,
            old.critical, old.kind, old.phases
        ) IS DISTINCT FROM (
            s.meter, s.name, s.address, words.id, s.disconnected_for, s.critical, s.kind,
            s.phases
        )
        OR old.point IS DISTINCT FROM ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)
        OR (s.node IS NULL AND old.transformer_id IS DISTINCT FROM s.transformer_id)
        ON CONFLICT (account) DO UPDATE SET
            meter = excluded.meter, name = excluded.name, address = excluded.address,
            address_text_id = excluded.address_text_id,
            transformer_id = excluded.transformer_id, district_id = excluded.district_id,
            disconnected_for = excluded.disconnected_for, critical = excluded.critical,
            kind = excluded.kind, phases = excluded.phases, point = excluded.point
        RETURNING (xmax = 0) AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
"""

_DROP_PHONES = """
    DELETE FROM usage_point_phone p USING usage_point u, staged_customer s
    WHERE u.id = p.usage_point_id AND s.account = u.account AND p.phone <> ALL (s.phones)
"""

_ADD_PHONES = """
    INSERT INTO usage_point_phone (phone, usage_point_id)
    SELECT phone, u.id FROM staged_customer s
    JOIN usage_point u ON u.account = s.account CROSS JOIN unnest(s.phones) AS phone
    ON CONFLICT DO NOTHING
"""

_COUNT_PHONES = "SELECT count(*) FROM usage_point_phone"

_FAR_KM = 20
_FAR = """
    SELECT s.account FROM staged_customer s JOIN transformer t ON t.id = s.transformer_id
    WHERE s.lon IS NOT NULL AND ST_Distance(
        t.point::geography, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)::geography, false
    ) > :metres
    ORDER BY s.account
"""

_KEEP_NODES = f"""
    INSERT INTO line_section AS t (id, level, from_node, to_node, phases, length_m, line)
    SELECT '{SERVICE}' || s.account, 'service', s.node, 'account:' || s.account, 'ABC', 0,
        ST_GeomFromText('LINESTRING EMPTY', 4326)
    FROM staged_customer s JOIN usage_point u ON u.account = s.account
    WHERE s.node IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET from_node = excluded.from_node
    WHERE t.from_node <> excluded.from_node
"""  # noqa: S608 (a constant of ours)

_DROP_NODES = f"""
    WITH gone AS (
        DELETE FROM line_section t USING staged_customer s
        WHERE t.id = '{SERVICE}' || s.account AND s.node IS NULL
        RETURNING s.account
    )
    UPDATE usage_point u SET device_id = NULL FROM gone WHERE gone.account = u.account
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class StoredCustomers:
    """What became of a file's customers; `taken` are those that passed."""

    change: Change
    refused: list[Refused]
    notes: list[str]


def store_customers(
    connection: Connection,
    usage_points: Iterable[UsagePoint],
    *,
    may_name_transformers: bool,
    progress: Progress = silent,
) -> StoredCustomers:
    """Add or change customers by account; those the file does not name stay as they are.

    A `node` is kept for the customers who have one (see `supply`); they hang where their node does.
    With `may_name_transformers` a transformer that only customers name is made, in their middle:
    that is the level of a utility without a network file. Otherwise its customers are left without
    one. The caller recounts and retraces.
    """
    with driver(connection).cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.staged_customer")
        cursor.execute(_STAGED)
    copy_rows(connection, "staged_customer", _COLUMNS, _rows(usage_points), progress)
    refused = [
        Refused(LAYER, n, account, reason)
        for statement in (_TWICE, _METER_TWICE, _METER_TAKEN)
        for n, account, reason in connection.execute(text(statement)).all()
    ]
    notes = _settle_transformers(connection, may_name_transformers=may_name_transformers)
    assign_transformers(connection)
    connection.execute(text(_DISTRICT_OF_LOOSE))
    progress("writing customers")
    connection.execute(text(_FREE_METERS))
    add_texts(connection, "staged_customer")
    with _indexed_afterwards(connection, progress):
        new, changed = connection.execute(text(_MERGE)).one()
    _write_phones(connection, first=new > 0 and changed == 0)
    connection.execute(text(_KEEP_NODES))
    connection.execute(text(_DROP_NODES))
    if changed:
        drop_unused_texts(connection)
    total = connection.scalar(text("SELECT count(*) FROM staged_customer")) or 0
    return StoredCustomers(Change(new, changed, total - new - changed), refused, notes)


@contextmanager
def _indexed_afterwards(connection: Connection, progress: Progress) -> Iterator[None]:
    """Build the indexes for search once, at the end, where the table is still empty.

    Nobody reads an empty table, so the lock this takes holds nobody up.
    """
    held = connection.scalar(text("SELECT EXISTS (SELECT FROM usage_point)"))
    indexes = () if held else connection.execute(text(_SECONDARY_INDEXES)).all()
    with driver(connection).cursor() as cursor:
        for name, _ in indexes:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        yield
        if indexes:
            cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for _, definition in indexes:
            progress("indexing customers")
            cursor.execute(definition.encode())
        cursor.execute("ANALYZE usage_point")
        cursor.execute("ANALYZE transformer")


def _rows(usage_points: Iterable[UsagePoint]) -> Iterator[tuple[object, ...]]:
    for n, each in enumerate(usage_points, start=1):
        lon, lat = (None, None) if each.point is None else (each.point.x, each.point.y)
        yield (
            *(n, each.account, each.meter, each.name, each.address),
            *customer_words(each.address),
            *(each.transformer_id, each.node, lon, lat),
            *(each.disconnected_for, each.critical, each.kind and each.kind.value),
            *(each.phases, list(each.phones)),
        )


def _settle_transformers(connection: Connection, *, may_name_transformers: bool) -> list[str]:
    notes = []
    if may_name_transformers:
        made = list(connection.scalars(text(_ONLY_NAMED)))
        if made:
            notes.append(
                f"{counted(len(made), 'transformer is', 'transformers are')} known only from"
                f" their customers, and put in the middle of them: {_some(made)}"
            )
    loose = list(connection.scalars(text(_UNKNOWN_TRANSFORMER)))
    if loose:
        notes.append(
            f"{counted(len(loose), 'customer names', 'customers name')} a transformer that"
            f" nobody knows, placed by their own point: {_some(loose)}"
        )
    far = list(connection.scalars(text(_FAR), {"metres": _FAR_KM * 1000}))
    if far:
        notes.append(
            f"{counted(len(far), 'customer stands', 'customers stand')} more than {_FAR_KM} km from"
            " their transformer: are lon and lat swapped, or is the reference system another?"
            f" {_some(far)}"
        )
    return notes


def _write_phones(connection: Connection, *, first: bool) -> None:
    if not first or connection.scalar(text(_COUNT_PHONES)):
        connection.execute(text(_DROP_PHONES))
    connection.execute(text(_ADD_PHONES))


def _some(ids: list[str]) -> str:
    return ", ".join(sorted(ids)[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
