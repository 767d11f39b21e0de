"""What comes from a site besides the work: photographs, and crews who do not check in."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.access import API
from api.callers import Calling
from api.inputs.fields import ClientId, Moment, NoteIn
from api.routers.parts import Working, in_one_go, order_for
from dispatch.domain.photo import MOST_BYTES, Photo
from dispatch.domain.words import OrderId
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.store.reads import on_site
from dispatch.store.transaction import reading
from dispatch.usecases.acknowledge_check_in import AcknowledgeCheckIn, acknowledge_check_in
from dispatch.usecases.store_photo import StorePiece, store_piece

router = APIRouter(tags=["crews"])

JPEG = "image/jpeg"
ALONE = "default-src 'none'; sandbox"
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


class PieceOf(BaseModel):
    """Of which photograph a piece is, and where in it, both in bytes."""

    order_id: Annotated[int, Field(ge=0, le=2**62)]
    taken_at: Moment
    size: Annotated[int, Field(ge=1, le=MOST_BYTES)]
    offset: Annotated[int, Field(ge=0, le=MOST_BYTES)]


class PhotoOut(BaseModel):
    """A photograph without its content; pixels are null until it is whole."""

    id: str
    order_id: int
    crew_id: str
    taken_at: datetime
    bytes: int
    received: int
    whole: bool
    width: int | None
    height: int | None

    @classmethod
    def of(cls, photo: Photo) -> "PhotoOut":
        """Build from the photograph."""
        return cls(
            id=photo.id,
            order_id=photo.order_id,
            crew_id=photo.crew_id,
            taken_at=photo.taken_at,
            bytes=photo.bytes,
            received=photo.received,
            whole=photo.finished_at is not None,
            width=photo.width,
            height=photo.height,
        )


class SilentCrewOut(BaseModel):
    """A crew that did not check in: when it pressed something last, and its newest position."""

    id: int
    order_id: int
    crew_id: str
    crew_name: str
    last_sign_at: datetime
    last_fix_at: datetime | None
    due_at: datetime


@router.put(f"{API}/crew/photos/{{photo_id}}")
def put_photo(
    photo_id: ClientId,
    about: Annotated[PieceOf, Query()],
    piece: Annotated[bytes, Body(media_type="application/octet-stream")],
    caller: Calling,
    house: Working,
) -> PhotoOut:
    """Take a piece of a photograph; go on from `received` of the answer until it is `whole`."""
    command = StorePiece(
        id=photo_id,
        crew_id=caller.crew,
        order_id=OrderId(about.order_id),
        taken_at=about.taken_at,
        size=about.size,
        offset=about.offset,
        piece=piece,
    )
    return PhotoOut.of(in_one_go(house, lambda store: store_piece(store, command, now=house.now())))


@router.get(f"{API}/orders/{{order_id}}/photos")
def get_photos(order_id: Number, caller: Calling, house: Working) -> list[PhotoOut]:
    """List the photographs of an order, the oldest first."""
    with house.transaction() as store:
        order = order_for(store, caller, order_id)
    with reading(house.engine) as connection:
        return [PhotoOut.of(photo) for photo in on_site.photos_of(connection, [order.id])]


@router.get(f"{API}/photos/{{photo_id}}")
def get_photo(photo_id: ClientId, caller: Calling, house: Working) -> Response:
    """A photograph, to whoever may see its order; a file of no other kind and no other name."""
    with reading(house.engine) as connection:
        found = on_site.picture_of(connection, photo_id)
    if found is None:
        raise NotFound("photo", id=photo_id)
    with house.transaction() as store:
        order_for(store, caller, found[0])
    headers = {
        "Content-Security-Policy": ALONE,
        "Content-Disposition": 'inline; filename="photo.jpg"',
    }
    return Response(found[1], media_type=JPEG, headers=headers)


@router.get(f"{API}/missed-check-ins")
def get_missed(caller: Calling, house: Working) -> list[SilentCrewOut]:
    """List the crews who did not check in and whom nobody looks after yet."""
    with reading(house.engine) as connection:
        silent = on_site.silent_crews(connection, caller.scope)
    return [SilentCrewOut.model_validate(each, from_attributes=True) for each in silent]


@router.post(f"{API}/missed-check-ins/{{missed_id}}/acknowledge", status_code=204)
def post_acknowledge(missed_id: Number, given: NoteIn, caller: Calling, house: Working) -> None:
    """Look after a crew that did not check in; its next word is due one interval from now."""
    command = AcknowledgeCheckIn(missed_id=missed_id, by=caller.name, note=given.note)

    def work(store: Store) -> None:
        missed = store.check_ins.lock(missed_id)
        caller.must_see(missed.district_id, "missed check-in", id=missed_id)
        acknowledge_check_in(store, command, now=house.now())

    in_one_go(house, work)
