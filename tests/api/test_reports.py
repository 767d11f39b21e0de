"""A month's reliability and promises: sums held against sums by hand, files, and who sees what."""

import io
import math
import re
import zipfile
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from api.reports import reports_of
from dispatch.domain.words import AreaClass
from tests.api.conftest import Town
from tests.store.builders import LON, METRE

ZONE = ZoneInfo("Asia/Shanghai")


def local(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZONE)


def add_outages(town: Town) -> None:
    """Outage 1 in the west, planned work 1 in the east; who was out is added by hand."""
    with town.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO outage (id, district_id, status, level, device_kind, device_name,"
                " point, accuracy_m, area_class, started_at, opened_at, version) VALUES"
                " (1, 'west', 'closed', 'transformer', 'fuse', 'F', 'SRID=4326;POINT(115.9 28.68)',"
                " 10, 'urban', :at, :at, 1)"
            ),
            {"at": local("2026-03-05T10:00")},
        )
        c.execute(
            text(
                "INSERT INTO planned_outage (id, district_id, reason, starts_at, ends_at, version)"
                " VALUES (1, 'east', 'works', :at, :until, 1)"
            ),
            {"at": local("2026-03-06T09:00"), "until": local("2026-03-06T11:00")},
        )


def out(town: Town, account: str, since: str, until: str, *, planned: bool = False) -> None:
    with town.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO interruption (usage_point_id, outage_id, planned_outage_id,"
                " district_id, period) SELECT id, :outage, :planned, district_id,"
                " tstzrange(:since, :until) FROM usage_point WHERE account = :account"
            ),
            {
                "account": account,
                "outage": None if planned else 1,
                "planned": 1 if planned else None,
                "since": local(since),
                "until": local(until),
            },
        )


@pytest.fixture
def march(town: Town) -> Town:
    """Partial restoration, a nested outage, both ends of the month, a momentary one, planned."""
    add_outages(town)
    out(town, "T1-0", "2026-03-05T10:00", "2026-03-05T10:30")
    out(town, "T1-0", "2026-03-05T10:30", "2026-03-05T11:00")  # goes on in a nested outage
    out(town, "T1-1", "2026-03-05T10:00", "2026-03-05T10:20")
    out(town, "T1-2", "2026-03-05T10:00", "2026-03-05T10:04")
    out(town, "T2-0", "2026-03-31T23:30", "2026-04-01T00:30")
    out(town, "T2-1", "2026-02-28T23:00", "2026-03-01T00:10")
    out(town, "T2-1", "2026-03-01T00:10", "2026-03-01T00:40")  # still February's
    out(town, "T9-0", "2026-03-06T09:00", "2026-03-06T11:00", planned=True)
    town.clock.now = local("2026-04-02T00:00")
    return town


def test_a_months_sums_are_those_by_hand(march: Town):
    found = reports_of(march.house, None, local("2026-03-01"), local("2026-04-01"))
    month, served = found.month, 11
    assert found.served == month.served == served
    unplanned, planned = month.unplanned, month.planned
    assert (unplanned.sustained, unplanned.minutes, unplanned.momentary) == (3, 60 + 20 + 60, 1)
    assert (planned.sustained, planned.minutes, planned.momentary) == (1, 120, 0)
    assert unplanned.saidi(served) == pytest.approx(140 / 11)
    assert unplanned.saifi(served) == pytest.approx(3 / 11)
    assert unplanned.caidi == pytest.approx(140 / 3)
    assert unplanned.within_minutes == 60 + 20 + 4 + 30 + 40
    assert planned.within_minutes == 120
    whole = 11 * 31 * 24 * 60
    assert month.every.availability(served) == pytest.approx(1 - (154 + 120) / whole)
    february = found.months[local("2026-02-01").date()]
    assert (february.unplanned.sustained, february.unplanned.minutes) == (1, 100)
    assert february.unplanned.within_minutes == 60
    west, east = found.districts["west"], found.districts["east"]
    assert (west.unplanned.minutes, west.planned.minutes) == (140, 0)
    assert (east.unplanned.minutes, east.planned.minutes) == (0, 120)
    days = {each.day.day: each for each in found.days if each.planned or each.unplanned}
    assert set(days) == {5, 6, 31}
    assert found.limit is None
    assert not any(each.major for each in found.days)


