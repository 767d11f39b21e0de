"""A company of any size, made by the database itself: SQL, not the loaders.

Feeders stand in a grid, forty transformers each on ten-transformer laterals behind fuses, fifty
customers each; a feeder is a village, a lateral a road in it. Behind them lie two years of closed
outages, their entries in the journal without the chain of hashes. The roads are a grid too,
written as the two tables that `relight load roads` reads. Every name is invented.
"""

import csv
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, sqrt
from pathlib import Path

from sqlalchemy import Connection, text

from dispatch.store.loading.files import load
from dispatch.store.loading.search import customer_words

WEST, SOUTH = 114.0, 28.0
CELL_DEG = 0.02
HOMES, TRANSFORMERS, LATERALS, DISTRICTS = 50, 40, 4, 8
ACCOUNT_FROM = 1_000_000_000
HISTORY = 20_000
STREET_DEG = 0.004
SYLLABLES = "东南西北上下高低新旧红绿青白金银石木水火田山林江河湖泉井桥塘坡岭"
STREETS = ("幸福路", "建设路", "人民路", "解放路")


@dataclass(frozen=True)
class Size:
    """How big the company is; customers are rounded to whole feeders."""

    feeders: int
    crews: int = 40

    @classmethod
    def of(cls, customers: int) -> "Size":
        return cls(feeders=max(1, round(customers / (HOMES * TRANSFORMERS))))

    @property
    def transformers(self) -> int:
        return self.feeders * TRANSFORMERS

    @property
    def customers(self) -> int:
        return self.transformers * HOMES

    @property
    def columns(self) -> int:
        return ceil(sqrt(self.feeders))

    @property
    def rows(self) -> int:
        return ceil(self.feeders / self.columns)


def account(customer: int) -> str:
    return str(ACCOUNT_FROM + customer)


