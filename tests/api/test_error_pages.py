"""An error that a person sees says what happened and what to do, in their language, and no more."""

import html
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from api.app import create_app
from api.callers import Role
from api.house import furnish
from api.routers.error_pages import SAID
from api.routers.frame import MENU
from api.settings import WebSettings
from maps.languages import Language, catalogue
from tests.api.conftest import Town

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"


def ask(town: Town, path: str, who: str = "dispatcher", language: str = "en"):
    headers = {**town.headers(who), **BROWSER, "Accept-Language": language}
    return town.client.get(path, headers=headers)


def words(answer) -> str:
    main = answer.text.partition("<main>")[2].partition("</main>")[0]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", main).split()))


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/no-such-page", "dispatcher", 404),
        ("/commitments/clocks/99999", "dispatcher", 404),
        ("/commitments?month=May", "dispatcher", 422),
        ("/console", "agent", 403),
        ("/logout", "dispatcher", 405),
    ],
)
@pytest.mark.parametrize("language", list(Language))
def test_a_person_reads_what_happened_and_what_to_do(
    town: Town, path: str, who: str, status: int, language: Language
):
    answer = ask(town, path, who, language)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "text/html; charset=utf-8",
    )
    for sentence in SAID[status]:
        assert catalogue(language).gettext(sentence) in words(answer)
    assert "Traceback" not in answer.text
    assert "nonce-" in answer.headers["content-security-policy"]


def test_a_program_gets_the_problem_and_never_a_page(town: Town):
    for path in ("/no-such-page", "/api/v1/outages/99999"):
        answer = town.client.get(path, headers=town.headers("dispatcher"))
        assert answer.headers["content-type"] == "application/problem+json"
    inside = town.client.get(
        "/api/v1/outages/99999", headers={**town.headers("dispatcher"), **BROWSER}
    )
    assert inside.headers["content-type"] == "application/problem+json"


def test_a_fault_of_ours_tells_no_details_and_keeps_its_headers(town: Town):
    with town.engine.begin() as c:
        c.execute(text("ALTER TABLE outage RENAME TO gone"))
    answer = ask(town, "/console")
    assert answer.status_code == 500
    assert SAID[500][0] in words(answer)
    assert "relation" not in answer.text and "gone" not in words(answer).replace("/console", "")
    assert answer.headers["x-frame-options"] == "DENY"


def test_the_page_says_when_the_database_is_away(town: Town):
    away = create_engine(NOWHERE, connect_args={"connect_timeout": 2})
    house = furnish(away, zone="Asia/Shanghai")
    app = create_app(WebSettings(), house)
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.get("/console", headers={**BROWSER, **town.headers("dispatcher")})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert SAID[503][0] in words(answer) or catalogue(Language.ZH).gettext(SAID[503][0]) in words(
        answer
    )
    house.close()
    away.dispose()


def test_what_an_address_holds_is_shown_as_text(town: Town):
    answer = ask(town, "/<script>alert(1)</script>")
    assert answer.status_code == 404 and "<script>alert" not in answer.text


def test_every_problem_that_a_person_can_meet_has_its_words():
    assert {400, 403, 404, 409, 412, 500, 503} <= set(SAID)


# Menus -----------------------------------------------------------------------------------------


def menu_of(answer) -> list[str]:
    first = answer.text.partition("<nav")[2].partition("</nav>")[0]
    return re.findall(r'href="([^"]+)"', first)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.INTEGRATION])
def test_each_role_is_offered_exactly_the_screens_that_open_for_it(town: Town, role: Role):
    opens = {address: ask(town, address, role.value).status_code == 200 for address, _, _ in MENU}
    first = ask(town, "/", role.value)
    assert first.status_code == 200
    offered = menu_of(first)
    assert offered == [address for address, may in opens.items() if may]
    assert offered, role
    for address, may in opens.items():
        if not may:
            assert menu_of(ask(town, address, role.value)) == offered