def test_the_classes_of_area_add_up_to_the_month(march: Town):
    """West of the second transformer is rural, the east is on no map and so counts as urban."""
    edge = LON + 150 * METRE
    with march.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO area_map (version, digest, loaded_at, source)"
                " OVERRIDING SYSTEM VALUE VALUES (1, 'd', :at, 'test')"
            ),
            {"at": march.clock.now},
        )
        c.execute(
            text(
                "INSERT INTO area (version, area_class, boundary) VALUES (1, 'rural',"
                " ST_Multi(ST_MakeEnvelope(:west, 20, :edge, 40, 4326)))"
            ),
            {"west": LON - 0.5, "edge": edge},
        )
    found = reports_of(march.house, None, local("2026-03-01"), local("2026-04-01"))
    urban, rural = found.areas[AreaClass.URBAN], found.areas[AreaClass.RURAL]
    assert list(found.areas) == [AreaClass.URBAN, AreaClass.RURAL]
    assert urban.served + rural.served == found.served
    assert (rural.unplanned.sustained, rural.unplanned.minutes) == (2, 80)
    assert (urban.unplanned.minutes, urban.planned.minutes) == (60, 120)
    for name in ("sustained", "minutes", "momentary", "within_minutes"):
        parts = sum(getattr(each.every, name) for each in found.areas.values())
        assert parts == pytest.approx(getattr(found.month.every, name)), name
    headers = march.headers("supervisor", **{"Accept-Language": "en"})
    page = march.client.get("/reports?month=2026-03", headers=headers).text
    assert "By area class" in page and ">SAIDI, min<" in page
    chinese = march.headers("supervisor", **{"Accept-Language": "zh-CN"})
    page = march.client.get("/reports?month=2026-03", headers=chinese).text
    assert ">SAIDI（分钟）<" in page
    sheet = march.client.get("/reports/reliability.csv?month=2026-03", headers=headers).text
    assert re.search(r"area_class,rural,unplanned,\d+,2,80\.0+,1,", sheet)
    east = march.client.get(
        "/reports/reliability.csv?month=2026-03", headers=march.headers("east-dispatcher")
    ).text
    assert "area_class,urban" in east and "area_class,rural" not in east


def test_a_day_far_above_five_years_of_days_is_a_major_event_day(march: Town):
    for n in range(1, 25):
        out(march, "west-phone", f"2025-03-{n:02d}T10:00", f"2025-03-{n:02d}T10:{6 + n % 3:02d}")
    found = reports_of(march.house, None, local("2026-03-01"), local("2026-04-01"))
    assert found.limit is not None and found.limit.days == 24
    assert [each.day.day for each in found.days if each.major] == [5, 31]
    assert found.month.major.minutes == 140
    assert (found.month.normal.sustained, found.month.normal.minutes) == (0, 0)


def test_who_has_one_district_gets_its_figures_only(march: Town):
    headers = march.headers("east-dispatcher")
    sheet = march.client.get("/reports/reliability.csv?month=2026-03", headers=headers).text
    assert "west" not in sheet
    assert re.search(r"month,2026-03,all,3,1,120\.0+,0,40\.0+", sheet)
    asked = march.client.get("/reports?month=2026-03&district=west", headers=headers)
    assert asked.status_code == 404
    for path in ("", "/report.pdf", "/report.xlsx", "/reliability.csv", "/punctuality.csv"):
        answer = march.client.get(f"/reports{path}", headers=march.headers("agent"))
        assert answer.status_code == 403, path


