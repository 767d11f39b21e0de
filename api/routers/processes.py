"""Whether this process lives, and whether it can work."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import Engine

from dispatch.errors import StoreUnavailable
from dispatch.store.migrate import current, newest
from dispatch.store.transaction import reading

router = APIRouter(tags=["processes"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the process answers; the database is not asked."""
    return Health(status="ok")


@router.get("/readyz")
def readyz(request: Request) -> Health:
    """Say that the database answers and has this version's tables; 503 otherwise."""
    engine: Engine = request.app.state.house.engine
    with reading(engine) as connection:
        found = current(connection)
    if found != newest():
        raise StoreUnavailable("the database stands at another version; run `relight db upgrade`")
    return Health(status="ok")
