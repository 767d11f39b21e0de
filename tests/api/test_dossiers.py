"""One outage on paper: what stands there, who may read it, and how it is held to the journal."""

import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatch.store.check import check_paper
from maps.assets import STATIC
from maps.paper import PaperUnavailable, as_pdf
from tests.api.conftest import Town
from tests.api.whole_outage import play


def call_of(town: Town):
    def call(method: str, path: str, who: str, body: object, **headers: str) -> dict:
        answer = town.client.request(
            method, f"/api/v1/{path}", json=body, headers=town.headers(who, **headers)
        )
        assert answer.status_code < 300, (path, answer.text)
        return answer.json() if answer.content else {}

    return call


@pytest.fixture
def outage(town: Town) -> int:
    return play(call_of(town), town.clock.advance, town.engine, town.clock)


def dossier(
    town: Town, outage: int, who: str = "dispatcher", kind: str = "", language: str = "en"
) -> str:
    headers = town.headers(who, **{"Accept-Language": language})
    answer = town.client.get(f"/outages/{outage}/dossier{kind}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_outage_stands_on_paper_with_its_story_its_proof_and_its_seal(town: Town, outage: int):
    written = dossier(town, outage)
    for words in (
        "fuse F1-a",
        "tree on the line",
        "Confirmed by the track",
        "min later",
        "knows the street",
        "Arrival",
        "Kept",
        "T1-0",
        "家里突然没电了",
        "(1 h 01)",
    ):
        assert words in written, words
    assert re.search(r"Customer-minutes</dt><dd>244\b", written)  # 4 customers for 61 minutes
    assert re.search(r"relight db check --paper outage:\d+/\d+=[0-9a-f]{64}<", written)


def test_a_report_is_called_on_paper_as_on_the_screens(town: Town):
    long = "2f9c8f1e-3b7a-4c55-9d0e-4a6b7c8d9e0f"
    report = {"id": long, "channel": "phone", "account": "T1-0"}
    opened = call_of(town)("POST", "tickets", "agent", report)["outage"]["id"]
    page = town.client.get(f"/outages/{opened}/dossier", headers=town.headers("dispatcher")).text
    assert page.count("4a6b7c8d9e0f") > 2
    assert long not in page


def test_what_judged_a_promise_is_said_in_the_language_of_the_page(town: Town, outage: int):
    written = dossier(town, outage, language="zh-CN")
    assert "工单已派出" in written and "到场已证实（工单 " in written
    assert "the order was assigned" not in written and "arrival confirmed" not in written
    assert "arrival proven (Order " in dossier(town, outage)


def test_a_promise_that_nothing_is_known_of_has_one_dash_and_no_interval(town: Town):
    report = {"id": "A1", "channel": "phone", "account": "T1-0"}
    opened = call_of(town)("POST", "tickets", "agent", report)["outage"]["id"]
    written = dossier(town, opened)
    assert "Running" in written
    assert "<td>–</td>" in written and "– – –" not in written


def test_an_arrival_whose_interval_is_open_says_which_moment_is_unknown(town: Town, outage: int):
    with town.engine.begin() as c:
        c.execute(text("UPDATE arrival SET latest = NULL"))
        c.execute(text("UPDATE clock SET stopped_earliest = NULL WHERE stopped_latest IS NOT NULL"))
    written = dossier(town, outage)
    assert re.search(r"not before \d\d:\d\d:\d\d, latest moment unknown", written)
    assert re.search(r"<td>by \d\d:\d\d:\d\d, earliest moment unknown</td>", written)
    assert "– –" not in written
    assert "，最晚时刻不明" in dossier(town, outage, language="zh-CN")


def test_telephone_numbers_are_masked_for_who_may_not_ring_up(town: Town, outage: int):
    assert "13811112222" in dossier(town, outage)
    seen = dossier(town, outage, "supervisor")
    assert "13811112222" not in seen and "138****2222" in seen


def test_another_districts_outage_does_not_exist_on_paper_either(town: Town, outage: int):
    headers = town.headers("east-dispatcher")
    for path in ("dossier", "dossier.pdf", "map"):
        answer = town.client.get(f"/outages/{outage}/{path}", headers=headers)
        assert answer.status_code == 404, path
    for role in ("agent", "crew"):
        answer = town.client.get(f"/outages/{outage}/dossier", headers=town.headers(role))
        assert answer.status_code == 403, role


def test_the_same_page_is_a_pdf_with_its_fonts_in_it(town: Town, outage: int):
    headers = town.headers("dispatcher", **{"Accept-Language": "zh-CN"})
    answer = town.client.get(f"/outages/{outage}/dossier.pdf", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", answer.content, re.DOTALL)
    assert b"/FontFile" in b"".join(map(inflated, parts))


def inflated(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def test_a_page_for_paper_fetches_nothing():
    picture = (STATIC / "vendor" / "images" / "layers.png").as_uri()
    printed = as_pdf(f"<p>a</p><img src='{picture}'>")
    assert printed.startswith(b"%PDF") and b"/Image" not in printed


def test_chinese_without_a_font_is_refused_in_words(tmp_path):
    """fontconfig is asked anew in a process of its own that sees no fonts."""
    bare = tmp_path / "fonts.conf"
    bare.write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>")
    program = (
        "from maps.paper import PaperUnavailable, as_pdf\n"
        "try:\n    as_pdf('<p>停电</p>')\n"
        "except PaperUnavailable as refused:\n    print(refused)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FONTCONFIG_FILE": str(bare), "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "fonts-noto-cjk" in said.stdout
    assert PaperUnavailable.code == "paper-unavailable"


def test_the_seal_on_paper_is_held_against_the_journal(town: Town, outage: int):
    found = re.search(r"--paper (outage:\d+/(\d+)=[0-9a-f]+)<", dossier(town, outage))
    assert found is not None
    seal, seq = found.groups()
    with town.engine.connect() as c:
        assert check_paper(c, seal).sound
        assert check_paper(c, seal.replace(f"/{seq}=", f"/{int(seq) - 1}=")).sound is False
        assert check_paper(c, seal.replace(f"/{seq}=", "/999=")).sound is False
        assert check_paper(c, "what?").sound is None