def test_the_files_hold_what_the_page_says(march: Town):
    assert march.report().status_code == 201
    headers = march.headers("supervisor", **{"Accept-Language": "en"})
    page = march.client.get("/reports?month=2026-03", headers=headers)
    assert page.status_code == 200, page.text
    assert "12.727" in page.text  # 140 / 11
    book = march.client.get("/reports/report.xlsx?month=2026-03", headers=headers)
    with zipfile.ZipFile(io.BytesIO(book.content)) as opened:
        sheets = [name for name in opened.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 4
        assert b"140" in opened.read(sheets[0])
    paper = march.client.get("/reports/report.pdf?month=2026-03", headers=headers)
    assert paper.status_code == 200, paper.text
    assert paper.content.startswith(b"%PDF")
    april = march.client.get("/reports/punctuality.csv", headers=headers)
    assert april.text.startswith("\ufeffmonth,area_class")
    assert march.client.get("/reports?month=2026-13", headers=headers).status_code == 422


def test_each_district_is_judged_by_its_own_years(town: Town):
    """Two equal days have no deviation, so a district's limit is what those two days had."""
    add_outages(town)
    for day in ("2025-05-01", "2025-06-01"):
        out(town, "T9-0", f"{day}T10:00", f"{day}T10:30")
    for day in ("2025-07-01", "2025-08-01"):
        out(town, "T1-0", f"{day}T10:00", f"{day}T15:00")
    out(town, "T9-1", "2026-03-05T10:00", "2026-03-05T10:40")  # above 30 minutes
    out(town, "T1-1", "2026-03-06T10:00", "2026-03-06T13:20")  # below 300 minutes
    town.clock.now = local("2026-04-02T00:00")
    found = reports_of(town.house, None, local("2026-03-01"), local("2026-04-01"))
    assert found.districts["east"].major.minutes == 40
    assert found.districts["east"].normal.minutes == 0
    assert found.districts["west"].major.minutes == 0
    assert found.month.major.minutes == 0
    beta = math.log(10) / math.sqrt(3)  # of 30, 30, 300 and 300 minutes
    assert found.limit is not None
    by_hand = math.sqrt(30 * 300) / found.served * math.exp(2.5 * beta)
    assert found.limit.saidi_minutes == pytest.approx(by_hand)


def test_a_district_asked_for_alone_has_the_same_major_days(town: Town):
    add_outages(town)
    for day in ("2025-05-01", "2025-06-01", "2026-03-05"):
        out(town, "T9-0", f"{day}T10:00", f"{day}T10:{40 if day > '2026' else 30}")
    month = local("2026-03-01"), local("2026-04-01")
    town.clock.now = local("2026-04-02T00:00")
    alone, together = (reports_of(town.house, asked, *month) for asked in (["east"], None))
    assert alone.month.major == together.districts["east"].major
    assert alone.month.major.minutes == 40


def test_what_goes_on_counts_so_far_in_the_month_in_which_it_falls(march: Town):
    """Dark since 23:00 on the last of March, two hours ago; a planned cut and a nested record."""
    with march.engine.begin() as c:
        c.execute(text("UPDATE outage SET status = 'confirmed' WHERE id = 1"))
        c.execute(
            text(
                "INSERT INTO outage_usage_point (outage_id, usage_point_id, out_from)"
                " SELECT 1, id, :at FROM usage_point WHERE account = 'west-phone'"
            ),
            {"at": local("2026-03-31T23:00")},
        )
        c.execute(
            text(
                "INSERT INTO planned_outage_transformer (planned_outage_id, transformer_id)"
                " VALUES (1, 'T9')"
            )
        )
        c.execute(
            text("UPDATE planned_outage SET starts_at = :at, ends_at = :until"),
            {"at": local("2026-04-01T00:57"), "until": local("2026-04-01T03:00")},
        )
    out(march, "west-phone", "2026-03-31T23:10", "2026-03-31T23:20")  # on record already
    march.clock.now = local("2026-04-01T01:00")
    before = local("2026-03-01"), local("2026-04-01")
    month, served = (found := reports_of(march.house, None, *before)).month, 11
    unplanned = month.unplanned
    assert (unplanned.sustained, unplanned.minutes, unplanned.lasting) == (4, 140 + 120, 1)
    assert unplanned.within_minutes == 154 + 60
    assert month.every.availability(served) == pytest.approx(1 - 334 / (11 * 31 * 24 * 60))
    assert (found.still_dark, found.districts["west"].unplanned.lasting) == (1, 1)
    assert sum(each.unplanned.within_minutes for each in found.areas.values()) == 214
    assert sum(each.unplanned.minutes for each in found.areas.values()) == 260
    april = reports_of(march.house, None, local("2026-04-01"), local("2026-05-01"))
    assert april.month.unplanned.within_minutes == 30 + 60
    assert (april.month.planned.within_minutes, april.month.planned.sustained) == (3 * 3, 0)
    assert (april.month.planned.momentary, april.still_dark) == (0, 1 + 3)
    english = march.headers("supervisor", **{"Accept-Language": "en"})
    page = march.client.get("/reports?month=2026-03", headers=english).text
    assert "1 customer is still without power; the minutes up to 2026-04-01 01:00 count" in page
    asked = {"since": local("2026-03-02").isoformat(), "until": march.clock.now.isoformat()}
    indices = march.get("indices", "supervisor", **asked).json()
    assert (indices["customers_still_out"], indices["customer_minutes"]) == (1, 140 + 120 + 120)


def test_a_month_before_the_records_is_not_told_as_perfect(march: Town):
    english = march.headers("supervisor", **{"Accept-Language": "en"})
    found = reports_of(march.house, None, local("2026-03-01"), local("2026-04-01"))
    assert found.records_since == local("2026-02-28")
    assert [each.recorded for each in found.months.values()] == [False] * 11 + [True] * 2
    assert found.months[local("2026-02-01").date()].every.period_minutes == 24 * 60
    page = march.client.get("/reports?month=2026-03", headers=english).text
    assert page.count("no records</td>") == 11
    assert "Records begin on 2026-02-28" in page
    january = march.client.get("/reports?month=2026-01", headers=english).text
    assert "100.0000 %" not in january
    sheet = march.client.get("/reports/reliability.csv?month=2026-03", headers=english).text
    assert re.search(r"month,2026-01,all,11,,,,,,,,\r?\n", sheet)


def test_without_any_record_nothing_is_told(town: Town):
    found = reports_of(town.house, None, local("2026-03-01"), local("2026-04-01"))
    assert found.records_since is None
    assert found.month.every.availability(found.served) is None
    page = town.client.get("/reports", headers=town.headers("supervisor")).text
    assert "尚无任何记录" in page or "There are no records yet" in page