def street(feeder: int, lateral: int) -> str:
    """Where the customers of a lateral live, but for the house."""
    first, last = divmod(feeder, len(SYLLABLES))
    name = SYLLABLES[first % len(SYLLABLES)] + SYLLABLES[last] + "家" * (first // len(SYLLABLES))
    return f"和平镇{name}村{STREETS[lateral]}"


def address(customer: int) -> str:
    """The address of a customer, as it stands on record."""
    transformer = customer // HOMES
    lateral = transformer % TRANSFORMERS // (TRANSFORMERS // LATERALS)
    house, room = customer % HOMES + 1, customer % 7 + 1
    return f"{street(transformer // TRANSFORMERS, lateral)}{house}号{room}室"


_TERRITORY = """
INSERT INTO district (id, name, boundary)
SELECT 'D' || d, '第' || d || '供电所', ST_Multi(ST_MakeEnvelope(
    :west + d * :width / :districts, :south, :west + (d + 1) * :width / :districts, :north, 4326))
FROM generate_series(0, :districts - 1) AS d;
INSERT INTO area_map (digest, loaded_at, source) VALUES ('bench', now(), 'bench');
INSERT INTO area (version, area_class, boundary)
SELECT version, 'urban', ST_Multi(ST_MakeEnvelope(:west, :south, :east, :north, 4326))
FROM area_map;
INSERT INTO substation (id, name, point) VALUES ('S', '变电站', ST_Point(:west, :south, 4326));
INSERT INTO feeder (id, name, substation_id, head_node, district_id)
SELECT 'F' || f, '10kV' || f || '线', 'S', 'n' || f,
    'D' || least(:districts - 1, (f % :columns) * :districts / :columns)
FROM generate_series(0, :feeders - 1) AS f
"""

# Preorder in a feeder: 0 the breaker, then each lateral followed by its transformers' fuses.
_NETWORK = """
INSERT INTO device (id, kind, name, feeder_id, parent_id, pre, post, depth, customers, point)
SELECT 'B' || f, 'breaker', f || '线开关', 'F' || f, NULL, 0, 1 + :laterals * (1 + :on_lateral),
    0, :homes * :transformers, ST_Point(
        :west + (f % :columns + 0.5) * :cell, :south + (f / :columns + 0.5) * :cell, 4326)
FROM generate_series(0, :feeders - 1) AS f;
INSERT INTO device (id, kind, name, feeder_id, parent_id, pre, post, depth, customers, point)
SELECT 'L' || f || '-' || l, 'fuse', f || '线' || l || '支线熔断器', 'F' || f, 'B' || f,
    1 + l * (1 + :on_lateral), (l + 1) * (1 + :on_lateral) + 1, 1, :homes * :on_lateral, ST_Point(
        :west + (f % :columns + 0.5) * :cell, :south + (f / :columns + 0.5) * :cell, 4326)
FROM generate_series(0, :feeders - 1) AS f, generate_series(0, :laterals - 1) AS l;
INSERT INTO transformer
    (id, name, node, lv_node, rated_kva, feeder_id, device_id, device_pre, district_id, customers,
    point)
SELECT 'T' || t, t || '号公变', 'n' || t, 'lv' || t, 400, 'F' || f, 'U' || t,
    2 + k / :on_lateral * (1 + :on_lateral) + k % :on_lateral,
    'D' || least(:districts - 1, (f % :columns) * :districts / :columns), :homes, ST_Point(
        :west + (f % :columns + 0.5 + (k % 8 - 3.5) * 0.1) * :cell,
        :south + (f / :columns + 0.5 + (k / 8 - 2) * 0.15) * :cell, 4326)
FROM (
    SELECT t, t / :transformers AS f, t % :transformers AS k
    FROM generate_series(0, :all_transformers - 1) AS t
) AS numbered;
INSERT INTO device (id, kind, name, feeder_id, parent_id, pre, post, depth, customers, point)
SELECT device_id, 'fuse', name || '熔断器', feeder_id,
    'L' || substr(feeder_id, 2) || '-' || (device_pre - 1) / (1 + :on_lateral),
    device_pre, device_pre + 1, 2, :homes, point
FROM transformer
"""

_CUSTOMERS = """
INSERT INTO usage_point
    (account, meter, name, address, address_text_id, transformer_id, district_id, point)
SELECT CAST(:account_from + c AS text), 'M' || c, '客户' || c,
    street.name || c % 50 + 1 || '号' || c % 7 + 1 || '室', street.text_id,
    transformer.id, transformer.district_id, ST_Point(
        ST_X(transformer.point) + (c % 10 - 4.5) * 0.0001,
        ST_Y(transformer.point) + (c % 50 / 10 - 2) * 0.0001, 4326)
FROM generate_series(0, :customers - 1) AS c
JOIN transformer ON transformer.id = 'T' || c / :homes
JOIN street ON street.device_id = 'L' || substr(transformer.feeder_id, 2) || '-'
    || (transformer.device_pre - 1) / (1 + :on_lateral)
ORDER BY c;
INSERT INTO usage_point_phone (phone, usage_point_id)
SELECT '139' || lpad(substr(meter, 2), 8, '0'), id FROM usage_point
"""

_CREWS = """
INSERT INTO crew (id, name, district_id, skills, base)
SELECT 'C' || c, '抢修' || c || '班', 'D' || c % :districts, '{lv,mv}', ST_Point(
    :west + (c % :districts + 0.5) * :width / :districts,
    :south + (c / :districts + 0.5) / ceil(:crews / CAST(:districts AS float))
        * (:north - :south), 4326)
FROM generate_series(0, :crews - 1) AS c;
INSERT INTO shift_pattern (crew_id, starts, ends, zone)
SELECT id, '00:00', '00:00', 'UTC' FROM crew;
INSERT INTO crew_position
    (crew_id, device, fix_id, lon, lat, fixed_at, received_at, accuracy_m, speed_mps, mock)
SELECT id, '', '', ST_X(base), ST_Y(base), now(), now(), 10, 0, false FROM crew
"""

# Two years of closed outages, five callers each: what is asked in a storm lies among them.
_HISTORY = """
INSERT INTO outage (id, district_id, status, level, feeder_id, device_id, device_kind, device_name,
    point, accuracy_m, area_class, started_at, opened_at, restored_at, closed_at, version)
SELECT o, transformer.district_id, 'closed', 'feeder_model', feeder_id, device_id, 'transformer',
    name, point, 15, 'urban', began, began, began + interval '2 hours', began + interval '1 day', 3
FROM (
    SELECT o, 'T' || (o * 7919) % :all_transformers AS id,
        now() - interval '5 days' - o * interval '50 minutes' AS began
    FROM generate_series(1, :history) AS o
) AS numbered JOIN transformer USING (id);
INSERT INTO outage_transformer (outage_id, transformer_id, out_from, restored_at)
SELECT id, 'T' || (id * 7919) % :all_transformers, started_at, restored_at FROM outage;
INSERT INTO ticket (id, district_id, channel, account, phone, description, hazards, symptoms,
    received_at, recorded_at, usage_point_id, transformer_id, feeder_id, point, accuracy_m,
    found_by, area_class, area_covered, status, disposition, outage_id, restored_at, closed_at,
    version)
SELECT 'old-' || outage.id || '-' || n, outage.district_id, 'phone', account,
    '139' || lpad(substr(meter, 2), 8, '0'), '', '{}', '{no_power}',
    started_at + n * interval '1 minute', started_at + n * interval '1 minute', usage_point.id,
    transformer_id, feeder_id, usage_point.point, 15, 'account', 'urban', true, 'closed',
    'attached', outage.id, outage.restored_at, outage.closed_at, 3
FROM outage CROSS JOIN generate_series(0, 4) AS n
JOIN usage_point ON usage_point.account = CAST(
    :account_from + (outage.id * 7919) % :all_transformers * :homes + n * 7 AS text);
INSERT INTO attachment (ticket_id, outage_id, probability, basis, reasons, by, at)
SELECT id, outage_id, 0.9, 'feeder_model', '{same_transformer}', 'relight', received_at
FROM ticket;
INSERT INTO clock (district_id, rule_id, rule_version, ticket_id, area_class, started_from,
    started_at, due_at, warned, verdict, stopped_earliest, stopped_latest, judged_at, judged_by)
SELECT district_id, rule, 1, id, 'urban', 'received', received_at,
    received_at + interval '45 minutes', 0, 'kept', received_at, received_at, received_at, 'track'
FROM ticket CROSS JOIN unnest(CAST('{arrival_commitment,dispatch_desk,restore}' AS text[])) AS rule;
INSERT INTO trouble_order (id, district_id, outage_id, status, crew_id, skills, hazards, priority,
    urged, area_class, received_at, completed_at, why, version)
SELECT id, district_id, id, 'field_complete', 'C' || id % :crews, '{mv}', '{}', 10, 0, 'urban',
    started_at, restored_at, '{}', 6
FROM outage;
INSERT INTO dispatch_step (order_id, seq, kind, at, recorded_at, by, facts)
SELECT id, seq, 'noted', received_at, received_at, 'relight', '{}'
FROM trouble_order CROSS JOIN generate_series(1, 5) AS seq;
INSERT INTO event (stream, seq, kind, at, recorded_at, actor, district_id, body, previous, hash)
SELECT 'ticket:' || id, seq, 'ticket.noted', received_at, received_at, 'relight', district_id,
    '{}', '', '' FROM ticket CROSS JOIN generate_series(1, 3) AS seq;
SELECT setval('outage_number', :history), setval('order_number', :history)
"""

_STREET_TABLE = text(
    "CREATE TEMPORARY TABLE street (device_id text PRIMARY KEY, name text, text_id bigint,"
    " search_text text, area_text text) ON COMMIT DROP"
)
_NAME_STREET = text("INSERT INTO street VALUES (:device_id, :name, :id, :search_text, :area_text)")
_INDEX_STREETS = text(
    "INSERT INTO address_text (id, search_text, area_text)"
    " SELECT text_id, search_text, area_text FROM street"
)

_SECONDARY = text(
    """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename IN ('usage_point', 'usage_point_phone') AND indexdef NOT LIKE '%UNIQUE%'
    """
)


def fill(connection: Connection, size: Size) -> None:
    """Fill an empty migrated database: constraints unchecked, secondary indexes built after."""
    values = {
        "west": WEST,
        "south": SOUTH,
        "east": WEST + size.columns * CELL_DEG,
        "north": SOUTH + size.rows * CELL_DEG,
        "width": size.columns * CELL_DEG,
        "cell": CELL_DEG,
        "columns": size.columns,
        "feeders": size.feeders,
        "transformers": TRANSFORMERS,
        "laterals": LATERALS,
        "on_lateral": TRANSFORMERS // LATERALS,
        "all_transformers": size.transformers,
        "customers": size.customers,
        "homes": HOMES,
        "districts": DISTRICTS,
        "crews": size.crews,
        "account_from": ACCOUNT_FROM,
        "history": HISTORY,
    }
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text("SET LOCAL synchronous_commit = off"))
    indexes = connection.execute(_SECONDARY).all()
    for name, _ in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    _name_streets(connection, size)
    for script in (_TERRITORY, _NETWORK, _CUSTOMERS, _CREWS, _HISTORY):
        for statement in script.split(";"):
            asked = text(statement)
            used = {name: values[name] for name in asked.compile().params}
            connection.execute(asked, used)
    for _, definition in indexes:
        connection.execute(text(definition))


