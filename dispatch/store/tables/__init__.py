"""The tables, by what they are about; to import any of them fills the one `metadata`."""

from dispatch.store.tables import (
    base,
    clocks,
    crews,
    journal,
    learned,
    network,
    orders,
    outages,
    people,
    positions,
    public,
    roads,
    room,
    signals,
    territory,
    tickets,
)

__all__ = [
    "base",
    "clocks",
    "crews",
    "journal",
    "learned",
    "network",
    "orders",
    "outages",
    "people",
    "positions",
    "public",
    "roads",
    "room",
    "signals",
    "territory",
    "tickets",
]
