"""What a crew's phone sends from the site: that all is well, photographs, callers' answers."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from api.wall import Wall
from api.worker import Work
from dispatch.domain.alarm import AlarmKind
from dispatch.domain.photo import MOST_BYTES, read_picture
from dispatch.errors import InvalidInput
from tests.api.conftest import Town


def jpeg(width: int = 40, height: int = 30, camera: bytes = b"", fill: int = 600) -> bytes:
    """The skeleton of a JPEG: markers and a coded part, no picture that anybody would want."""

    def segment(marker: int, body: bytes) -> bytes:
        return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body

    frame = b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x01\x01\x11\x00"
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0" * (fill // 6)
    exif = segment(0xE1, b"Exif\x00\x00" + camera) if camera else b""
    return (
        b"\xff\xd8" + segment(0xE0, b"JFIF\x00") + exif + segment(0xC0, frame) + scan + b"\xff\xd9"
    )


@pytest.fixture
def order(town: Town) -> int:
    """An order at whose site C1 is."""
    outage = town.report().json()["outage"]["id"]
    etag = town.get(f"outages/{outage}", "dispatcher").headers["etag"]
    body = {"crew_id": "C1", "reason": "near"}
    sent = town.put(f"outages/{outage}/assignment", body=body, **{"If-Match": etag})
    order = int(sent.json()["order"]["id"])
    act(town, order, "arrive")
    return order


def act(town: Town, order: int, kind: str, ago_min: float = 0, **facts: object) -> str:
    at = town.clock.now - timedelta(minutes=ago_min)
    action = {"kind": kind, "order_id": order, "occurred_at": at.isoformat(), **facts}
    action |= {"id": f"{kind}-{town.clock.now.isoformat()}-{ago_min}", "seq": 1}
    answer = town.post("crew/actions", "C1", {"actions": [action]})
    return answer.json()["actions"][0]["outcome"]


def tick(town: Town) -> list[dict]:
    Work(town.house).tick()
    return town.get("missed-check-ins", "dispatcher").json()


def journal(town: Town, order: int) -> list[str]:
    with town.engine.connect() as c:
        query = text("SELECT kind FROM event WHERE stream = :stream ORDER BY seq")
        return list(c.scalars(query, {"stream": f"order:{order}"}))


def test_a_crew_that_says_nothing_for_longer_than_agreed_raises_one_alarm(town: Town, order: int):
    town.clock.advance(34)
    assert tick(town) == []
    town.clock.advance(1)
    (missed,) = tick(town)
    assert (missed["crew_id"], missed["order_id"]) == ("C1", order)
    assert missed["due_at"] > missed["last_sign_at"]
    assert tick(town) == [missed]
    assert journal(town, order).count("order.check_in_missed") == 1


def test_a_missed_crew_stands_among_the_rooms_alarms_and_on_the_wall(town: Town, order: int):
    town.clock.advance(36)
    (missed,) = tick(town)
    (alarm,) = [each for each in alarms(town) if each["kind"] == "check_in_missed"]
    assert alarm["facts"]["crew"] == missed["crew_name"]
    assert Wall(town.house).picture(None).waiting.alarms[AlarmKind.CHECK_IN_MISSED] == 1
    taken = town.post(f"alarms/{alarm['id']}/acknowledge", "dispatcher", {"note": "called them"})
    assert taken.status_code == 204, taken.text
    assert not [each for each in alarms(town) if each["kind"] == "check_in_missed"]
    assert tick(town) == []
    assert "order.check_in_acknowledged" in journal(town, order)


def alarms(town: Town) -> list[dict]:
    return town.get("alarms", "dispatcher").json()


def test_whoever_checks_in_is_not_missed(town: Town, order: int):
    for _ in range(4):
        town.clock.advance(29)
        assert act(town, order, "check_in") == "applied"
        assert tick(town) == []
    assert journal(town, order).count("order.checked_in") == 4


def test_a_check_in_that_comes_late_ends_the_alarm_but_counts_for_when_it_was_pressed(
    town: Town, order: int
):
    town.clock.advance(60)
    assert len(tick(town)) == 1
    act(town, order, "check_in", ago_min=32)
    assert tick(town) == []
    assert "order.heard_again" in journal(town, order)
    town.clock.advance(4)
    assert len(tick(town)) == 1


def test_who_looks_after_a_silent_crew_ends_the_alarm_until_the_next_word_is_due(
    town: Town, order: int
):
    town.clock.advance(40)
    (missed,) = tick(town)
    path = f"missed-check-ins/{missed['id']}/acknowledge"
    assert town.post(path, "C2").status_code == 403
    assert town.post(path, "east-dispatcher", {"note": "not mine"}).status_code == 404
    assert town.post(path, "dispatcher", {"note": "called by radio"}).status_code == 204
    assert town.post(path, "dispatcher", {"note": "again"}).status_code == 409
    assert tick(town) == []
    town.clock.advance(36)
    assert len(tick(town)) == 1


def test_a_crew_on_its_way_is_not_asked(town: Town, order: int):
    town.clock.advance(1)
    act(town, order, "arrival_mistaken")
    town.clock.advance(90)
    assert tick(town) == []


def put(town: Town, content: bytes, order: int, photo: str = "p1", who: str = "C1", **more: object):
    about = {
        "order_id": order,
        "taken_at": town.clock.now.isoformat(),
        "size": len(content),
        "offset": 0,
        **more,
    }
    offset = int(str(about["offset"]))
    return town.client.put(
        f"/api/v1/crew/photos/{photo}",
        params=about,
        content=content[offset : offset + 300],
        headers=town.headers(who, **{"Content-Type": "application/octet-stream"}),
    )


def test_a_photograph_comes_in_pieces_and_goes_on_where_it_broke_off(town: Town, order: int):
    content = jpeg(camera=b"GPS of somebody's home")
    assert put(town, content, order).json()["received"] == 300
    assert put(town, content, order).json()["received"] == 300  # the answer was lost, sent again
    assert put(town, content, order, offset=600).json()["received"] == 300  # a hole is not filled
    assert town.get("photos/p1", "dispatcher").status_code == 404
    offset = 300
    while not (answer := put(town, content, order, offset=offset).json())["whole"]:
        offset = answer["received"]
    assert (answer["width"], answer["height"]) == (40, 30)
    shown = town.get("photos/p1", "dispatcher")
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert b"GPS" not in shown.content and shown.content.startswith(b"\xff\xd8")
    assert put(town, content, order, offset=0).json()["whole"]
    assert journal(town, order).count("order.photographed") == 1
    listed = town.get(f"orders/{order}/photos", "dispatcher").json()
    assert [photo["id"] for photo in listed] == ["p1"]


def test_photographs_are_shown_to_those_who_see_the_order(town: Town, order: int):
    content = jpeg(fill=60)
    assert put(town, content, order).json()["whole"]
    assert town.get("photos/p1", "west-dispatcher").status_code == 200
    shown = town.client.get("/console/outages/1", headers=town.headers("dispatcher"))
    assert '<img src="/api/v1/photos/p1"' in shown.text
    assert town.get("photos/p1", "east-dispatcher").status_code == 404
    assert town.get("photos/p1", "C2").status_code == 403
    assert put(town, content, order, "p2", "C2").status_code == 404
    assert put(town, content, order + 1, "p1").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        jpeg(fill=60)[:-30],
        jpeg(60_000, 60_000, fill=60),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe1\x00\x00",
    ],
    ids=["svg", "png", "broken off", "enormous", "empty", "no length"],
)
def test_what_is_no_photograph_is_refused(town: Town, order: int, content: bytes):
    assert put(town, content, order).status_code == 422
    assert town.get(f"orders/{order}/photos", "dispatcher").json() == []


def test_a_photograph_that_is_too_large_is_refused_before_it_is_sent(town: Town, order: int):
    assert put(town, jpeg(), order, size=MOST_BYTES + 1).status_code == 422


def test_no_bytes_at_all_make_the_reader_of_pictures_fail_in_another_way():
    whole = jpeg(fill=60, camera=b"x")
    assert read_picture(whole).content == jpeg(fill=60)
    for length in range(len(whole)):
        with pytest.raises(InvalidInput):
            read_picture(whole[:length])


def test_a_crew_asks_its_callers_whether_supply_is_back(town: Town, order: int):
    act(town, order, "restore")
    assert act(town, order, "call_back", ticket_id="A1", power_on=True) == "applied"
    with town.engine.connect() as c:
        assert c.execute(text("SELECT power_on, by FROM told")).one() == (True, "C1")
    town.report("B1", "T9-0")
    assert act(town, order, "call_back", ago_min=1, ticket_id="B1", power_on=True) == "refused"


def test_findings_keep_damage_and_parts(town: Town, order: int):
    facts = {"cause": "a tree", "damage": "insulator broken", "parts": "2 insulators"}
    assert act(town, order, "findings", **facts) == "applied"
    with town.engine.connect() as c:
        said = c.scalar(text("SELECT reason FROM dispatch_step WHERE kind = 'noted'"))
    assert said == "a tree · insulator broken · 2 insulators"
