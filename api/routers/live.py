"""The live stream of every screen."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.access import API
from api.callers import Callers, Calling
from api.live import Live
from dispatch.errors import DispatchError

router = APIRouter(tags=["live"])


@router.get(f"{API}/live", response_class=StreamingResponse)
async def get_live(request: Request, caller: Calling) -> StreamingResponse:
    """Stream `changed` messages (kind and id) and a heartbeat every two seconds."""
    live: Live = request.app.state.live
    callers: Callers = request.app.state.callers

    async def still_valid() -> bool:
        try:
            return await callers.identify(request) == caller
        except DispatchError:
            return False

    return StreamingResponse(
        live.stream(caller, still_valid),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
