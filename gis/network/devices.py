"""The radial forest of protective devices, as a tracing gives it.

Devices are numbered in depth-first preorder, a feeder after the other, so that all that lies below
a device is the interval [pre, post) of `Tracing.devices`, and a whole feeder is one interval too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely import Point

from gis.errors import UnknownDevice


class DeviceKind(StrEnum):
    """What kind of protective device; FEEDER_HEAD is one that the data does not show."""

    FEEDER_HEAD = "feeder_head"
    BREAKER = "breaker"
    RECLOSER = "recloser"
    SECTIONALISER = "sectionaliser"
    FUSE = "fuse"
    TRANSFORMER = "transformer"


DEVICE_KINDS = tuple(DeviceKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A protective device as it stands in the tree.

    `id` is `switch:ID`, `transformer:ID` or `feeder:ID` (a head not in the data), with the id of
    the asset behind the colon, which is `asset_id`. The devices at or below it are
    `devices[pre:post]`. `transformers` and `customers` count what lies at or below it; customers
    who are disconnected do not count, for they cannot lose supply. `length_m` is the line exposed:
    that between this device and the next ones below. `transformer_id` is set for a transformer's
    own device and for those on its low-voltage side.
    """

    id: str
    kind: DeviceKind
    asset_id: str
    feeder_id: str
    parent_id: str | None
    pre: int
    post: int
    depth: int
    point: Point | None = None
    transformers: int = 0
    customers: int = 0
    length_m: float = 0.0
    transformer_id: str | None = None


class ProblemKind(StrEnum):
    """What is wrong with a network as data."""

    DUPLICATE_ID = "duplicate_id"
    LOOP = "loop"
    FEEDERS_MEET = "feeders_meet"
    SHARED_HEAD = "shared_head"
    HEAD_NOWHERE = "head_nowhere"
    ISLAND = "island"
    UNSUPPLIED = "unsupplied"
    SWITCH_ON_NO_SECTION = "switch_on_no_section"
    TRANSFORMER_ON_NO_SECTION = "transformer_on_no_section"
    TRANSFORMER_UNREACHED = "transformer_unreached"
    CUSTOMER_ON_NO_TRANSFORMER = "customer_on_no_transformer"
    CUSTOMER_ELSEWHERE = "customer_elsewhere"
    ZERO_LENGTH = "zero_length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A fault in the data: the ids it concerns and what was done about it."""

    kind: ProblemKind
    ids: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceTree:
    """One feeder's devices as arrays, in preorder, for inference.

    Device i of the tree is `ids[i]`; its parent is `parent[i]` (-1 for the head); those at or below
    it are `[i, post[i])`. `kinds` index DEVICE_KINDS; `low_voltage` marks devices on the
    low-voltage side of a transformer. `customers[i]` counts the customers who hang directly on
    device i, `length_m[i]` its exposed line in metres. `accounts` are the feeder's connected
    customers in the order of their device, `account_device` the device of each (ascending), so
    the customers below device i are one interval, `accounts[slice(*customers_below(i))]`.
    """

    feeder_id: str
    ids: tuple[str, ...]
    parent: NDArray[np.int32]
    post: NDArray[np.int32]
    depth: NDArray[np.int32]
    kinds: NDArray[np.int8]
    low_voltage: NDArray[np.bool_]
    customers: NDArray[np.int32]
    length_m: NDArray[np.float64]
    accounts: tuple[str, ...]
    account_device: NDArray[np.int32]

    @property
    def pre(self) -> NDArray[np.int32]:
        """Each device's own number: preorder is the order of the arrays."""
        return np.arange(len(self.ids), dtype=np.int32)

    def customers_below(self, device: int) -> tuple[int, int]:
        """Return the interval [first, last) of `accounts` at or below `device`."""
        first, last = np.searchsorted(self.account_device, [device, self.post[device]])
        return int(first), int(last)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracing:
    """A network in one switching state: its devices and what each thing hangs on.

    The mappings hold only what has supply, except `transformer_of_account`, which also keeps what
    the data says of a customer whose transformer has none. `feeder_of_node` and `device_of_node`
    colour nodes, hence both sides of an open tie.
    """

    open_switches: frozenset[str]
    devices: tuple[Device, ...]
    head_of_feeder: Mapping[str, str]
    device_of_node: Mapping[str, str]
    feeder_of_node: Mapping[str, str]
    device_of_section: Mapping[str, str]
    feeder_of_section: Mapping[str, str]
    device_of_transformer: Mapping[str, str]
    feeder_of_transformer: Mapping[str, str]
    device_of_account: Mapping[str, str]
    feeder_of_account: Mapping[str, str]
    transformer_of_account: Mapping[str, str]
    accounts_of_device: Mapping[str, tuple[str, ...]]
    problems: tuple[Problem, ...]
    number_of_device: Mapping[str, int]

    def device(self, device_id: str) -> Device:
        """Return the device; raises UnknownDevice."""
        number = self.number_of_device.get(device_id)
        if number is None:
            raise UnknownDevice(f"no device {device_id!r} in this tracing", device_id=device_id)
        return self.devices[number]

    def path_to_head(self, device_id: str) -> tuple[Device, ...]:
        """Return the device and those above it, the feeder's head last; raises UnknownDevice."""
        path = [self.device(device_id)]
        while (parent_id := path[-1].parent_id) is not None:
            path.append(self.device(parent_id))
        return tuple(path)

    def below(self, device_id: str) -> tuple[Device, ...]:
        """Return the device and all below it, in preorder; raises UnknownDevice."""
        device = self.device(device_id)
        return self.devices[device.pre : device.post]

    def lowest_common_device(self, device_ids: Iterable[str]) -> Device | None:
        """Return the lowest device at or above all of `device_ids`.

        None when they are on different feeders or there are none; raises UnknownDevice.
        """
        devices = [self.device(device_id) for device_id in device_ids]
        if not devices:
            return None
        last = max(device.pre for device in devices)
        first = min(devices, key=lambda device: device.pre)
        return next((d for d in self.path_to_head(first.id) if last < d.post), None)

    def tree(self, feeder_id: str) -> DeviceTree:
        """Return one feeder's devices as arrays; raises UnknownDevice for an unknown feeder."""
        head_id = self.head_of_feeder.get(feeder_id)
        if head_id is None:
            raise UnknownDevice(f"no feeder {feeder_id!r} in this tracing", feeder_id=feeder_id)
        devices = self.below(head_id)
        first = devices[0].pre
        hanging = [self.accounts_of_device.get(device.id, ()) for device in devices]
        customers = np.array([len(accounts) for accounts in hanging], dtype=np.int32)
        return DeviceTree(
            feeder_id=feeder_id,
            ids=tuple(device.id for device in devices),
            parent=np.array(
                [
                    -1 if d.parent_id is None else self.device(d.parent_id).pre - first
                    for d in devices
                ],
                dtype=np.int32,
            ),
            post=np.array([device.post - first for device in devices], dtype=np.int32),
            depth=np.array([device.depth for device in devices], dtype=np.int32),
            kinds=np.array([DEVICE_KINDS.index(device.kind) for device in devices], dtype=np.int8),
            low_voltage=np.array(
                [
                    device.transformer_id is not None and device.kind is not DeviceKind.TRANSFORMER
                    for device in devices
                ],
                dtype=np.bool_,
            ),
            customers=customers,
            length_m=np.array([device.length_m for device in devices], dtype=np.float64),
            accounts=tuple(account for accounts in hanging for account in accounts),
            account_device=np.repeat(np.arange(len(devices), dtype=np.int32), customers),
        )
