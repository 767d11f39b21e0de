"""Take a photograph from a crew's phone, piece by piece, over a network that breaks off."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.photo import MOST_BYTES, MOST_OF_AN_ORDER, Photo, may_begin, read_picture
from dispatch.domain.words import CrewId, OrderId
from dispatch.errors import IdentityTaken, InvalidInput, NotFound
from dispatch.journal import order_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePiece:
    """The bytes of a photograph from `offset` on, of `size` altogether."""

    id: str
    crew_id: CrewId
    order_id: OrderId
    taken_at: datetime
    size: int
    offset: int
    piece: bytes


def store_piece(store: Store, command: StorePiece, *, now: datetime) -> Photo:
    """Add a piece; `received` of the answer says from where the phone goes on.

    A piece that is here already, or does not follow what is here, changes nothing. With the last
    one the picture is checked, freed of what the camera wrote beside it, and stands in the order's
    history. A crew that no longer holds the order may still send what it took there.

    Raises
    ------
    NotFound
        The crew never held this order.
    IdentityTaken
        The id is of another photograph.
    InvalidInput
        Too large, too many, or no JPEG.
    """
    order = _order_of(store, command)
    photo = store.photos.lock(command.id) or _begin(store, command, now)
    if (photo.crew_id, photo.order_id) != (command.crew_id, command.order_id):
        raise IdentityTaken("this id was used before for something else")
    if photo.finished_at is not None:
        return replace(photo, received=photo.bytes)
    if command.offset != photo.received or not command.piece:
        return photo
    if command.offset == 0 and not may_begin(command.piece):
        raise InvalidInput("photo", "another kind of file", "a JPEG picture")
    received = photo.received + len(command.piece)
    if received > photo.bytes:
        raise InvalidInput("offset", command.offset, f"{photo.bytes} bytes altogether")
    store.photos.append(photo.id, command.piece)
    if received < photo.bytes:
        return replace(photo, received=received)
    return _finish(store, photo, order, now)


def _order_of(store: Store, command: StorePiece) -> TroubleOrder:
    order = store.orders.get(command.order_id)
    if order.crew_id == command.crew_id:
        return order
    if any(step.crew_id == command.crew_id for step in store.orders.list_steps(order.id)):
        return order
    raise NotFound("order of this crew", order_id=command.order_id)


def _begin(store: Store, command: StorePiece, now: datetime) -> Photo:
    if not 0 < command.size <= MOST_BYTES:
        raise InvalidInput("size", command.size, f"at most {MOST_BYTES} bytes")
    if store.photos.count(command.order_id, command.crew_id) >= MOST_OF_AN_ORDER:
        raise InvalidInput("photo", "one more", f"at most {MOST_OF_AN_ORDER} of one order")
    photo = Photo(
        id=command.id,
        order_id=command.order_id,
        crew_id=command.crew_id,
        taken_at=min(command.taken_at, now),
        begun_at=now,
        bytes=command.size,
    )
    store.photos.begin(photo)
    return photo


def _finish(store: Store, photo: Photo, order: TroubleOrder, now: datetime) -> Photo:
    picture = read_picture(store.photos.content(photo.id))
    size = len(picture.content)
    whole = replace(
        photo,
        bytes=size,
        width=picture.width,
        height=picture.height,
        finished_at=now,
        received=size,
    )
    store.photos.finish(whole, picture.content)
    kind, facts = StepKind.PHOTOGRAPHED, {"photo": photo.id}
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=kind,
            at=photo.taken_at,
            recorded_at=now,
            by=photo.crew_id,
            crew_id=photo.crew_id,
            facts=facts,
        )
    )
    store.events.append(
        order_event(order, kind.value, at=photo.taken_at, by=photo.crew_id, **facts)
    )
    return whole
