"""An ordinary outage in the small town, from the first call to the archive, over HTTP."""

from collections.abc import Callable
from datetime import timedelta

from dispatch.store.orders import PgOrders
from dispatch.store.transaction import reading
from tests.store.builders import LAT, LON

Call = Callable[..., dict]
REACHED = 8


def play(call: Call, advance: Callable[[float], None], engine, clock) -> int:
    """Play it; the outage's number. `call` is (method, path, who, body, **headers) -> answer."""

    def report(ticket_id: str, account: str, **fields: object) -> dict:
        body = {"id": ticket_id, "channel": "phone", "account": account, **fields}
        return call("POST", "tickets", "agent", body)

    outage = report("A1", "T1-0", phone="13811112222", description="家里突然没电了，楼道灯也不亮")[
        "outage"
    ]["id"]
    advance(2)
    report(
        "A2", "T1-1", phone="13911113333", address="江西省南昌市东湖区永外正街幸福小区十五栋302室"
    )
    advance(1)
    device = {"id": "F1-a", "kind": "fuse", "name": "fuse F1-a"}
    call("POST", f"outages/{outage}/confirm", "dispatcher", {"device": device})
    seen = call("GET", f"outages/{outage}", "dispatcher", None)
    sent = call(
        "PUT",
        f"outages/{outage}/assignment",
        "dispatcher",
        {"crew_id": "C1", "reason": "knows the street"},
        **{"If-Match": f'"{seen["version"]}"'},
    )
    order = int(sent["order"]["id"])

    def act(seq: int, kind: str, **facts: object) -> None:
        action = {
            "id": f"{order}-{seq}",
            "seq": seq,
            "kind": kind,
            "order_id": order,
            "occurred_at": clock.now.isoformat(),
            **facts,
        }
        done = call("POST", "crew/actions", "C1", {"actions": [action]})["actions"][0]
        assert done["outcome"] == "applied", done

    act(1, "accept")
    advance(1)
    act(2, "en_route")
    for n in range(16):
        advance(1)
        away = max(0.0, 0.02 * (1 - n / REACHED))
        fix = {
            "id": f"f{n}",
            "lon": LON + away + (n % 3) * 2e-5,
            "lat": LAT + (n % 2) * 1e-5,
            "fixed_at": clock.now.isoformat(),
            "accuracy_m": 8,
        }
        call("POST", "crew/positions", "C1", {"positions": [fix]})
        if n == REACHED:
            act(3, "arrive")
    advance(3)
    back = (clock.now + timedelta(minutes=30)).isoformat()
    act(4, "estimate", restore_at=back)
    act(5, "findings", cause="tree on the line")
    advance(38)
    act(6, "restore", cause="tree on the line")
    act(7, "field_complete")
    for ticket in ("A1", "A2"):
        call("POST", f"tickets/{ticket}/callback", "agent", {"power_on": True, "satisfied": True})
    call("POST", f"outages/{outage}/close", "dispatcher", {})
    with reading(engine) as connection:
        assert not PgOrders(connection).get(order).is_open
    return int(outage)
