"""One caller's line to the server: its token, its time, and what is said when it is refused."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from json import loads

import httpx

log = logging.getLogger(__name__)

AGAIN_AFTER_S = 1.0


class Refused(Exception):
    """The server said no; the problem's facts are kept."""

    def __init__(self, status: int, problem: Mapping[str, object]) -> None:
        super().__init__(f"{status}: {problem.get('detail', problem)}")
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Wire:
    """Calls as one person or phone makes them."""

    client: httpx.AsyncClient
    token: str

    async def get(self, path: str) -> object:
        """Read something."""
        return await self._send("GET", path, None, {})

    async def post(self, path: str, body: object, **headers: str) -> object:
        """Do something; sent again until the server answers, as a phone does."""
        return await self._send("POST", path, body, headers)

    async def put(self, path: str, body: object, **headers: str) -> object:
        """Set something."""
        return await self._send("PUT", path, body, headers)

    async def changes(self) -> AsyncIterator[tuple[str, str]]:
        """What changes, as (kind, key), from the live stream; comes back when it drops."""
        while True:
            try:
                async with self.client.stream(
                    "GET", "/api/v1/live", headers=self._headers(), timeout=None
                ) as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("data: {"):
                            told = loads(line.removeprefix("data: "))
                            if "kind" in told:
                                yield told["kind"], told["key"]
            except httpx.TransportError as lost:
                log.info("live stream: %s", lost)
            await asyncio.sleep(AGAIN_AFTER_S)

    def _headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **(more or {})}

    async def _send(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> object:
        while True:
            try:
                response = await self.client.request(
                    method, f"/api/v1/{path}", json=body, headers=self._headers(headers)
                )
            except httpx.TransportError as lost:
                log.info("%s %s: %s", method, path, lost)
            else:
                if response.is_success:
                    return response.json() if response.content else None
                if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    raise Refused(response.status_code, response.json())
                log.warning("%s %s: %s", method, path, response.status_code)
            await asyncio.sleep(AGAIN_AFTER_S)
