"""What is thought to have opened, with which probability, and how many are out because of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from dispatch.drill.replay.memory import Memory, Prediction, Step
from dispatch.store.replaying import OutageRow

OVER = frozenset({"restored", "closed"})


def predict(memory: Memory, step: Step, rows: Iterable[OutageRow]) -> None:
    """Tell the predictions of the outages that changed noticeably in this step."""
    for row in rows:
        if row.merged_into_id is not None or row.status in OVER:
            continue
        prediction = _prediction(memory, step, row, step.looked_at[row.id])
        if not prediction.differs(memory.predictions.get(row.id)):
            continue
        memory.predictions[row.id] = prediction
        step.tell(
            "predict",
            outage=row.id,
            devices=[{"id": d, "probability": p} for d, p in prediction.devices],
            customers_out=prediction.customers_out,
        )


def _prediction(memory: Memory, step: Step, row: OutageRow, body: Mapping[str, Any]) -> Prediction:
    """As the journal has it; what it leaves out comes from the outage itself."""
    customers_out = body.get("customers_out")
    if customers_out is None:
        scope = step.store.outages.scope_out(row.id)
        customers_out = step.store.directory.count_customers(scope)
    return Prediction(devices=_devices(memory, row, body), customers_out=round(customers_out))


def _devices(
    memory: Memory, row: OutageRow, body: Mapping[str, Any]
) -> tuple[tuple[str, float], ...]:
    """The devices with their probability, most likely first; else the outage's own.

    Of a single home the journal lists the devices that may have opened instead; the home's own
    service, which has no id in the network, goes before them.
    """
    name = device_name(row)
    if body.get("devices"):
        listed = {str(device): round(float(p), 4) for device, p in body["devices"]}
        if row.device_id is None and "probability" in body:
            listed[name] = round(float(body["probability"]), 4)
        return tuple(sorted(listed.items(), key=lambda each: (-each[1], each[0])))
    before = memory.predictions.get(row.id)
    if "probability" not in body and before is not None and before.first == name:
        return before.devices
    return ((name, round(float(body.get("probability", memory.surest_of(row.id))), 4)),)


def device_name(row: OutageRow) -> str:
    """The id of an outage's device; of a single home or a bare place what it is and its name."""
    return row.device_id or f"{row.device_kind}:{row.device_name}"
