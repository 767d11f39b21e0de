"""The baseline: a bare endpoint with one query, in the product's framework, served as it is."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool

ONE_QUERY = b"""
    SELECT account, name, address, transformer_id, ST_X(point), ST_Y(point)
    FROM usage_point WHERE account = %s
"""
COLUMNS = ("account", "name", "address", "transformer_id", "lon", "lat")


def create(conninfo: str) -> FastAPI:
    pool = AsyncConnectionPool(
        conninfo, min_size=1, max_size=8, open=False, kwargs={"autocommit": True}
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/customer")
    async def customer(account: str) -> dict[str, object]:
        async with pool.connection() as connection:
            cursor = await connection.execute(ONE_QUERY, (account,))
            row = await cursor.fetchone()
        return dict(zip(COLUMNS, row or (), strict=True))

    return app


if __name__ == "__main__":
    uvicorn.run(
        create(os.environ["BENCH_CONNINFO"]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
    )