def _name_streets(connection: Connection, size: Size) -> None:
    """Index the streets by the words in which callers name them, as the loader does."""
    named = [
        {"device_id": f"L{feeder}-{lateral}", "name": street(feeder, lateral)}
        for feeder in range(size.feeders)
        for lateral in range(LATERALS)
    ]
    found = [customer_words(f"{each['name']}1号1室")._asdict() for each in named]
    rows = [{**each, **words} for each, words in zip(named, found, strict=True)]
    connection.execute(_STREET_TABLE)
    connection.execute(_NAME_STREET, [{**row, "id": n} for n, row in enumerate(rows, start=1)])
    connection.execute(_INDEX_STREETS)


def grid_of(size: Size) -> tuple[int, int]:
    """How many columns and rows of junctions the streets have."""
    per_cell = CELL_DEG / STREET_DEG
    return round(size.columns * per_cell) + 1, round(size.rows * per_cell) + 1


def load_roads(connection: Connection, size: Size, folder: Path) -> None:
    """A street every 400 m over the whole territory, loaded as a company loads its roads."""
    columns, rows = grid_of(size)
    nodes, edges = folder / "nodes.csv", folder / "edges.csv"
    drawn = random.Random(1)
    with nodes.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["node_id", "lon", "lat"])
        for n in range(rows * columns):
            table.writerow(
                [n + 1, WEST + n % columns * STREET_DEG, SOUTH + n // columns * STREET_DEG]
            )
    with edges.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["from_node", "to_node", "length_m", "speed_mps"])
        for n in range(rows * columns):
            for other, inside in (
                (n + 1, (n + 1) % columns),
                (n + columns, n // columns < rows - 1),
            ):
                if inside:
                    speed = drawn.choice([8, 11, 14, 17])
                    table.writerow([n + 1, other + 1, 420, speed])
                    table.writerow([other + 1, n + 1, 420, speed])
    load(connection, "roads", [nodes, edges], now=datetime.now(UTC))
