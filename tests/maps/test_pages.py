"""Templates: everything is escaped, and nothing is forgotten silently."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError

from dispatch.errors import InvalidInput
from dispatch.store.reads.details import TimelineEntry
from maps.assets import STATIC
from maps.languages import Language
from maps.pages import TEMPLATES, Moment, Pages, _environment, amap_link, report_number
from maps.story import Shown
from tests.store.builders import NOW

PAGE = Moment(NOW, ZoneInfo("Asia/Shanghai"))


def test_no_template_switches_escaping_off():
    for path in TEMPLATES.glob("*.html"):
        written = path.read_text("utf-8")
        assert "|safe" not in written.replace(" ", ""), path.name
        assert "autoescape" not in written, path.name


def test_no_template_holds_a_script_or_an_address_of_another_host():
    for path in TEMPLATES.glob("*.html"):
        written = path.read_text("utf-8")
        assert "http://" not in written.replace("http://www.w3.org", ""), path.name
        assert "https://" not in written, path.name
        assert " onclick=" not in written, path.name


def test_no_template_writes_the_marks_of_one_language_between_its_words():
    marks = re.compile(
        r'join\("[,;] "\)|(\}\}|%\}|</(?:b|span|kbd)>)[,:;](</\w+>)? |[}>] \(\{\{ ?_\('
    )
    for path in TEMPLATES.glob("*.html"):
        found = marks.search(path.read_text("utf-8"))
        assert found is None, f"{path.name}: {found}; write mark.comma and such"


def test_what_is_in_force_is_not_painted_as_an_outage():
    for name in ("_commitments.html", "_learning.html"):
        written = (TEMPLATES / name).read_text("utf-8")
        assert 'class="state">{{ _("in force") }}' in written
        assert "state confirmed" not in written, "red is for who is out"


def test_no_script_lists_names_with_the_comma_of_one_language():
    joined = {
        path.name for path in (STATIC / "js").glob("*.js") if '", ")' in path.read_text("utf-8")
    }
    assert joined == {"page.js"}, "page.js has listed()"


def test_words_of_a_list_and_in_brackets_stand_between_the_marks_of_the_language():
    for language, names, judged in (
        (Language.ZH, "T1、T2", "到场已证实（工单 7）"),
        (Language.EN, "T1, T2", "arrival proven (Order 7)"),
    ):
        filters = _environment(language).filters
        assert filters["listed"](["T1", "T2"]) == names
        assert filters["judge"]("arrival confirmed of order 7") == judged


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(UndefinedError):
        Pages().render("_crews.html", Language.EN, PAGE, {})


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(59, "0:59", "0:59"), (3661, "1小时01分", "1 h 01"), (90_000, "1天1小时", "1 d 1 h")],
)
def test_lengths_of_time_are_said_in_two_units(seconds: int, zh: str, en: str):
    for language, expected in ((Language.ZH, zh), (Language.EN, en)):
        filters = _environment(language).filters
        assert filters["span"](seconds) == filters["span"](-seconds) == expected


def test_what_somebody_types_is_set_as_code_and_stays_escaped():
    typed = _environment(Language.EN).filters["typed"]
    assert typed("run `a <b>`, <i>") == "run <code>a &lt;b&gt;</code>, &lt;i&gt;"


def test_amap_is_told_the_place_in_gcj02():
    lon, lat = amap_link(115.9, 28.68, "a & b").split("to=")[1].split(",")[:2]
    assert 0.003 < float(lon) - 115.9 < 0.008
    assert abs(float(lat) - 28.68) < 0.005
    assert "a%20%26%20b" in amap_link(115.9, 28.68, "a & b")


def an_entry(what: str, kind: str, recorded_at: datetime) -> TimelineEntry:
    return TimelineEntry(
        at=NOW,
        recorded_at=recorded_at,
        what=what,
        kind=kind,
        by="x",
        crew_id=None,
        reason=None,
        facts={},
    )


@pytest.mark.parametrize(
    ("ticket_id", "number"),
    [
        ("95598-20260302-00123", "95598-20260302-00123"),
        ("4795efda-63d3-4f19-a48b-f76462ee23c6", "f76462ee23c6"),
        ("web-4795efda-63d3-5f19-a48b-f76462ee23c6", "f76462ee23c6"),
    ],
)
def test_a_report_is_called_as_a_person_can_say_it(ticket_id: str, number: str):
    assert report_number(ticket_id) == number


def test_what_is_new_is_told_by_the_clock_that_wrote_it():
    later = NOW + timedelta(days=300)
    shown = [
        an_entry("outage:1", "outage.opened", later),
        an_entry("order:1", "awaiting_assignment", NOW),
    ]
    marker = Shown.read(str(Shown.of(shown)))
    assert not any(marker.lacks(entry) for entry in shown)
    assert marker.lacks(an_entry("order:1", "assigned", NOW + timedelta(minutes=1)))
    assert not marker.lacks(an_entry("ticket:1", "ticket.urged", NOW + timedelta(minutes=1)))


@pytest.mark.parametrize("written", ["", "x", "2026-01-01 2026-01-02", "a b c"])
def test_a_marker_that_no_page_wrote_is_refused(written: str):
    with pytest.raises(InvalidInput):
        Shown.read(written)
